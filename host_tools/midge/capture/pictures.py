# SPDX-License-Identifier: MIT
"""Pictures out of what a board prints: the frames of mpy_lib/midge/show.py, each of which is checked."""

from __future__ import annotations

import io
import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph.sight import FORMATS, MOSAICS, YUV
from ..optional import need
from ..samples.camera_pictures import decode
from .frames import FrameReader

_LOST, _NIBBLES, _JPEG, _LAST = 1, 2, 4, 8
_HEAD = struct.Struct("<HHIB")
_WHOLE = 1 << 16  # numbers of pictures come around
# Where bytes of a row come from, as in show.py: first and step.
PLANES = {"grey": ((0, 1),), "rgb565": ((0, 2), (1, 2)), "rgb565le": ((0, 2), (1, 2)),
          "rgb888": ((0, 3), (1, 3), (2, 3)), "yuv422": ((0, 2), (1, 4), (3, 4)), "uyvy": ((1, 2), (0, 4), (2, 4)),
          "bayer": ((0, 2), (1, 2))}


@dataclass(frozen=True)
class Shot:
    """A picture that came whole: its number, uint8 [height, width, 1 or 3], and the file that a camera made of it."""

    number: int
    pixels: np.ndarray
    jpeg: bytes = b""


@dataclass(frozen=True)
class Seen:
    """What a model answered to a picture: label and score of the best, boxes (label, score, x, y, w, h), ms it took."""

    number: int
    label: str
    score: float
    boxes: list[tuple[str, float, int, int, int, int]] = field(default_factory=list)
    ms: int = 0
    lost: int = 0


class PictureReader:
    """Take in what a board prints and put pictures together.

    format, width, height: what the camera gives; thin: how the board thins rows and columns. lost: pictures that did
    not come whole so far, late: those of them whose rows the board itself had lost; sent, raw: bytes of the rows as
    they came, and as they are.
    """

    def __init__(self, format: str, width: int, height: int, thin: int = 1) -> None:
        self.format, self.width, self.height, self.thin = format, width, height, thin
        self.rows = -(-height // thin)
        self.lost = self.late = self.sent = self.raw = 0
        self._reader = FrameReader(b"p")
        self._parts: list[bytes] = []
        self._number: int | None = None  # of the picture that is being put together
        self._begun = False  # a picture whose end has not come
        self._next = 0  # of the picture that is expected

    def feed(self, said: bytes) -> list[Shot]:
        """Return the pictures that became whole."""
        shots = []
        for body in self._reader.feed(said):
            shot = self._take(body) if body is not None and len(body) >= _HEAD.size else None
            if shot is not None:
                shots.append(shot)
        return shots

    def _take(self, body: bytes) -> Shot | None:
        number, index, size, flags = _HEAD.unpack_from(body)
        if (number + 1) % _WHOLE != self._next:  # another picture, and some of which not even a row came
            self.lost += (number - self._next) % _WHOLE + self._begun
            self._next, self._begun = (number + 1) % _WHOLE, True
            self._number, self._parts = number, []
        if flags & _LOST:
            self.late += 1
            self.lost += 1
            self._number, self._begun = None, False
            return None
        if number != self._number or index != len(self._parts):
            self._number = None
            return None
        data = body[_HEAD.size :]
        if flags & _JPEG:
            if size > 3 * self.width * self.height:  # no camera makes a file as large as what it shows
                self._number = None
                return None
            self._parts.append(data)
            return self._whole(number) if flags & _LAST else None
        row = unpacked(data, size) if flags & _NIBBLES else data
        if len(row) != size:
            self._number = None
            return None
        self.sent += len(data)
        self.raw += size
        self._parts.append(row)
        return self._whole(number) if len(self._parts) == self.rows else None

    def _whole(self, number: int) -> Shot | None:
        joined = b"".join(self._parts)
        self._number = None
        if self.format == "jpeg":
            try:
                with need("PIL.Image", "media", "reading pictures").open(io.BytesIO(joined), formats=["JPEG"]) as image:
                    if image.size != (self.width, self.height):
                        return None
                    pixels = np.asarray(image.convert("L" if image.mode == "L" else "RGB"), np.uint8)
            except (OSError, SyntaxError, ValueError):
                return None
            self._begun = False
            return Shot(number, pixels.reshape(*pixels.shape[:2], -1), joined)
        width = -(-self.width // self.thin)
        if self.thin > 1 and self.format in (*YUV, *MOSAICS):
            pixels = np.frombuffer(joined, np.uint8)
            shape = (self.rows, -1, 1)
        else:
            pixels, shape = self._joined(joined, width), (self.rows, width, -1)
        if len(pixels) % (self.rows * width):
            return None
        self._begun = False
        whole = pixels.reshape(shape)
        as_is = self.thin > 1 if self.format in MOSAICS else whole.shape[2] == 1
        return Shot(number, whole if as_is else decode(whole, self.format))

    def _joined(self, parts: bytes, width: int) -> np.ndarray:
        """Return the bytes of rows whose planes are apart, as the camera gives them."""
        planes = PLANES[self.format.split("-")[0]]
        size = width * FORMATS[self.format][1]
        apart = np.frombuffer(parts, np.uint8)
        if len(apart) != self.rows * size:
            return apart[:1]
        apart = apart.reshape(self.rows, size)
        rows = np.empty_like(apart)
        at = 0
        for first, step in planes:
            count = len(range(first, size, step))
            rows[:, first::step] = apart[:, at : at + count]
            at += count
        return rows.ravel()


def unpacked(data: bytes, size: int) -> bytes:
    """Return the bytes that nibbles stand for, at most `size` of them; show.py says how."""
    nibbles = np.empty(2 * len(data), np.uint8)
    nibbles[0::2] = np.frombuffer(data, np.uint8) & 15
    nibbles[1::2] = np.frombuffer(data, np.uint8) >> 4
    values = nibbles.tolist()
    out, before, at = bytearray(), 0, 0
    while len(out) < size and at < len(values):
        value = values[at]
        if value == 8:
            if at + 2 >= len(values):
                break
            before = values[at + 1] | values[at + 2] << 4
            at += 3
        else:
            before = before + (value - 16 if value > 8 else value) & 255
            at += 1
        out.append(before)
    return bytes(out)


class AnswerReader:
    """Take in what a board prints and find what a model answered."""

    def __init__(self) -> None:
        self._reader = FrameReader(b"a")

    def feed(self, said: bytes) -> list[Seen]:
        """Return the answers that became whole; what makes no sense is left out, as what is damaged is."""
        found = []
        for body in self._reader.feed(said):
            if body is not None:
                try:
                    found.append(_seen(json.loads(body)))
                except (ValueError, TypeError, KeyError):
                    continue
        return found


def _seen(said: dict[str, Any]) -> Seen:
    boxes = [(str(label), float(score), *map(int, box)) for label, score, *box in said["boxes"]]
    if any(len(box) != 6 for box in boxes):
        raise ValueError("boxes of four numbers were wanted")
    label = "" if said["label"] is None else str(said["label"])
    return Seen(int(said["number"]), label, float(said["score"]), boxes, int(said["ms"]),  # type: ignore[arg-type]
                int(said["lost"]))
