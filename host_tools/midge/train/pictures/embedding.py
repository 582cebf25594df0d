# SPDX-License-Identifier: MIT
"""Networks that embed pictures: what shows the same lies together, whoever shows it, and apart from other things.

They are the networks that `midge train` makes of pictures from scratch, without classes, trained by metric.py. A
board's Learner tells new things apart by their rows, of at most 64 values. What is of no class, which a learner starts
from, are pictures that were put together from parts of several.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from ...convert.camera import Camera, put_camera
from ...convert.pipeline import Conversion, convert_graph
from ...core.batch import Engine
from ...core.device import device
from ...errors import UserError
from ...evaluate.few_shots import Examples, Shots, few_shots
from ...progress import Advance, Stage, silent
from ...samples.labels import is_quiet
from ...samples.pictures import Pictures
from ..descent import Descent, Trainer, load_keras
from ..metric import centres, with_margin
from ..outcome import Embedding
from .augment import Views
from .model import averaging, integers_of, reals
from .network import Shape, Weights, build_model, float_graph, weights_of
from .recipe import DECAY, PURPOSE, RATE, batches, targets_of, variants

SHOTS = (5, 10)
OTHERS = 96  # rows in the file of what is of no class
JUDGED = 4  # one class in so many is judged by
HELD = 3  # and one person in so many
UNIT = 128  # a row's length, in integers


@dataclass(frozen=True)
class Options:
    """How to train an embedding. values: of a row. width: channels of the first layer. flips: see augment.FLIPS.

    camera: what goes in on the board, as midge convert --camera takes it. judge: train another network without a part
    of the people and of the classes, and say what these are worth when they are learned from a few examples.
    """

    seed: int = 0
    values: int = 32
    width: int = 12
    steps: int = 2000
    flips: str = "none"
    camera: str | None = None
    judge: bool = True


@dataclass
class EmbeddingOfPictures(Embedding):
    """A network that embeds pictures: the file for boards, and what it is worth. shots: by what was left out."""

    options: Options
    found: Pictures
    shots: dict[str, list[Shots]]

    @property
    def notes(self) -> list[str]:
        """What is doubtful about the pictures."""
        return self.found.notes

    def about(self) -> dict[str, Any]:
        """Return what it was made of and what it is worth, for JSON."""
        height, width, channels = self.found.pictures[0].values.shape
        return {"pictures": len(self.found.pictures), "classes": len(self.found.labels), "height": height,
                "width": width, "channels": channels, "grouped_by": self.found.grouped_by,
                "camera": self.options.camera,
                "shots": {name: [s.facts() for s in found] for name, found in self.shots.items()}}


def train_embedding(
    found: Pictures, options: Options | None = None, name: str = "model", target: str | None = None,
    stage: Stage = silent,
) -> EmbeddingOfPictures:
    """Train a network that embeds pictures, judge it, and convert it. The same pictures, options and seed give the same
    file on the same machine. Raises UserError where there are too few classes, or where something is missing.
    """
    options, start = options or Options(), perf_counter()
    camera = averaging(options.camera)  # refused before minutes of training
    load_keras(PURPOSE)
    things = Pictures([p for p in found.pictures if not is_quiet(p.label)], found.title, found.notes, found.grouped_by)
    if len(things.labels) < 2:
        raise UserError(f"{found.title}: an embedding learns from different things, here are {len(things.labels)}; add "
                        "folders of others")
    left_out = parts_left_out(things, options) if options.judge else {}
    rounds = len({id(used) for used, _ in left_out.values()})
    advance = stage("training networks that embed", options.steps * (rounds + 1))
    shots: dict[str, list[Shots]] = {}
    for what, (used, asked) in left_out.items():
        blob = _model(things, used, _fitted(things, used, options, advance), options, name, None).blob
        if judged := judge(blob, things, asked):
            shots[what] = judged
    everything = np.arange(len(things.pictures))
    weights = _fitted(things, everything, options, advance)
    made = _model(things, everything, weights, options, name, target, camera)
    return EmbeddingOfPictures(made, options, perf_counter() - start, things, shots)


def parts_left_out(found: Pictures, options: Options) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return what is trained on, and what is asked of a board that was taught a few of it: indices of pictures.

    Whoever is asked was not trained on: known classes of new people where people are known, and classes left out.
    """
    rng = np.random.default_rng([options.seed, 7])
    labels = np.array([picture.label for picture in found.pictures])
    groups = np.array([picture.group or picture.path for picture in found.pictures])
    names = sorted(set(groups))
    new = np.isin(groups, rng.choice(names, -(-len(names) // HELD), False))
    parts = {}
    if found.grouped_by and len(set(labels[~new])) == len(found.labels):
        parts["known things, new people"] = np.flatnonzero(~new), np.flatnonzero(new)
    others = max(len(found.labels) // JUDGED, 2)
    if len(found.labels) - others >= 2:
        left = np.isin(labels, rng.choice(found.labels, others, False))
        kept = ~left & ~new if found.grouped_by else ~left
        if len(set(labels[kept])) == len(found.labels) - others:
            parts["new things"] = np.flatnonzero(kept), np.flatnonzero(left & new if found.grouped_by else left)
    return parts


def judge(blob: bytes, found: Pictures, asked: np.ndarray, others: bytes | None = None) -> list[Shots]:
    """Return what a few examples of each class are worth to a board with this file. asked: indices of pictures."""
    model, engine = device.load(blob, checksum=False), Engine(blob)
    some = [found.pictures[i] for i in asked]
    (rows,) = engine.run([reals(np.stack([picture.values for picture in some]), engine)])
    whole = np.round(rows.reshape(len(some), -1) * UNIT)
    examples = Examples(whole, [p.label for p in some], [p.group or p.path for p in some])
    return [shots for n in SHOTS if (shots := few_shots(model, examples, n, others=others)) is not None]


def _fitted(found: Pictures, used: np.ndarray, options: Options, advance: Advance) -> Weights:
    """Train on some pictures."""
    keras = load_keras(PURPOSE)
    x = found.values[used]
    targets = np.unique(targets_of(found)[used], return_inverse=True)[1]
    shape = _shape(found, options)

    def network() -> Any:
        body = build_model(keras, shape)
        return keras.Model(body.input, centres(keras, int(targets.max()) + 1)(body.output))

    trainer = Trainer(keras, network, partial(_loss, views=Views(flips=options.flips)),
                      Descent(options.steps, RATE, DECAY, options.seed))
    return weights_of(trainer.fit(batches(x, targets, targets, np.arange(len(x)), options.seed), advance))


def _loss(network: Any, batch: Any, key: Any, views: Views) -> Any:
    pixels, targets = batch
    return with_margin(network(variants(pixels, key, views)), targets)


def _model(
    found: Pictures, used: np.ndarray, weights: Weights, options: Options, name: str, target: str | None,
    camera: Camera | None = None,
) -> Conversion:
    """Return the file: a camera where there is one, the network, and rows of what is of no class."""
    x = found.values[used]
    none = made_of_parts(x, np.random.default_rng([options.seed, 8]))
    graph = integers_of(float_graph(weights, _shape(found, options), None, name), np.concatenate([x, none]), name)
    engine = Engine(convert_graph(graph.copy(), [], name, 0).blob)
    (rows,) = engine.run([reals(none, engine)])
    graph.others = np.clip(np.round(rows.reshape(len(none), -1) * UNIT), -128, 127).astype(np.int8)
    if camera is not None:
        graph = put_camera(graph, camera, found.title)
    return convert_graph(graph, [], name, 0, target)


def made_of_parts(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return pictures of nothing that is in others: each has its quarters from four of them."""
    middle, centre = x.shape[1] // 2, x.shape[2] // 2
    made = np.empty((OTHERS, *x.shape[1:]), x.dtype)
    for rows in (slice(middle), slice(middle, None)):
        for columns in (slice(centre), slice(centre, None)):
            made[:, rows, columns] = x[rng.integers(len(x), size=OTHERS)][:, rows, columns]
    return made


def _shape(found: Pictures, options: Options) -> Shape:
    height, pixels, channels = found.pictures[0].values.shape
    return Shape(height, pixels, channels, options.values, options.width)
