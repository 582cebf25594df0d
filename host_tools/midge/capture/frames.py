# SPDX-License-Identifier: MIT
"""Samples out of what a board prints: the frames of mpy_lib/midge/record.py, each of which is checked."""

from __future__ import annotations

import binascii
import re
import struct
import zlib

import numpy as np

from ..samples.take_format import Samples

_LOST, _FLOATS = 1, 2
_HEAD = struct.Struct("<IBB")


class LostSamples(Exception):
    """Some samples did not come: what is there up to then is whole, what follows is not continuous with it."""


class FrameReader:
    """Take in what a board prints, and find the frames of one kind in it, a letter."""

    def __init__(self, kind: bytes) -> None:
        self._start = b"\x02" + kind
        self._frame = re.compile(re.escape(self._start) + rb"([A-Za-z0-9+/=]*)\x03")
        self._rest = b""

    def feed(self, said: bytes) -> list[bytes | None]:
        """Return the bytes of the frames that became whole; None for one that is damaged, or has no end."""
        self._rest += said
        bodies: list[bytes | None] = []
        end = 0
        for found in self._frame.finditer(self._rest):
            bodies += [None] * self._rest.count(self._start, end, found.start())
            end = found.end()
            bodies.append(_checked(found[1]))
        self._rest = self._rest[end:]
        if self._rest.count(self._start) > 1:  # one began after another that has no end
            self._rest = self._rest[self._rest.rindex(self._start) :]
            bodies.append(None)
        return bodies


def _checked(encoded: bytes) -> bytes | None:
    """Return what a frame holds, without its CRC."""
    try:
        body = binascii.a2b_base64(encoded)
    except binascii.Error:
        return None
    whole = len(body) > 4 and zlib.crc32(body[:-4]) == int.from_bytes(body[-4:], "little")
    return body[:-4] if whole else None


class Frames:
    """Samples out of what a board prints; `blocks` are those so far, float32 [samples, columns] each.

    width   how many columns a sample has
    scales  what the int16 values of each column are multiplied by; empty where the board sends real values
    keep    whether blocks are kept, or only counted
    """

    def __init__(self, width: int, scales: Samples, keep: bool = True) -> None:
        self.width, self.scales, self.keep = width, scales, keep
        self.blocks: list[Samples] = []
        self.count = 0
        self._reader = FrameReader(b"f")

    def feed(self, said: bytes) -> list[Samples]:
        """Return the samples of the frames that became whole. Raises LostSamples at the first that is missing."""
        return [self._open(body) for body in self._reader.feed(said)]

    def samples(self) -> Samples:
        """Return all of them, float32 [samples, columns]."""
        return np.concatenate([np.zeros((0, self.width), np.float32), *self.blocks])

    def _open(self, body: bytes | None) -> Samples:
        if body is None or len(body) < _HEAD.size:
            raise LostSamples("a frame arrived damaged")
        first, count, flags = _HEAD.unpack_from(body)
        if flags & _LOST:
            raise LostSamples("the board was too slow for this rate")
        if first != self.count:
            raise LostSamples("a frame did not arrive")
        dtype = np.dtype("<f4" if flags & _FLOATS else "<i2")
        if len(body) != _HEAD.size + count * self.width * dtype.itemsize:
            raise LostSamples("a frame has another size than it says")
        values = np.frombuffer(body, dtype, count * self.width, _HEAD.size).reshape(count, self.width)
        block = values.astype(np.float32)
        if not flags & _FLOATS:
            block *= self.scales
        if self.keep:
            self.blocks.append(block)
        self.count += count
        return block
