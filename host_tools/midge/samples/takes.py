# SPDX-License-Identifier: MIT
"""Labelled takes of a sensor: folders of tables, exports of Edge Impulse, checked before anything is trained on them.

A data set is a folder with one folder per class, whose files are its takes. Where files lie in one folder, their label
is in their header (`# label: circle`), or is what their names begin with (circle_01.csv, circle.5vn0.json). Folders
named uncut hold recordings that are still to be cut; they are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..errors import UserError
from .edge_impulse import parse_json, read_zip
from .faults import noted, raise_faults
from .take_tables import Table, header_numbers, parse_table
from .text import read_text

TABLES = (".csv", ".txt", ".tsv")
UNCUT = "uncut"  # the folder of continuous recordings
GRAVITY = 9.80665  # m/s2, by definition
_TO_COMMON = {"m/s2": ("g", 1 / GRAVITY), "m/s^2": ("g", 1 / GRAVITY), "mg": ("g", 1e-3),
              "rad/s": ("dps", float(np.degrees(1.0)))}
_RATES_ALIKE = 0.03  # share by which rates may differ
_FEWEST_SAMPLES = 8
_CLIPPED = 3  # samples in a row at the end of the range


@dataclass(frozen=True)
class Labelled:
    """A labelled recording of any kind: its file, its class, and its samples or pixels."""

    path: str
    label: str
    values: np.ndarray

    @property
    def name(self) -> str:
        """Its file's name."""
        return Path(self.path).name


@dataclass(frozen=True)
class Timed(Labelled):
    """A labelled recording over time. rate_hz: samples a second."""

    rate_hz: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.values) / self.rate_hz


@dataclass(frozen=True)
class Take(Timed):
    """One labelled recording. values: float32 [samples, columns], in `units` (one per column, "" where unknown)."""

    columns: tuple[str, ...]
    units: tuple[str, ...]
    range: tuple[float, ...] = ()  # full scale of each column, empty where unknown
    sensor: str = ""
    board: str = ""
    person: str = ""
    session: str = ""
    line: int = 1  # of the file, where the samples begin


@dataclass
class Takes:
    """Takes of one kind: same columns, units and rate. notes: what is doubtful, with file and remedy."""

    takes: list[Take]
    title: str = "takes"
    notes: list[str] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        """The classes, in alphabetical order."""
        return sorted({take.label for take in self.takes})

    @property
    def rate_hz(self) -> float:
        """Samples a second, the middle one of all takes."""
        return float(np.median([take.rate_hz for take in self.takes]))


def read_takes(source: str | Path, rate_hz: float | None = None) -> Takes:
    """Return the takes of a folder, or of a zip file that Edge Impulse exported, checked.

    rate_hz: samples a second, for files that tell neither a rate nor times.

    Raises UserError, with file, line and remedy, where a take is damaged, tells another rate, other columns or units
    than the others, or where there are too few classes or takes.
    """
    found = _read_all(source, rate_hz)
    check_takes(found)
    return found


def read_normal(source: str | Path, rate_hz: float | None = None) -> Takes:
    """Return the takes of a folder as read_takes does, where all show what is normal, in one folder or in many.

    Raises UserError as read_takes does, but not for there being one class.
    """
    found = _read_all(source, rate_hz)
    _some_of_one_kind(found)
    found.notes += saturated(found.takes) + twins([replace(take, label="") for take in found.takes])
    return found


def read_take(path: Path, rate_hz: float | None = None) -> Take:
    """Return one take of a data set that is a folder with one folder per class, checked on its own.

    Raises UserError as read_takes does.
    """
    faults: list[str] = []
    tables = list(_labelled([(path.parent.name, path)], faults))
    raise_faults(faults, "takes")
    take = _take(tables[0], rate_hz)
    doubts(take)
    return take


def read_background(source: str | Path, known: Takes, rate_hz: float | None = None) -> Takes:
    """Return recordings, in one folder or in many, of the sensor of the takes that are known, in which none is.

    Raises UserError as read_takes does, but not for there being one class or one take.
    """
    found = _read_all(source, rate_hz)
    if not found.takes:
        raise UserError(f"{found.title}: no recordings; record some minutes of what else is done with it: "
                        "midge capture --label other --seconds 300")
    for take in found.takes:
        _same_kind([*known.takes, take])
    return found


def _read_all(source: str | Path, rate_hz: float | None) -> Takes:
    path = Path(source)
    takes, notes = list[Take](), list[str]()
    faults: list[str] = []
    for table in _tables(path, faults):
        with noted(faults):
            take = _take(table, rate_hz)
            takes.append(take)
            notes += [f"{table.title}: {note}" for note in table.notes] + doubts(take)
    raise_faults(faults, "takes")
    return Takes(takes, str(source), notes)


def check_takes(found: Takes) -> None:
    """Check that takes can be trained on together; adds notes on what is doubtful. Raises UserError."""
    _some_of_one_kind(found)
    counts = Counter(take.label for take in found.takes)
    if len(counts) < 2:
        only = next(iter(counts))
        raise UserError(f"{found.title}: one class only, '{only}' ({counts[only]} takes); record a second one, such as "
                        "idle: midge capture --label idle --seconds 30")
    for label, count in sorted(counts.items()):
        first = next(take for take in found.takes if take.label == label)
        if count < 2 and first.seconds < 10:  # a long recording gives several windows
            raise UserError(f"{first.path}: the only take of '{label}'; 3 to 10 a class are wanted, one of them to "
                            f"check with: midge capture --label {label} --count 5")
    _same_scale(found.takes)
    found.notes += saturated(found.takes) + twins(found.takes)


def _tables(path: Path, faults: list[str]) -> Iterable[Table]:
    """Yield the tables of a data set, each with a label in its header; faults of single files go to the list."""
    if path.is_file() and path.suffix.lower() == ".zip":
        yield from read_zip(path)
        return
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; name a folder with one folder per class, or an exported .zip file")
    folders = sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith(".") and p.name != UNCUT)
    inside = [(folder.name, file) for folder in folders for file in _files(folder)]
    empty = [folder for folder in folders if not _files(folder)]
    if empty and inside:
        whole = any((empty[0] / UNCUT).glob("*.csv"))
        advice = f"midge cut-takes {empty[0] / UNCUT}/*.csv" if whole else "record some, or remove the folder"
        raise UserError(f"{empty[0]}: no takes in this class's folder; {advice}")
    yield from _labelled(inside or [("", file) for file in _files(path)], faults)


def _labelled(files: Iterable[tuple[str, Path]], faults: list[str]) -> Iterator[Table]:
    for label, file in files:
        try:
            table = _read(file)
        except UserError as error:
            faults.append(str(error))
            continue
        if label and "midge take" in table.header and table.header.get("label", label) != label:
            faults.append(f"{file}:1: its header says 'label: {table.header['label'][:40]}', its folder '{label}'; "
                          "mend the header, or move the file")
            continue
        table.header["label"] = label or table.header.get("label") or _label_in(file.name)
        yield table


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in (*TABLES, ".json") and not p.name.startswith("."))


def _read(path: Path) -> Table:
    try:
        if path.suffix.lower() == ".json":
            return parse_json(path.read_bytes(), str(path))
        return parse_table(read_text(path), str(path))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}; replace or remove it") from error


def _label_in(name: str) -> str:
    """Return what a file's name begins with, before its number: letter_R of letter_R_019.txt."""
    return re.sub(r"[\s._-]*\d+$", "", Path(name).stem.split(".")[0]) or Path(name).stem


# One take


def _take(table: Table, rate_hz: float | None) -> Take:
    header, title, count = table.header, table.title, len(table.columns)
    told = header_numbers(header, "rate_hz", title)
    rate = table.rate_hz or (told[0] if told else None) or rate_hz
    if rate is None:
        raise UserError(f"{title}: tells neither its rate nor times; say --rate 100, or write a first line "
                        "'# rate_hz: 100'")
    if table.rate_hz and told and abs(table.rate_hz / told[0] - 1) > _RATES_ALIKE:
        raise UserError(f"{title}: its header says {told[0]:g} Hz, its times {table.rate_hz:.4g} Hz; mend the header")
    if len(table.values) < _FEWEST_SAMPLES:
        raise UserError(f"{title}:{table.lines[-1]}: {len(table.values)} samples, at least {_FEWEST_SAMPLES} were "
                        "wanted; record it again, or remove it")
    units = [unit.strip() for unit in header["units"].split(",")] if header.get("units") else [""] * count
    ranges = header_numbers(header, "range", title) or []
    for key, found in (("units", units), ("range", ranges)):
        if found and len(found) != count:
            raise UserError(f"{title}: its header has {len(found)} {key} for {count} columns "
                            f"({', '.join(table.columns)}); write one each")
    factors = [_TO_COMMON.get(unit, (unit, 1.0))[1] for unit in units]
    return Take(
        title, header["label"], (table.values * factors).astype(np.float32), float(rate), tuple(table.columns),
        tuple(_TO_COMMON.get(unit, (unit, 1.0))[0] for unit in units),
        tuple(r * f for r, f in zip(ranges, factors, strict=True)) if ranges else (), header.get("sensor", ""),
        header.get("board", ""), header.get("person", ""), header.get("session", ""), table.lines[0],
    )


def doubts(take: Take) -> list[str]:
    """Return what is doubtful about a take on its own: axes that say nothing.

    Raises UserError where no axis says anything.
    """
    low, high = take.values.min(axis=0), take.values.max(axis=0)
    silent = [name for name, a, b in zip(take.columns, low, high, strict=True) if a == b]
    where = f"{take.path}:{take.line}"
    if len(silent) == len(take.columns):
        raise UserError(f"{where}: no axis ever changes ({', '.join(silent)}): the sensor was not read; "
                        "check its wires and record the take again")
    found = [f"{where}: {name} never changes; check the sensor, or record the take again" for name in silent]
    return found


def saturated(takes: Sequence[Take]) -> list[str]:
    """Return notes on axes that were driven to the end of their range.

    Where takes do not tell their range, its end is where several of them stop at one value.
    """
    found = []
    for i, name in enumerate(takes[0].columns):
        peaks = [float(np.abs(take.values[:, i]).max()) for take in takes]
        common = max(peaks) if peaks.count(max(peaks)) > 1 else np.inf
        for take in takes:
            end = take.range[i] * 0.999 if take.range else common
            longest = longest_run(np.abs(take.values[:, i]) >= end)
            if longest >= _CLIPPED and np.ptp(take.values[:, i]):
                unit = f" {take.units[i]}" if take.units[i] else ""
                found.append(f"{take.path}:{take.line}: {name} is saturated, {longest} samples in a row at "
                             f"{end:.3g}{unit}; set the sensor to a larger range and record the take again")
    return found


def longest_run(flags: np.ndarray) -> int:
    """Return how many flags in a row are set at most."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


# All takes


def _some_of_one_kind(found: Takes) -> None:
    if not found.takes:
        raise UserError(f"{found.title}: no takes in it; put one folder per class into it, with a .csv file per take")
    _same_kind(found.takes)


def _same_kind(takes: Sequence[Take]) -> None:
    """Refuse takes of which some are of another kind than most. Raises UserError."""
    for what, kinds, remedy in (
        ("columns", [",".join(t.columns) for t in takes], "record with one sensor, or remove what is of another"),
        ("units", [",".join(t.units) for t in takes], "convert them, or mend the header"),
    ):
        counts = Counter(kinds)
        usual = counts.most_common(1)[0][0]
        for take, kind in zip(takes, kinds, strict=True):
            if kind != usual:
                other = takes[kinds.index(usual)].name
                raise UserError(f"{take.path}:{take.line}: {what} {kind or 'unknown'}; {other} and "
                                f"{counts[usual] - 1} others have {usual or 'unknown'}: {remedy}")
    middle = float(np.median([take.rate_hz for take in takes]))
    for take in takes:
        if abs(take.rate_hz / middle - 1) > _RATES_ALIKE:
            raise UserError(f"{take.path}:{take.line}: {take.rate_hz:.4g} samples a second, most takes have "
                            f"{middle:.4g}; record it again at that rate, or remove it")


def _same_scale(takes: Sequence[Take]) -> None:
    """Refuse takes without units of which some are in g and some in m/s2, as their gravity tells. Raises UserError."""
    if any(take.units[0] for take in takes) or [name[-1:].lower() for name in takes[0].columns[:3]] != ["x", "y", "z"]:
        return
    gravity = np.array([float(np.linalg.norm(take.values[:, :3].mean(axis=0))) for take in takes])
    base = float(np.quantile(gravity, 0.2))
    low, high = np.abs(gravity / max(base, 1e-9) - 1) < 0.6, np.abs(gravity / max(base, 1e-9) / GRAVITY - 1) < 0.4
    if not high.any() or not (low | high).all():  # no accelerometer: its mean is never far from gravity's
        return
    fewer, more = (high, low) if high.sum() <= low.sum() else (low, high)
    odd, other = int(np.flatnonzero(fewer)[0]), int(np.flatnonzero(more)[0])
    raise UserError(f"{takes[odd].path}:{takes[odd].line}: gravity is {gravity[odd]:.3g} there, "
                    f"{gravity[other]:.3g} in {takes[other].name}: g and m/s2 are mixed; convert them, or write "
                    "'# units: g,g,g' or '# units: m/s2,m/s2,m/s2' above their samples")


def twins(takes: Sequence[Labelled], what: str = "recording") -> list[str]:
    """Return notes on recordings that are the same; one in training would tell of the other. Raises UserError."""
    seen: dict[bytes, Labelled] = {}
    found = []
    for take in takes:
        other = seen.setdefault(take.values.tobytes(), take)
        if other is not take:
            if other.label != take.label:
                raise UserError(f"{take.path}: the same {what} as {other.path}, under another label "
                                f"('{take.label}' and '{other.label}'); remove one")
            found.append(f"{take.path}: the same {what} as {other.path}; remove one")
    return found


def without(found: Takes, labels: Iterable[str]) -> Takes:
    """Return the takes but those of some classes."""
    left_out = set(labels)
    return replace(found, takes=[take for take in found.takes if take.label not in left_out])
