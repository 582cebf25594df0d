# SPDX-License-Identifier: MIT
"""Takes as files: labelled samples of a sensor as CSV, under a header that says what was measured, and how.

    # midge take: 1
    # label: circle
    # sensor: LSM9DS1
    # rate_hz: 119
    # units: g,g,g
    # range: 4,4,4
    # samples: 119
    ax,ay,az
    0.01220703,-0.984375,0.1220703

A long recording that is still to be cut into takes is the same with "# midge recording: 1" as its first line.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import UserError
from ..files import write_new
from .take_tables import header_numbers, parse_table
from .takes import UNCUT
from .text import read_text

VERSION = 1
KEYS = ("label", "sensor", "rate_hz", "units", "range", "board", "person", "session", "started", "samples")
_LABEL = re.compile(r"[^\W.][\w \-.]{0,39}")

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """What samples are of: everything of a take's header but its label, its kind and its time."""

    sensor: str
    rate_hz: float
    columns: tuple[str, ...]
    units: tuple[str, ...]
    range: tuple[float, ...] = ()
    board: str = ""
    person: str = ""
    session: str = ""


def check_label(label: str) -> str:
    """Return a label that may be the name of a folder, and part of a list with commas. Raises UserError."""
    if not _LABEL.fullmatch(label) or label != label.strip():
        raise UserError(f"label '{label}': wanted 1 to 40 letters, digits, spaces, - and _, such as circle")
    return label


def take_text(samples: Samples, source: Source, label: str, started: str, kind: str = "take") -> str:
    """Return the text of a take or recording.

    samples: float32 [samples, columns], in the units of the source, which are written so that they are read back bit
    for bit. started: when, as 2026-11-29T06:05:11Z. kind: "take" or "recording".
    """
    facts = {
        "label": label, "sensor": source.sensor, "rate_hz": f"{source.rate_hz:g}", "units": ",".join(source.units),
        "range": ",".join(f"{limit:g}" for limit in source.range), "board": source.board, "person": source.person,
        "session": source.session, "started": started, "samples": str(len(samples)),
    }
    header = [f"# midge {kind}: {VERSION}", *(f"# {key}: {_line(facts[key])}" for key in KEYS if facts[key])]
    rows = (",".join(np.format_float_positional(value, trim="-") for value in row) for row in samples)
    return "\n".join([*header, ",".join(source.columns), *rows]) + "\n"


def read_recording_file(path: Path) -> tuple[Samples, Source, dict[str, str]]:
    """Return the samples of a recording or take that Midge wrote, float32 [samples, columns], and its whole header.

    Raises UserError, with the line, where it is damaged or another kind of file.
    """
    table = parse_table(read_text(path), str(path))
    header = table.header
    rate = header_numbers(header, "rate_hz", str(path))
    lacking = [key for key in ("label", "rate_hz", "units") if not header.get(key)]
    if lacking or not rate:
        raise UserError(f"{path}:1: its header tells no {' and no '.join(lacking) or 'rate'}; name a recording of "
                        "midge capture --continuous")
    units = tuple(header["units"].split(","))
    if len(units) != len(table.columns):
        raise UserError(f"{path}:1: {len(units)} units for {len(table.columns)} columns; mend the header")
    source = Source(header.get("sensor", ""), rate[0], tuple(table.columns), units,
                    tuple(header_numbers(header, "range", str(path)) or ()), header.get("board", ""),
                    header.get("person", ""), header.get("session", ""))
    return table.values.astype(np.float32), source, header


def write_take(
    out: Path, samples: Samples, source: Source, label: str, started: str, kind: str = "take"
) -> Path:
    """Write samples as a new file below `out`, whole, over nothing that is there, and return its path.

    A take becomes <out>/<label>/<label>-<time>-<number>.csv, a recording the same below <label>/uncut. Where that place
    takes no file the samples are kept in the folder for temporary files, and the UserError that is raised says where.
    """
    folder = out / check_label(label) / (UNCUT if kind == "recording" else "")
    text = take_text(samples, source, label, started, kind)
    stamp = re.sub(r"[-:Z]", "", started)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in _free_names(folder, f"{label}-{stamp}"):
            if write_new(path, text):
                return path
    except (OSError, UserError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"{folder}: {reason}; {_rescue(text, label)}") from error
    raise AssertionError("names do not end")


def _free_names(folder: Path, stem: str) -> Iterator[Path]:
    number = 1
    while True:
        path = folder / f"{stem}-{number:02d}.csv"
        if not path.exists():
            yield path
        number += 1


def _rescue(text: str, label: str) -> str:
    """Keep a text elsewhere, and return where it is, for an error."""
    try:
        with tempfile.NamedTemporaryFile("w", prefix=f"{label}-", suffix=".csv", delete=False) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return f"the take could not be kept anywhere ({error.strerror}); make room and record it again"
    return f"the take is kept as {file.name}; make room or choose another folder with --out, and move it there"


def _line(text: str) -> str:
    return " ".join(text.split())
