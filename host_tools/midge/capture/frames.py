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
_FRAME = re.compile(rb"\x02f([A-Za-z0-9+/=]*)\x03")
_HEAD = struct.Struct("<IBB")


class LostSamples(Exception):
    """Some samples did not come: what is there up to then is whole, what follows is not continuous with it."""


class Frames:
    """Take in what a board prints; `blocks` are the samples so far, float32 [samples, columns] each.

    width   how many columns a sample has
    scales  what the int16 values of each column are multiplied by; empty where the board sends real values
    """

    def __init__(self, width: int, scales: Samples) -> None:
        self.width, self.scales = width, scales
        self.blocks: list[Samples] = []
        self.count = 0
        self._rest = b""

    def feed(self, said: bytes) -> list[Samples]:
        """Return the samples of the frames that became whole. Raises LostSamples at the first that is missing."""
        self._rest += said
        new = []
        end = 0
        for found in _FRAME.finditer(self._rest):
            end = found.end()
            new.append(self._open(found[1]))
        self._rest = self._rest[end:]
        if self._rest.count(b"\x02f") > 1:  # one began after another that has no end
            raise LostSamples("a frame arrived damaged")
        return new

    def samples(self) -> Samples:
        """Return all of them, float32 [samples, columns]."""
        return np.concatenate([np.zeros((0, self.width), np.float32), *self.blocks])

    def _open(self, encoded: bytes) -> Samples:
        try:
            body = binascii.a2b_base64(encoded)
        except binascii.Error:
            body = b""
        if len(body) < _HEAD.size + 4 or zlib.crc32(body[:-4]) != int.from_bytes(body[-4:], "little"):
            raise LostSamples("a frame arrived damaged")
        first, count, flags = _HEAD.unpack_from(body)
        if flags & _LOST:
            raise LostSamples("the board was too slow for this rate")
        if first != self.count:
            raise LostSamples("a frame did not arrive")
        dtype = np.dtype("<f4" if flags & _FLOATS else "<i2")
        if len(body) != _HEAD.size + 4 + count * self.width * dtype.itemsize:
            raise LostSamples("a frame has another size than it says")
        values = np.frombuffer(body, dtype, count * self.width, _HEAD.size).reshape(count, self.width)
        block = values.astype(np.float32)
        if not flags & _FLOATS:
            block *= self.scales
        self.blocks.append(block)
        self.count += count
        return block
