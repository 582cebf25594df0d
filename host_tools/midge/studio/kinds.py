# SPDX-License-Identifier: MIT
"""What takes are of: movements, sounds or pictures. Each is a file, which is checked, drawn, and cut where it has time.

    motion    tables of samples     midge train, midge capture
    sound     .wav and others       midge train, with the folders of sounds
    picture   .jpg, .png and others midge train, with the folders of pictures
"""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..optional import need
from ..samples.picture_files import PICTURES, read_picture
from ..samples.sound_files import SOUNDS, Sound, read_sound
from ..samples.takes import TABLES, read_take

MOTION, SOUND, PICTURE = "motion", "sound", "picture"
SUFFIXES: dict[str, tuple[str, ...]] = {MOTION: tuple(TABLES), SOUND: SOUNDS, PICTURE: PICTURES}
ALL = tuple(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
MODELS = {MOTION: "wand", SOUND: "ear", PICTURE: "eye"}  # what models are called where nobody chose a name
MEDIA = {".wav": "audio/wav", ".flac": "audio/flac", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".oga": "audio/ogg",
         ".opus": "audio/ogg", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
         ".bmp": "image/bmp"}
MOST_POINTS = 96  # of a take's picture
LARGEST = 192  # pixels of a picture's longer side as it is shown among others
SHORTEST_S = 0.1  # of a sound


@dataclass(frozen=True)
class Pixels:
    """A picture. values: uint8 [height, width, 1 or 3]."""

    values: np.ndarray


def kind_of(name: str) -> str:
    """Return what a file of this name is a take of, "" for no take."""
    suffix = Path(name).suffix.lower()
    return next((kind for kind, suffixes in SUFFIXES.items() if suffix in suffixes), "")


def kind_among(names: Iterable[str]) -> str:
    """Return what takes of these names are, "" where none is one."""
    return next((kind for name in names if (kind := kind_of(name))), "")


def view(path: Path, name: str) -> dict[str, Any]:
    """Return a take to be drawn, with what it is. Raises UserError where it is damaged."""
    kind = kind_of(path.name)
    return {"take": name, "kind": kind, "label": path.parent.name,
            **{MOTION: _movement, SOUND: _sound, PICTURE: _picture}[kind](path)}


def check(path: Path) -> None:
    """Raise UserError where a file is no take."""
    view(path, path.name)


def _movement(path: Path) -> dict[str, Any]:
    take = read_take(path)
    values = take.values
    at = np.linspace(0, len(values) - 1, min(len(values), MOST_POINTS)).round().astype(int)
    return {"label": take.label, "columns": take.columns, "units": take.units, "seconds": round(take.seconds, 3),
            "rate_hz": take.rate_hz, "samples": len(values), "sensor": take.sensor, "person": take.person,
            "session": take.session, "points": np.round(values[at].T.astype(float), 4).tolist()}


def _sound(path: Path) -> dict[str, Any]:
    sound = read_sound(path)
    mono = sound.mono
    if len(mono) < SHORTEST_S * sound.rate_hz:
        raise UserError(f"{path}: {len(mono) / sound.rate_hz:.3f} s long; {SHORTEST_S} s at least are wanted: record "
                        "it again, or remove it")
    return {"seconds": round(len(mono) / sound.rate_hz, 3), "rate_hz": sound.rate_hz, "samples": len(mono),
            "loudest": round(float(np.abs(mono).max()), 4), "points": envelope(mono, MOST_POINTS)}


def envelope(mono: np.ndarray, most: int) -> list[list[float]]:
    """Return the largest and the least of samples [n] in each of at most so many stretches of them."""
    parts = np.array_split(mono, min(len(mono), most))
    return [np.round([part.max() for part in parts], 4).tolist(), np.round([part.min() for part in parts], 4).tolist()]


def _picture(path: Path) -> dict[str, Any]:
    values = read_picture(path)
    return {"width": values.shape[1], "height": values.shape[0], "image": shown(values)}


def shown(values: np.ndarray) -> str:
    """Return a picture, uint8 [height, width, 1 or 3], as small a JPEG as pages show, in a data: address."""
    image = need("PIL.Image", "media", "showing pictures").fromarray(values if values.shape[2] == 3 else values[..., 0])
    image.thumbnail((LARGEST, LARGEST))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def cut_sound(path: Path, start: int, end: int) -> bytes:
    """Return the samples [start, end) of a sound as a WAV file. Raises UserError."""
    sound = read_sound(path)
    if not 0 <= start < end <= len(sound.values) or end - start < SHORTEST_S * sound.rate_hz:
        raise UserError(f"{path.name}: samples {start} to {end} of {len(sound.values)}; keep at least {SHORTEST_S} s")
    return wav_bytes(Sound(sound.values[start:end], sound.rate_hz))


def wav_bytes(sound: Sound) -> bytes:
    """Return a sound as a WAV file of 16 bits."""
    samples = np.round(sound.values * 32768).clip(-32768, 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((sound.values.shape[1], 2, sound.rate_hz, 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    return file.getvalue()
