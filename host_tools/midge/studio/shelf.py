# SPDX-License-Identifier: MIT
"""The takes of a project: listed, drawn, trimmed, relabelled, deleted, and all that undone.

Nothing is ever written over. A take that goes is moved to .studio/deleted, together with what says how to undo it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from threading import RLock
from time import time_ns
from typing import Any

import numpy as np

from ..capture.recorder import now
from ..errors import UserError
from ..files import write_new
from ..samples.take_format import check_label, read_recording_file, write_take
from ..samples.takes import TABLES, UNCUT, Take, read_take
from ..samples.text import read_text
from .project import Project

MOST_IMPORTED = 16 << 20  # bytes of a file that is brought in
MOST_POINTS = 96  # of a take's picture
_GONE = "is not there any more: it was moved or removed outside of this page; the list is as it is now"


class Shelf:
    """A project's takes. A take is named by its path below data/: circle/circle-20261129T065913-01.csv."""

    def __init__(self, project: Project) -> None:
        self.project, self.data = project, project.data
        self.deleted = project.hidden / "deleted"
        self._lock = RLock()

    def labels(self) -> dict[str, int]:
        """Return how many takes each label has."""
        return {folder.name: len(_files(folder)) for folder in _folders(self.data)}

    def takes(self, label: str) -> list[dict[str, Any]]:
        """Return the takes of a label, the newest first: name and bytes. Raises UserError."""
        folder = next((folder for folder in _folders(self.data) if folder.name == label), None)
        if folder is None:
            raise UserError(f"'{label[:80]}': no takes have this name any more; the list is as it is now")
        found = sorted(_files(folder), key=lambda entry: entry.stat().st_mtime_ns, reverse=True)
        return [{"take": f"{label}/{entry.name}", "bytes": entry.stat().st_size} for entry in found]

    def picture(self, name: str) -> dict[str, Any]:
        """Return a take to be drawn: columns, units, its seconds and at most 96 points of each column.

        Raises UserError where it is damaged or gone.
        """
        take = self._read(name)
        values = take.values
        at = np.linspace(0, len(values) - 1, min(len(values), MOST_POINTS)).round().astype(int)
        return {"take": name, "label": take.label, "columns": take.columns, "units": take.units,
                "seconds": round(take.seconds, 3), "rate_hz": take.rate_hz, "samples": len(values),
                "sensor": take.sensor, "person": take.person, "session": take.session,
                "points": np.round(values[at].T.astype(float), 4).tolist()}

    def relabel(self, name: str, label: str) -> str:
        """Give a take another label and return its new name. Raises UserError."""
        check_label(label)
        with self._lock:
            path = self.path_of(name)
            if path.parent.name == label:
                return name
            if read_text(path).startswith("# midge take:"):
                samples, source, header = read_recording_file(path)
                new = write_take(self.data, samples, source, label, header.get("started") or now())
            else:
                new = self._bring(path.name, read_text(path), label)
            self._put_away([path], [new], f"{path.name} is {path.parent.name} again")
            return self._name(new)

    def trim(self, name: str, start: int, end: int) -> str:
        """Keep the samples [start, end) of a take and return its new name. Raises UserError."""
        with self._lock:
            path = self.path_of(name)
            samples, source, header = read_recording_file(path)
            if not 0 <= start < end <= len(samples) or end - start < 8:
                raise UserError(f"{name}: samples {start} to {end} of {len(samples)}; keep at least 8 of them")
            new = write_take(self.data, samples[start:end], source, path.parent.name, header.get("started") or now())
            self._put_away([path], [new], f"{path.name} is whole again")
            return self._name(new)

    def delete(self, names: list[str]) -> None:
        """Put takes away, for undo to bring back. Raises UserError."""
        with self._lock:
            paths = [self.path_of(name) for name in names]
            what = paths[0].name if len(names) == 1 else f"{len(names)} takes"
            self._put_away(paths, [], f"{what} is back" if len(names) == 1 else f"{what} are back")

    def bring(self, name: str, data: bytes, label: str) -> str:
        """Take in a table of samples from elsewhere as a take, checked, and return its name. Raises UserError."""
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UserError(f"{name[:80]}: is no text; bring a .csv file of samples") from error
        return self._name(self._bring(name, text, check_label(label)))

    def undo(self) -> str:
        """Take back the last change that was not, and return what is so again. Raises UserError."""
        with self._lock:
            for place in sorted(self._changes(), reverse=True):
                try:
                    change = json.loads((place / "change.json").read_text(encoding="utf-8"))
                    moves = [(place / str(i), self.data / str(name)) for i, name in enumerate(change["removed"])]
                    added = [str(name) for name in change["added"]]
                    said = str(change["undone"])
                except (OSError, ValueError, KeyError, TypeError):
                    continue  # damaged, or not whole: what it holds stays there
                for aside, path in moves:
                    self._inside(path)
                    path.parent.mkdir(parents=True, exist_ok=True)
                    if path.exists():
                        raise UserError(f"{self._name(path)}: there is another take of this name now; move it away, "
                                        "and undo again")
                    aside.rename(path)
                for name in added:
                    path = self.data / name
                    self._inside(path)
                    path.unlink(missing_ok=True)  # made by the change, from what is back now
                    _remove_if_empty(path.parent)
                shutil.rmtree(place, ignore_errors=True)
                return said
        raise UserError("there is nothing to undo")

    def can_undo(self) -> bool:
        """Tell whether there is something to undo."""
        return any(True for _ in self._changes())

    def path_of(self, name: str) -> Path:
        """Return the file of a take. Raises UserError where it is none of the project's, or gone."""
        label, slash, file = name.partition("/")
        path = self.data / label / file
        if not slash or "/" in file or "\\" in name or "\0" in name or label.startswith(".") or file.startswith("."):
            raise UserError(f"'{name[:80]}' is no take of this project")
        if path.suffix.lower() not in TABLES:
            raise UserError(f"'{name[:80]}' is no take: wanted a file that ends in {', '.join(TABLES)}")
        self._inside(path)
        if not path.is_file():
            raise UserError(f"{name[:80]} {_GONE}")
        return path

    def _inside(self, path: Path) -> None:
        """Refuse a path that leads out of data/, by whatever links. Raises UserError."""
        if not path.resolve().is_relative_to(self.data.resolve()):
            raise UserError(f"'{path.name[:80]}' leads out of the project's folder")

    def _read(self, name: str) -> Take:
        try:
            return read_take(self.path_of(name))
        except FileNotFoundError as error:
            raise UserError(f"{name[:80]} {_GONE}") from error
        except UserError as error:
            raise UserError(str(error).replace(f"{self.data}{os.sep}", "")) from error

    def _name(self, path: Path) -> str:
        return path.relative_to(self.data).as_posix()

    def _bring(self, name: str, text: str, label: str) -> Path:
        stem = re.sub(r"[^\w.-]+", "-", Path(name).stem).strip("-.")[:60] or label
        suffix = suffix if (suffix := Path(name).suffix.lower()) in TABLES else ".csv"
        aside = self.project.hidden / secrets.token_hex(4) / label / f"{stem}{suffix}"
        try:
            aside.parent.mkdir(parents=True)
            write_new(aside, text)
            try:
                read_take(aside)
            except UserError as error:
                raise UserError(str(error).replace(f"{aside.parent}{os.sep}", "")) from error
            (self.data / label).mkdir(exist_ok=True)
            for number in range(1, 10_000):
                path = self.data / label / f"{stem}{f'-{number}' if number > 1 else ''}{suffix}"
                if write_new(path, text):
                    return path
        except OSError as error:
            raise UserError(f"{name[:80]}: {error.strerror or error}; make room, and bring it again") from error
        finally:
            shutil.rmtree(aside.parents[1], ignore_errors=True)
        raise UserError(f"{name[:80]}: there are 10,000 takes of this name; give it another")

    def _put_away(self, removed: list[Path], added: list[Path], undone: str) -> None:
        place = self.deleted / f"{time_ns():020d}"
        change = {"removed": [self._name(path) for path in removed], "added": [self._name(path) for path in added],
                  "undone": undone}
        try:
            place.mkdir(parents=True)
            write_new(place / "change.json", json.dumps(change))
            for i, path in enumerate(removed):
                path.rename(place / str(i))
                _remove_if_empty(path.parent)
        except OSError as error:
            raise UserError(f"{removed[0].name}: {error.strerror or error}; make room in the project's "
                            "folder") from error

    def _changes(self) -> list[Path]:
        return [path.parent for path in self.deleted.glob("*/change.json")]


def _folders(data: Path) -> list[os.DirEntry[str]]:
    """Return the folders of labels, as midge train sees them."""
    try:
        with os.scandir(data) as entries:
            return sorted((e for e in entries if e.is_dir() and not e.name.startswith(".") and e.name != UNCUT),
                          key=lambda e: e.name)
    except OSError as error:
        raise UserError(f"{data}: {error.strerror}; was the project moved or removed? Put it back") from error


def _files(folder: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [e for e in entries
                    if Path(e.name).suffix.lower() in TABLES and not e.name.startswith(".") and e.is_file()]
    except OSError:  # removed meanwhile
        return []


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
