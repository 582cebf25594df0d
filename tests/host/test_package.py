# SPDX-License-Identifier: MIT
"""The package as pip installs it: away from the checkout, its data inside, and without what only some systems have.

`make test-dist` tries the wheels that are published; here one is put together with the library that is built already.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from midge.resources import CHECKOUT, CONTENTS, library
from tests.support import ROOT, WAND

POSIX_ONLY = ("termios", "tty", "fcntl", "pty", "grp", "pwd", "resource")


def source_files() -> set[str]:
    """Name the files of the package that a checkout has without building anything."""
    return {f"midge/data/{name}/{path.relative_to(CHECKOUT / source).as_posix()}"
            for name, (source, patterns) in CONTENTS.items() if not source.startswith("build/")
            for pattern in patterns for path in (CHECKOUT / source).glob(pattern)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package in it as a wheel has it."""
    pytest.importorskip("setuptools.command.bdist_wheel", reason="setuptools is old: pip install '.[test]'")
    work = tmp_path_factory.mktemp("package")
    compiler = work / "cc"  # what it would compile is there
    compiler.write_text(f'#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\ncp {library()} "$2"\n')
    compiler.chmod(0o755)
    done = subprocess.run([sys.executable, "setup.py", "-q", "egg_info", "-e", work, "build", "-b", work / "build",
                           "bdist_wheel", "-b", work / "wheel", "-d", work], cwd=ROOT, capture_output=True, text=True,
                          check=False, env={**os.environ, "CC": str(compiler)})
    assert done.returncode == 0, done.stderr
    (wheel,) = work.glob("midge-*-py3-none-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(work / "site")
    return work / "site"


def run(site: Path, cwd: Path, *arguments: str) -> str:
    """Run Python with that package, and no programs to be found."""
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False,
                          env={"PYTHONPATH": str(site), "PATH": "", "HOME": str(cwd)})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_wheel_has_what_a_checkout_has(site: Path) -> None:
    inside = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert source_files() <= inside
    assert {f"midge/core/{path.name}" for path in library().parent.glob("libmidge*")} <= inside
    (info,) = site.glob("midge-*.dist-info")
    assert {path.name for path in (info / "licenses").iterdir()} == {"LICENSE", "THIRD-PARTY.md"}
    assert "Description-Content-Type: text/markdown" in (info / "METADATA").read_text()


def test_an_installed_package_needs_no_checkout_and_no_compiler(site: Path, tmp_path: Path) -> None:
    answers = run(site, tmp_path, "-c", (
        "from midge.resources import is_checkout; assert not is_checkout()\n"
        "from midge.link.demo import wand; open('wand.midge', 'wb').write(wand())\n"
        "from midge.api import run; from midge.resources import folder\n"
        "print(*(run('wand.midge', path)[0][0].label == path.parent.name"
        " for path in (folder('wand') / 'samples').glob('*/*.csv')))"))
    assert answers.split() == ["True"] * len(list(WAND.glob("samples/*/*.csv")))
    boards = json.loads(run(site, tmp_path, "-m", "midge.cli.main", "boards", "--json"))
    assert {board["name"] for board in boards["known"]} >= {"RPI_PICO", "qemu-cortex-m4"}


def test_every_command_is_there_where_posix_is_not(tmp_path: Path) -> None:
    run(ROOT / "host_tools", tmp_path, "-c", (
        "import serial.tools.list_ports, click._termui_impl\n"  # which have ways of their own there
        f"import sys; sys.modules.update(dict.fromkeys({POSIX_ONLY}))\n"
        "from importlib import import_module; from midge.cli.main import COMMANDS\n"
        "for entry in COMMANDS.values(): import_module('midge.cli.' + entry.module)"))


def test_tab_shows_what_a_user_may_use(tmp_path: Path) -> None:
    shown = run(ROOT / "host_tools", tmp_path, "-c", "import midge; print(*dir(midge))").split()
    assert {"load", "watch", "Learner"} < set(shown) and not {"Any", "folder", "core", "errors"} & set(shown)
