# SPDX-License-Identifier: MIT
"""A model trained on sounds: the file for boards, what it is worth, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...convert.pipeline import convert_graph
from ...core.batch import Engine
from ...progress import Stage, silent
from ...samples.sounds import Clip, Clips
from ..judgement import Judgement, Share, measure, threshold_for, trade_off
from ..outcome import Outcome, Words, compare
from .deploy import metadata_of, streaming_network
from .features import FRAME_HOP, to_reals
from .network import STEP, logits
from .recipe import Fitted, Listener, Options, fit

MOST_COMPARED = 200  # clips
LEAST_THRESHOLD, MOST_THRESHOLD = 0.5, 0.95


@dataclass
class TrainedSounds(Outcome):
    """A model that was trained on clips. Agreement is counted over clips, played to the file sample by sample."""

    fitted: Fitted

    @property
    def words(self) -> Words:
        """How to speak of it."""
        fitted = self.fitted
        about = (f"{len(self.recordings)} clips, a window of {fitted.window_s:.2f} s; {fitted.options.width} channels, "
                 f"{fitted.options.steps} steps, seed {fitted.options.seed}")
        return Words(about, "clips", f"{self.fitted.group_kind}s", "clips", "clips", "noise")

    @property
    def recordings(self) -> Sequence[Clip]:
        """The clips."""
        return self.fitted.recordings

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        fitted = self.fitted
        return {**fitted.facts(), "left_out": fitted.group_kind, **super().facts(), "seed": fitted.options.seed,
                "seconds": round(fitted.seconds, 3), "notes": fitted.takes.notes}


def train_sounds(
    found: Clips, options: Options | None = None, name: str = "model", target: str | None = None, stage: Stage = silent
) -> TrainedSounds:
    """Train a model on clips, judge it, and convert it. Raises UserError where the clips do not do.

    name: what the device calls it. target: a core or board to pack the weights for.
    """
    fitted = fit(found, options, stage)
    judgement = judge(fitted)
    metadata = metadata_of([fitted.labels[i] for i in fitted.quiet], judgement.threshold)
    windows = np.concatenate([fitted.heard.windows, fitted.heard.made])
    graph = streaming_network(fitted.weights, fitted.factor, windows, name, fitted.labels, metadata)
    conversion = convert_graph(graph, fitted.labels, name, 0, target)
    return TrainedSounds(fitted.labels, judgement, conversion, *_compare(fitted, conversion.blob, stage), fitted)


def judge(fitted: Fitted) -> Judgement:
    """Measure a model by the scores that clips got from networks without them."""
    threshold: float = LEAST_THRESHOLD
    false_rate: float | None = None
    other = np.concatenate([fitted.made_scores, fitted.left_out[np.isin(fitted.targets, fitted.quiet)]])
    if len(other):
        threshold, false_rate = threshold_for(other, fitted.quiet, 3600 / fitted.window_s,
                                              fitted.options.false_per_hour, LEAST_THRESHOLD, MOST_THRESHOLD)
    result = measure(fitted, threshold, false_rate)
    if len(other):
        result.trade = trade_off(fitted, other, 3600 / fitted.window_s, LEAST_THRESHOLD, MOST_THRESHOLD)
    result.advice = _advice(fitted, result)
    return result


def _advice(fitted: Fitted, result: Judgement) -> list[str]:
    """Say what would help most."""
    found = []
    loud = [c for c in result.classes if fitted.labels.index(c.name) not in fitted.quiet]
    worst, few = (min(loud or result.classes, key=key) for key in (lambda c: c.recall.value, lambda c: c.takes))
    if len(loud) == len(result.classes):
        found.append("add a folder 'background' of what its microphone hears all day: it mixes that in, and learns "
                     "not to answer it")
    if worst.recall.value < 0.97:
        found.append(f"more clips of {worst.name} would help most: {worst.recall.value:.0%} of them are found")
    elif few.takes < 20:
        found.append(f"more clips make it surer: {few.name} has {few.takes}, 20 to 50 a class are good")
    if not fitted.takes.grouped_by:
        found.append("it was judged by files left out, which flatters it if several are of one person or place: name "
                     "them, as yes_ann_1.wav, or tell with --groups")
    return found


def _compare(fitted: Fitted, blob: bytes, stage: Stage) -> tuple[Share, Share, Share]:
    """Return how often the file answers as the network of floats does, and how often either is right."""
    heard, clips = fitted.heard, fitted.takes.clips
    short = [i for i, clip in enumerate(clips) if clip.seconds <= fitted.window_s] or list(range(len(clips)))
    chosen = [short[i] for i in np.unique(np.linspace(0, len(short) - 1, MOST_COMPARED).astype(int))]
    engine = Engine(blob, threads=1)
    listener = Listener(clips, fitted.labels, fitted.shape, fitted.folds, fitted.options)
    advance = stage("playing clips to the file", len(chosen))
    integers, floats = list[int](), list[int]()
    for i in chosen:
        pcm = listener.pcm_of(clips[i].values)
        (scores,) = engine.run([pcm.reshape(-1, STEP * FRAME_HOP)])
        integers.append(int(scores[-1].argmax()))
        windows = to_reals(heard.windows[heard.owners == i][:1])
        floats.append(int(logits(fitted.weights, windows).argmax()))
        advance(1)
    return compare(np.array(integers), np.array(floats), fitted.targets[chosen])
