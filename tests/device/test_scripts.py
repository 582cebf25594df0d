# SPDX-License-Identifier: MIT
"""The scripts of scripts/ hold on every way to run the runtime: the same lines on a PC, in firmware, as native module.

A target that is not built skips its tests and says how to build it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from midge.targets.boards import load_board
from tests.support import ROOT
from tests.support.boards import Board, built, started
from tests.support.device_scripts import (
    DEVICE_PACKAGE,
    DRIVERS,
    LIB,
    NAMES,
    SCRIPTS,
    USE_NATMOD,
    check,
    rom_files,
    run,
    search_path,
)

# With all its ops the module, copied to RAM, leaves boards of 96 kB too little to compile the scripts.
NATMOD_HEAP_BYTES = 0x3_0000


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
    path = search_path(ROOT / "host_tools", LIB, DRIVERS)
    check(run([sys.executable, SCRIPTS / f"{name}.py"], tmp_path, PYTHONPATH=path))


@pytest.mark.parametrize("name", NAMES)
def test_on_the_unix_port(name: str, tmp_path: Path) -> None:
    micropython = built("build/firmware/unix/micropython", "make firmware BOARD=unix")
    check(run([micropython, SCRIPTS / f"{name}.py"], tmp_path, MICROPYPATH=search_path(DEVICE_PACKAGE, LIB, DRIVERS)))


@pytest.mark.parametrize("name", NAMES)
def test_as_a_native_module_on_the_unix_port(name: str, tmp_path: Path) -> None:
    micropython = built("build/firmware/unix/micropython", "make firmware BOARD=unix")
    module = built("build/natmod/x64/_midge.mpy", "make natmod ARCH=x64")
    (tmp_path / "midge_natmod.mpy").write_bytes(module.read_bytes())
    script = tmp_path / "script.py"
    script.write_text(USE_NATMOD + (SCRIPTS / f"{name}.py").read_text())
    check(run([micropython, script], tmp_path, MICROPYPATH=search_path(tmp_path, DEVICE_PACKAGE, LIB, DRIVERS)))


@pytest.mark.parametrize("name", NAMES)
def test_on_an_emulated_board(firmware_board: Board, name: str) -> None:
    check(firmware_board.run((SCRIPTS / f"{name}.py").read_text(), timeout_s=60, fresh=True))


@pytest.mark.parametrize("name", NAMES)
def test_as_a_native_module_on_an_emulated_board(natmod_board: Board, name: str) -> None:
    check(natmod_board.run(USE_NATMOD + (SCRIPTS / f"{name}.py").read_text(), timeout_s=60, fresh=True))


def test_a_board_without_midge_says_what_to_do(tmp_path: Path) -> None:
    micropython = built("build/firmware/unix/micropython", "make firmware BOARD=unix")
    package = tmp_path / "midge"
    package.mkdir()
    source = (DEVICE_PACKAGE / "midge" / "__init__.py").read_text()
    (package / "__init__.py").write_text(source.replace("import _midge", "import _midge_that_is_not_there"))
    done = subprocess.run([micropython, "-c", "import midge"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: ") and "run midge install" in last
