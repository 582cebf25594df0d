# SPDX-License-Identifier: MIT
"""One table of sensor readings as text: Midge's own takes, and what other programs write.

A take of `midge capture` is a header of lines `# key: value`, a line of column names, and a line per sample. Tables of
others may have commas, semicolons, tabs or blanks between their columns, decimal commas, either kind of line ends, a
column of time, and no names at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ..errors import UserError, visible
from .text import Splitter, number

TIME_NAMES = {"t", "time", "timestamp", "timestamps", "time_s", "time_ms", "time_us", "t_ms", "t_us", "t_s", "seconds",
              "ms", "us", "millis", "micros", "time (ms)", "time (s)", "epoch"}
_UNITS_OF_TIME = {"us": 1e-6, "micros": 1e-6, "ms": 1e-3, "millis": 1e-3, "s": 1.0, "seconds": 1.0}
_LARGEST = float(np.finfo(np.float32).max)
EVEN = 0.02  # share of a step by which samples may be off their time before they are resampled
GAP = 3.5  # steps without a sample from which a recording has a hole


@dataclass
class Table:
    """What a table holds: values float64 [rows, columns], and where each row stands in the file."""

    title: str
    header: dict[str, str]
    columns: list[str]
    values: np.ndarray
    lines: list[int]  # of each row, from 1
    rate_hz: float | None = None
    notes: list[str] = field(default_factory=list)


def parse_table(text: str, title: str) -> Table:
    """Return the table of a text. title: the file's name, for messages.

    Raises UserError, with the file and the line, where a value is no finite number, rows are of different lengths,
    times do not grow or have a hole, or the header tells of more or fewer samples than there are.
    """
    header: dict[str, str] = {}
    rows: list[tuple[int, str]] = []
    for at, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if line.lstrip().startswith("#"):
            key, colon, value = line.lstrip("# \t").partition(":")
            if colon and not rows:
                header[key.strip().lower()] = value.strip()
        elif line.strip(" \t,;"):
            rows.append((at, line))
    if not rows:
        raise UserError(f"{title}: no samples in it; record it again, or remove it")
    split = Splitter([line for _, line in rows[:20]])
    names = split(rows[0][1])
    if any(number(name) is not None for name in names):
        names = []
    else:
        del rows[0]
    values, lines = _numbers(rows, names, split, title)
    _check_count(header, len(values), lines, title)
    table = Table(title, header, names or default_names(values.shape[1]), values, lines)
    _take_time_out(table)
    return table


def default_names(count: int) -> list[str]:
    """Return names for columns that have none: three are an accelerometer's, six have a gyroscope's after them."""
    axes = ["ax", "ay", "az", "gx", "gy", "gz"]
    return axes[:count] if count in (3, 6) else [f"c{i}" for i in range(count)]


def _numbers(
    rows: list[tuple[int, str]], names: list[str], split: Splitter, title: str
) -> tuple[np.ndarray, list[int]]:
    if not rows:
        raise UserError(f"{title}: column names, and no samples below them; record it again, or remove it")
    wanted = len(names) or len(split(rows[0][1]))
    values = []
    for at, line in rows:
        fields = split(line)
        if len(fields) != wanted:
            raise UserError(f"{title}:{at}: {len(fields)} values in this line, {wanted} wanted as above; "
                            "the take is damaged: record it again, or remove it")
        found = [number(field) for field in fields]
        for i, value in enumerate(found):
            if value is None or not abs(value) <= _LARGEST:  # NaN compares with nothing
                what = "is no number" if value is None else "is not finite"
                raise UserError(f"{title}:{at}: '{visible(fields[i].strip()[:40])}' in column {i + 1} {what}; "
                                "mend the line, or record the take again")
        values.append(found)
    return np.array(values, np.float64), [at for at, _ in rows]


def _check_count(header: dict[str, str], count: int, lines: list[int], title: str) -> None:
    told = header.get("samples")
    if told is None:
        return
    if not told.isdigit():
        raise UserError(f"{title}: its header says 'samples: {told[:40]}', a whole number was wanted; "
                        "mend the header, or record the take again")
    if int(told) != count:
        what = "was cut short" if count < int(told) else "has more than it should"
        raise UserError(f"{title}:{lines[-1]}: the header tells of {told} samples, there are {count}: the take {what}; "
                        "record it again, or remove it")


def _take_time_out(table: Table) -> None:
    """Remove the column of time, if any, and space the samples evenly by it. Raises UserError."""
    at = next((i for i, name in enumerate(table.columns) if name.lower() in TIME_NAMES), None)
    if at is None:
        return
    name, times = table.columns[at].lower(), table.values[:, at]
    table.values = np.delete(table.values, at, axis=1)
    table.columns = [c for i, c in enumerate(table.columns) if i != at]
    if not table.columns:
        raise UserError(f"{table.title}: a column of time and nothing else; columns of readings were wanted")
    if len(times) < 2:
        return
    steps = np.diff(times)
    back = np.flatnonzero(steps < 0)
    if len(back):
        raise UserError(f"{table.title}:{table.lines[int(back[0]) + 1]}: the time goes backwards, from "
                        f"{times[back[0]]:g} to {times[back[0] + 1]:g}; two recordings in one file? Part them")
    step = float((times[-1] - times[0]) / (len(times) - 1))
    if not step > 0:
        raise UserError(f"{table.title}: all its times are the same; remove the column, and give the rate with --rate")
    hole = int(np.argmax(steps))
    if steps[hole] > GAP * float(np.median(steps)) and steps[hole] > GAP * step:
        raise UserError(f"{table.title}:{table.lines[hole + 1]}: samples are missing: {steps[hole]:g} between two "
                        f"times where {step:.4g} is usual; cut the take there, or record it again")
    seconds = step * _unit_of_time(name, step)
    table.rate_hz = 1.0 / seconds
    even = times[0] + step * np.arange(len(times))
    if np.max(np.abs(times - even)) > EVEN * step:
        unique = np.concatenate([[True], steps > 0])  # clocks of milliseconds repeat themselves
        table.values = np.stack([np.interp(even, times[unique], column[unique]) for column in table.values.T], axis=1)
        table.notes.append(f"uneven times, resampled to {table.rate_hz:.4g} Hz")


def _unit_of_time(name: str, step: float) -> float:
    """Return the seconds of a unit of time: what the column's name says, or what makes the rate a sensor's."""
    for word in name.replace("(", " ").replace(")", " ").replace("_", " ").split():
        if word in _UNITS_OF_TIME:
            return _UNITS_OF_TIME[word]
    # Sensors give 1 to 8000 samples a second; a step of 0.5 is half a second, one of 10 is 10 ms.
    return next(unit for unit in (1.0, 1e-3, 1e-6, 1e-9) if unit == 1e-9 or step * unit <= 0.5)


def header_numbers(header: dict[str, str], key: str, title: str) -> list[float] | None:
    """Return the numbers of a header line, comma-separated; None where it is missing. Raises UserError."""
    if key not in header:
        return None
    numbers = [number(text) for text in header[key].split(",")]
    if any(n is None or not math.isfinite(n) or n <= 0 for n in numbers):
        raise UserError(f"{title}: its header says '{key}: {header[key][:40]}', numbers above 0 were wanted; "
                        "mend the header")
    return [float(n) for n in numbers if n is not None]
