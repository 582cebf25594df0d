# SPDX-License-Identifier: MIT
"""Synthesizers behind one interface: espeak-ng and flite as programs, Piper's and Kokoro's voices as files.

Each says English, or a row of sounds, in a voice that is drawn for it: who, how fast, how high.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ...errors import UserError
from ...optional import need
from ...samples.sound_files import read_sound, resample
from ...samples.sounds import RATE_HZ
from .phones import as_espeak, as_flite, as_ipa

ACCENTS = ("en-us", "en-gb", "en-gb-scotland")
VARIANTS = (
    "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5", "Alex", "Andrea", "Andy", "Annie",
    "adam", "antonio", "belinda", "david", "ed", "grandma", "grandpa", "linda", "marcelo", "Michael", "Mike", "norbert",
    "pablo", "quincy", "rob", "steph", "travis", "victor", "zac")
ESPEAK = tuple(f"{accent}+{variant}" for accent in ACCENTS for variant in VARIANTS)
FLITE = ("awb", "kal16", "rms", "slt")
WORDS_A_MINUTE, PITCH = (120, 210), (15, 85)  # of espeak-ng
STRETCH, PITCH_HZ = (0.75, 1.35), {"awb": (95, 170), "kal16": (80, 140), "rms": (75, 135), "slt": (140, 240)}
PACE = (0.8, 1.25)  # of neural voices
NOISE, NOISE_OF_LENGTHS = (0.4, 0.9), (0.5, 1.0)  # of Piper: how much its takes differ
TIMEOUT_S = 60  # of a program, for one word or sentence
FAINT = 0.01  # of the largest sample: what is below it before and after speech is cut off


@dataclass(frozen=True)
class Speech:
    """What is to be said: English, or sounds by their names in CMU's set, with "-" where a syllable begins and " "
    where a word does.
    """

    text: str = ""
    sounds: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return self.text or "".join(self.sounds).strip("-")


@dataclass(frozen=True)
class Voice:
    """Who speaks, and how: options of the engine, in its own terms."""

    name: str
    options: tuple[Any, ...] = field(default=())


class Engine(Protocol):
    """A synthesizer. neural: it takes a second for a word, and sounds as people do."""

    name: str
    neural: bool

    def voice(self, rng: np.random.Generator) -> Voice:
        """Draw a voice."""

    def say(self, what: Speech, voice: Voice) -> tuple[np.ndarray, int]:
        """Return speech as reals [samples], -1 to 1, and its rate in Hz. Raises UserError."""


class Flite:
    """The program flite: four speakers."""

    name, neural = "flite", False

    def voice(self, rng: np.random.Generator) -> Voice:
        """Draw a voice."""
        name = FLITE[int(rng.integers(len(FLITE)))]
        return Voice(name, ("--setf", f"duration_stretch={rng.uniform(*STRETCH):.2f}",
                            "--setf", f"int_f0_target_mean={rng.uniform(*PITCH_HZ[name]):.0f}"))

    def say(self, what: Speech, voice: Voice) -> tuple[np.ndarray, int]:
        """Return speech and its rate."""
        said = ["-p", as_flite(what.sounds)] if what.sounds else ["-t", what.text]
        return _run(["flite", "-voice", voice.name, *voice.options, *said, "-o"], [])


class EspeakNg:
    """The program espeak-ng: three accents of English in 37 variants."""

    name, neural = "espeak-ng", False

    def voice(self, rng: np.random.Generator) -> Voice:
        """Draw a voice."""
        name = ESPEAK[int(rng.integers(len(ESPEAK)))]
        return Voice(name, ("-s", str(rng.integers(*WORDS_A_MINUTE)), "-p", str(rng.integers(*PITCH))))

    def say(self, what: Speech, voice: Voice) -> tuple[np.ndarray, int]:
        """Return speech and its rate."""
        said = f"[[{as_espeak(what.sounds)}]]" if what.sounds else what.text
        return _run(["espeak-ng", "-v", voice.name, *voice.options, "-w"], [said])


def _run(before: list[str], after: list[str]) -> tuple[np.ndarray, int]:
    """Run a program that writes a WAV file, whose name goes between its arguments. Raises UserError."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "speech.wav"
        command = [*before, str(out), *after]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise UserError(f"{' '.join(command)}: said nothing for {TIMEOUT_S} s, and was ended; try again, on a "
                            "computer that has less to do and does not go to sleep") from error
        if done.returncode or not out.exists():
            raise UserError(f"{' '.join(command)}: {done.stderr.strip()[:200] or 'gave no sound'}")
        sound = read_sound(out)
    return sound.mono, sound.rate_hz


class Piper:
    """A voice of Piper, an .onnx file with its .onnx.json; of one speaker or of hundreds. Its takes all differ."""

    neural = True

    def __init__(self, file: Path) -> None:
        self.file, self.name = file, file.stem

    @cached_property
    def _loaded(self) -> Any:
        piper = need("piper", "voices", f"speaking with {self.file.name}")
        try:
            return piper.PiperVoice.load(self.file)
        except Exception as error:  # whatever its readers and onnxruntime raise: the file is a stranger's
            raise UserError(f"{self.file}: is no voice of Piper ({str(error)[:100]}); get it anew, with its "
                            ".onnx.json") from error

    def voice(self, rng: np.random.Generator) -> Voice:
        """Draw a voice."""
        speakers = max(int(self._loaded.config.num_speakers), 1)
        speaker = int(rng.integers(speakers))
        options = (speaker if speakers > 1 else None, 1 / rng.uniform(*PACE), rng.uniform(*NOISE),
                   rng.uniform(*NOISE_OF_LENGTHS))
        return Voice(f"{self.name} {speaker}", options)

    def say(self, what: Speech, voice: Voice) -> tuple[np.ndarray, int]:
        """Return speech and its rate."""
        config = need("piper", "voices", f"speaking with {self.file.name}").SynthesisConfig
        speaker, length, noise, lengths = voice.options
        asked = config(speaker_id=speaker, length_scale=length, noise_scale=noise, noise_w_scale=lengths)
        said = f"[[{as_ipa(what.sounds)}]]" if what.sounds else what.text
        chunks = list(self._loaded.synthesize(said, asked))
        if not chunks:
            return np.zeros(0, np.float32), RATE_HZ
        return np.concatenate([chunk.audio_float_array for chunk in chunks]), int(chunks[0].sample_rate)


class Kokoro:
    """Kokoro's network and its file of voices: speakers between any two of them."""

    name, neural = "kokoro", True

    def __init__(self, network: Path, voices: Path) -> None:
        self.network, self.voices = network, voices

    @cached_property
    def _loaded(self) -> Any:
        kokoro = need("kokoro_onnx", "voices", f"speaking with {self.network.name}")
        try:
            return kokoro.Kokoro(str(self.network), str(self.voices))
        except Exception as error:  # whatever NumPy and onnxruntime raise: the files are a stranger's
            raise UserError(f"{self.network}, {self.voices.name}: cannot be loaded ({str(error)[:100]}); get them "
                            "anew") from error

    def voice(self, rng: np.random.Generator) -> Voice:
        """Draw a voice: one, as far as it will towards another."""
        names = sorted(self._loaded.voices)
        one, other = (names[int(rng.integers(len(names)))] for _ in range(2))
        share, pace = rng.random(), rng.uniform(*PACE)
        return Voice(f"{one} {share:.2f} {other}", (one, other, share, pace))

    def say(self, what: Speech, voice: Voice) -> tuple[np.ndarray, int]:
        """Return speech and its rate."""
        one, other, share, pace = voice.options
        loaded = self._loaded
        style = (1 - share) * loaded.voices[one] + share * loaded.voices[other]
        said = as_ipa(what.sounds) if what.sounds else what.text
        found, rate_hz = loaded.create(said, style.astype(np.float32), pace, "en-us", is_phonemes=bool(what.sounds))
        return np.asarray(found, np.float32), int(rate_hz)


def find_engines(folder: Path | None = None) -> list[Engine]:
    """Return what can speak here: the programs that are installed, and the voices in a folder.

    Of a folder, each .onnx file with an .onnx.json beside it is a voice of Piper; kokoro*.onnx goes with voices*.bin or
    .npz. Raises UserError where nothing can speak, or where a folder holds no voice.
    """
    found: list[Engine] = [engine for engine in (Flite(), EspeakNg()) if shutil.which(engine.name) is not None]
    if folder is not None:
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder; name one with voices of Piper or Kokoro")
        neural: list[Engine] = [Piper(f) for f in sorted(folder.glob("*.onnx")) if Path(f"{f}.json").exists()]
        styles = sorted([*folder.glob("voices*.bin"), *folder.glob("voices*.npz")])
        neural += [Kokoro(f, styles[0]) for f in sorted(folder.glob("kokoro*.onnx"))[:1] if styles]
        if not neural:
            raise UserError(f"{folder}: no voices in it; put in Piper's .onnx with its .onnx.json, or kokoro*.onnx "
                            "with voices*.bin")
        found += neural
    if not found:
        raise UserError("nothing here can speak: apt-get install espeak-ng flite, or name a folder with voices of "
                        "Piper or Kokoro (--voices)")
    return found


def draw(engines: Sequence[Engine], rng: np.random.Generator) -> tuple[Engine, Voice]:
    """Return who is to speak next."""
    engine = engines[int(rng.random() * len(engines))]
    return engine, engine.voice(rng)


def spoken(engine: Engine, what: Speech, voice: Voice) -> np.ndarray:
    """Return speech, float32 [samples] at 16 kHz, without the silence around it. Raises UserError."""
    said, rate_hz = engine.say(what, voice)
    x = resample(said, rate_hz, RATE_HZ)
    loud = np.flatnonzero(np.abs(x) > FAINT * max(float(np.abs(x).max(initial=0.0)), 1e-6))
    if len(loud) == 0:
        raise UserError(f"{engine.name} gave silence for '{what.name}'; spell it as it sounds")
    return x[loud[0]:loud[-1] + 1]
