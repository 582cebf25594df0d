# SPDX-License-Identifier: MIT
"""Frames from a board: whole ones give samples, whatever else is printed; anything missing is seen."""

from __future__ import annotations

import random
import struct
import zlib
from base64 import b64encode

import numpy as np
import pytest

from midge.capture.frames import Frames, LostSamples

SCALES = np.array([0.5, 0.25], np.float32)


def frame(first: int, rows: list[list[float]], flags: int = 0) -> bytes:
    body = struct.pack("<IBB", first, len(rows), flags) + np.array(rows, "<f4" if flags & 2 else "<i2").tobytes()
    return b"\x02f" + b64encode(body + struct.pack("<I", zlib.crc32(body))) + b"\x03\r\n"


STREAM = b"".join(frame(3 * i, [[3 * i + k, -k] for k in range(3)]) for i in range(20))


def test_in_any_pieces_and_among_anything_else() -> None:
    rng = random.Random(1)
    frames, at = Frames(2, SCALES), 0
    text = b"hello\r\n" + STREAM.replace(b"\r\n", b"\r\nsomething else\r\n", 3)
    while at < len(text):
        size = rng.randrange(1, 60)
        frames.feed(text[at : at + size])
        at += size
    samples = frames.samples()
    assert samples.dtype == np.float32 and samples.shape == (60, 2)
    assert (samples[:, 0] == np.arange(60) / 2).all() and (samples[:, 1] == -(np.arange(60) % 3) / 4).all()


def test_real_values_come_unscaled() -> None:
    frames = Frames(2, np.zeros(0, np.float32))
    assert frames.feed(frame(0, [[1.5, -2.25]], flags=2))[0].tolist() == [[1.5, -2.25]]


@pytest.mark.parametrize(("text", "words"), [
    (frame(1, [[1, 2]]), "a frame did not arrive"), (frame(0, [], flags=1), "too slow for this rate"),
    (frame(0, [[1, 2, 3]]), "another size"), (b"\x02fAAAA\x03", "arrived damaged"), (b"\x02f\x03", "arrived damaged"),
    (b"\x02fAAA\x03", "arrived damaged"), (b"\x02fAAAA" + frame(0, [[1, 2]]), "arrived damaged"),
])
def test_what_is_missing_is_seen(text: bytes, words: str) -> None:
    with pytest.raises(LostSamples, match=words):
        Frames(2, SCALES).feed(text + STREAM)


@pytest.mark.parametrize("seed", range(40))
def test_no_damage_gives_wrong_samples(seed: int) -> None:
    """Whatever happens to a byte: the samples up to a loss are a beginning of the true ones."""
    rng = random.Random(seed)
    text = bytearray(STREAM)
    at = rng.randrange(len(text))
    if seed % 3 == 0:
        del text[at]
    elif seed % 3 == 1:
        text[at] ^= 1 << rng.randrange(8)
    else:
        text.insert(at, rng.randrange(256))
    frames, true = Frames(2, SCALES), Frames(2, SCALES)
    true.feed(STREAM)
    try:
        for k in range(0, len(text), 50):
            frames.feed(bytes(text[k : k + 50]))
    except LostSamples:
        pass
    found = frames.samples()
    assert (found == true.samples()[: len(found)]).all()
