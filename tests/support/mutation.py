# SPDX-License-Identifier: MIT
"""Damage to the bytes of files, drawn at random; HYPOTHESIS_PROFILE=long asks for 10,000 files instead of 400."""

from __future__ import annotations

import copy
import io
import json
import os
import random
import zipfile
import zlib
from typing import Any

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
MUTATIONS = 10_000 if LONG else 400
_SUMMED = 16  # the first byte of a .midge file that its checksum covers
# What stands in JSON where something else was expected.
_ODD = (None, True, -1, 0, 1, 2**31, 10**18, 10**400, 0.5, -1e308, float("nan"), float("inf"), "", "x", "relu",
        "\x1b[1m", [], {}, [None], [0, -1], [2**31, 2**31], {"class_name": "Dense"})


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


def mutate_midge(data: bytes, rng: random.Random) -> bytes:
    """Change bytes, and mostly make size and checksum right again, so that what comes after them is looked at."""
    out = bytearray(mutate(data, rng))
    if len(out) >= _SUMMED and rng.random() < 0.9:
        out[8:12] = len(out).to_bytes(4, "little")
        out[12:16] = zlib.crc32(out[_SUMMED:]).to_bytes(4, "little")
    return bytes(out)


def mutate_json(data: bytes, rng: random.Random) -> bytes:
    """Mostly put odd values into places of a JSON text, which stays one; else change its bytes."""
    if rng.random() < 0.2:
        return mutate(data, rng)
    whole = [json.loads(data)]
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        holder: Any = whole
        key: Any = 0
        while isinstance(holder[key], (dict, list)) and holder[key] and (holder is whole or rng.random() < 0.9):
            holder = holder[key]
            key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
        if rng.random() < 0.2 and holder is not whole:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(rng.choice(_ODD))
    return json.dumps(whole[0]).encode()


def mutate_archive(data: bytes, rng: random.Random) -> bytes:
    """Mostly damage one file of an archive, whose checksums stay right; else the archive itself."""
    if rng.random() < 0.2:
        return mutate(data, rng)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        damaged = rng.choice(names)
        for name in names:
            part = old.read(name)
            if name == damaged:
                part = (mutate_json if name.endswith(".json") else mutate)(part, rng)
            new.writestr(name, part)
    return out.getvalue()
