# SPDX-License-Identifier: MIT
"""The boards, one TOML row each: what a tool needs to know of a board. What follows from its core is in cores.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import UserError, suggestion
from ..resources import folder
from .cores import Core, cores, emulated_cores, read_toml


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
    system: str  # the program of QEMU; it follows from the core
    options: tuple[str, ...] = ()  # what QEMU is told besides


@dataclass(frozen=True)
class Board:
    """One row of `ports/boards/`."""

    name: str
    title: str
    mcu: str
    core: str  # a name in cores.toml
    clock_hz: int
    ram_bytes: int
    heap_bytes: int  # what Python finds after boot, about
    flash_bytes: int
    port: str
    install: str  # how firmware gets onto it: simulator, program, uf2, esptool, bossac or stlink
    firmware: str  # the file that the build leaves in build/firmware/<name>/
    launcher: str = ""  # the command that runs that file on a PC, where it is not the file itself
    microphone: str = ""  # that is on the board itself, as `midge capture --mic` names it
    install_offset: int = 0  # where in flash that file goes
    flash_wait_states: int = 0  # cycles that the core waits for a line of flash which it has not yet
    flash_line_bytes: int = 16
    flash_cached: bool = True
    qemu: Qemu | None = None

    @property
    def arch(self) -> str:
        """The name that MicroPython's native .mpy files use for its core."""
        return cores()[self.core].arch

    @property
    def native(self) -> str:
        """Its native module in build/natmod/."""
        return cores()[self.core].native

    @property
    def simd(self) -> str:
        """The backend of native_module/core/simd that its kernels use."""
        return cores()[self.core].simd


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
        raise UserError(f"no board is called '{name}'; known boards: {', '.join(known.values())}"
                        + suggestion(name, known.values()))
    path = boards_dir() / f"{known[name.lower()]}.toml"
    return parse_board(path.stem, read_toml(path))


def load_boards() -> list[Board]:
    """Return all known boards, sorted by name."""
    return [load_board(name) for name in board_names()]


def parse_board(name: str, row: Mapping[str, Any]) -> Board:
    """Check a row against `Board` and return it.

    Raises UserError for a field that is missing or unknown, and for a core that is not in cores.toml.
    """
    known = {field.name: field for field in fields(Board) if field.name != "name"}
    missing = [key for key, field in known.items() if field.default is MISSING and key not in row]
    unknown = [key for key in row if key not in known]
    if missing or unknown:
        raise UserError(f"{name}.toml: " + "; ".join(
            f"{what} {', '.join(keys)}" for what, keys in (("missing", missing), ("unknown", unknown)) if keys))
    values = dict(row)
    if row["core"] not in cores():
        raise UserError(f"{name}.toml: no core is called '{row['core']}'; cores: {', '.join(cores())}")
    if "qemu" in values:
        table = values["qemu"]
        memory = {region: Region(**place) for region, place in table["memory"].items()}
        system = emulated_cores()[row["core"]].isa.system
        values["qemu"] = Qemu(table["machine"], memory, table["tools"], system, tuple(table.get("options", ())))
    return Board(name=name, **values)


def find_core(name: str) -> Core:
    """Return a core by its own name or that of a board that has it. Raises UserError where there is neither."""
    if name in cores():
        return cores()[name]
    boards = {board.lower(): board for board in board_names()}
    if name.lower() in boards:
        return cores()[load_board(name).core]
    raise UserError(f"no target '{name}'; cores: {', '.join(cores())}; boards: {', '.join(boards)}"
                    + suggestion(name, [*cores(), *boards.values()]))


def board_of(machine: str) -> Board | None:
    """Return the board that MicroPython calls so, as "Arduino Nano 33 BLE Sense with NRF52840"; None for another."""
    title = machine.partition(" with ")[0].lower()
    return next((board for board in load_boards() if board.title.lower() == title), None)


def native_on(machine: str, arch: str) -> str:
    """Return which native module a board is best served by, from the name that its MicroPython gives it.

    arch: what it loads. Ports name the microcontroller last: "Generic ESP32S3 module with ESP32S3".
    """
    mcu = machine.rpartition(" ")[2].replace("-", "").upper()
    rows = [board for board in load_boards() if board.arch == arch and board.mcu.replace("-", "").upper() == mcu]
    return rows[0].native if rows else arch
