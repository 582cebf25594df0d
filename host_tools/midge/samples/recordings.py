# SPDX-License-Identifier: MIT
"""Recordings of an inertial sensor: a CSV file with one sample per row, with or without a line of names above."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import UserError, visible

Recording = npt.NDArray[np.float32]
_LARGEST = float(np.finfo(np.float32).max)
_WANTED = "wanted x, y, z in g, and optionally x, y, z in degrees per second"


def read_recording(path: Path) -> Recording:
    """Return a recording as float32 [rows, 3 or 6]: acceleration in g, then angular rate in degrees per second.

    Raises UserError, with the line's number, where the file is no such CSV, has other columns, is empty, or has a
    value that is no finite number.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = [(reader.line_num, row) for reader in [csv.reader(file)] for row in reader if row]
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; name a CSV file of samples") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a CSV file ({error}); {_WANTED}") from error
    if lines and not any(_is_number(field) for field in lines[0][1]):
        del lines[0]
    if not lines:
        raise UserError(f"{path}: no samples in it; {_WANTED}, one per line")
    columns = len(lines[0][1])
    if columns not in (3, 6):
        raise UserError(f"{path}:{lines[0][0]}: {columns} columns; {_WANTED}")
    rows = []
    for number, fields in lines:
        if len(fields) != columns:
            raise UserError(f"{path}:{number}: {len(fields)} columns, {columns} above; write as many in each line")
        for field in fields:
            if not _is_number(field) or not abs(float(field)) <= _LARGEST:  # NaN compares with nothing
                raise UserError(f"{path}:{number}: '{visible(field.strip()[:40])}' is no finite number; mend or remove "
                                "the line")
        rows.append([float(field) for field in fields])
    return np.array(rows, np.float32)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
