# SPDX-License-Identifier: MIT
"""The makefiles: the help, what they know of boards, their errors, and the workflow that calls them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from midge.targets.boards import load_boards
from tests.support import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAKEFILES = ["Makefile", "ports/ports.mk", "native_module/natmod.mk", "tests/core.mk"]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def helped() -> dict[str, str]:
    """Return the text of each target that `make help` lists."""
    return dict(re.findall(r"^  make (\S+) +(.+)$", make("help").stdout, re.MULTILINE))


def test_help_shows_every_text_that_stands_beside_a_target() -> None:
    lines = (line for name in MAKEFILES for line in (ROOT / name).read_text().splitlines())
    texts = [line[3:] for line in lines if line.startswith("## ")]
    assert sorted(helped().values()) == sorted(texts)
    assert {"demo", "test", "firmware", "natmod", "test-core", "size"} <= helped().keys()
    assert all(len(line) <= 120 for line in make("help").stdout.splitlines())


def test_what_make_knows_of_boards_are_their_rows(tmp_path: Path) -> None:
    written = tmp_path / "boards.mk"
    subprocess.run(["python3", "ports/tools/boards_mk.py", written], cwd=ROOT, check=True)
    known = dict(re.findall(r"^(\S+) :=[ ]?(.*)$", written.read_text(), re.MULTILINE))
    rows = {board.name: board for board in load_boards()}
    assert known["boards"].split() == list(rows)
    for name, board in rows.items():
        assert (known[f"port_of_{name}"], known[f"arch_of_{name}"]) == (board.port, board.arch)
    archs = known["natmod_archs"].split()
    assert [rows[name].native for name in known["natmod_boards"].split()] == archs, "a board here runs each module"
    assert all(known[f"natmod_tools_{arch}"] and known[f"natmod_simd_{arch}"] for arch in archs)


@pytest.mark.parametrize(("arguments", "said"), [
    (("firmware", "BOARD=nonsense"), "no rule here builds firmware for BOARD=nonsense"),
    (("firmware", "BOARD=ESP32_GENERIC"), "no rule here builds firmware for BOARD=ESP32_GENERIC"),
    (("natmod", "ARCH=nonsense"), "no native module for ARCH=nonsense; known: armv6m"),
])
def test_a_wrong_name_is_one_line_that_lists_the_right_ones(arguments: tuple[str, ...], said: str) -> None:
    done = make(*arguments)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0
    assert len(lines) == 1
    assert lines[0].startswith(said)


def test_the_workflow_calls_what_there_is() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    steps = jobs["everything"]["strategy"]["matrix"]["step"]
    assert [f"make {step}" for step in steps] == re.findall("^make .+", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert set(steps) <= helped().keys()
    paths = [word for step in jobs["package"]["steps"] for word in step.get("run", "").split() if "/" in word]
    assert all((ROOT / path).exists() for path in paths if path.startswith("tests/"))


def test_forms_can_be_read() -> None:
    for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text())
        kinds = {field["type"] for field in form.get("body", [])}
        assert kinds <= {"textarea", "input", "checkboxes"}
        assert kinds or path.name == "config.yml"


def test_micropython_of_git_is_the_commit_that_is_known(tmp_path: Path) -> None:
    """A tag of upstream's repository may be moved; what stands in for that is a repository of this test's."""
    ports, upstream, library = tmp_path / "ports", tmp_path / "upstream", tmp_path / "library"
    ports.mkdir()
    for name in ("get-micropython.sh", "debian.sh"):
        shutil.copy(ROOT / "ports" / name, ports)
    settings = {"protocol.file.allow": "always", "user.name": "a", "user.email": "a@example.org",
                f"url.{upstream}.insteadOf": "https://github.com/micropython/micropython"}
    env = {**os.environ, "GIT_CONFIG_COUNT": str(len(settings))}
    for i, (key, value) in enumerate(settings.items()):
        env |= {f"GIT_CONFIG_KEY_{i}": key, f"GIT_CONFIG_VALUE_{i}": value}

    def git(folder: Path, *words: object) -> str:
        command = ["git", "-C", folder, *map(str, words)]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()

    for folder, file in ((library, "README.md"), (upstream, "py/mpconfig.h")):
        (folder / file).parent.mkdir(parents=True)
        (folder / file).write_text("one\n")
        git(folder, "init", "--quiet")
        git(folder, "add", file)
        git(folder, "commit", "--quiet", "-m", "one")
    git(upstream, "submodule", "--quiet", "add", library, "lib/micropython-lib")
    git(upstream, "commit", "--quiet", "-m", "two")
    git(upstream, "tag", "v9.9.9")
    commit = git(upstream, "rev-parse", "HEAD")

    def fetched(**more: str) -> tuple[str, str]:
        done = subprocess.run(["sh", ports / "get-micropython.sh", "9.9.9"], env={**env, **more}, capture_output=True,
                              text=True, check=False)
        return done.stdout.strip(), done.stderr

    assert "no commit of MicroPython 9.9.9 is known" in fetched()[1]
    assert f"is commit {commit}, wanted 0123" in fetched(MICROPYTHON_COMMIT="0123")[1]
    assert not list((tmp_path / "build").glob("micropython*"))
    tree, problem = fetched(MICROPYTHON_COMMIT=commit)
    assert (Path(tree) / "lib/micropython-lib/README.md").read_text() == "one\n", problem


def test_the_lock_has_what_the_project_asks_for() -> None:
    """Every package that tests, wheels and the site need, within its bounds and with hashes; otherwise `make lock`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    entries = (ROOT / "tests/requirements.lock").read_text().replace("\\\n", " ").splitlines()
    locked = {canonicalize_name(entry.split("==")[0]): entry.split("==")[1].split() for entry in entries}
    assert all(hashes and all(h.startswith("--hash=sha256:") for h in hashes) for _, *hashes in locked.values())
    wanted, done, extras = [*project["dependencies"], "midge[test,firmware,dist,docs]"], set(), project["optional-dependencies"]
    for text in wanted:  # which grows
        asked = Requirement(text)
        if asked.name == "midge":
            wanted += [each for extra in sorted(asked.extras - done) for each in extras[extra]]
            done |= asked.extras
        elif asked.marker is None or asked.marker.evaluate({"python_version": "3.11", "platform_machine": "x86_64"}):
            assert asked.specifier.contains(locked[canonicalize_name(asked.name)][0]), text
