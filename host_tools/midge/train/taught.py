# SPDX-License-Identifier: MIT
"""What boards were taught: the files that midge.Learner saves, what is in them, what it is worth, and several as one.

A file begins with "MGL1", the generation, what tells the network apart (u32 each), the values of a row and the number
of classes (u8 each); a class is the length of its name and its rows (u8 each), the name, and the rows; the end is the
CRC-32 of all before it. Little-endian.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..core.device import device
from ..errors import UserError
from .judgement import Share

MAGIC, HEAD = b"MGL1", struct.Struct("<4sIIBB")
MOST_ROWS, MOST_CLASSES, MOST_VALUES = 255, 64, 64
UNCERTAIN = "uncertain"


@dataclass(frozen=True)
class Taught:
    """What a learner keeps. network: what tells its network apart. classes: the rows of each, bytes of int8."""

    title: str
    generation: int
    network: int
    width: int
    classes: dict[str, list[bytes]]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.classes.values()))

    @property
    def blob(self) -> bytes:
        """The bytes of the file."""
        data = bytearray(HEAD.pack(MAGIC, self.generation, self.network, self.width, len(self.classes)))
        for label, rows in self.classes.items():
            name = label.encode()
            data += bytes([len(name), len(rows)]) + name + b"".join(rows)
        return bytes(data) + struct.pack("<I", zlib.crc32(data))


def read_taught(data: bytes, title: str) -> Taught:
    """Return what is in a file. Raises UserError where it is not whole, or none."""
    if data[:4] != MAGIC:
        raise UserError(f"{title}: not what a learner saves; give a file of midge learner pull, or of learner.save()")
    if len(data) < HEAD.size + 4 or zlib.crc32(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
        raise UserError(f"{title}: cut short or damaged; pull it again, or take the other of its two files")
    _, generation, network, width, count = HEAD.unpack_from(data)
    at, end = HEAD.size, len(data) - 4
    classes: dict[str, list[bytes]] = {}
    for _ in range(count):
        if at + 2 > end:
            raise UserError(f"{title}: says that it has {count} classes, and ends after {len(classes)}")
        size, rows = data[at], data[at + 1]
        start = at + 2 + size
        at = start + rows * width
        name = data[start - size:start].decode("utf-8", "replace")
        if at > end or not size or not rows or name in classes:
            raise UserError(f"{title}: class {len(classes) + 1} of {count} is none; pull it again")
        classes[name] = [data[i:i + width] for i in range(start, at, width)]
    if at != end or not 0 < width <= MOST_VALUES or count > MOST_CLASSES:
        raise UserError(f"{title}: {end - at} B more than its classes have; pull it again")
    return Taught(title, generation, network, width, classes)


def load_taught(path: Path) -> Taught:
    """Return what is in a file, or in the newer of the two that a learner saves, whose names are path + .0 and .1."""
    if path.exists():
        try:
            return read_taught(path.read_bytes(), str(path))
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from error
    found = [slot.read_bytes() for i in (0, 1) if (slot := path.with_name(f"{path.name}.{i}")).exists()]
    if not found:
        raise UserError(f"{path}: no such file, and no {path.name}.0 or {path.name}.1")
    return newest(found, str(path))


def newest(files: Sequence[bytes], title: str) -> Taught:
    """Return the newer of two files of which one may be damaged. Raises UserError where none is whole."""
    whole, fault = list[Taught](), UserError(f"{title}: nothing was saved there; learner.save() does")
    for data in files:
        try:
            whole.append(read_taught(data, title))
        except UserError as error:
            fault = error
    if not whole:
        raise fault
    return max(whole, key=lambda taught: taught.generation)


def merge(parts: Sequence[Taught], most: int = MOST_ROWS) -> Taught:
    """Return what several boards were taught as one; rows that are there twice count once.

    most: rows of a class, the latest of each board in turn. Raises UserError for rows of different networks, and for
    the same row under two names.
    """
    first = parts[0]
    owner: dict[bytes, tuple[str, str]] = {}
    gathered: dict[str, list[list[bytes]]] = {}
    for part in parts:
        if (part.network, part.width) != (first.network, first.width):
            raise UserError(f"{part.title}: was taught on another network than {first.title}; only heads of one can be "
                            "merged")
        for label, rows in part.classes.items():
            fresh = []
            for row in rows:
                known, title = owner.setdefault(row, (label, ""))
                if known != label:
                    raise UserError(f"{part.title}: a take of '{label}' is one of '{known}' in {title}; forget one of "
                                    "them there")
                if not title:
                    owner[row] = label, part.title
                    fresh.append(row)
            gathered.setdefault(label, []).append(fresh)
    if len(gathered) > MOST_CLASSES:
        raise UserError(f"{len(gathered)} classes in all; a learner takes {MOST_CLASSES} at most")
    classes = {label: _latest(own, most) for label, own in gathered.items()}
    return replace(first, title="merged", generation=max(part.generation for part in parts), classes=classes)


def _latest(own: Sequence[Sequence[bytes]], most: int) -> list[bytes]:
    """Return at most so many rows, of each board as many, the latest of each."""
    left = [list(rows) for rows in own]
    chosen: list[bytes] = []
    while len(chosen) < most and any(left):
        for rows in left:
            if rows and len(chosen) < most:
                chosen.append(rows.pop())
    return chosen[::-1]


@dataclass(frozen=True)
class LeftOut:
    """What is said of a class's rows by learners that were not taught them. said: how often each label was."""

    label: str
    rows: int
    right: Share
    uncertain: int
    said: dict[str, int]


@dataclass(frozen=True)
class Report:
    """What a head is worth. others: how many of the network's rows of no class are taken for one."""

    classes: list[LeftOut]
    others: Share

    @property
    def right(self) -> Share:
        """Over all rows."""
        right, count = (sum(getattr(c.right, key) for c in self.classes) for key in ("right", "count"))
        return Share(right, count, count)

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {"right": self.right.facts(), "others_taken": self.others.facts(),
                "classes": [{"name": c.label, "rows": c.rows, "right": c.right.right, "uncertain": c.uncertain,
                             "said": c.said} for c in self.classes]}


def report(taught: Taught, blob: bytes) -> Report:
    """Judge a head by leaving out each of its rows in turn. blob: the network's file.

    Raises UserError where the head is of another network.
    """
    if not taught.classes:
        raise UserError(f"{taught.title}: nothing was taught; midge.Learner.teach does")
    model = device.load(blob)
    most = max(map(len, taught.classes.values()))
    learner = device.Learner(model, classes=len(taught.classes), most=most)
    if (learner._network, learner._width) != (taught.network, taught.width):
        raise UserError(f"{taught.title}: was taught on another network; name the one that the board has")
    for label, rows in taught.classes.items():
        for row in rows:
            learner.add(label, row)
    found = [_left_out(learner, label, rows) for label, rows in taught.classes.items()]
    others = bytes(learner._others)
    width = taught.width
    taken = sum(learner.answer(others[i:i + width]).label != UNCERTAIN for i in range(0, len(others), width))
    count = len(others) // width
    return Report(found, Share(taken, count, count))


def _left_out(learner: Any, label: str, rows: Sequence[bytes]) -> LeftOut:
    said: dict[str, int] = {}
    for row in rows:
        # The oldest row goes last: taught anew, it is the latest.
        _without(learner, label, rows, row)
        answer = str(learner.answer(row).label) if learner.labels else UNCERTAIN
        said[answer] = said.get(answer, 0) + 1
        learner.add(label, row)
    right = said.get(label, 0)
    return LeftOut(label, len(rows), Share(right, len(rows), len(rows)), said.get(UNCERTAIN, 0), said)


def _without(learner: Any, label: str, rows: Sequence[bytes], row: bytes) -> None:
    """Teach a learner a class anew, but for one row."""
    learner.forget(label)
    for other in rows:
        if other != row:
            learner.add(label, other)
