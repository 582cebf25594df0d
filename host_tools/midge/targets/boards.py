# SPDX-License-Identifier: MIT
"""The boards, one TOML row each. Everything that a tool needs to know of a board stands in its row."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..resources import folder

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CORES = Path(__file__).with_name("cores.toml")


@dataclass(frozen=True)
class Region:
    """A stretch of a simulated board's memory."""

    address: int
    bytes: int


@dataclass(frozen=True)
class Qemu:
    """What the simulator needs; the rest of the row's `[qemu]` table is for the firmware build."""

    machine: str
    memory: dict[str, Region]
    tools: str  # the kind that ports/toolchain.sh installs
    system: str = "qemu-system-arm"
    options: tuple[str, ...] = ()  # what QEMU is told besides


@dataclass(frozen=True)
class Board:
    """One row of `ports/boards/`."""

    name: str
    title: str
    mcu: str
    core: str
    arch: str  # the name that MicroPython's native .mpy files use
    simd: str  # the backend of native_module/core/simd that its kernels get
    clock_hz: int
    ram_bytes: int
    heap_bytes: int  # what Python finds after boot, about
    flash_bytes: int
    port: str
    install: str  # how firmware gets onto it: simulator, program, uf2, esptool, bossac or stlink
    firmware: str  # the file that the build leaves in build/firmware/<name>/
    launcher: str = ""  # the command that runs that file on a PC, where it is not the file itself
    install_offset: int = 0  # where in flash that file goes
    picojoules_per_cycle: float | None = None
    flash_wait_states: int = 0  # cycles that the core waits for a line of flash which it has not yet
    flash_line_bytes: int = 16
    flash_cached: bool = True
    qemu: Qemu | None = None


def boards_dir() -> Path:
    """Return the folder of the rows. Raises UserError."""
    boards = folder("boards")
    if not boards.is_dir():
        raise UserError("no board descriptions found; reinstall midge, or run it from a checkout")
    return boards


def board_names() -> list[str]:
    """Return the names of all known boards, sorted."""
    return sorted((path.stem for path in boards_dir().glob("*.toml")), key=str.lower)


def load_board(name: str) -> Board:
    """Return the board called `name`, upper and lower case alike.

    Raises UserError when there is none, listing those that there are.

    >>> load_board("qemu-cortex-m4").arch
    'armv7emsp'
    """
    known = {board.lower(): board for board in board_names()}
    if name.lower() not in known:
        raise UserError(f"no board is called '{name}'; known boards: {', '.join(known.values())}")
    path = boards_dir() / f"{known[name.lower()]}.toml"
    return parse_board(path.stem, read_toml(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds. Raises UserError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path.name}: {error}") from error


def load_boards() -> list[Board]:
    """Return all known boards, sorted by name."""
    return [load_board(name) for name in board_names()]


def parse_board(name: str, row: Mapping[str, Any]) -> Board:
    """Check a row's fields against `Board` and return it; a missing or unknown field is a UserError."""
    known = {field.name: field for field in fields(Board) if field.name != "name"}
    missing = [key for key, field in known.items() if field.default is MISSING and key not in row]
    unknown = [key for key in row if key not in known]
    if missing or unknown:
        raise UserError(f"{name}.toml: " + "; ".join(
            f"{what} {', '.join(keys)}" for what, keys in (("missing", missing), ("unknown", unknown)) if keys))
    values = dict(row)
    if "qemu" in values:
        table = values["qemu"]
        wanted = {field.name for field in fields(Qemu)}
        memory = {region: Region(**place) for region, place in table["memory"].items()}
        values["qemu"] = Qemu(**{key: table[key] for key in wanted & table.keys()} | {"memory": memory})
    return Board(name=name, **values)
