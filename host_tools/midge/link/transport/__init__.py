# SPDX-License-Identifier: MIT
"""Talk to boards. Serial ports are opened here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .connection import BoardError, Connection, as_number, understood
from .ports import Attached, attached, find_port
from .repl import ReplBoard

__all__ = ["Attached", "BoardError", "Connection", "as_number", "attached", "find_port", "open_board",
           "understood"]


@contextmanager
def open_board(port: str | None, via: str = "serial") -> Iterator[Connection]:
    """Open a board by port name (None: the only one there), on our own "serial" line or through "ampy".

    Raises UserError where there is no such port, or nothing there that answers.
    """
    name = find_port(port)
    board: Connection
    if via == "ampy":
        from .ampy import AmpyBoard  # here: hardly anybody needs it

        board = AmpyBoard(name)
    else:
        board = ReplBoard(name)
    try:
        yield board
    finally:
        board.close()
