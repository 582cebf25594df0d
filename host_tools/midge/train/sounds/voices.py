# SPDX-License-Identifier: MIT
"""Made-up words in the voices of free synthesizers, espeak-ng and flite: words by the thousand to tell apart.

A word is a row of sounds, which both synthesizers are given as such: they say the same word, whatever its spelling.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ...errors import UserError
from ...progress import Stage, silent
from ...samples.sound_files import read_sound, resample
from ...samples.sounds import RATE_HZ, Clip

# Sounds of English: as flite calls them (CMU's set), and as espeak-ng does.
VOWELS = {"aa": "A:", "ae": "a", "ah": "V", "ao": "O:", "aw": "aU", "ay": "aI", "eh": "E", "er": "3:", "ey": "eI",
          "ih": "I", "iy": "i:", "ow": "oU", "oy": "OI", "uh": "U", "uw": "u:"}
CONSONANTS = {"b": "b", "ch": "tS", "d": "d", "dh": "D", "f": "f", "g": "g", "hh": "h", "jh": "dZ", "k": "k", "l": "l",
              "m": "m", "n": "n", "ng": "N", "p": "p", "r": "r", "s": "s", "sh": "S", "t": "t", "th": "T", "v": "v",
              "w": "w", "y": "j", "z": "z", "zh": "Z"}
NO_ONSET, NO_CODA = {"ng"}, {"hh", "w", "y"}
CLUSTERS = (
    ("b", "l"), ("b", "r"), ("d", "r"), ("f", "l"), ("f", "r"), ("g", "l"), ("g", "r"), ("k", "l"), ("k", "r"),
    ("k", "w"), ("p", "l"), ("p", "r"), ("s", "k"), ("s", "l"), ("s", "m"), ("s", "n"), ("s", "p"), ("s", "t"),
    ("s", "w"), ("t", "r"), ("t", "w"))
SYLLABLES = (0.2, 0.4, 0.3, 0.1)  # shares of words with one, two, ...
CLOSED = 0.5  # share of syllables that end in a consonant
ACCENTS = ("en-us", "en-gb", "en-gb-scotland")
VARIANTS = (
    "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5", "Alex", "Andrea", "Andy", "Annie",
    "adam", "antonio", "belinda", "david", "ed", "grandma", "grandpa", "linda", "marcelo", "Michael", "Mike", "norbert",
    "pablo", "quincy", "rob", "steph", "travis", "victor", "zac")
ESPEAK = tuple(f"{accent}+{variant}" for accent in ACCENTS for variant in VARIANTS)
FLITE = ("awb", "kal16", "rms", "slt")
OF_FLITE = 0.5  # share of words that it says
WORDS_A_MINUTE, PITCH = (120, 210), (15, 85)  # of espeak-ng
STRETCH, PITCH_HZ = (0.75, 1.35), {"awb": (95, 170), "kal16": (80, 140), "rms": (75, 135), "slt": (140, 240)}
VOICE = "voice of "  # in the group of clips that are made
FAINT = 0.01  # of the largest sample: what is below it before and after a word is cut off
LONGEST_S = 3.0


def made_up_words(count: int, rng: np.random.Generator) -> list[tuple[str, ...]]:
    """Return different words, each as the names of its sounds, with a "-" where a syllable begins."""
    onsets = [(), *((c,) for c in CONSONANTS if c not in NO_ONSET), *CLUSTERS]
    codas = [(c,) for c in CONSONANTS if c not in NO_CODA]
    vowels = list(VOWELS)
    found: dict[tuple[str, ...], None] = {}
    while len(found) < count:
        sounds: list[str] = []
        syllables = 1 + int(rng.choice(len(SYLLABLES), p=SYLLABLES))
        for _ in range(syllables):
            sounds += ["-", *onsets[int(rng.integers(len(onsets)))], vowels[int(rng.integers(len(vowels)))],
                       *(codas[int(rng.integers(len(codas)))] if rng.random() < CLOSED else ())]
        if len(sounds) > 3:  # a lone vowel is no word
            found[tuple(sounds)] = None
    return list(found)


def spell(word: Sequence[str]) -> str:
    """Return a word as one name: its sounds, and where its syllables begin."""
    return "".join(word).strip("-")


def speak(count: int, voices: int, seed: int, stage: Stage = silent) -> list[Clip]:
    """Return `count` made-up words, each in so many voices, as clips at 16 kHz whose groups are the voices.

    The same arguments and versions of the synthesizers give the same clips. Raises UserError where one is missing.
    """
    for program in ("espeak-ng", "flite"):
        if shutil.which(program) is None:
            raise UserError(f"made-up words need {program}, which is not here: apt-get install espeak-ng flite, or "
                            "leave out --voices")
    rng = np.random.default_rng([seed, 6])
    asked = [(word, *_voice(rng)) for word in made_up_words(count, rng) for _ in range(voices)]
    advance = stage("speaking made-up words", len(asked))

    def one(job: tuple[tuple[str, ...], str, list[str]]) -> Clip:
        word, voice, options = job
        clip = Clip(f"{spell(word)} by {voice}", spell(word), _spoken(word, voice, options), RATE_HZ, VOICE + voice)
        advance(1)
        return clip

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, asked))


def _voice(rng: np.random.Generator) -> tuple[str, list[str]]:
    """Return a voice and the options that say how fast and how high it speaks."""
    if rng.random() < OF_FLITE:
        name = FLITE[int(rng.integers(len(FLITE)))]
        return name, ["--setf", f"duration_stretch={rng.uniform(*STRETCH):.2f}",
                      "--setf", f"int_f0_target_mean={rng.uniform(*PITCH_HZ[name]):.0f}"]
    name = ESPEAK[int(rng.integers(len(ESPEAK)))]
    return name, ["-s", str(rng.integers(*WORDS_A_MINUTE)), "-p", str(rng.integers(*PITCH))]


def _spoken(word: Sequence[str], voice: str, options: list[str]) -> np.ndarray:
    """Return a word by a synthesizer, float32 at 16 kHz, without the silence around it."""
    with tempfile.TemporaryDirectory() as place:
        out = str(Path(place) / "word.wav")
        if voice in FLITE:
            sounds = " ".join(s for s in word if s != "-")
            command = ["flite", "-voice", voice, *options, "-p", sounds, "-o", out]
        else:
            parts = [VOWELS.get(s) or CONSONANTS.get(s) or s for s in word]
            # The first syllable is stressed; "|" parts sounds that would be read as one.
            text = "'" + "|".join(p for p in parts if p != "-")
            command = ["espeak-ng", "-v", voice, *options, "-w", out, f"[[{text}]]"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode or not Path(out).exists():
            raise UserError(f"{' '.join(command)}: {done.stderr.strip()[:200] or 'gave no sound'}")
        sound = read_sound(Path(out))
    x = resample(sound.mono, sound.rate_hz, RATE_HZ)
    loud = np.flatnonzero(np.abs(x) > FAINT * max(float(np.abs(x).max()), 1e-6))
    if len(loud) == 0:
        raise UserError(f"{command[0]} gave silence for '{' '.join(word)}'")
    return x[loud[0]:loud[-1] + 1][:int(LONGEST_S * RATE_HZ)]
