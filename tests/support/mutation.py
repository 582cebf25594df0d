# SPDX-License-Identifier: MIT
"""Damage to the bytes of files, drawn at random; HYPOTHESIS_PROFILE=long asks for 10,000 files instead of 400."""

from __future__ import annotations

import os
import random

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
MUTATIONS = 10_000 if LONG else 400


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Change, cut or repeat a few bytes, mostly in the tables at the front and the back."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 8))):
        at = rng.randrange(len(out))
        kind = rng.randrange(5)
        if kind == 0:
            out[at] = rng.randrange(256)
        elif kind == 1:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            out[at : at + 4] = rng.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\1\0\0\0"))
        elif kind == 3 and len(out) > 64:
            del out[max(at, 32) : at + rng.randrange(1, 32)]
        else:
            out[at:at] = out[at : at + rng.randrange(1, 32)]
    return bytes(out)
