# SPDX-License-Identifier: MIT
"""The scripts of scripts/ hold on every way to run the runtime: the same lines on a PC, in firmware, as native module.

A script prints `ok <name>` for each thing that holds and raises at the first that does not. A target that is not
built skips its tests and says how to build it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Board, started
from midge.targets.boards import load_board

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).parent / "scripts"
LIB = SCRIPTS / "lib"
DEVICE_PACKAGE = ROOT / "mpy_lib"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))

# With all its ops the module, copied to RAM, leaves boards of 96 kB too little to compile the scripts.
NATMOD_HEAP_BYTES = 0x3_0000

# Firmware looks for built-in modules first, so the native one comes in under another name and takes the place.
USE_NATMOD = "import sys\nsys.modules['_midge'] = __import__('midge_natmod')\n"


def built(path: str, command: str) -> Path:
    file = ROOT / path
    if not file.exists():
        pytest.skip(f"no {path}; run: {command}")
    return file


def run(command: list[str | Path], cwd: Path, **environment: str) -> str:
    done = subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def search_path(*folders: Path) -> str:
    return os.pathsep.join(map(str, folders))


def check(out: str) -> None:
    assert "ok " in out, out


def rom_files() -> dict[str, bytes]:
    """Return what a board finds under /rom: the device package, the helpers, and a model to use in place."""
    sys.path.insert(0, str(LIB))
    try:
        from tiny import classifier
    finally:
        sys.path.remove(str(LIB))
    files = {f"lib/{path.name}": path.read_bytes() for path in LIB.glob("*.py")}
    files |= {f"lib/midge/{path.name}": path.read_bytes() for path in (DEVICE_PACKAGE / "midge").glob("*.py")}
    return files | {"tiny.midge": classifier()}


@pytest.fixture(scope="module")
def firmware_board(request: pytest.FixtureRequest, board_name: str) -> Board:
    """A simulated board whose firmware contains Midge."""
    board = Board(started(request, board_name, romfs=rom_files()))
    if board.run("import sys\ntry:\n    import _midge\nexcept ImportError:\n    print('none')"):
        pytest.skip(f"firmware without Midge; run: make firmware BOARD={board_name}")
    return board


@pytest.fixture(scope="module")
def natmod_board(request: pytest.FixtureRequest, board_name: str) -> Board:
    """A simulated board with Midge as a native module."""
    row = load_board(board_name)
    module = built(f"build/natmod/{row.arch}/_midge.mpy", f"make natmod ARCH={row.arch}")
    files = rom_files() | {"lib/midge_natmod.mpy": module.read_bytes()}
    heap_bytes = max(row.heap_bytes, NATMOD_HEAP_BYTES)
    return Board(started(request, board_name, romfs=files, heap_bytes=heap_bytes))


@pytest.mark.parametrize("name", NAMES)
def test_on_the_host(name: str, tmp_path: Path) -> None:
    check(run([sys.executable, SCRIPTS / f"{name}.py"], tmp_path, PYTHONPATH=search_path(ROOT / "host_tools", LIB)))


@pytest.mark.parametrize("name", NAMES)
def test_on_the_unix_port(name: str, tmp_path: Path) -> None:
    micropython = built("build/firmware/unix/micropython", "make firmware BOARD=unix")
    check(run([micropython, SCRIPTS / f"{name}.py"], tmp_path, MICROPYPATH=search_path(DEVICE_PACKAGE, LIB)))


@pytest.mark.parametrize("name", NAMES)
def test_as_a_native_module_on_the_unix_port(name: str, tmp_path: Path) -> None:
    micropython = built("build/firmware/unix/micropython", "make firmware BOARD=unix")
    module = built("build/natmod/x64/_midge.mpy", "make natmod ARCH=x64")
    (tmp_path / "midge_natmod.mpy").write_bytes(module.read_bytes())
    script = tmp_path / "script.py"
    script.write_text(USE_NATMOD + (SCRIPTS / f"{name}.py").read_text())
    check(run([micropython, script], tmp_path, MICROPYPATH=search_path(tmp_path, DEVICE_PACKAGE, LIB)))


@pytest.mark.parametrize("name", NAMES)
def test_on_an_emulated_board(firmware_board: Board, name: str) -> None:
    check(firmware_board.run((SCRIPTS / f"{name}.py").read_text(), timeout_s=60))


@pytest.mark.parametrize("name", NAMES)
def test_as_a_native_module_on_an_emulated_board(natmod_board: Board, name: str) -> None:
    check(natmod_board.run(USE_NATMOD + (SCRIPTS / f"{name}.py").read_text(), timeout_s=60))


def test_a_board_without_midge_says_what_to_do(tmp_path: Path) -> None:
    micropython = built("build/firmware/unix/micropython", "make firmware BOARD=unix")
    package = tmp_path / "midge"
    package.mkdir()
    source = (DEVICE_PACKAGE / "midge" / "__init__.py").read_text()
    (package / "__init__.py").write_text(source.replace("import _midge", "import _midge_that_is_not_there"))
    done = subprocess.run([micropython, "-c", "import midge"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: ") and "midge install" in last and "flash firmware" in last
