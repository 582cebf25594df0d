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
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import RLock
from time import time_ns
from typing import Any

from ..capture.recorder import now
from ..errors import UserError
from ..files import write_new
from ..samples.take_format import check_label, read_recording_file, write_take
from ..samples.takes import UNCUT
from ..samples.text import read_text
from . import kinds
from .project import Project

MOST_IMPORTED = 16 << 20  # bytes of a file that is brought in
MOST_LISTED = 600  # takes in one answer
_WORDS = {kinds.MOTION: "movement", kinds.SOUND: "sound", kinds.PICTURE: "picture"}
_SETTLED_NS = 2_000_000_000  # after a change of a folder, within which another may have the same time
_GONE = "is not there any more: it was moved or removed outside of this page; the list is as it is now"


class Shelf:
    """A project's takes. A take is named by its path below data/: circle/circle-20261129T065913-01.csv."""

    def __init__(self, project: Project) -> None:
        self.project, self.data = project, project.data
        self.deleted = project.hidden / "deleted"
        self._lock = RLock()
        self._seen: dict[str, tuple[int, list[str]]] = {}  # by label: when its folder changed, and its takes

    def labels(self) -> dict[str, int]:
        """Return how many takes each label has."""
        return {folder.name: len(self._names(folder)) for folder in _folders(self.data)}

    def kind(self) -> str:
        """Return what the takes are of; where there are none, what the settings say."""
        try:
            found = kinds.kind_among(entry.name for folder in _folders(self.data) for entry in _each_file(folder))
        except UserError:
            found = ""
        return found or self.project.settings.kind

    def takes(self, label: str, start: int = 0, count: int = MOST_LISTED) -> dict[str, Any]:
        """Return how many takes a label has, and so many of them from the start-th newest on. Raises UserError."""
        folder = next((folder for folder in _folders(self.data) if folder.name == label), None)
        if folder is None:
            raise UserError(f"'{label[:80]}': no takes have this name any more; the list is as it is now")
        found = self._names(folder)
        most = max(0, min(count, MOST_LISTED))
        return {"count": len(found), "takes": [f"{label}/{name}" for name in found[max(start, 0):][:most]]}

    def _names(self, folder: os.DirEntry[str]) -> list[str]:
        """Return a label's takes, the newest first; a folder that is as it was is not read again."""
        try:
            changed = os.stat(folder.path).st_mtime_ns
        except OSError:  # removed meanwhile
            return []
        known, found = self._seen.get(folder.name, (0, []))
        if known != changed:
            aged = sorted(((_age(entry), entry.name) for entry in _each_file(folder)), reverse=True)
            found = [name for _, name in aged]
            if time_ns() - changed > _SETTLED_NS:
                self._seen[folder.name] = changed, found
        return found

    def files(self, label: str, count: int) -> list[Path]:
        """Return the files of a label's newest takes. Raises UserError."""
        return [self.path_of(name) for name in self.takes(label, 0, count)["takes"]]

    def some(self, count: int) -> list[Path]:
        """Return the files of so many takes, of all labels by turns. Raises UserError."""
        rows = [self.files(label, count) for label in self.labels()]
        return [row[i] for i in range(count) for row in rows if i < len(row)][:count]

    def name_of(self, path: Path) -> str:
        """Return the name of a take's file."""
        return path.relative_to(self.data).as_posix()

    def picture(self, name: str) -> dict[str, Any]:
        """Return a take to be drawn: what it is, and at most 96 points of each column, or a small picture.

        Raises UserError where it is damaged or gone.
        """
        try:
            return kinds.view(self.path_of(name), name)
        except FileNotFoundError as error:
            raise UserError(f"{name[:80]} {_GONE}") from error
        except UserError as error:
            raise UserError(str(error).replace(f"{self.data}{os.sep}", "")) from error

    def relabel(self, name: str, label: str) -> str:
        """Give a take another label and return its new name. Raises UserError."""
        check_label(label)
        with self._lock:
            path = self.path_of(name)
            if path.parent.name == label:
                return name
            if kinds.kind_of(path.name) == kinds.MOTION and read_text(path).startswith("# midge take:"):
                samples, source, header = read_recording_file(path)
                new = write_take(self.data, samples, source, label, header.get("started") or now())
            else:
                new = self._bring(_stem_as(path, label), path.read_bytes(), label)
            self._put_away([path], [new], f"{path.name} is {path.parent.name} again")
            return self.name_of(new)

    def trim(self, name: str, start: int, end: int) -> str:
        """Keep the samples [start, end) of a take and return its new name. Raises UserError."""
        with self._lock:
            path = self.path_of(name)
            if kinds.kind_of(path.name) == kinds.SOUND:
                new = self._bring(f"{path.stem}.wav", kinds.cut_sound(path, start, end), path.parent.name)
                self._put_away([path], [new], f"{path.name} is whole again")
                return self.name_of(new)
            samples, source, header = read_recording_file(path)
            if not 0 <= start < end <= len(samples) or end - start < 8:
                raise UserError(f"{name}: samples {start} to {end} of {len(samples)}; keep at least 8 of them")
            new = write_take(self.data, samples[start:end], source, path.parent.name, header.get("started") or now())
            self._put_away([path], [new], f"{path.name} is whole again")
            return self.name_of(new)

    def delete(self, names: list[str]) -> None:
        """Put takes away, for undo to bring back. Raises UserError."""
        with self._lock:
            paths = [self.path_of(name) for name in names]
            what = paths[0].name if len(names) == 1 else f"{len(names)} takes"
            self._put_away(paths, [], f"{what} is back" if len(names) == 1 else f"{what} are back")

    def bring(self, name: str, data: bytes, label: str) -> str:
        """Take in a file from elsewhere as a take, checked, and return its name. Raises UserError."""
        check_label(label)
        kind, there = kinds.kind_of(name) or kinds.MOTION, self.kind()
        if kind != there:
            raise UserError(f"{name[:80]}: is a {_WORDS[kind]}, and this project is of {_WORDS[there]}s; bring "
                            f"{', '.join(kinds.SUFFIXES[there])} files, or open another folder: midge studio FOLDER")
        if kind == kinds.MOTION:
            try:
                data = data.decode("utf-8-sig").encode()
            except UnicodeDecodeError as error:
                raise UserError(f"{name[:80]}: is no text; bring a .csv file of samples") from error
        return self.name_of(self._bring(name, data, label))

    def keep(self, stem: str, suffix: str, data: bytes, label: str) -> Path:
        """Write a take that was recorded here as a new file, and return it; where that fails it is kept elsewhere.

        Raises UserError.
        """
        folder = self.data / check_label(label)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(1, 100_000):
                if write_new(path := folder / f"{stem}-{number:02d}{suffix}", data):
                    return path
        except OSError as error:
            raise UserError(f"{folder}: {error.strerror or error}; {_rescue(data, label, suffix)}") from error
        raise UserError(f"{folder}: is full of takes of this second; wait for the next")

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
                        raise UserError(f"{self.name_of(path)}: there is another take of this name now; move it away, "
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
        if not kinds.kind_of(path.name):
            raise UserError(f"'{name[:80]}' is no take: wanted a file that ends in {', '.join(kinds.ALL)}")
        self._inside(path)
        if not path.is_file():
            raise UserError(f"{name[:80]} {_GONE}")
        return path

    def _inside(self, path: Path) -> None:
        """Refuse a path that leads out of data/, by whatever links. Raises UserError."""
        if not path.resolve().is_relative_to(self.data.resolve()):
            raise UserError(f"'{path.name[:80]}' leads out of the project's folder")

    def _bring(self, name: str, data: bytes, label: str) -> Path:
        stem = re.sub(r"[^\w.-]+", "-", Path(name).stem).strip("-.")[:60] or label
        suffix = suffix if (suffix := Path(name).suffix.lower()) in kinds.ALL else ".csv"
        aside = self.project.hidden / secrets.token_hex(4) / label / f"{stem}{suffix}"
        try:
            aside.parent.mkdir(parents=True)
            write_new(aside, data)
            try:
                kinds.check(aside)
            except UserError as error:
                raise UserError(str(error).replace(f"{aside.parent}{os.sep}", "")) from error
            (self.data / label).mkdir(exist_ok=True)
            for number in range(1, 10_000):
                path = self.data / label / f"{stem}{f'-{number}' if number > 1 else ''}{suffix}"
                if write_new(path, data):
                    return path
        except OSError as error:
            raise UserError(f"{name[:80]}: {error.strerror or error}; make room, and bring it again") from error
        finally:
            shutil.rmtree(aside.parents[1], ignore_errors=True)
        raise UserError(f"{name[:80]}: there are 10,000 takes of this name; give it another")

    def _put_away(self, removed: list[Path], added: list[Path], undone: str) -> None:
        place = self.deleted / f"{time_ns():020d}"
        change = {"removed": [self.name_of(path) for path in removed], "added": [self.name_of(path) for path in added],
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


def _each_file(folder: Path | os.DirEntry[str]) -> Iterator[os.DirEntry[str]]:
    """Yield the files of a label that are takes, as the system has them."""
    with suppress(OSError), os.scandir(folder) as entries:  # OSError: removed meanwhile
        yield from (e for e in entries if kinds.kind_of(e.name) and not e.name.startswith(".") and e.is_file())


def _age(entry: os.DirEntry[str]) -> int:
    """Return when a file was written, 0 for one that has gone meanwhile."""
    try:
        return entry.stat().st_mtime_ns
    except OSError:
        return 0


def _stem_as(path: Path, label: str) -> str:
    """Return the name of a file under another label: what begins with its own begins with that."""
    own = path.parent.name
    return label + path.name[len(own):] if path.name.startswith(f"{own}-") else path.name


def _rescue(data: bytes, label: str, suffix: str) -> str:
    """Keep a take elsewhere, and return where it is, for an error."""
    try:
        with tempfile.NamedTemporaryFile("wb", prefix=f"{label}-", suffix=suffix, delete=False) as file:
            file.write(data)
    except OSError as error:
        return f"the take could not be kept anywhere ({error.strerror}); make room and record it again"
    return f"the take is kept as {file.name}; make room, and move it there"


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
