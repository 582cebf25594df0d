# SPDX-License-Identifier: MIT
"""Train a network that says for each cell of a picture whether a thing's middle is in it, and which.

The loss is that of Zhou et al. 2019 (Objects as Points): cells are weighed by how wrong they are, and nothing near a
middle counts less, since it might as well be there. Instead of one score per class there is softmax, nothing included.
A middle between cells is in all of them: they touch, so that they are one thing when they are found.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from time import perf_counter
from typing import Any

import numpy as np

from ...evaluate.things import Truth, is_counted, match, things_in
from ...progress import Stage, silent
from ...samples.scenes import Scene, Scenes
from ..descent import Descent, Trainer, load_keras
from ..folds import deal_folds
from ..ridge import log_softmax
from .augment import Views, draw, relight, warp
from .network import Shape, Weights, build_model, weights_of
from .recipe import PURPOSE, Options, logits, random_numbers

RATE, DECAY, STEPS, BATCH = 4e-3, 1e-2, 900, 16
REACH = 0.35  # of a thing's size: how far from its middle cells count less as nothing
SHARED_FROM = 0.2  # share of a middle, as between four cells, from which a cell is the thing's too
PRESENCE = 3.0  # how much more something counts than nothing, so that a threshold can choose between both errors
STRENGTH = 0.6  # of variants: things are upright and whole more often than held in a hand
THRESHOLDS = np.round(np.arange(0.2, 0.81, 0.04), 2)


@dataclass
class FittedGrid:
    """What finds things in pictures, and what is known about it. left_out: scores [pictures, rows, columns, classes]
    of networks that were trained without each picture's fold. floats: its own.
    """

    takes: Scenes
    labels: list[str]
    left_out: np.ndarray
    floats: np.ndarray
    threshold: float
    folds: np.ndarray
    options: Options
    seconds: float

    @property
    def truths(self) -> list[Truth]:
        """What is in each picture."""
        return [truth_of(scene, self.labels) for scene in self.takes.pictures]


def truth_of(scene: Scene, labels: list[str]) -> Truth:
    """Return what is in a scene, in shares of its sides."""
    height, width = scene.values.shape[:2]
    return Truth(tuple(labels.index(name) for name in scene.classes), scene.boxes / [height, width, height, width])


def fit_grid(found: Scenes, shape: Shape, options: Options, stage: Stage = silent) -> tuple[FittedGrid, Weights]:
    """Train from scratch. The same pictures, options, seed and machine give the same bits. Raises UserError."""
    load_keras(PURPOSE)  # before minutes of work for nothing
    start = perf_counter()
    x, labels = found.values, found.labels
    folds = deal_folds(found.pictures, found.grouped_by, found.title, options.folds, options.seed)
    middles, kinds = _targets(found, labels)
    steps, count = options.steps or STEPS, int(folds.max()) + 1
    advance = stage("training networks, one without each part and one with all", steps * (count + 1))
    trainer = _trainer(shape, Descent(steps, RATE, DECAY, options.seed), options.flips)

    def train(used: np.ndarray) -> Any:
        rng = np.random.default_rng([options.seed, 4])

        def batch(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            chosen = used[rng.integers(len(used), size=BATCH)]
            return x[chosen], middles[chosen], kinds[chosen]

        return trainer.fit(batch, advance)

    left_out = np.zeros((len(x), *shape.cells, shape.classes))
    for fold in range(count):
        left_out[folds == fold] = shares(logits(train(np.flatnonzero(folds != fold)), x[folds == fold]))
    model = train(np.arange(len(x)))
    fitted = FittedGrid(found, labels, left_out, shares(logits(model, x)), 0.5, folds, options, 0.0)
    fitted.threshold = choose_threshold(left_out, fitted.truths)
    fitted.seconds = perf_counter() - start
    return fitted, weights_of(model)


def shares(scores: np.ndarray) -> np.ndarray:
    """Return softmax over the last axis."""
    return np.asarray(np.exp(log_softmax(scores)))


def choose_threshold(scores: np.ndarray, truths: list[Truth]) -> float:
    """Return the score from which on things are found with the highest F1 of centres; of equals the middle one."""
    rates = [_f1(scores, truths, float(threshold)) for threshold in THRESHOLDS]
    best = np.flatnonzero(np.array(rates) >= max(rates) - 1e-9)
    return float(THRESHOLDS[best[len(best) // 2]])


def _f1(scores: np.ndarray, truths: list[Truth], threshold: float) -> float:
    both = right = 0
    for grid, truth in zip(scores, truths, strict=True):
        found = things_in(grid, threshold)
        right += 2 * len(match(found, truth).pairs)
        both += len(found) + len(truth.kinds)
    return right / max(both, 1)


def counted(scores: np.ndarray, truths: list[Truth], threshold: float) -> int:
    """Return in how many pictures as many things were found as there are, nearly."""
    return sum(is_counted(things_in(grid, threshold), truth) for grid, truth in zip(scores, truths, strict=True))


def _targets(found: Scenes, labels: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return of each thing its middle and half its size, (y, x) from -1 to 1, [n, most, 4], and its class [n, most].

    Where there are fewer things than in the fullest picture, the class is 0.
    """
    truths = [truth_of(scene, labels) for scene in found.pictures]
    most = max(len(truth.kinds) for truth in truths)
    middles, kinds = np.zeros((len(truths), most, 4), np.float32), np.zeros((len(truths), most), np.int32)
    for i, truth in enumerate(truths):
        count = len(truth.kinds)
        kinds[i, :count] = truth.kinds
        middles[i, :count, :2] = truth.boxes[:, :2] + truth.boxes[:, 2:] - 1
        middles[i, :count, 2:] = truth.boxes[:, 2:] - truth.boxes[:, :2]
    return middles, kinds


@cache
def _trainer(shape: Shape, descent: Descent, flips: str) -> Trainer:
    keras = load_keras(PURPOSE)
    views = Views(STRENGTH, flips, hides=False)
    return Trainer(keras, lambda: build_model(keras, shape), partial(_loss, views=views, cells=shape.cells), descent)


def _loss(network: Any, batch: Any, key: Any, views: Views, cells: tuple[int, int]) -> Any:
    import jax
    import jax.numpy as jnp

    pixels, middles, kinds = batch
    x = pixels.astype(jnp.float32) / 255
    u, noise = random_numbers(key, x)
    matrix, shift = draw(u, x.shape[1:3], views, jnp)
    x = relight(u, noise, warp(x, matrix, shift, jnp), views, jnp)
    scores = jax.nn.log_softmax(network(x))
    wanted, nothing = _wanted(middles, kinds, matrix, shift, cells, scores.shape[3])
    # Each cell's loss falls with the square of what is still wrong with it.
    here = -(wanted * (1 - jnp.exp(scores)) ** 2 * scores)[..., 1:].sum()
    elsewhere = -(nothing * (1 - jnp.exp(scores[..., 0])) ** 2 * scores[..., 0]).sum()
    return (PRESENCE * here + elsewhere) / jnp.maximum(wanted[..., 1:].sum(), 1)


def _wanted(middles: Any, kinds: Any, matrix: Any, shift: Any, cells: tuple[int, int], classes: int) -> tuple[Any, Any]:
    """Return the scores wanted of variants [n, rows, columns, classes], and how much nothing counts in each cell."""
    import jax.numpy as jnp

    rows, columns = cells
    back = jnp.linalg.inv(matrix)  # a variant shows at p what the picture has at A p + t
    at = jnp.einsum("nij,nmj->nmi", back, middles[..., :2] - shift[:, None])
    size = middles[..., 2:] * jnp.abs(jnp.linalg.det(back))[:, None, None] ** 0.5
    seen = (kinds > 0) & ((at > -1) & (at < 1)).all(axis=-1)
    place = (at + 1) / 2 * jnp.array([rows, columns]) - 0.5
    first = jnp.floor(place).astype(int)
    wanted = jnp.zeros((len(kinds), rows, columns, classes))
    for down, across in ((0, 0), (0, 1), (1, 0), (1, 1)):  # the four cells around a middle, by how near it is
        cell, near = first + jnp.array([down, across]), 1 - jnp.abs(place - first - jnp.array([down, across]))
        inside = seen & (near.prod(axis=-1) >= SHARED_FROM) & (cell >= 0).all(axis=-1)
        row = jnp.where(inside, cell[..., 0], rows)  # beyond the grid, where nothing is written
        wanted = wanted.at[jnp.arange(len(kinds))[:, None], row, cell[..., 1], kinds].set(1.0, mode="drop")
    y, x = (2 * jnp.arange(rows) + 1) / rows - 1, (2 * jnp.arange(columns) + 1) / columns - 1
    far = (((y - at[..., 0, None]) / (size[..., 0, None] + 1e-6))[..., :, None] ** 2
           + ((x - at[..., 1, None]) / (size[..., 1, None] + 1e-6))[..., None, :] ** 2)
    near = jnp.where(seen[..., None, None], jnp.exp(-far / (2 * REACH**2)), 0).max(axis=1)
    return wanted, jnp.where(wanted[..., 1:].any(axis=-1), 0.0, (1 - near) ** 4)
