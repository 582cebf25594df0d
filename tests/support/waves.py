# SPDX-License-Identifier: MIT
"""WAV files of every plain kind, written."""

from __future__ import annotations

import struct

import numpy as np


def wave_bytes(values: np.ndarray, rate_hz: int, kind: str = "pcm", bits: int = 16, extensible: bool = False) -> bytes:
    """Return reals [samples, channels], -1 to 1, as a WAV file. kind: "pcm" or "float"."""
    channels = values.shape[1]
    code = 1 if kind == "pcm" else 3
    if kind == "float":
        data = values.astype(f"<f{bits // 8}").tobytes()
    else:
        top = 2.0 ** (bits - 1)
        whole = np.clip(np.round(values * top), -top, top - 1).astype(np.int64)
        wide = (whole + (128 if bits == 8 else 0)).astype("<i8").reshape(-1, 1).view(np.uint8)
        data = wide[:, : bits // 8].tobytes()
    block = channels * bits // 8
    layout = struct.pack("<HHIIHH", 0xFFFE if extensible else code, channels, rate_hz, rate_hz * block, block, bits)
    if extensible:
        layout += struct.pack("<HHIH", 22, bits, 0, code) + bytes.fromhex("000000001000800000aa00389b71")
    chunks = b"fmt " + struct.pack("<I", len(layout)) + layout + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
