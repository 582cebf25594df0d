# SPDX-License-Identifier: MIT
"""A model that finds things in pictures: the file for boards, what it is worth, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...convert.camera import put_camera, put_decoder
from ...convert.pipeline import convert_graph
from ...core.batch import Engine
from ...evaluate.things import Thing, Truth, match, things_in
from ...graph import Graph
from ...progress import Stage, silent
from ...samples.scenes import Scene, Scenes
from ..judgement import ClassReport, Judgement, Share
from ..outcome import Outcome, Words
from .grid import FittedGrid, counted, fit_grid
from .model import MOST_COMPARED, choose_width, eye_of, integers_of, reals
from .network import CELL, Shape, float_graph
from .recipe import Options

WIDTH = 12


@dataclass
class TrainedGrid(Outcome):
    """A model that was trained on pictures with boxes. Agreement is counted over cells in which something is.

    graph: the network in integers, which may be written as .tflite. counts: of how many pictures left out the number
    of things was right, nearly.
    """

    fitted: FittedGrid
    graph: Graph
    counts: Share

    @property
    def words(self) -> Words:
        """How to speak of it."""
        fitted = self.fitted
        height, width, channels = self.recordings[0].values.shape
        things = sum(len(scene.classes) for scene in self.recordings)
        about = (f"{len(self.recordings)} pictures, {width} x {height} in {'colours' if channels == 3 else 'grey'}, "
                 f"with {things} things in them; a grid of {-(-width // CELL)} x {-(-height // CELL)} cells, seed "
                 f"{fitted.options.seed}")
        kind = "groups" if fitted.takes.grouped_by else "pictures"
        return Words(about, "things", kind, "cells with something in them", "things", "", "F1 of centres")

    @property
    def recordings(self) -> Sequence[Scene]:
        """The pictures."""
        return self.fitted.takes.pictures

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        fitted = self.fitted
        height, width, channels = self.recordings[0].values.shape
        return {"pictures": len(self.recordings), "width": width, "height": height, "channels": channels,
                "grid": list(fitted.left_out.shape[1:3]), "folds": int(fitted.folds.max()) + 1,
                "grouped_by": fitted.takes.grouped_by, **super().facts(), "f1": self.judgement.accuracy.facts(),
                "counted_within_a_tenth": self.counts.facts(), "seed": fitted.options.seed,
                "seconds": round(fitted.seconds, 3), "notes": fitted.takes.notes}

    def found(self, i: int) -> list[Thing]:
        """Return what networks without a picture found in it."""
        return things_in(self.fitted.left_out[i], self.fitted.threshold)


def train_grid(
    found: Scenes, options: Options | None = None, name: str = "model", target: str | None = None,
    stage: Stage = silent,
) -> TrainedGrid:
    """Train a network on pictures with boxes from scratch, judge it, and convert it. Raises UserError.

    With a camera the file gives boxes in the camera's pixels, otherwise the scores of cells.
    """
    options = options or Options()
    eye = eye_of(options, found.pictures[0].values.shape, found.title)
    height, pixels, channels = found.pictures[0].values.shape
    shape = choose_width(Shape(height, pixels, channels, len(found.labels), WIDTH, grid=True), options)
    fitted, weights = fit_grid(found, shape, options, stage)
    graph = integers_of(float_graph(weights, shape, 1.0, name), found.values, name, stage)
    graph.labels = list(fitted.labels)
    graph.metadata |= {"picture.threshold": f"{fitted.threshold:g}"}
    shares = _compare(fitted, convert_graph(graph, fitted.labels, name, 0).blob, stage)
    whole, labels = graph, list(fitted.labels)
    if eye is not None:
        whole, labels = put_decoder(put_camera(graph, eye, name), "fomo", labels, name, fitted.threshold)
    conversion = convert_graph(whole, labels, name, 0, target, options.max_arena)
    truths = fitted.truths
    right = counted(fitted.left_out, truths, fitted.threshold)
    judgement = judge_things(fitted.left_out, truths, fitted.labels, [s.path for s in found.pictures],
                             fitted.threshold)
    judgement.advice = _advice(judgement, fitted)
    return TrainedGrid(fitted.labels, judgement, conversion, *shares, fitted, graph,
                       Share(right, len(truths), len(truths)))


def judge_things(
    scores: np.ndarray, truths: Sequence[Truth], labels: Sequence[str], paths: Sequence[str], threshold: float
) -> Judgement:
    """Count what was found in pictures. Accuracy is the F1 of centres: twice what is right of what is and was found."""
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    cells: dict[tuple[int, int], list[str]] = {}

    def note(true: int, said: int, path: str) -> None:
        confusion[true, said] += 1
        inside = cells.setdefault((true, said), [])
        if path not in inside:
            inside.append(path)

    for grid, truth, path in zip(scores, truths, paths, strict=True):
        things = things_in(grid, threshold)
        matched = match(things, truth)
        for i, j in [*matched.pairs, *matched.mistaken]:
            note(truth.kinds[j], things[i].kind, path)
        for j in matched.missed:
            note(truth.kinds[j], 0, path)
        for i in matched.false:
            note(0, things[i].kind, path)
    right, pictures = int(confusion.diagonal().sum()), len(paths)
    f1 = Share(2 * right, int(confusion[1:].sum() + confusion[:, 1:].sum()), pictures)
    classes = []
    for k, label in enumerate(labels[1:], 1):
        own, there, said = (int(n) for n in (confusion[k, k], confusion[k].sum(), confusion[:, k].sum()))
        classes.append(ClassReport(label, there, Share(own, there, there), Share(own, said, said)))
    found = Share(right, int(confusion[1:].sum()), pictures)
    return Judgement(f1, f1, classes, confusion.tolist(), cells, [], [], threshold, found, None)


def _compare(fitted: FittedGrid, blob: bytes, stage: Stage) -> tuple[Share, Share, Share]:
    """Return how often the file's cells say what those of the network of floats say, and how often each is right."""
    count = len(fitted.takes.pictures)
    chosen = np.unique(np.linspace(0, count - 1, min(count, MOST_COMPARED)).astype(int))
    engine = Engine(blob, threads=1)
    (scores,) = engine.run([reals(fitted.takes.values[chosen], engine)], stage("the file's integers", len(chosen)))
    rows, columns = fitted.floats.shape[1:3]
    alike = integer_right = float_right = total = 0
    for grid, i in zip(scores.reshape(len(chosen), rows, columns, -1), chosen, strict=True):
        truth = fitted.truths[i]
        for kind, (top, left, bottom, right) in zip(truth.kinds, truth.boxes, strict=True):
            cell = min(int((top + bottom) / 2 * rows), rows - 1), min(int((left + right) / 2 * columns), columns - 1)
            integer, real = int(grid[cell].argmax()), int(fitted.floats[i][cell].argmax())
            alike, total = alike + (integer == real), total + 1
            integer_right, float_right = integer_right + (integer == kind), float_right + (real == kind)
    return Share(alike, total, total), Share(integer_right, total, total), Share(float_right, total, total)


def _advice(result: Judgement, fitted: FittedGrid) -> list[str]:
    """Say what would help most."""
    found = []
    worst = min(result.classes, key=lambda c: min(c.recall.value, c.precision.value))
    if worst.recall.value < 0.95 or worst.precision.value < 0.95:
        found.append(f"more boxes of {worst.name} would help most: {worst.recall.value:.0%} of them are found, "
                     f"{worst.precision.value:.0%} of what is called so is one; look for missing boxes as well")
    sides = np.concatenate([s.boxes[:, 2:] - s.boxes[:, :2] for s in fitted.takes.pictures])
    if np.median(sides.min(axis=1)) < CELL:
        found.append(f"half of the things are smaller than a cell of {CELL} pixels; larger pictures keep them apart: "
                     "--size")
    if not fitted.takes.grouped_by:
        found.append("it was judged by files left out, which flatters it if several show one place: name them, or tell "
                     "with --groups or --person-from")
    return found
