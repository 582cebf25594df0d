# SPDX-License-Identifier: MIT
"""How well listen() hears real people, at a wake word's own cut-off: run by `make test-sound` only (SOUND_SECONDS)."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import midge
from midge.api import convert
from midge.errors import UserError
from midge.samples.sound_files import read_sound, resample
from tests.support import SHARED

RATE_HZ = 16000
PEOPLE = SHARED / "data/wakeword_picovoice"
ALEXA = SHARED / "models/microwakeword/v2_alexa.tflite", SHARED / "data/wakeword_manifests/v2_alexa.json"
OTHERS = [*(PEOPLE / word for word in ("smart_mirror", "snowboy", "view_glass")),
          *(SHARED / f"data/{name}" for name in ("arabic_speech_commands_30people", "speech_commands_10x30",
                                                 "fsdd_subset", "wakeword_precise_public_domain"))]
QUIET = np.zeros(RATE_HZ, np.int16)
LEAST_RECALL, MOST_UNREADABLE = 0.97, 0.05

pytestmark = [pytest.mark.skipif("SOUND_SECONDS" not in os.environ, reason="slow; run: make test-sound"),
              pytest.mark.skipif(not PEOPLE.is_dir(), reason=f"no {PEOPLE}; set SHARED=<dir>")]


class Played:
    """A microphone that hears samples as fast as they are taken, and then ends."""

    name, rate_hz, timeout_ms, typecode, scales, overflow = "file", RATE_HZ, 1000, "h", None, False

    def __init__(self, samples: np.ndarray) -> None:
        self.samples, self.at = samples, 0

    def clear(self) -> None: ...

    def wait_ms(self, n: int) -> int:
        return 0

    def read_into(self, buffer: array[int]) -> int:
        n = len(buffer)
        if self.at + n > len(self.samples):
            raise EOFError
        buffer[:] = array("h", self.samples[self.at : self.at + n].tobytes())
        self.at += n
        return n


def heard(model: midge.Model, samples: np.ndarray) -> int:
    """Return how often a word is heard."""
    count = 0
    try:
        for _ in midge.listen(Played(samples), model):
            count += 1
    except EOFError:
        return count
    raise AssertionError("listening does not end by itself")


def sounds(folder: Path) -> Iterator[np.ndarray | None]:
    """Yield the recordings in a folder, None for those that cannot be read."""
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".flac", ".wav")):
        try:
            sound = read_sound(path)
        except UserError:
            yield None
        else:
            mono = resample(sound.mono, sound.rate_hz, RATE_HZ)
            yield np.round(mono * 32768).clip(-32768, 32767).astype(np.int16)


def test_alexa_is_heard_and_other_words_are_not() -> None:
    model = midge.load(convert(ALEXA[0], manifest=ALEXA[1], name="alexa").blob)
    found = list(sounds(PEOPLE / "alexa"))
    readable = [sound for sound in found if sound is not None]
    assert len(readable) >= (1 - MOST_UNREADABLE) * len(found) > 100
    hits = sum(heard(model, np.concatenate([QUIET, sound, QUIET])) > 0 for sound in readable)
    others = [sound for folder in OTHERS for sound in sounds(folder) if sound is not None]
    joined = np.concatenate(others)
    false = heard(model, joined)
    print(f"\nheard {hits} of {len(readable)}; {false} false in {len(joined) / RATE_HZ / 60:.1f} min")
    assert hits >= LEAST_RECALL * len(readable) and false == 0
