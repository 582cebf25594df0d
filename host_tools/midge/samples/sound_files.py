# SPDX-License-Identifier: MIT
"""Read one sound: WAV of every plain kind with NumPy alone, other files through soundfile; then one channel, one rate.

WAV after Microsoft's "Multiple Channel Audio Data and WAVE Files": RIFF chunks, of which "fmt " and "data" matter.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..optional import need

SOUNDS = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff")
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)  # what programs write that cannot seek back
_KINDS = {b"ID3": "MP3", b"\xff\xfb": "MP3", b"\xff\xf3": "MP3", b"\xff\xf2": "MP3", b"fLaC": "FLAC", b"OggS": "Ogg",
          b"FORM": "AIFF", b"\x1aE\xdf\xa3": "Matroska", b"caff": "Core Audio"}


@dataclass(frozen=True)
class Sound:
    """A sound as its file has it. values: float32 [samples, channels], full scale is -1 to 1."""

    values: np.ndarray
    rate_hz: int

    @property
    def mono(self) -> np.ndarray:
        """The mean of all channels, float32 [samples]."""
        mixed: np.ndarray = self.values.mean(axis=1, dtype=np.float32)
        return mixed


def read_sound(path: Path) -> Sound:
    """Return the sound in a file. Raises UserError where it is empty, cut off, of another kind, or damaged."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}; check the path") from error
    if not data:
        raise UserError(f"{path}: an empty file; record it again, or remove it")
    is_wave = data[:4] in (b"RIFF", b"RIFX") and data[8:12] == b"WAVE"
    if path.suffix.lower() == ".wav" and not is_wave:
        kind = next((name for magic, name in _KINDS.items() if data.startswith(magic)), "")
        raise UserError(f"{path}: {f'an {kind}' if kind in ('MP3', 'Ogg', 'AIFF') else f'a {kind}' if kind else 'no'} "
                        f"{'file' if kind else 'WAV file'}, though named .wav; convert it: ffmpeg -i {path.name} "
                        f"{path.stem}_pcm.wav")
    found = _read_wave(data, path) if is_wave else None
    found = found or _read_any(path)
    if not len(found.values):
        raise UserError(f"{path}: no samples in it; record it again, or remove it")
    if not np.isfinite(found.values).all():
        raise UserError(f"{path}: samples that are no finite numbers; export it again as 16-bit WAV")
    return found


def _read_wave(data: bytes, path: Path) -> Sound | None:
    """Return a WAV file's sound, None where it is coded in a way that soundfile may know. Raises UserError."""
    if data[:4] != b"RIFF":
        return None
    at, layout = 12, None
    while at + 8 <= len(data):
        name, size = data[at:at + 4], struct.unpack_from("<I", data, at + 4)[0]
        at += 8
        if name == b"fmt " and size >= 16 and at + 16 <= len(data):
            layout = struct.unpack_from("<HHIIHH", data, at)
            if layout[0] == _EXTENSIBLE and size >= 40 and at + 26 <= len(data):
                layout = (struct.unpack_from("<H", data, at + 24)[0], *layout[1:])
        elif name == b"data":
            break
        at += size + size % 2
    else:
        raise UserError(f"{path}: a WAV file without {'samples' if layout else 'a format'}: it was cut off, or never "
                        "finished; record it again, or remove it")
    if layout is None:
        raise UserError(f"{path}: a WAV file that does not tell its format; export it again as 16-bit WAV")
    kind, channels, rate, _, block, bits = layout
    if kind not in (_PCM, _FLOAT) or bits % 8:
        return None
    if not channels or not rate or not bits or block != channels * bits // 8:
        raise UserError(f"{path}: a WAV file of {channels} channels at {rate} samples a second, {block} bytes for "
                        f"{bits} bits: its format is damaged; export it again as 16-bit WAV")
    there = len(data) - at
    if size not in _UNKNOWN_SIZES and size > there + 1:
        raise UserError(f"{path}: cut off: its header tells {size / block / rate:.2f} s, {there / block / rate:.2f} s "
                        "are there; copy it again, or remove it")
    size = there if size in _UNKNOWN_SIZES else min(size, there)
    values = _decode(data[at:at + size // block * block], kind, bits)
    if values is None:
        raise UserError(f"{path}: a WAV file of {bits}-bit {'floats' if kind == _FLOAT else 'integers'}; 8, 16, 24 and "
                        "32 bits and floats can be read: export it again as 16-bit WAV")
    return Sound(values.reshape(-1, channels), rate)


def _decode(raw: bytes, kind: int, bits: int) -> np.ndarray | None:
    """Return samples as float32, None for what there is no such WAV of."""
    if kind == _FLOAT:
        return np.frombuffer(raw, f"<f{bits // 8}").astype(np.float32) if bits in (32, 64) else None
    if bits == 8:
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - 128) / np.float32(128)
    if bits == 24:
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return wide.view("<i4")[:, 0].astype(np.float32) / np.float32(2**31)
    if bits in (16, 32):
        return np.frombuffer(raw, f"<i{bits // 8}").astype(np.float32) / np.float32(2 ** (bits - 1))
    return None


def _read_any(path: Path) -> Sound:
    soundfile = need("soundfile", "media", f"reading {path.suffix.lower() or 'such'} files of sound")
    try:
        values, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: what soundfile raises
        raise UserError(f"{path}: cannot be read as a sound ({error}); replace or remove it") from error
    return Sound(values, int(rate))


def resample(x: np.ndarray, rate_hz: int, wanted_hz: int) -> np.ndarray:
    """Return a sound [samples] at another rate, low-passed where that is lower (scipy's polyphase filter)."""
    if rate_hz == wanted_hz:
        return x
    signal = need("scipy.signal", "media", f"turning {rate_hz} samples a second into {wanted_hz}")
    common = gcd(rate_hz, wanted_hz)
    return np.asarray(signal.resample_poly(x, wanted_hz // common, rate_hz // common), np.float32)
