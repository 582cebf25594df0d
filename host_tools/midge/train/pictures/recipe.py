# SPDX-License-Identifier: MIT
"""Train a network on pictures of classes, and others without each part of them, whose answers tell what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from time import perf_counter
from typing import Any

import numpy as np

from ...errors import UserError
from ...progress import Stage, silent
from ...samples.labels import quiet_ones
from ...samples.pictures import Picture, Pictures
from ..descent import Descent, Trainer, load_keras
from ..folds import deal_folds
from ..ridge import balanced_weights, log_softmax, temperature
from .augment import RANDOM, Views, draw, relight, warp
from .network import Shape, Weights, build_model, weights_of

RATE, DECAY, SMOOTHING = 4e-3, 1e-2, 0.05
BATCH, SEEN = 32, 64  # pictures of a step, and of a batch that is only looked at
STEPS = 3000
FACTORS = np.geomspace(0.5, 5, 37)  # by which scores before softmax may be multiplied
NEAR = 1.5  # steps of a scale: how far from a picture's reading others count as nearly right
SCALES = ("none", "line", "circle")
PURPOSE = "training on pictures"


@dataclass(frozen=True)
class Options:
    """How to train on pictures. width: channels of the first layer, None for the most within the budget.

    flips: what a picture may be mirrored to, see augment.FLIPS. scale: "line" or "circle" where classes are numbers
    that are read off a scale, so that neighbours are nearly right, and a negative of a picture shows the same. folds:
    how many networks are trained to judge. max_flash, max_arena: bytes that it may take on a board. widest: width of
    the widest that is tried for them. camera: what goes in on the board, as midge convert --camera takes it.
    """

    seed: int = 0
    width: int | None = None
    steps: int | None = None
    folds: int = 4
    flips: str = "none"
    scale: str = "none"
    max_flash: int | None = None
    max_arena: int | None = None
    widest: int = 32
    camera: str | None = None


@dataclass
class Fitted:
    """What answers for pictures, and what is known about it. left_out: softmax scores [pictures, classes] of others
    that were trained without each picture's fold. floats: its own answers [pictures].
    """

    takes: Pictures
    labels: list[str]
    left_out: np.ndarray
    floats: np.ndarray
    folds: np.ndarray
    options: Options
    seconds: float
    tried: list[dict[str, Any]]  # what was chosen among, for JSON

    @property
    def quiet(self) -> list[int]:
        """The classes that are never answered."""
        return quiet_ones(self.labels)

    @property
    def recordings(self) -> Sequence[Picture]:
        """The pictures."""
        return self.takes.pictures

    @property
    def targets(self) -> np.ndarray:
        """The class of each picture."""
        return targets_of(self.takes)

    @property
    def owners(self) -> np.ndarray:
        """The picture of each row of left_out."""
        return np.arange(len(self.takes.pictures))

    @property
    def group_kind(self) -> str:
        """What was left out together: "group" or "picture"."""
        return "group" if self.takes.grouped_by else "picture"


def targets_of(found: Pictures) -> np.ndarray:
    """Return the class of each picture."""
    labels = found.labels
    return np.array([labels.index(picture.label) for picture in found.pictures])


def fit_network(
    found: Pictures, shape: Shape, options: Options, stage: Stage = silent
) -> tuple[Fitted, Weights, float]:
    """Train from scratch. The same pictures, options, seed and machine give the same bits.

    Returns what is known, the network's numbers, and the factor of its scores before softmax. Raises UserError.
    """
    load_keras(PURPOSE)  # before minutes of work for nothing
    start = perf_counter()
    x, targets = found.values, targets_of(found)
    folds = deal_folds(found.pictures, found.grouped_by, found.title, options.folds, options.seed)
    wanted = wanted_scores(found.labels, targets, options.scale)
    steps = options.steps or STEPS
    count = int(folds.max()) + 1
    advance = stage("training networks, one without each part and one with all", steps * (count + 1))
    views = Views(flips=options.flips, inverts=options.scale != "none")
    trainer = _trainer(shape, Descent(steps, RATE, DECAY, options.seed), views)
    scores = np.zeros((len(x), len(found.labels)))
    for fold in range(count):
        model = trainer.fit(batches(x, wanted, targets, np.flatnonzero(folds != fold), options.seed), advance)
        scores[folds == fold] = logits(model, x[folds == fold])
    model = trainer.fit(batches(x, wanted, targets, np.arange(len(x)), options.seed), advance)
    factor = temperature(scores, targets, balanced_weights(targets, len(found.labels)), FACTORS)
    floats = logits(model, x).argmax(axis=1)
    left_out = np.exp(log_softmax(factor * scores))
    fitted = Fitted(found, found.labels, left_out, floats, folds, options, perf_counter() - start, [])
    return fitted, weights_of(model), factor


@cache
def _trainer(shape: Shape, descent: Descent, views: Views) -> Trainer:
    keras = load_keras(PURPOSE)
    return Trainer(keras, lambda: build_model(keras, shape), partial(_loss, views=views), descent)


def _loss(network: Any, batch: Any, key: Any, views: Views) -> Any:
    import jax

    pixels, wanted = batch
    return -(wanted * jax.nn.log_softmax(network(variants(pixels, key, views)))).sum(axis=1).mean()


def variants(pixels: Any, key: Any, views: Views) -> Any:
    """Return pictures 0 to 1, each of which shows a variant of one, uint8 [n, height, width, channels]; by JAX."""
    import jax.numpy as jnp

    x = pixels.astype(jnp.float32) / 255
    u, noise = random_numbers(key, x)
    return relight(u, noise, warp(x, *draw(u, x.shape[1:3], views, jnp), jnp), views, jnp)


def random_numbers(key: Any, x: Any) -> tuple[Any, Any]:
    """Return what variants of pictures are drawn from, in JAX."""
    import jax

    first, second = jax.random.split(key)
    return jax.random.uniform(first, (len(x), RANDOM), minval=-1, maxval=1), jax.random.normal(second, x.shape)


def batches(x: np.ndarray, wanted: np.ndarray, targets: np.ndarray, used: np.ndarray, seed: int) -> Any:
    """Return the function from a step's number to a batch of pictures and what is wanted of them, classes alike."""
    rng = np.random.default_rng([seed, 4])
    chances = balanced_weights(targets[used], int(targets.max()) + 1)
    chances = chances / chances.sum()

    def batch(number: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = used[rng.choice(len(used), BATCH, p=chances)]
        return x[chosen], wanted[chosen]

    return batch


def logits(model: Any, x: np.ndarray) -> np.ndarray:
    """Return a Keras network's scores before softmax of pictures, uint8 [n, height, width, channels]."""
    room = np.zeros((-len(x) % SEEN, *x.shape[1:]), x.dtype)  # one size of batch is compiled once
    rows = np.concatenate([x, room]).astype(np.float32) / 255
    values = [[v.value for v in some] for some in (model.trainable_variables, model.non_trainable_variables)]
    parts = [np.asarray(_answers(model)(*values, rows[i:i + SEEN])) for i in range(0, len(rows), SEEN)]
    return np.concatenate(parts)[:len(x)].astype(np.float64)


@cache
def _answers(model: Any) -> Any:
    import jax

    return jax.jit(lambda trainable, other, x: model.stateless_call(trainable, other, x, training=False)[0])


def wanted_scores(labels: Sequence[str], targets: np.ndarray, scale: str) -> np.ndarray:
    """Return the scores [pictures, classes] that are trained for. Raises UserError where labels are no scale.

    On a scale, labels that are near a picture's own have a share in it; on a circle the last is near the first.
    """
    count = len(labels)
    if scale == "none":
        wanted = np.eye(count) * (1 - SMOOTHING) + SMOOTHING / count
        return np.asarray(wanted[targets], np.float32)
    apart = scale_distance(labels, scale)
    near = np.exp(-0.5 * (apart / apart[apart > 0].min() / NEAR) ** 2)
    return np.asarray((near / near.sum(axis=1, keepdims=True))[targets], np.float32)


def scale_distance(labels: Sequence[str], scale: str) -> np.ndarray:
    """Return how far labels are apart [classes, classes], in their own units. Raises UserError for what is no number.

    On a circle there is a step from the last label to the first.
    """
    try:
        at = np.array([float(label) for label in labels])
    except ValueError:
        bad = next(label for label in labels if not _is_number(label))
        raise UserError(f"the class '{bad}' is no number, which a scale is read in; leave out --scale, or rename the "
                        "folder") from None
    apart = np.abs(at[:, None] - at)
    if scale == "circle":
        around = at.max() - at.min() + np.median(np.diff(np.sort(at)))
        apart = np.minimum(apart, around - apart)
    return np.asarray(apart)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
