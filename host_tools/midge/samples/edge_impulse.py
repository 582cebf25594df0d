# SPDX-License-Identifier: MIT
"""Recordings that were exported from Edge Impulse: JSON files in its data acquisition format, and zip files of them.

The format is described at docs.edgeimpulse.com under "Data acquisition format": a payload with `interval_ms`, `sensors`
(name and units of each column) and `values` (a list per sample).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ..errors import UserError, visible
from .take_tables import Table

_MOST_BYTES = 64 << 20  # of one recording, unpacked
_UNITS = {"m/s2": "m/s2", "m/s^2": "m/s2", "g": "g", "deg/s": "dps", "dps": "dps", "rad/s": "rad/s", "ut": "uT"}


def parse_json(data: bytes, title: str) -> Table:
    """Return one recording; its header has the label that the file's name begins with. Raises UserError."""
    try:
        payload = json.loads(data)["payload"]
        sensors, rows, interval_ms = payload["sensors"], payload["values"], float(payload["interval_ms"])
        names = [str(sensor["name"]) for sensor in sensors]
        units = [str(sensor.get("units", "")) for sensor in sensors]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise UserError(f"{title}: not a recording of Edge Impulse ({type(error).__name__}: {str(error)[:80]}); "
                        "export it again, or remove it") from error
    values = _matrix(rows, len(names), title)
    if not 0.1 <= interval_ms <= 10_000:
        raise UserError(f"{title}: its interval_ms is {interval_ms:g}, 0.1 to 10000 were wanted; export it again")
    header = {"label": PurePosixPath(title).name.split(".")[0],
              "units": ",".join(_UNITS.get(unit.lower(), unit or "raw") for unit in units)}
    device = payload.get("device_type")
    if isinstance(device, str):
        header["board"] = device
    return Table(title, header, names, values, list(range(1, len(values) + 1)), 1000.0 / interval_ms)


def _matrix(rows: Any, columns: int, title: str) -> np.ndarray:
    """Return the samples as float64 [rows, columns]. Raises UserError, with the number of the sample."""
    if not isinstance(rows, list) or not rows:
        raise UserError(f"{title}: holds no samples; record it again, or remove it")
    for i, row in enumerate(rows):
        fields = row if isinstance(row, list) else [row]
        if len(fields) != columns:
            raise UserError(f"{title}: sample {i + 1} has {len(fields)} values, its sensors are {columns}; "
                            "export it again, or remove it")
        for value in fields:
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e38:
                raise UserError(f"{title}: sample {i + 1} holds '{visible(str(value)[:40])}', which is no finite "
                                "number; remove the recording")
    return np.array([row if isinstance(row, list) else [row] for row in rows], np.float64)


def read_zip(path: Path) -> Iterator[Table]:
    """Yield the recordings of an exported zip file, labelled by its info.labels where it has one. Raises UserError."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            labels = _labels(archive) if "info.labels" in names else {}
            for name in sorted(names):
                if not name.endswith(".json") or name.startswith("__MACOSX"):
                    continue
                if archive.getinfo(name).file_size > _MOST_BYTES:
                    raise UserError(f"{path}/{name}: unpacks to over {_MOST_BYTES >> 20} MB; remove it from the zip")
                table = parse_json(archive.read(name), f"{path}/{name}")
                table.header["label"] = labels.get(name, table.header["label"])
                yield table
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise UserError(f"{path}: not a zip file that can be read ({error}); export it again") from error


def _labels(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the label of each path that info.labels lists; what it does not tell is left to the files' names."""
    found = {}
    try:
        for entry in json.loads(archive.read("info.labels"))["files"]:
            if entry["label"].get("type") == "label":
                found[str(entry["path"])] = str(entry["label"]["label"])
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return found
