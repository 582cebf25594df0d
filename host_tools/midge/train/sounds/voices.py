# SPDX-License-Identifier: MIT
"""Words in the voices of synthesizers, as clips: made-up ones by the thousand to tell apart, and one to listen for."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...errors import UserError
from ...progress import Stage, silent
from ...samples.labels import is_quiet
from ...samples.sound_files import resample
from ...samples.sounds import RATE_HZ, Clip, Clips
from .engines import Engine, EspeakNg, Flite, Speech, Voice, draw, find_engines, spoken
from .phones import made_up_words, spell

VOICE = "voice of "  # in the group of clips that are made
LONGEST_S = 3.0


def speak(count: int, voices: int, seed: int, stage: Stage = silent) -> list[Clip]:
    """Return `count` made-up words, each in so many voices, as clips at 16 kHz whose groups are the voices.

    The same arguments and versions of the synthesizers give the same clips. Raises UserError where one is missing.
    """
    for program in ("espeak-ng", "flite"):
        if shutil.which(program) is None:
            raise UserError(f"made-up words need {program}, which is not here: apt-get install espeak-ng flite, or "
                            "leave out --made-up")
    rng = np.random.default_rng([seed, 6])
    words = [word for word in made_up_words(count, rng) for _ in range(voices)]
    return say_all([(Speech(sounds=word), spell(word)) for word in words], [Flite(), EspeakNg()], rng,
                   stage, "speaking made-up words")


def is_spoken(clip: Clip) -> bool:
    """Tell whether a clip is of a voice that was made."""
    return clip.group.startswith(VOICE)


def say_names(
    found: Clips, times: int, voices: Path | None, seed: int, stage: Stage = silent
) -> tuple[list[Clip], dict[str, int]]:
    """Return clips of the classes' names, English words, each said so often, and how many each synthesizer said.

    voices: a folder with neural voices, which speak as well. Each is recorded at the rate of one of the clips that were
    found. Raises UserError where nothing can speak, or a name cannot be said.
    """
    if not times:
        return [], {}
    engines = find_engines(voices)
    rng = np.random.default_rng([seed, 14])
    names = [label for label in found.labels if not is_quiet(label)]
    asked = [(Speech(name.replace("_", " ")), name) for name in names for _ in range(times)]
    said = say_all(asked, engines, rng, stage, "saying the names of the classes")
    rates = [found.clips[i].recorded_hz for i in rng.integers(len(found.clips), size=len(said))]
    clips = [replace(clip, values=resample(resample(clip.values, RATE_HZ, rate), rate, RATE_HZ))
             if rate < RATE_HZ else clip for clip, rate in zip(said, rates, strict=True)]
    return clips, count_spoken(clips, engines)


def count_spoken(clips: Sequence[Clip], engines: Sequence[Engine]) -> dict[str, int]:
    """Return how many of some clips each synthesizer spoke."""
    return {e.name: sum(clip.group.startswith(f"{VOICE}{e.name} ") for clip in clips) for e in engines}


def say_all(
    asked: Sequence[tuple[Speech, str]], engines: Sequence[Engine], rng: np.random.Generator, stage: Stage, what: str,
    longest_s: float = LONGEST_S,
) -> list[Clip]:
    """Return what is asked for, each with its label, as clips in voices that are drawn."""
    drawn = [(speech, label, *draw(engines, rng)) for speech, label in asked]
    advance = stage(what, len(drawn))

    def one(job: tuple[Speech, str, Engine, Voice]) -> Clip:
        speech, label, engine, voice = job
        x = spoken(engine, speech, voice)[:int(longest_s * RATE_HZ)]
        advance(1)
        return Clip(f"{speech.name} by {voice.name}", label, x, RATE_HZ, f"{VOICE}{engine.name} {voice.name}")

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, drawn))
