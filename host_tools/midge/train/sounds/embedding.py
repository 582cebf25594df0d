# SPDX-License-Identifier: MIT
"""Networks that embed words: what the same word is, whoever says it, lies together, and apart from other words.

They are the networks that `midge train` makes of sounds, without classes, trained by metric.py. What is left is the way
to the sphere: a row of at most 64 values that a board's Learner tells new words apart by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from ...convert.pipeline import Conversion, convert_graph
from ...core.batch import Engine
from ...core.device import device
from ...errors import UserError
from ...evaluate.few_shots import Examples, Shots, few_shots
from ...progress import Stage, silent
from ...samples.labels import is_quiet
from ...samples.sounds import Clip, Clips
from ..descent import Trainer
from ..metric import centres, with_margin
from ..outcome import Embedding
from .augment import mask, warp
from .deploy import integers_of, streaming
from .features import BANDS, FRAMES_A_SECOND, to_pcm, to_reals
from .network import STEP, Shape, Weights, go_down, layers_of, load_keras, unfold, weights_of, window_frames
from .recipe import Listener
from .recipe import Options as SoundOptions
from .voices import is_spoken, speak

BATCH = 128
MOST_SEGMENTS, LEAST_VARIANTS, MOST_VARIANTS = 24_000, 2, 12  # of clips, in variants


SHOTS = (5, 10)
OTHERS, NOISES = 96, 32  # words and noises whose rows are in the file, as what is of no class
JUDGED = 4  # one word in so many is judged by
LEAST_WORDS = 8  # to judge by a part of them
UNIT = 128  # a row's length, in integers


@dataclass(frozen=True)
class Options:
    """How to train an embedding. values: of a row. width: channels of the network. steps: of training, of 128 examples.

    made_up: words that synthesizers speak, each in `voices` voices. judge: train another network without some of the
    words, and say what these are worth when they are learned from a few examples.
    """

    seed: int = 0
    window_s: float = 1.2
    values: int = 32
    width: int = 112
    steps: int = 2000
    made_up: int = 0
    voices: int = 6
    judge: bool = True

    def variants(self, clips: int) -> int:
        """Return how many of each clip are heard."""
        return min(max(MOST_SEGMENTS // clips, LEAST_VARIANTS), MOST_VARIANTS)


@dataclass
class EmbeddingOfSounds(Embedding):
    """A network that embeds words: the file for boards, and what it is worth. judged_by: words that were left out."""

    options: Options
    found: Clips
    clips: list[Clip]
    made: int
    shots: list[Shots]
    judged_by: list[str]

    @property
    def notes(self) -> list[str]:
        """What is doubtful about the clips."""
        return self.found.notes

    def about(self) -> dict[str, Any]:
        """Return what it was made of and what it is worth, for JSON."""
        return {"clips": len(self.clips), "words": len({c.label for c in self.clips}), "made_up_clips": self.made,
                "window_s": window_frames(self.options.window_s) / FRAMES_A_SECOND,
                "judged_by": self.judged_by, "shots": [s.facts() for s in self.shots]}


def train_embedding(
    found: Clips, options: Options | None = None, name: str = "model", target: str | None = None, stage: Stage = silent
) -> EmbeddingOfSounds:
    """Train a network that embeds words, judge it, and convert it. The same clips, options and seed give the same file
    on the same machine. Raises UserError where there are too few words, or where something is missing.
    """
    options = options or Options()
    load_keras()
    start = perf_counter()
    clips = [clip for clip in found.clips if not is_quiet(clip.label)]
    words = sorted({clip.label for clip in clips})
    if len(words) < 2:
        raise UserError(f"{found.title}: an embedding learns from different words, here is {len(words)}; add folders")
    made = speak(options.made_up, options.voices, options.seed, stage) if options.made_up else []
    heard = hear(clips + made, options, stage)
    judged_by, shots = list[str](), list[Shots]()
    known = [word for word in words if len({c.group or c.path for c in clips if c.label == word}) > 2 * SHOTS[0]]
    if options.judge and len(known) >= LEAST_WORDS:
        judged_by = sorted(np.random.default_rng([options.seed, 7]).choice(known, len(known) // JUDGED, False).tolist())
        model = _model(_trained(heard, judged_by, options, stage), heard, options, name, target).blob
        shots = judge(model, [clip for clip in clips if clip.label in judged_by], options)
    made_file = _model(_trained(heard, [], options, stage), heard, options, name, target)
    return EmbeddingOfSounds(made_file, options, perf_counter() - start, found, clips, len(made), shots, judged_by)


def judge(blob: bytes, clips: Sequence[Clip], options: Options) -> list[Shots]:
    """Return what a few examples of each word are worth to a board with this file, which hears the clips."""
    model = device.load(blob, checksum=False)
    learner = device.Learner(model)
    rows = np.stack([np.frombuffer(learner.row(to_pcm(clip.values)), np.int8) for clip in clips])
    people = [clip.group or clip.path for clip in clips]
    examples = Examples(rows, [clip.label for clip in clips], people)
    return [found for n in SHOTS if (found := few_shots(model, examples, n)) is not None]


@dataclass
class Heard:
    """What is trained on: int8 segments [n, frames with room to shift, BANDS], and the word of each, by number.

    real: whether each is of a recording. noises: segments of none.
    """

    segments: np.ndarray
    targets: np.ndarray
    real: np.ndarray
    labels: list[str]
    noises: np.ndarray

    @property
    def chances(self) -> np.ndarray:
        """How likely each segment is drawn: half of them are real, and rarer words are less rare than they are."""
        found: np.ndarray = np.bincount(self.targets)[self.targets] ** -0.5
        for part in (self.real, ~self.real):
            found[part] /= max(float(found[part].sum()), 1e-9)
        found /= found.sum()
        return found


def hear(clips: Sequence[Clip], options: Options, stage: Stage = silent) -> Heard:
    """Return what a board hears of clips, in variants. Those that were made up have a voice for a group."""
    labels = sorted({clip.label for clip in clips})
    shape = Shape(window_frames(options.window_s), options.values, options.width)
    listener = Listener(clips, labels, shape, np.zeros(len(clips), np.int64), SoundOptions(seed=options.seed))
    number = {label: i for i, label in enumerate(labels)}
    advance = stage("what a board hears of words and their variants", len(clips))
    segments, targets, real = list[np.ndarray](), list[int](), list[bool]()
    for clip in clips:
        for _ in range(options.variants(len(clips))):
            segments.append(listener.varied(clip, clip.values, listener.noises)[0])
            targets.append(number[clip.label])
            real.append(not is_spoken(clip))
        advance(1)
    noises = np.stack([listener.noise() for _ in range(NOISES)])
    return Heard(np.stack(segments), np.array(targets), np.array(real), labels, noises)


def _trained(heard: Heard, without: Sequence[str], options: Options, stage: Stage) -> Weights:
    """Train on all words but some."""
    used = ~np.isin(heard.targets, [heard.labels.index(label) for label in without])
    numbers = np.unique(heard.targets[used], return_inverse=True)[1]
    part = Heard(heard.segments[used], numbers, heard.real[used], [], heard.noises)
    return fit_embedding(part, options, stage)


def _model(weights: Weights, heard: Heard, options: Options, name: str, target: str | None) -> Conversion:
    """Return the file: the front end, the network, and rows of what is of no class."""
    frames = window_frames(options.window_s)
    room = (heard.segments.shape[1] - frames) // 2
    rng = np.random.default_rng([options.seed, 8])
    pool = np.flatnonzero(~heard.real) if not heard.real.all() else np.arange(len(heard.real))
    words = heard.segments[rng.choice(pool, min(OTHERS, len(pool)), replace=False)]
    others = np.concatenate([words, heard.noises])[:, room:room + frames]
    windows = np.concatenate([heard.segments[rng.permutation(len(heard.segments))[:600], room:room + frames], others])
    metadata = {"learn.hops": str(-(-frames // STEP))}
    integers = integers_of(weights, None, windows, name)
    engine = Engine(convert_graph(integers.copy(), [], name, 0).blob, threads=1)
    (rows,) = engine.run([to_reals(others).reshape(-1, 1, frames, 1, BANDS)])
    graph = streaming(integers, name, [], metadata)
    graph.others = np.round(rows.reshape(len(others), -1) * UNIT).astype(np.int8)
    return convert_graph(graph, [], name, 0, target)


def fit_embedding(heard: Heard, options: Options, stage: Stage = silent) -> Weights:
    """Train a network that embeds."""
    keras = load_keras()
    shape = Shape(window_frames(options.window_s), options.values, options.width)
    classes = int(heard.targets.max()) + 1

    def network() -> Any:
        body = layers_of(keras, shape)
        return keras.Model(body.input, centres(keras, classes)(body.output))

    def loss(network: Any, batch: Any, key: Any) -> Any:
        return with_margin(network(batch[0]), batch[1])

    trainer = Trainer(keras, network, loss, go_down(options.steps, options.seed))
    rng = np.random.default_rng([options.seed, 5])
    bounds = np.cumsum(heard.chances)

    def batch(number: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = np.searchsorted(bounds, rng.random(BATCH) * bounds[-1])
        x = (warp(heard.segments[chosen], shape.frames, rng) + 128) / 255
        mask(x, rng, 0.0)
        return unfold(x), heard.targets[chosen]

    return weights_of(trainer.fit(batch, stage("training a network that embeds", options.steps)))
