# SPDX-License-Identifier: MIT
"""A model trained on pictures: the file for boards, what it is worth, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...convert.camera import Camera, put_camera, read_camera
from ...convert.pipeline import Conversion, convert_graph
from ...core.batch import Engine
from ...errors import UserError
from ...graph import Graph
from ...progress import Stage, silent
from ...quantize import Options as Quantization
from ...quantize import quantize
from ...samples.pictures import Picture, Pictures
from ..judgement import Share, measure
from ..outcome import Outcome, Words, compare
from .network import Shape, float_graph, untrained
from .recipe import Fitted, Options, fit_network, scale_distance

WIDTHS = (32, 28, 24, 20, 16, 14, 12, 11, 10, 9, 8, 7, 6, 5, 4)
WIDTH = 12  # where there is no budget
SLICED = 1.5  # by how much an arena may be too large for slices of rows to be tried
MOST_CALIBRATED = 200  # pictures
MOST_COMPARED = 1000
THRESHOLD = 0.5


@dataclass
class TrainedPictures(Outcome):
    """A model that was trained on pictures. Agreement is counted over the pictures themselves.

    graph: the network in integers, which may be written as .tflite. about: how it was made, in words. near: on a scale
    the share of pictures left out that were read to half a unit.
    """

    fitted: Fitted
    graph: Graph
    about: str
    near: Share | None = None

    @property
    def words(self) -> Words:
        """How to speak of it."""
        height, width, channels = self.recordings[0].values.shape
        about = (f"{len(self.recordings)} pictures, {width} x {height} in {'colours' if channels == 3 else 'grey'}; "
                 f"{self.about}, seed {self.fitted.options.seed}")
        return Words(about, "pictures", f"{self.fitted.group_kind}s", "pictures", "pictures", "")

    @property
    def recordings(self) -> Sequence[Picture]:
        """The pictures."""
        return self.fitted.recordings

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        fitted = self.fitted
        height, width, channels = self.recordings[0].values.shape
        return {"pictures": len(self.recordings), "width": width, "height": height, "channels": channels,
                "grouped_by": fitted.takes.grouped_by, "folds": int(fitted.folds.max()) + 1, "about": self.about,
                "left_out": fitted.group_kind, **super().facts(), "tried": fitted.tried,
                **({"within_half_a_unit": self.near.facts()} if self.near is not None else {}),
                "seed": fitted.options.seed, "seconds": round(fitted.seconds, 3), "notes": fitted.takes.notes}


def train_network(
    found: Pictures, options: Options | None = None, name: str = "model", target: str | None = None,
    stage: Stage = silent,
) -> TrainedPictures:
    """Train a network on pictures from scratch, judge it, and convert it. Raises UserError.

    name: what the device calls it. target: a core or board to pack the weights for.
    """
    options = options or Options()
    eye = eye_of(options, found.pictures[0].values.shape, found.title)
    height, pixels, channels = found.pictures[0].values.shape
    shape = choose_width(Shape(height, pixels, channels, len(found.labels), WIDTH), options)
    fitted, weights, factor = fit_network(found, shape, options, stage)
    graph = integers_of(float_graph(weights, shape, factor, name), found.values, name, stage)
    about = f"a network of {shape.width} to {6 * shape.width} channels"
    return finish(fitted, graph, eye, about, name, target, stage)


def eye_of(options: Options, shape: Sequence[int], title: str) -> Camera | None:
    """Return the camera that a network for images of a shape gets, if any.

    Raises UserError where the two do not fit, before minutes of training.
    """
    eye = averaging(options.camera)
    if eye is not None:
        height, width, channels = shape
        eye.crop_for(height, width, channels, title)
    return eye


def averaging(camera: str | None) -> Camera | None:
    """Return what --camera says, if anything. Raises UserError for one that makes pictures smaller as no training does.
    """
    eye = read_camera(camera) if camera is not None else None
    if eye is not None and eye.bilinear:
        raise UserError(f"--camera {camera}: bilinear, but training makes pictures smaller by averages of areas; leave "
                        "that out")
    return eye


def finish(
    fitted: Fitted, graph: Graph, eye: Camera | None, about: str, name: str, target: str | None, stage: Stage
) -> TrainedPictures:
    """Judge a network of integers and convert it."""
    judgement = measure(fitted, THRESHOLD, None)
    graph.labels = list(fitted.labels)
    graph.metadata |= {"picture.threshold": f"{THRESHOLD:g}"}
    shares = _compare(fitted, convert_graph(graph, fitted.labels, name, 0).blob, stage)
    whole = graph if eye is None else put_camera(graph, eye, name)
    conversion = convert_graph(whole, fitted.labels, name, 0, target, fitted.options.max_arena)
    made = TrainedPictures(fitted.labels, judgement, conversion, *shares, fitted, graph, about)
    if fitted.options.scale != "none":
        apart = scale_distance(fitted.labels, fitted.options.scale)
        right = apart[fitted.targets, fitted.left_out.argmax(axis=1)] <= 0.5 + 1e-9
        made.near = Share(int(right.sum()), len(right), len(right))
    judgement.advice = _advice(made)
    return made


def choose_width(shape: Shape, options: Options) -> Shape:
    """Return the widest network within a budget, or the usual one where there is none. Raises UserError."""
    def of(width: int) -> Shape:
        return Shape(shape.height, shape.pixels, shape.channels, shape.classes, width, shape.grid)

    if options.width is not None:
        return of(options.width)
    if options.max_flash is None and options.max_arena is None:
        return of(WIDTH)
    widths = [w for w in WIDTHS if w <= options.widest]
    least, most = 0, len(widths)  # the first that fits is among these
    while least < most:
        middle = (least + most) // 2
        least, most = (least, middle) if _fits(of(widths[middle]), options) else (middle + 1, most)
    if least < len(widths):
        return of(widths[least])
    asked = " and ".join(f"{bytes_:,} B of {what}" for what, bytes_ in (
        ("flash", options.max_flash), ("RAM", options.max_arena)) if bytes_ is not None)
    raise UserError(f"no network for {shape.pixels} x {shape.height} pixels fits into {asked}; give it more, or make "
                    f"pictures smaller: --size {max(shape.pixels // 2, 16)}x{max(shape.height // 2, 16)}")


def _fits(shape: Shape, options: Options) -> bool:
    """Tell whether a network of a shape is within a budget."""
    if options.max_flash is not None and sum(
            k.size + 4 * b.size for k, b in untrained(shape).layers) > options.max_flash:
        return False
    x = np.random.default_rng(0).integers(0, 256, (2, shape.height, shape.pixels, shape.channels), np.uint8)
    graph = integers_of(float_graph(untrained(shape), shape, 1.0, "size"), x, "size")
    made: Conversion = convert_graph(graph, [], "size", 0)
    arena = made.plan.arena_size
    if options.max_arena is not None and arena > options.max_arena:
        if arena > SLICED * options.max_arena:
            return False
        try:
            made = convert_graph(graph, [], "size", 0, None, options.max_arena)
        except UserError:  # no arena of that size
            return False
    return options.max_flash is None or len(made.blob) <= options.max_flash


def integers_of(graph: Graph, x: np.ndarray, name: str, stage: Stage = silent) -> Graph:
    """Return a network of floats in integers; its input is a picture's bytes less 128.

    x: uint8 pictures like those that it will see.
    """
    chosen = x[np.linspace(0, len(x) - 1, min(len(x), MOST_CALIBRATED)).astype(int)]
    ends = np.stack([np.zeros_like(chosen[0]), np.full_like(chosen[0], 255)])  # so that a step is 1 / 255
    samples = np.concatenate([chosen, ends]).astype(np.float32) / 255
    return quantize(graph, [samples], Quantization(method="minmax", equalize=False), name, stage).graph


def _compare(fitted: Fitted, blob: bytes, stage: Stage) -> tuple[Share, Share, Share]:
    """Return how often the file answers as the network of floats does, and how often either is right."""
    count = len(fitted.takes.pictures)
    chosen = np.unique(np.linspace(0, count - 1, min(count, MOST_COMPARED)).astype(int))
    engine = Engine(blob, threads=1)
    (scores,) = engine.run([reals(fitted.takes.values[chosen], engine)], stage("the file's integers", len(chosen)))
    return compare(scores.reshape(len(chosen), -1).argmax(axis=1), fitted.floats[chosen], fitted.targets[chosen])


def reals(x: np.ndarray, engine: Engine) -> np.ndarray:
    """Return the reals whose quantised values are a picture's bytes less 128, whatever a network's input stands for."""
    tensor = engine.inputs[0]
    return np.asarray((x.astype(np.float32) - 128 - tensor.zero_point) * np.float32(tensor.scale), np.float32)


def _advice(made: TrainedPictures) -> list[str]:
    """Say what would help most."""
    found, result, fitted = [], made.judgement, made.fitted
    loud = [c for c in result.classes if fitted.labels.index(c.name) not in fitted.quiet] or result.classes
    worst, few = min(loud, key=lambda c: c.recall.value), min(loud, key=lambda c: c.takes)
    if worst.recall.value < 0.97:
        found.append(f"more pictures of {worst.name} would help most: {worst.recall.value:.0%} of them are found")
    elif few.takes < 50:
        found.append(f"more pictures make it surer: {few.name} has {few.takes}, 50 to 200 a class are good")
    if not fitted.takes.grouped_by:
        found.append("it was judged by files left out, which flatters it if several are of one person, place or thing: "
                     "name them, as fist_ann_1.jpg, or tell with --groups or --person-from")
    return found
