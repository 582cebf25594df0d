# SPDX-License-Identifier: MIT
"""What a stranger does: pip install in an empty environment, an empty folder, no compiler on the path, no repository.

    make test-dist

Needs the wheels of `make dist`, QEMU, and pip's index for what Midge depends on.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
import venv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from midge.link.demo import wand
from tests.support import ROOT

BUILT = ROOT / "build/dist"
INSTALLERS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence.pth")


@dataclass(frozen=True)
class Stranger:
    """An environment with Midge alone, and a folder with nothing in it."""

    site: Path
    folder: Path
    environment: dict[str, str]
    midge: Path

    def run(self, *arguments: str, timeout_s: float = 120) -> str:
        """Type a command of midge and return what it prints."""
        done = subprocess.run([self.midge, *arguments], cwd=self.folder, env=self.environment, capture_output=True,
                              text=True, timeout=timeout_s, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command that stays."""
        return subprocess.Popen([self.midge, *arguments], cwd=self.folder, env=self.environment,
                                stdout=subprocess.PIPE, text=True)


def new_environment(place: Path, *packages: str | Path) -> Path:
    """Make a virtual environment with packages, and return its Python."""
    venv.create(place, with_pip=True)
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # Midge may be there
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages], check=True,
                   env=environment)
    return python


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    wheels = [path for path in BUILT.glob("midge-*.whl") if "linux" in path.name and os.uname().machine in path.name]
    if not wheels:
        pytest.skip("not built: make dist")
    qemu = shutil.which("qemu-system-arm")
    if qemu is None:
        pytest.skip("qemu-system-arm is missing: ports/toolchain.sh arm")
    work = tmp_path_factory.mktemp("stranger")
    python = new_environment(work / "venv", wheels[0])
    (site,) = (work / "venv/lib").glob("python3*/site-packages")
    for name in ("path", "folder"):
        (work / name).mkdir()
    (work / "path/qemu-system-arm").symlink_to(qemu)
    environment = {"PATH": str(work / "path"), "HOME": str(work / "folder"), "COLUMNS": "200"}
    return Stranger(site, work / "folder", environment, python.parent / "midge")


def test_the_demo_answers_on_a_stock_emulated_board(stranger: Stranger) -> None:
    started = time.monotonic()
    facts = json.loads(stranger.run("demo", "--json"))
    assert time.monotonic() - started < 60
    assert facts["emulated"] and "Cortex-M4F" in facts["board"]
    assert [answer["label"] for answer in facts["answers"]] == ["circle", "flick", "idle", "slope", "thrust", "wing"]
    assert all(answer["as_here"] and answer["gesture"] == answer["label"] for answer in facts["answers"])


@pytest.fixture
def stock_board(stranger: Stranger) -> Iterator[str]:
    process = stranger.start("sim", "--stock")
    try:
        assert process.stdout is not None
        yield re.search(r"on (/dev/\S+)", process.stdout.readline())[1]
    finally:
        process.terminate()
        process.wait(10)


def type_at_repl(port: str, lines: list[str]) -> list[str]:
    """Type lines at a board that starts afresh, as in a terminal, and return what each prints."""
    serial = pytest.importorskip("serial")
    with serial.Serial(port, timeout=10) as line:
        for keys in (b"\r\x03\x02", b"\x04"):
            line.write(keys)
            line.read_until(b"information.\r\n>>> ")  # the last of what a start says
        said = []
        for text in lines:
            time.sleep(0.2)
            line.write(text.encode() + b"\r")
            said.append(line.read_until(b">>> ").decode().split("\r\n", 1)[1].removesuffix(">>> ").strip())
    return said


def test_three_commands_from_pip_to_a_right_answer_at_the_repl(stranger: Stranger, stock_board: str) -> None:
    """pip install midge; midge sim --stock; midge install. The model is the user's own."""
    started = time.monotonic()
    assert "Midge is on QEMU Cortex-M4F" in stranger.run("install", "--port", stock_board)
    (stranger.folder / "wand.midge").write_bytes(wand())
    stranger.run("upload", "wand.midge", "--port", stock_board)
    said = type_at_repl(stock_board, ["import midge; wand = midge.load('wand.midge')", "wand([0, 0, 1] * 96).label"])
    assert said == ["", "'idle'"]  # a wand that lies still
    assert time.monotonic() - started < 60
    assert "every byte is the same" in stranger.run("verify", "wand.midge", "--port", stock_board)


def test_an_example_runs_on_a_stock_board(stranger: Stranger, stock_board: str) -> None:
    """With what it needs, recordings included; and the one that learns words has its network."""
    stranger.run("install", "--port", stock_board)
    stranger.run("examples", "wand_recordings", "--upload", "--port", stock_board)
    (said,) = type_at_repl(stock_board, ["import wand_recordings"])
    assert said.endswith("6 of 6 right")
    sent = json.loads(stranger.run("examples", "teach_word", "--upload", "--port", stock_board, "--json"))
    assert sent["files"]["words.midge"] > 80_000 and sent["lacks"] == []
    said = type_at_repl(stock_board, ["import midge; learner = midge.Learner('words.midge')", "learner.counts()"])
    assert said == ["", "{}"]


def test_a_model_in_rom_of_the_firmware_with_midge(stranger: Stranger) -> None:
    (stranger.folder / "rom.midge").write_bytes(wand())
    process = stranger.start("sim", "--model", "rom.midge")
    try:
        assert process.stdout is not None
        port = re.search(r"on (/dev/\S+)", process.stdout.readline())[1]
        time.sleep(2)
        said = type_at_repl(port, ["import midge; wand = midge.load('/rom/rom.midge')", "wand.info()['weights']"])
        assert said == ["", "'flash'"]  # where they are, not in RAM
    finally:
        process.terminate()
        process.wait(10)


def test_firmware_for_the_picos_is_there(stranger: Stranger) -> None:
    drive = stranger.folder / "drive"
    drive.mkdir()
    (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n")
    stranger.run("flash", "RPI_PICO", "--drive", "drive")
    assert max(path.stat().st_size for path in drive.iterdir()) > 700_000


def test_help_is_quick_and_the_install_small(stranger: Stranger) -> None:
    """The processor's time, since other work may share this machine; what pip itself brings does not count."""
    spent = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        stranger.run("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    sizes: dict[str, int] = defaultdict(int)
    for path in stranger.site.rglob("*"):
        part = path.relative_to(stranger.site).parts[0]
        if path.is_file() and not part.startswith(INSTALLERS):
            sizes[re.split(r"[.-]", part)[0]] += path.stat().st_size
    most = sorted(sizes.items(), key=lambda pair: -pair[1])[:5]
    parts = ", ".join(f"{name} {size / 1e6:.1f}" for name, size in most)
    total = sum(sizes.values())
    print(f"midge --help: {min(spent):.2f} s; installed: {total / 1e6:.1f} MB, of it {parts}")
    assert min(spent) < 0.25
    assert sizes["midge"] < 13_000_000  # half of it firmware and native modules, a third what Python has compiled
    assert total < 90_000_000 and total - sizes["numpy"] < 18_000_000


def test_source_builds_a_wheel_that_has_the_boards_files(tmp_path: Path) -> None:
    archives = list(BUILT.glob("midge-*.tar.gz"))
    if not archives:
        pytest.skip("not built: make dist")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps", "-w",
                    tmp_path, archives[0]], check=True)
    (wheel,) = tmp_path.glob("midge-*.whl")
    listed = subprocess.run([sys.executable, "-m", "zipfile", "-l", wheel], capture_output=True, text=True, check=True)
    for name in ("natmod/xtensawin/_midge.mpy", "compiled/__init__.mpy", "firmware/RPI_PICO2/firmware.uf2.gz"):
        assert f"midge/data/{name}" in listed.stdout


def test_pip_installs_from_git(tmp_path: Path) -> None:
    """What is committed, not what lies about here."""
    python = new_environment(tmp_path / "venv", f"git+file://{ROOT}")
    done = subprocess.run([python.parent / "midge", "--version"], cwd=tmp_path, capture_output=True, text=True,
                          check=True)
    assert done.stdout.startswith("midge, version ")
