# SPDX-License-Identifier: MIT
"""Talking to boards. Serial ports are opened here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from serial.tools import list_ports

from ..errors import UserError

Progress = Callable[[int], None]  # told how many bytes have arrived so far


class Board(Protocol):
    """A board at its raw REPL."""

    def execute(self, code: str, timeout_s: float = 10) -> str:
        """Run code there and return what it printed. Raises BoardError with the board's last line.

        timeout_s: how long the board may be silent.
        """

    def write_file(self, path: str, data: bytes, progress: Progress) -> None:
        """Write a file there."""


class BoardError(UserError):
    """The board ran the code and raised; `text` is the traceback's last line."""

    def __init__(self, text: str):
        super().__init__(f"the board answered: {text}")
        self.text = text


def boards_attached() -> list[str]:
    """The ports of USB devices: what has no vendor is a port of the PC itself."""
    return [str(p.device) for p in list_ports.comports() if p.vid is not None]


def find_port(port: str | None) -> str:
    """The port asked for, or the only one with a board on it."""
    if port is not None:
        return port
    found = boards_attached()
    if not found:
        raise UserError("no board found; plug one in, or name its port with --port")
    if len(found) > 1:
        raise UserError(f"{len(found)} boards found; choose one with --port: {', '.join(found)}")
    return found[0]


def explain_open_error(port: str, error: Exception) -> UserError:
    """Why a port could not be opened, and what to do."""
    text = str(error)
    if "No such file" in text or "FileNotFoundError" in text or "could not find" in text.lower():
        found = boards_attached()
        there = f"ports with a board: {', '.join(found)}" if found else "no board is plugged in"
        return UserError(f"{port}: no such port ({there}); plug the board in or choose another with --port")
    if "lock" in text or "busy" in text.lower() or "in use" in text:
        return UserError(f"{port}: in use by another program; close its serial monitor and try again")
    if "ermission" in text:
        return UserError(f"{port}: no permission to open it; run: sudo usermod -aG dialout $USER, then log in again")
    return UserError(f"{port}: could not be opened ({text}); unplug the board, plug it in and try again")


@contextmanager
def open_board(port: str | None, via: str = "mpremote") -> Iterator[Board]:
    """Open a board by port name (None: the only one there), through "mpremote" or "ampy"."""
    name = find_port(port)
    if via == "ampy":
        from .ampy import AmpyBoard as Opened
    else:
        from .mpremote import MpremoteBoard as Opened  # type: ignore[assignment]
    board = Opened(name)
    try:
        yield board
    finally:
        board.close()
