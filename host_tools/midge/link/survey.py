# SPDX-License-Identifier: MIT
"""Look at what is plugged in: serial ports with boards, what runs on them, and boot loaders' drives."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..errors import UserError
from ..targets.boards import Board, load_boards
from .identity import identify
from .transport import Attached, attached
from .transport.repl import ReplBoard
from .uf2 import Drive, find_drives


@dataclass(frozen=True)
class Found:
    """A board at a serial port; only its first two facts are known where it does not answer."""

    port: str
    product: str
    runs: str  # its name and its MicroPython, or why it does not say
    arch: str | None = None  # of native code
    midge: str | None = None  # whether and where it has Midge, in words
    free_ram_bytes: int | None = None

    def facts(self) -> dict[str, Any]:
        """Return what is known, for JSON."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Survey:
    """The boards that Midge knows, and those that are here."""

    known: list[Board]
    attached: list[Found]
    boot_loaders: list[Drive]

    def facts(self) -> dict[str, Any]:
        """Return all of it, for JSON."""
        names = ("name", "title", "mcu", "core", "simd", "arch", "install")
        return {
            "known": [{name: getattr(board, name) for name in names} for board in self.known],
            "attached": [found.facts() for found in self.attached],
            "boot_loaders": [{"drive": str(d.path), "board_id": d.board_id} for d in self.boot_loaders],
        }


def survey(port: str | None = None, interrupt: bool = False) -> Survey:
    """Look at all boards that are plugged in.

    port: look at this one only, whatever is on it. interrupt: also ask boards that run a program, which ends it.
    Raises UserError where the boards' descriptions are missing; a board that does not answer is part of the result.
    """
    places = [Attached(port, "")] if port else attached()
    return Survey(load_boards(), [_look_at(place, interrupt) for place in places], find_drives())


def _look_at(place: Attached, interrupt: bool) -> Found:
    try:
        board = ReplBoard(place.port, patience_s=3, interrupt=interrupt)
        try:
            identity = identify(board)
        finally:
            board.close()
    except UserError as error:
        return Found(place.port, place.product, str(error).removeprefix(f"{place.port}: "))
    midge = {"": "no Midge", "firmware": "Midge in firmware"}.get(identity.core, "Midge as files")
    if identity.core.startswith("!"):
        midge = "a _midge.mpy for another core"
    return Found(place.port, place.product, identity.title, identity.arch, midge, identity.free_ram)
