# SPDX-License-Identifier: MIT
"""Talking to boards. Serial ports are opened here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from serial.tools import list_ports

from ...errors import UserError
from ..uf2 import find_drives

Progress = Callable[[int], None]  # told how many bytes have arrived so far


class Board(Protocol):
    """A board that runs code for us; what it ran before is interrupted."""

    port: str
    retries: int  # requests that had to be repeated

    def execute(self, code: str, timeout_s: float = 10) -> str:
        """Run `code` there once and return what it printed. timeout_s: how long it may be silent. Raises BoardError."""

    def ask(self, code: str, data: bytes = b"", *, silence_s: float = 3.0, patience_s: float | None = None) -> str:
        """Run `code` there, with `data` as d, and return the line of text that it left in r.

        It may be run twice when the line is bad. silence_s: how long it may take. Raises BoardError.
        """

    def restart(self) -> None:
        """Have the board start afresh, with its RAM free."""


class BoardError(UserError):
    """The board ran the code and raised; `text` is the exception as it prints there."""

    def __init__(self, text: str):
        super().__init__(f"the board answered: {text}")
        self.text = text


@dataclass(frozen=True)
class Attached:
    """A USB device with a serial port."""

    port: str
    product: str  # what its descriptors call it


def attached() -> list[Attached]:
    """The serial ports of USB devices: what has no vendor is a port of the PC itself."""
    found = [p for p in list_ports.comports() if p.vid is not None]
    return [Attached(str(p.device), str(p.product or p.description or "")) for p in found]


def find_port(port: str | None) -> str:
    """The port asked for, or the only one with a board on it."""
    if port is not None:
        return port
    found = [place.port for place in attached()]
    if not found and (drives := find_drives()):
        raise UserError(
            f"the board is in its boot loader (drive {drives[0].path}); write firmware with midge flash BOARD, "
            "or plug it in without holding BOOTSEL"
        )
    if not found:
        raise UserError("no board found; plug one in, or name its port with --port")
    if len(found) > 1:
        raise UserError(f"{len(found)} boards found; choose one with --port: {', '.join(found)}")
    return found[0]


@contextmanager
def open_board(port: str | None, via: str = "serial") -> Iterator[Board]:
    """Open a board by port name (None: the only one there), on our own "serial" line or through "ampy"."""
    from .ampy import AmpyBoard
    from .repl import ReplBoard

    name = find_port(port)
    board = AmpyBoard(name) if via == "ampy" else ReplBoard(name)
    try:
        yield board
    finally:
        board.close()
