# SPDX-License-Identifier: MIT
"""Figures of power (power.toml): what boards, cells, radios and sensors take, with intervals, sources and dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import UserError
from .cores import read_toml

TARGETS = Path(__file__).parent
TABLE = TARGETS / "power.toml"
PUBLISHED = TARGETS / "published_energy.toml"


@dataclass(frozen=True)
class Figure:
    """A figure that somebody published. low, high: where nine in ten of what users have is thought to lie."""

    value: float
    low: float
    high: float
    source: str
    date: str


@dataclass(frozen=True)
class BoardPower:
    """What a board takes at `volts`.

    active: microamperes per MHz of the core's clock while code runs; grade says what kind of figure that is:
    "coremark", "headline" (published_energy.toml explains them) or "measured" on this board. sleep: as deep as
    midge.duty gets, stock: as MicroPython's own lightsleep.
    """

    name: str
    volts: float
    grade: str
    whole_board: bool  # else the figures are those of the chip, and what else is on the board adds to them
    active: Figure
    sleep: Figure  # microamperes
    stock: Figure  # microamperes
    wake: Figure  # milliseconds that a beat of midge.duty is awake besides what the program does
    way: str  # how midge.duty sleeps there
    listen: Figure | None = None  # microamperes while sound comes in and the core waits; None: nobody published them


@dataclass(frozen=True)
class Cell:
    """A battery. Capacities hold for the small currents of sensors; `ohms` is for a cell that is half empty."""

    name: str
    title: str
    volts: float  # on the average of its discharge
    empty_volts: float  # at the end of it
    milliamp_hours: Figure
    ohms: Figure
    pulse_milliamps: Figure  # what it is made to give for some milliseconds
    loss_per_year: Figure  # of its charge, by itself
    most_years: float  # what makers vouch for


@dataclass(frozen=True)
class Extra:
    """A sensor or radio. A sensor draws `microwatts` while it is on, a radio takes `millijoules` and `seconds` for a
    message.
    """

    name: str
    title: str
    figure: Figure
    milliamps: float  # at the peak
    seconds: float = 0.0


def figure(where: str, row: Any) -> Figure:
    """Check one figure of the table. Raises UserError for one without its interval, source or date."""
    wanted = ("value", "low", "high", "source", "date")
    if not isinstance(row, Mapping) or set(row) != set(wanted):
        raise UserError(f"power.toml: {where} needs {', '.join(wanted)} and nothing else, got {row}")
    made = Figure(**row)
    if not 0 < made.low <= made.value <= made.high or not made.source.strip() or not made.date.strip():
        raise UserError(f"power.toml: {where}: wanted 0 < low <= value <= high, a source and a date, got {row}")
    return made


@cache
def _table() -> dict[str, Any]:
    return read_toml(TABLE)


def boards_with_figures() -> list[str]:
    """Return the names of boards for which there is enough to estimate power."""
    return [name for name, row in _table()["board"].items() if not _missing(row)]


def _missing(row: Mapping[str, Any]) -> list[str]:
    return [what for what in ("active", "sleep", "stock", "wake") if what not in row]


def board_power(name: str) -> BoardPower:
    """Return a board's figures. Raises UserError that names what is missing."""
    row = _table()["board"].get(name)
    missing = _missing(row or {})
    if missing:
        raise UserError(f"{name}: no published figures of {', '.join(missing)} are in targets/power.toml; "
                        f"boards with figures: {', '.join(boards_with_figures())}")
    assert row is not None
    named = {what: figure(f"{name}.{what}", row[what]) for what in ("active", "sleep", "stock", "wake")}
    listen = figure(f"{name}.listen", row["listen"]) if "listen" in row else None
    return BoardPower(name, row["volts"], row["grade"], row["whole_board"], way=row["way"], listen=listen, **named)


def _find(kind: str, name: str) -> tuple[str, Mapping[str, Any]]:
    rows = _table()[kind]
    known = {key.lower(): key for key in rows}
    if name.lower() not in known:
        raise UserError(f"no {kind} is called '{name}'; known: {', '.join(rows)}")
    return known[name.lower()], rows[known[name.lower()]]


def find_cell(name: str) -> Cell:
    """Return a cell by name, upper and lower case alike. Raises UserError."""
    name, row = _find("cell", name)
    figures = ("milliamp_hours", "ohms", "pulse_milliamps", "loss_per_year")
    charge, ohms, pulse, loss = (figure(f"{name}.{key}", row[key]) for key in figures)
    return Cell(name, row["title"], row["volts"], row["empty_volts"], charge, ohms, pulse, loss, row["most_years"])


def find_extra(kind: str, name: str) -> Extra:
    """Return a row of kind "radio" or "sensor". Raises UserError."""
    name, row = _find(kind, name)
    unit = {"radio": "millijoules", "sensor": "microwatts"}[kind]
    return Extra(name, row["title"], figure(f"{name}.{unit}", row[unit]), row["milliamps"],
                 row.get("seconds", 0.0))


def names_of(kind: str) -> list[str]:
    """Return the names of all rows of kind "board", "cell", "radio" or "sensor"."""
    return list(_table()[kind])


def all_figures() -> list[tuple[str, Figure]]:
    """Return every figure of the table with its place, for the documents and the test that none lacks its source."""
    found = []
    for kind, rows in _table().items():
        for name, row in rows.items():
            found += [(f"{kind} {name}: {key}", figure(f"{name}.{key}", value))
                      for key, value in row.items() if isinstance(value, Mapping)]
    return found
