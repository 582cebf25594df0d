# SPDX-License-Identifier: MIT
"""Emulated boards, and what has to be built for them; what is not built skips its test and says how to build it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from midge.link.simulator import Simulator
from midge.targets.boards import load_board
from tests.support import ROOT
from tests.support.device_scripts import rom_files

ROMFS = {"model.bin": bytes(range(256)) * 4, "lib/from_rom.py": b"ANSWER = 42\n"}


class Board:
    """A running board with one call to run a script on it through the raw REPL."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.port = simulator.port
        self.row = simulator.board
        self.raw_paste_used = False

    def run(self, code: str, timeout_s: float = 10, fresh: bool = False) -> str:
        """Run `code` and return what it printed; fresh: without what others have left in RAM. It must not raise."""
        from mpremote.transport_serial import SerialTransport

        link = SerialTransport(self.port, timeout=timeout_s)
        try:
            link.enter_raw_repl(soft_reset=fresh, timeout_overall=timeout_s)
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


def built(path: str, command: str) -> Path:
    """Return a built file of the repository, or skip the test and say which command builds it."""
    file = ROOT / path
    if not file.exists():
        pytest.skip(f"no {path}; run: {command}")
    return file


def module_of(arch: str) -> bytes:
    """Return the native module for an architecture."""
    return built(f"build/natmod/{arch}/_midge.mpy", f"make natmod ARCH={arch}").read_bytes()


def bare_board(name: str, module: bytes, package: dict[str, bytes] | None = None) -> Simulator:
    """Return a simulator of a board whose firmware holds no Midge, with the native module under /rom/lib."""
    board = load_board(name)
    firmware = built(f"build/firmware/{name}-bare/{board.firmware}", f"make firmware BOARD={name} BARE=1")
    if not board.qemu or not shutil.which(board.qemu.system):
        pytest.skip(f"no {board.qemu and board.qemu.system}; run: ports/toolchain.sh {board.qemu and board.qemu.tools}")
    files = rom_files() if package is None else package
    heap_bytes = max(board.heap_bytes, 0x4_0000)  # of all ops and of sources; a small board takes fewer
    return Simulator(board, firmware=firmware, romfs=files | {"lib/_midge.mpy": module}, heap_bytes=heap_bytes)


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the repository as a user does, not as a part of the make that started the tests."""
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
    return subprocess.run(["make", "--no-print-directory", *arguments], cwd=ROOT, capture_output=True, text=True,
                          timeout=600, env=environment)
