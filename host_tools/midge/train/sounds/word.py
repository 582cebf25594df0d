# SPDX-License-Identifier: MIT
"""A model that waits for one word, from its name alone: synthesizers say it, and what is nearly it, and other speech.

What it must not answer matters as much as the word: what is nearly the word, with some of its sounds changed, and
speech that goes on. The threshold is the least at which speech that the network was not trained on, joined without a
reset and heard by the finished file, gives no more false answers than were asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ...convert.pipeline import Conversion, convert_graph
from ...errors import UserError
from ...evaluate.streams import Ear, Rate
from ...progress import Stage, silent
from ...samples.sounds import RATE_HZ, Clip, Clips, read_clips
from ..judgement import Share
from ..outcome import Made
from .augment import in_silence, loudest_part, noise, strange, vary
from .deploy import metadata_of, streaming_network
from .engines import Engine, Speech, find_engines
from .english import sentences
from .features import FRAME_HOP, to_pcm, to_reals
from .network import Examples, Shape, Weights, fit_network, load_keras, logits, window_frames
from .phones import nearly, sounds_of
from .recipe import OTHER, Listener, window_of
from .recipe import Options as SoundOptions
from .voices import count_spoken, is_spoken, say_all

LABELS = 2  # the word, and all else
LEFT_OUT = 0.12  # share of voices that the network does not hear, by which it is judged
SENTENCES = 1.5  # so many of them, as a share of the word's clips; of words like it there are as many as of it
NEURAL, NEURAL_LIKE = 0.25, 8  # share of the word's clips that neural voices say; and one in so many words like it
NEAR_AND_FAR = 2  # variants of what synthesizers say
TAKES_LIKE = 0.5  # own takes weigh as so much of all that synthesizers say
WORDS_SHARE = 0.25  # of what a step of training sees
MADE_NOISES = 600
FIRST_ROUND = 0.35  # share of steps after which examples that are mistaken are seen more often
HARD = 0.5  # share of other sounds that are drawn by how much they are mistaken for the word
PAUSE_S = (0.2, 1.5)  # between sentences that are joined
LEAST_TAKES = 3
LEAST_CLIPS = 20  # that are spoken
LEAST_THRESHOLD = 0.5
MEAN_MS = 360  # over which scores are averaged: what is like the word for a moment only is not answered
THRESHOLDS = np.arange(100, 200) / 200  # that are tried
SURE = 3.0  # logarithm of the odds that a good example of the word is given: scores of 0.95
SHIFTED = 8  # a window may be early or late by one part in so many
WINDOW = 1.15  # times what nearly all clips of the word take
LONGEST_S = 8.0  # of a sentence


@dataclass(frozen=True)
class Options:
    """How to train on a word. clips: how often it is spoken. steps: of training, of 64 examples. width: channels.

    false_per_hour: how often an hour it may answer speech in which it does not come. held_hours: how much of that is
    made to find the threshold by. voices: a folder with voices of Piper or Kokoro.
    """

    seed: int = 0
    clips: int = 900
    window_s: float | None = None
    width: int = 64
    steps: int = 2600
    false_per_hour: float = 0.5
    held_hours: float = 2.0
    voices: Path | None = None


@dataclass
class TrainedWord(Made):
    """A model of one word, and what it is worth on what it was not trained on: found, of made voices; false, in speech.

    spoken: how many clips each synthesizer spoke for training.
    """

    word: str
    sounds: tuple[str, ...]
    conversion: Conversion
    spoken: dict[str, int]
    takes: int
    negatives_s: float
    window_s: float
    threshold: float
    found: Share
    false: Rate
    own_speech: bool
    options: Options
    seconds: float
    notes: list[str] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {"word": self.word, "sounds": " ".join(s for s in self.sounds if s not in "- "), "spoken": self.spoken,
                "takes": self.takes, "negatives_s": round(self.negatives_s, 1), "window_s": self.window_s,
                "threshold": self.threshold, "found_of_made_voices": self.found.facts(), "false": self.false.facts(),
                "false_of": "own negatives" if self.own_speech else "made speech",
                **self.conversion.cost(), "seed": self.options.seed, "steps": self.options.steps,
                "seconds": round(self.seconds, 3), "notes": self.notes}


def train_word(
    word: str, *, takes: str | Path | None = None, negatives: str | Path | None = None, options: Options | None = None,
    engines: Sequence[Engine] | None = None, name: str = "word", target: str | None = None, stage: Stage = silent,
) -> TrainedWord:
    """Train a model that waits for an English word, or for several in a row; minutes, in Keras on JAX.

    takes: a folder of recordings of the word, which are mixed in. negatives: a folder of sounds in which it does not
    come: half of them teach, the others find the threshold. engines: who speaks; by default all that is found.
    name: what the device calls the model. target: a core or board to pack the weights for.

    Returns the model, which takes samples at 16 kHz and streams. Raises UserError where the word is none, where nothing
    can speak, where takes are too few or damaged, or where Keras or JAX are missing.
    """
    options = options or Options()
    load_keras()
    start = perf_counter()
    sounds = sounds_of(word)
    engines = list(engines) if engines is not None else find_engines(options.voices)
    mine = _takes(takes)
    taught, held = _negatives(negatives)
    made = Spoken(word, sounds, engines, options, stage)
    seconds = WINDOW * window_of(Clips(made.word))
    frames = window_frames(options.window_s if options.window_s is not None else seconds)
    heard = _Hearing(word, made, mine.clips if mine else [], taught, frames, options, stage)
    weights, factor = _fit(heard, options, stage)
    speech = held or made.speech(options.held_hours, stage)
    held_pcm = _joined(speech, np.random.default_rng([options.seed, 12]))
    conversion, threshold, false = _calibrated(weights, factor, heard, held_pcm, word, name, target, options, stage)
    found = _found(Ear(conversion.blob, name), made.left_out, np.random.default_rng([options.seed, 13]))
    return TrainedWord(word, sounds, conversion, made.counts, len(mine.clips) if mine else 0,
                       sum(clip.seconds for clip in taught), frames / 100, threshold, found, false, bool(held), options,
                       perf_counter() - start, [*(mine.notes if mine else [])])


def _takes(folder: str | Path | None) -> Clips | None:
    if folder is None:
        return None
    found = read_clips(folder, "word")
    if len(found.clips) < LEAST_TAKES:
        raise UserError(f"{folder}: {len(found.clips)} takes of the word; {LEAST_TAKES} at least are wanted, 20 are "
                        "good: midge capture --mic pc --label word --count 20")
    return found


def _negatives(folder: str | Path | None) -> tuple[list[Clip], list[Clip]]:
    """Return sounds without the word to learn from and others to find the threshold by: every other file, or halves."""
    if folder is None:
        return [], []
    clips = read_clips(folder, OTHER).clips
    if len(clips) == 1:
        one = clips[0]
        parts = np.array_split(one.values, 2)
        clips = [Clip(f"{one.path}, half {i + 1}", OTHER, part, RATE_HZ) for i, part in enumerate(parts)]
    return clips[::2], clips[1::2]


class Spoken:
    """What synthesizers say: the word, what is nearly it, and sentences. left_out: the word by voices kept apart."""

    def __init__(
        self, word: str, sounds: tuple[str, ...], engines: Sequence[Engine], options: Options, stage: Stage
    ) -> None:
        self.word_text, self.seed = word, options.seed
        rng = np.random.default_rng([options.seed, 10])
        neural = [e for e in engines if e.neural]
        self.quick = [e for e in engines if not e.neural] or neural
        like = sorted({s for s in (nearly(sounds, rng) for _ in range(options.clips)) if s != sounds})
        slow = [(Speech(word), word)] * round(NEURAL * options.clips)
        slow += [(Speech(sounds=s), OTHER) for s in like[::NEURAL_LIKE]]
        quick = [(Speech(word), word)] * (options.clips - (round(NEURAL * options.clips) if neural else 0))
        quick += [(Speech(sounds=s), OTHER) for s in like]
        quick += [(s, OTHER) for s in sentences(round(SENTENCES * options.clips), word, rng)]
        what = f"saying '{word}' and what is not it"
        clips = say_all(slow, neural, rng, stage, what, LONGEST_S) if neural else []
        clips += say_all(quick, self.quick, rng, stage, what, LONGEST_S)
        voices = sorted({clip.group for clip in clips})
        apart = set(rng.permutation(voices)[:round(LEFT_OUT * len(voices))].tolist())
        self.word = [c for c in clips if c.label == word and c.group not in apart]
        self.left_out = [c for c in clips if c.label == word and c.group in apart]
        self.others = [c for c in clips if c.label == OTHER and c.group not in apart]
        self.counts = count_spoken([*self.word, *self.others], engines)

    def speech(self, hours: float, stage: Stage) -> list[Clip]:
        """Return so many hours of other sentences, by whom speaks fastest."""
        rng = np.random.default_rng([self.seed, 11])
        found, seconds = list[Clip](), 0.0
        while seconds < hours * 3600:
            wanted = [(s, OTHER) for s in sentences(400, self.word_text, rng)]
            found += say_all(wanted, self.quick, rng, stage, "speech to find the threshold by", LONGEST_S)
            seconds = sum(clip.seconds + float(np.mean(PAUSE_S)) for clip in found)
        return found


class _Hearing:
    """What a board hears of all that: segments, what each is, and how likely each is drawn."""

    def __init__(
        self, word: str, made: Spoken, takes: Sequence[Clip], taught: Sequence[Clip], frames: int, options: Options,
        stage: Stage,
    ) -> None:
        self.shape = Shape(frames, LABELS, options.width)
        own = [Clip(c.path, word, loudest_part(c.values, frames * FRAME_HOP, RATE_HZ), RATE_HZ) for c in takes]
        clips = [*made.word, *own, *made.others, *taught]
        folds = np.zeros(len(clips), np.int64)
        self.listener = Listener(clips, [word, OTHER], self.shape, folds, SoundOptions(seed=options.seed),
                                 frames // SHIFTED)
        rng, background = self.listener.rng, [*self.listener.noises, *(c.values for c in taught)]
        segments, targets, weights = list[np.ndarray](), list[int](), list[float]()

        def learn(clip: Clip, values: np.ndarray, target: int, times: int, weight: float) -> None:
            for _ in range(times):
                found = self.listener.varied(clip, values, background)
                segments.extend(found)
                targets.extend([target] * len(found))
                weights.extend([weight / len(found) if target == 0 else weight] * len(found))

        advance = stage("what a board hears of it", len(clips))
        times = max(round(TAKES_LIKE * NEAR_AND_FAR * len(made.word) / max(len(own), 1)), 1)
        for clip in clips:
            is_word = clip.label == word
            learn(clip, clip.values, 0 if is_word else 1, min(times, 60) if clip in own else NEAR_AND_FAR, 1.0)
            if is_word and clip not in own:
                learn(clip, strange(clip.values, rng, RATE_HZ), 1, 1, 0.5)
            advance(1)
        noises = [self.listener.noise() for _ in range(MADE_NOISES)]
        self.segments = np.stack([*segments, *noises])
        self.targets = np.array([*targets, *[1] * len(noises)])
        self.weights = np.array([*weights, *[1.0] * len(noises)])

    def middles(self) -> np.ndarray:
        """Return the window in the middle of each segment."""
        room = self.listener.room
        return self.segments[:, room:room + self.shape.frames]

    def examples(self, hard: np.ndarray | None) -> Examples:
        """Return what to train on. hard: of each segment, how much it is mistaken for the word."""
        is_word = self.targets == 0
        chances = np.where(is_word, self.weights, 0.0)
        chances *= WORDS_SHARE / chances.sum()
        other = np.where(is_word, 0.0, self.weights)
        other /= other.sum()
        if hard is not None:
            mistaken = np.where(is_word, 0.0, hard)
            other = (1 - HARD) * other + HARD * mistaken / mistaken.sum()
        chances += (1 - WORDS_SHARE) * other
        return Examples(self.segments, self.targets, np.arange(len(self.targets)), chances / chances.sum(), 0.0, 0.0)


def _fit(heard: _Hearing, options: Options, stage: Stage) -> tuple[Weights, float]:
    """Train twice: the second time what the first network mistook for the word is seen more often."""
    first = max(round(FIRST_ROUND * options.steps), 1)
    advance = stage("training networks", first + options.steps)
    weights = fit_network(heard.shape, heard.examples(None), first, options.seed, advance)
    scores = np.concatenate([logits(weights, to_reals(part)) for part in np.array_split(heard.middles(), 40)])
    margin = scores[:, 0] - scores[:, 1]
    weights = fit_network(heard.shape, heard.examples(1 / (1 + np.exp(-margin))), options.steps, options.seed, advance)
    scores = np.concatenate([logits(weights, to_reals(part)) for part in np.array_split(heard.middles(), 40)])
    own = scores[heard.targets == 0]
    return weights, SURE / float(np.percentile(own[:, 0] - own[:, 1], 75))


def _joined(clips: Sequence[Clip], rng: np.random.Generator) -> np.ndarray:
    """Return sounds joined as a microphone hears them, int16: of a few metres, in rooms and noises."""
    noises = [noise(rng, 4 * RATE_HZ, RATE_HZ) for _ in range(20)]
    parts = []
    for clip in clips:
        if is_spoken(clip):
            after = int(RATE_HZ * rng.uniform(*PAUSE_S))
            parts.append(to_pcm(vary(clip.values, 0, after, rng, RATE_HZ, noises)))
        else:
            parts.append(to_pcm(clip.values))
    return np.concatenate(parts)


def _calibrated(
    weights: Weights, factor: float, heard: _Hearing, speech: np.ndarray, name: str, title: str, target: str | None,
    options: Options, stage: Stage,
) -> tuple[Conversion, float, Rate]:
    """Return the file, its threshold, and how often it answers speech that it was not trained on."""
    windows = heard.middles()
    labels, metadata = [name, OTHER], metadata_of([OTHER], LEAST_THRESHOLD, MEAN_MS)
    graph = streaming_network(weights, factor, windows, title, labels, metadata)
    ear = Ear(convert_graph(graph.copy(), labels, title, 0).blob, title)
    hours = len(speech) / RATE_HZ / 3600
    means = ear.hear(speech, stage("hearing speech without the word", len(speech) // ear.hop))
    for threshold in THRESHOLDS:
        count = len(ear.answers(means, [float(threshold)] * LABELS))
        if count <= options.false_per_hour * hours:
            break
    graph.metadata |= metadata_of([OTHER], float(threshold), MEAN_MS)
    return convert_graph(graph, labels, title, 0, target), float(threshold), Rate(count, hours)


def _found(ear: Ear, clips: Sequence[Clip], rng: np.random.Generator) -> Share:
    """Return how many of some clips are answered, each in the noise of a microphone."""
    right = 0
    for clip in clips:
        means = ear.hear(to_pcm(in_silence(clip.values, RATE_HZ // 2, RATE_HZ, rng)), lambda n: None)
        right += bool(ear.answers(means, ear.thresholds))
    return Share(right, len(clips), len(clips))
