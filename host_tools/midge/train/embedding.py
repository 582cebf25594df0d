# SPDX-License-Identifier: MIT
"""Embeddings of movements: the features of a wand, turned so that what a gesture is counts, and who makes it does not.

A board's Learner takes at most 64 values. They are those combinations of the features in which gestures of several
people or sessions lie apart, measured by how far takes of the same gesture do: linear discriminants (Fisher 1936,
Annals of Eugenics 7:179; Rao 1948, JRSS B 10:159), in closed form. With convolutions half of the values are these, and
half the principal components of what the last channels of a network see that was fitted to the gestures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from ..convert.pipeline import Conversion, convert_graph
from ..core.batch import Engine
from ..core.device import device
from ..errors import UserError
from ..evaluate.few_shots import Examples, Shots, few_shots
from ..graph import Graph, motion
from ..graph.builder import Builder
from ..progress import Stage, silent
from ..samples.takes import Takes
from .convolutions import Convolutions, fit_convolutions
from .convolved import add_convolutions
from .features import FrontEnd, Signal, add_features, add_input, quantized
from .integers import add_dense
from .network import Z_STEP, metadata_of
from .outcome import Embedding
from .recipe import MOST_FOLDS, rows_of, signal_of
from .recipe import Options as TrainingOptions
from .ridge import CLIP, Linear, Rows, standardized
from .windows import Windows, cut_windows

SHRINK = 0.03  # of the mean variance within gestures, added to each: few takes do not tell which directions never vary
SHOTS = (5, 10)
MOST_OTHERS = 128
HEADS = ("ridge", "cnn")
STEPS = 2000  # of convolutions: more than for their own scores, for here those that were left out are other people
REACH = 99.9  # per cent of values that an int8 holds without saturating


@dataclass(frozen=True)
class Options:
    """How to make an embedding. values: of a row. window_s, rate_hz: None for what the takes have.

    head: "cnn" has convolutions of the samples beside the features; it takes a minute for each person or session.
    judge: make another one without each person or session, and say what its gestures are worth when they are learned
    from a few takes.
    """

    seed: int = 0
    values: int = 32
    window_s: float | None = None
    rate_hz: float | None = None
    judge: bool = True
    head: str = "ridge"


@dataclass(frozen=True)
class Projection:
    """What gives reals of a row, in units of the spread within a gesture. convolutions: None without."""

    linear: Linear
    convolutions: Convolutions | None

    def scores(self, rows: Rows) -> np.ndarray:
        """Return the values [n, values] of rows."""
        found = self.linear.scores(rows.features)
        if self.convolutions is None:
            return found
        return np.concatenate([found, self.convolutions.scores(rows.counts)], axis=1)


@dataclass
class EmbeddingOfMovements(Embedding):
    """A network that embeds movements: the file for boards, and what it is worth to those who were left out."""

    options: Options
    takes: Takes
    windows: Windows
    signal: Signal
    shots: dict[str, list[Shots]]

    @property
    def notes(self) -> list[str]:
        """What is doubtful about the takes."""
        return self.takes.notes

    def about(self) -> dict[str, Any]:
        """Return what it was made of and what it is worth, for JSON."""
        return {"takes": len(self.takes.takes), "gestures": len(self.takes.labels),
                "window_samples": self.windows.samples, "rate_hz": self.signal.rate_hz,
                "left_out": self.windows.group_kind,
                "shots": {name: [s.facts() for s in found] for name, found in self.shots.items()}}


def train_embedding(
    found: Takes, options: Options | None = None, name: str = "model", target: str | None = None, stage: Stage = silent
) -> EmbeddingOfMovements:
    """Make a network that embeds movements, judge it, and convert it. Raises UserError where takes do not do."""
    options = options or Options()
    start = perf_counter()
    if options.head not in HEADS:
        raise UserError(f"an embedding has no head '{options.head}'; there are {', '.join(HEADS)}")
    if len(found.labels) < 3:
        raise UserError(f"{found.title}: an embedding learns from different gestures, here are {len(found.labels)}; "
                        "add folders of others")
    windows = cut_windows(found, options.window_s)
    signal = signal_of(found, windows)
    front = FrontEnd(signal)
    rows = rows_of(windows, signal, front, found.labels, TrainingOptions(options.head, seed=options.seed),
                   windows.is_gesture, stage)
    metadata = metadata_of(signal, list(found.takes[0].units), list(found.takes[0].range), [], 0.5, windows.is_gesture)
    classes = len(found.labels)
    groups = np.unique(windows.groups).tolist()
    if windows.group_kind == "take" or not options.judge or len(groups) > MOST_FOLDS:
        groups = []
    advance = stage(f"making embeddings without each {windows.group_kind}, and with all", len(groups) + 1)

    def made_of(used: np.ndarray, target: str | None = None) -> Conversion:
        head = _fit(rows.part(used), options)
        advance(1)
        return convert_graph(_network(signal, head, rows, classes, name, metadata), [], name, 0, target)

    gestures = rows.targets < classes  # without movements that were made of parts of others
    shots: dict[str, list[Shots]] = {}
    for group in groups:
        blob = made_of(gestures & (rows.folds != group)).blob
        if judged := _judge(blob, found, windows, windows.groups == group):
            shots[_name_of(found, windows, group)] = judged
    conversion = made_of(gestures, target)
    return EmbeddingOfMovements(conversion, options, perf_counter() - start, found, windows, signal, shots)


def discriminants(features: np.ndarray, targets: np.ndarray, values: int) -> Linear:
    """Return the combinations of features [n, F] that tell classes [n] apart, the best first, of one size."""
    centre, deviation = features.mean(axis=0), features.std(axis=0)
    z = np.clip(standardized(features, centre, deviation), -CLIP, CLIP)
    classes = [z[targets == c] for c in np.unique(targets)]
    within = sum((np.cov(part.T, bias=True) for part in classes), np.zeros((z.shape[1],) * 2)) / len(classes)
    within[np.diag_indices_from(within)] += SHRINK * np.trace(within) / len(within)
    # Whitened by the spread within classes, the directions in which all rows spread most.
    factor = np.linalg.cholesky(within)
    white = np.linalg.solve(factor, np.linalg.solve(factor, np.cov(z.T, bias=True)).T)
    _, directions = np.linalg.eigh(white)
    chosen = directions[:, ::-1][:, :min(values, z.shape[1])]
    weights = np.linalg.solve(factor.T, chosen * np.sign(chosen[np.abs(chosen).argmax(axis=0), range(chosen.shape[1])]))
    return Linear(centre, deviation, weights, -(z.mean(axis=0) @ weights))


def _fit(rows: Rows, options: Options) -> Projection:
    """Return the embedding of gestures."""
    if options.head == "ridge":
        return Projection(discriminants(rows.features, rows.targets, options.values), None)
    linear = discriminants(rows.features, rows.targets, options.values - options.values // 2)
    fitted = fit_convolutions(rows.counts, rows.targets, rows.weights, rows.classes, options.seed, STEPS)
    channels = len(fitted.matrix)
    seen = replace(fitted, matrix=np.eye(channels), bias=np.zeros(channels)).scores(rows.counts)
    _, directions = np.linalg.eigh(np.cov(seen.T))
    chosen = directions[:, ::-1][:, :options.values // 2]
    values = seen @ chosen
    within = np.mean([values[rows.targets == c].var(axis=0).mean() for c in np.unique(rows.targets)])
    matrix = chosen / max(float(within) ** 0.5, 1e-9)
    return Projection(linear, replace(fitted, matrix=matrix, bias=-seen.mean(axis=0) @ matrix))


def _network(
    signal: Signal, head: Projection, rows: Rows, classes: int, name: str, metadata: dict[str, str]
) -> Graph:
    """Return the graph from samples to the int8 row; movements that are no gesture become the file's others."""
    build = Builder(name)
    x, counts = add_input(build, signal)
    vector = build.reshape(add_features(build, counts, signal), [1, rows.features.shape[1]])
    linear = head.linear
    z = motion.standardize(build, vector, linear.centre, linear.deviation, Z_STEP, "int16")
    seen = head.scores(rows)
    step = float(np.percentile(np.abs(seen), REACH)) / 127
    parts = [add_dense(build, z, linear.weights, linear.bias, seen[:, :linear.weights.shape[1]])]
    if head.convolutions is not None:
        parts.append(add_convolutions(build, counts, head.convolutions, 1.0, rows.counts))
    even = [build.add("QUANTIZE", [part], part.shape, "embedding", "int8", quantized(step)) for part in parts]
    out = even[0]
    if len(even) > 1:
        shape = (1, seen.shape[1])
        out = build.add("CONCATENATION", even, shape, "embedding", "int8", quantized(step), axis=1)
    graph = build.graph([x], [out])
    graph.metadata = dict(metadata)
    made = seen[rows.targets >= classes]
    if len(made):
        chosen = made[np.unique(np.linspace(0, len(made) - 1, MOST_OTHERS).astype(int))]
        graph.others = np.clip(np.round(chosen / step), -128, 127).astype(np.int8)
    return graph


def _judge(blob: bytes, found: Takes, windows: Windows, inside: np.ndarray) -> list[Shots]:
    """Return what a few takes of one person or session are worth. inside: their windows."""
    model = device.load(blob, checksum=False)
    (rows,) = Engine(blob, threads=1).run([windows.values[inside]])
    scale = model.outputs[0].scale
    labels = [found.labels[t] for t in windows.targets[inside]]
    takes = [found.takes[t].path + str(found.takes[t].line) for t in windows.takes[inside]]
    enough = {label for label in set(labels) if len({t for t, own in zip(takes, labels, strict=True) if own == label})
              > SHOTS[0]}
    kept = np.array([label in enough for label in labels])
    if len(enough) < 2:
        return []
    chosen = Examples(np.round(rows.reshape(len(rows), -1)[kept] / scale), _where(labels, kept), _where(takes, kept))
    return [s for n in SHOTS if (s := few_shots(model, chosen, n)) is not None]


def _where(values: Sequence[str], kept: np.ndarray) -> list[str]:
    return [value for value, keep in zip(values, kept, strict=True) if keep]


def _name_of(found: Takes, windows: Windows, group: int) -> str:
    """Return the person or session of a group of windows."""
    take = found.takes[int(windows.takes[windows.groups == group][0])]
    return take.person if windows.group_kind == "person" else take.session
