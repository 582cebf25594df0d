# SPDX-License-Identifier: MIT
"""The recipe: variants of clips as a board hears them, a network for each set of clips left out, and one of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ...errors import UserError
from ...progress import Stage, silent
from ...samples.labels import is_quiet, quiet_ones
from ...samples.sounds import RATE_HZ, Clip, Clips
from ..folds import deal_folds
from ..ridge import balanced_weights, log_softmax, temperature
from .augment import in_silence, noise, strange, vary
from .features import BANDS, FRAME_HOP, FRAMES_A_SECOND, FrontEnd, to_pcm, to_reals
from .network import STEP, Examples, Shape, Weights, fit_network, load_keras, logits, window_frames
from .voices import is_spoken, say_names

OTHER = "other"
MOST_VARIANTS = 16  # of each clip
MOST_SECONDS = 9000.0  # of variants that are heard
LEAD_S = 0.5  # before a clip, in which the front end gets to know the noise
SHORTEST_WINDOW_S, LONGEST_WINDOW_S = 0.8, 1.6
GOES_ON_S = 3.0  # clips longer than that are of something that goes on
FAINT = 0.03  # of the loudest window's power: below it a part of a long clip holds nothing of its class
MADE_NOISES, NOISE_S = 60, 4  # to mix in, and how long they are
MADE_STRANGE, MADE_NOISE = 1.0, 0.5  # sounds of no class, as shares of a class's clips
BEGINNINGS = 0.3  # share of made noises, in which the front end does not know the noise yet
JUDGED_NOISES = 200  # that tell how often noise is taken for something
SPOKEN_SHARE = 0.5  # of what a step of training sees, where synthesizers say the classes' names
NEVER = -1  # the fold of what is in none, since it is not judged by


@dataclass(frozen=True)
class Options:
    """How to train on sounds. window_s: None for what the clips have. other: None where no class is one like it.

    width: channels of the network. steps: of training, of 64 examples. folds: how many networks are trained to judge.
    spoken: how often synthesizers say each class's name, to train on only. voices: a folder with neural voices for it.
    """

    seed: int = 0
    window_s: float | None = None
    other: bool | None = None
    width: int = 64
    steps: int = 1200
    folds: int = 4
    variants: int = MOST_VARIANTS
    false_per_hour: float = 6.0
    spoken: int = 0
    voices: Path | None = None


@dataclass
class Heard:
    """What a board hears of clips.

    examples: int8 [n, frames with room to shift, BANDS], each with its target and the clip that it was made from.
    spoken: whether each is of a voice that was made.
    windows: int8 [n, frames, BANDS] of clips as they are, each with its clip. made: the same of made noises,
    each with the clip whose fold it is in.
    """

    examples: np.ndarray
    targets: np.ndarray
    sources: np.ndarray
    spoken: np.ndarray
    windows: np.ndarray
    owners: np.ndarray
    made: np.ndarray
    made_from: np.ndarray


@dataclass
class Fitted:
    """A network trained on clips and what is known about it.

    left_out: softmax scores [clips, classes] of networks that were trained without each clip's fold. made_scores: of
    made noises, likewise. spoken: how many more clips each synthesizer spoke to train on.
    """

    takes: Clips
    labels: list[str]
    shape: Shape
    weights: Weights
    factor: float
    heard: Heard
    left_out: np.ndarray
    made_scores: np.ndarray
    folds: np.ndarray
    options: Options
    spoken: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def quiet(self) -> list[int]:
        """The classes that are never answered."""
        return quiet_ones(self.labels)

    @property
    def recordings(self) -> Sequence[Clip]:
        """The clips."""
        return self.takes.clips

    @property
    def targets(self) -> np.ndarray:
        """The class of each clip."""
        return np.array([self.labels.index(clip.label) for clip in self.takes.clips])

    @property
    def owners(self) -> np.ndarray:
        """The clip of each row of left_out."""
        return np.arange(len(self.takes.clips))

    @property
    def group_kind(self) -> str:
        """What was left out together: "group" or "clip"."""
        return "group" if self.takes.grouped_by else "clip"

    @property
    def window_s(self) -> float:
        """The length of its window."""
        return self.shape.frames / FRAMES_A_SECOND

    def facts(self) -> dict[str, Any]:
        """Return what only models of sounds have, for JSON."""
        return {"clips": len(self.takes.clips), "window_s": self.window_s, "rate_hz": RATE_HZ,
                "grouped_by": self.takes.grouped_by, "folds": int(self.folds.max()) + 1, "width": self.options.width,
                "steps": self.options.steps, "spoken": self.spoken}


def fit(found: Clips, options: Options | None = None, stage: Stage = silent) -> Fitted:
    """Train on clips. The same clips, options, seed and machine give the same bits. Raises UserError."""
    options = options or Options()
    load_keras()  # before minutes of work for nothing
    start = perf_counter()
    frames = window_frames(options.window_s if options.window_s is not None else window_of(found))
    labels = list(found.labels)
    with_other = options.other if options.other is not None else not any(map(is_quiet, labels))
    if with_other and OTHER not in labels:
        labels.append(OTHER)
    if len(labels) == 1:
        raise UserError(f"{found.title}: one class only, '{labels[0]}'; add a folder of what it is to be told from, or "
                        "leave out --no-unknown")
    shape = Shape(frames, len(labels), options.width)
    folds = deal_folds(found.clips, found.grouped_by, found.title, options.folds, options.seed)
    made_clips, spoken = say_names(found, options.spoken, options.voices, options.seed, stage)
    parts = np.concatenate([folds, np.full(len(made_clips), NEVER)])  # of all that is trained on
    heard = Listener([*found.clips, *made_clips], labels, shape, parts, options).hear(with_other, stage)
    count = int(folds.max()) + 1
    advance = stage("training networks, one without each part and one with all", options.steps * (count + 1))
    scores = np.zeros((len(heard.windows), len(labels)))
    made = np.zeros((len(heard.made), len(labels)))
    for fold in range(count):
        weights = fit_network(shape, _examples(heard, parts != fold, len(labels)), options.steps, options.seed, advance)
        for rows, windows, sources in ((scores, heard.windows, heard.owners), (made, heard.made, heard.made_from)):
            inside = folds[sources] == fold
            rows[inside] = logits(weights, to_reals(windows[inside])) if inside.any() else 0
    weights = fit_network(shape, _examples(heard, parts >= NEVER, len(labels)), options.steps, options.seed, advance)
    targets = np.array([labels.index(clip.label) for clip in found.clips])[heard.owners]
    factor = temperature(scores, targets, balanced_weights(targets, len(labels)))
    left_out = _of_clips(np.exp(log_softmax(factor * scores)), heard.owners, len(found.clips))
    return Fitted(found, labels, shape, weights, factor, heard, left_out, np.exp(log_softmax(factor * made)), folds,
                  options, spoken, perf_counter() - start)


def _of_clips(scores: np.ndarray, owners: np.ndarray, count: int) -> np.ndarray:
    """Return the mean scores of each clip's windows."""
    sums = np.zeros((count, scores.shape[1]))
    np.add.at(sums, owners, scores)
    return sums / np.bincount(owners, minlength=count)[:, None]


def window_of(found: Clips) -> float:
    """Return the seconds that a network has to see: nearly all of the classes' clips, or a part of what goes on."""
    loud = [clip for clip in found.clips if not is_quiet(clip.label)] or found.clips
    seconds = float(np.percentile([clip.seconds for clip in loud], 90))
    return LONGEST_WINDOW_S if seconds > GOES_ON_S else float(np.clip(seconds, SHORTEST_WINDOW_S, LONGEST_WINDOW_S))


def _examples(heard: Heard, used: np.ndarray, classes: int) -> Examples:
    """Return the examples that were made of some clips. used: of each clip, whether."""
    inside = np.flatnonzero(used[heard.sources])
    weights = balanced_weights(heard.targets[inside], classes)
    spoken = heard.spoken[inside]
    if spoken.any():
        weights *= np.where(spoken, SPOKEN_SHARE / weights[spoken].sum(), (1 - SPOKEN_SHARE) / weights[~spoken].sum())
    return Examples(heard.examples, heard.targets, inside, weights / weights.sum())


class Listener:
    """Makes what a board hears of clips."""

    def __init__(
        self, clips: Sequence[Clip], labels: Sequence[str], shape: Shape, folds: np.ndarray, options: Options,
        room: int | None = None,
    ) -> None:
        self.clips, self.labels, self.folds = clips, labels, folds
        self.rng = np.random.default_rng(options.seed)
        self.front = FrontEnd()
        self.noises = [noise(self.rng, NOISE_S * RATE_HZ, RATE_HZ) for _ in range(MADE_NOISES)]
        self.frames = shape.frames
        self.room = shape.frames // 4 if room is None else room  # by which a window may be early or late
        lead = round(LEAD_S * FRAMES_A_SECOND)
        self.lead = lead + -(lead + self.room + shape.frames) % STEP  # answers come with every third frame
        heard = sum(clip.seconds + (2 * self.room + self.lead) / FRAMES_A_SECOND for clip in clips)
        self.variants = int(np.clip(MOST_SECONDS / heard, 4, max(options.variants, 4)))

    def hear(self, with_other: bool, stage: Stage) -> Heard:
        """Return the features of all clips, of their variants, and of made sounds of no class."""
        advance = stage("what a board hears of clips and their variants", len(self.clips))
        examples, targets, sources = list[np.ndarray](), list[int](), list[int]()
        windows, owners = list[np.ndarray](), list[int]()
        other = self.labels.index(OTHER) if OTHER in self.labels else -1

        def learn(segments: list[np.ndarray], target: int, source: int) -> None:
            examples.extend(segments)
            targets.extend([target] * len(segments))
            sources.extend([source] * len(segments))

        recorded: dict[int, list[np.ndarray]] = {int(fold): [] for fold in self.folds}
        for clip, fold in zip(self.clips, self.folds, strict=True):
            if is_quiet(clip.label) and clip.values.any():
                recorded[int(fold)].append(clip.values)
        loud = [label for label in self.labels if not is_quiet(label)]
        share = 1 / max(len(loud), 1)  # made sounds are to be as many as one class's
        for i, clip in enumerate(self.clips):
            if not is_spoken(clip):
                mine = self.as_it_is(clip.values, not is_quiet(clip.label))
                windows += mine
                owners += [i] * len(mine)
            background = self.noises + recorded.get(int(self.folds[i]), [])
            for _ in range(self.variants):
                learn(self.varied(clip, clip.values, background), self.labels.index(clip.label), i)
                if with_other and not is_quiet(clip.label):
                    # What goes on sounds the same in any order.
                    if clip.seconds <= GOES_ON_S and self.rng.random() < MADE_STRANGE * share:
                        learn(self.varied(clip, strange(clip.values, self.rng, RATE_HZ), background), other, i)
                    if self.rng.random() < MADE_NOISE * share:
                        learn([self.noise()], other, i)
            advance(1)
        made = [self._middle(self.noise()) for _ in range(JUDGED_NOISES if with_other else 0)]
        spoken = np.array([is_spoken(clip) for clip in self.clips])
        made_from = np.arange(len(made)) % int((~spoken).sum())
        empty = np.zeros((0, self.frames, BANDS), np.int8)
        return Heard(np.stack(examples), np.array(targets), np.array(sources), spoken[sources], np.stack(windows),
                     np.array(owners), np.stack(made) if made else empty, made_from)

    def pcm_of(self, x: np.ndarray) -> np.ndarray:
        """Return a clip that fits into a window as int16 samples up to where the window ends, the noise before it."""
        before, after = self._around(len(x))
        end = (self.lead + self.room + self.frames) * FRAME_HOP
        return to_pcm(in_silence(x, before, after, self.rng))[:end]

    def as_it_is(self, x: np.ndarray, loud: bool = True) -> list[np.ndarray]:
        """Return the windows [frames, BANDS] of a sound without any change."""
        segments = self._segments(in_silence(x, *self._around(len(x)), self.rng), x, loud)
        return [self._middle(segment) for segment in segments]

    def varied(self, clip: Clip, x: np.ndarray, background: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return the segments of a variant of a sound."""
        heard = vary(x, *self._around(len(x)), self.rng, RATE_HZ, background)
        return self._segments(heard, x, not is_quiet(clip.label))

    def noise(self) -> np.ndarray:
        """Return a segment of made noise; some are what is heard when a board has just begun to listen."""
        size = self.frames + 2 * self.room
        level = 10 ** (self.rng.uniform(-50, -6) / 20)
        heard = self.front.run(to_pcm(level * noise(self.rng, (self.lead + size) * FRAME_HOP, RATE_HZ)))
        if self.rng.random() < BEGINNINGS:
            nothing = np.full((int(self.rng.integers(self.frames)), BANDS), -128, np.int8)
            return np.concatenate([nothing, heard])[:size]
        return heard[self.lead:]

    def _around(self, samples: int) -> tuple[int, int]:
        """Return how many samples go before and after a sound, so that it is in the middle of its segment."""
        rest = max(self.frames * FRAME_HOP - samples, 0)
        before = (self.lead + self.room) * FRAME_HOP + rest // 2
        return before, rest - rest // 2 + self.room * FRAME_HOP

    def _middle(self, segment: np.ndarray) -> np.ndarray:
        return segment[self.room:self.room + self.frames]

    def _segments(self, heard: np.ndarray, x: np.ndarray, loud: bool) -> list[np.ndarray]:
        """Return segments of a sound that was put between others: one, or of a longer one many that overlap.

        Wherever in the sound a window begins, a segment has it. Where windows may be shifted by less than a quarter, as
        those of a word, segments half a window apart left every other beginning out.

        x: the sound itself; of a long one, parts in which hardly anything is heard are left out.
        """
        features = self.front.run(to_pcm(heard))[self.lead:]
        size, hop = self.frames + 2 * self.room, min(2 * self.room, self.frames // 2)
        starts = range(0, max(len(features) - size, 0) + 1, hop)
        power = np.array([np.mean(x[s * FRAME_HOP:(s + self.frames) * FRAME_HOP] ** 2) for s in starts])
        return [features[s:s + size] for s, p in zip(starts, power, strict=True)
                if not loud or p >= FAINT * power.max()]
