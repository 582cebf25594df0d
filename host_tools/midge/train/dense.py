# SPDX-License-Identifier: MIT
"""A small dense head: standardised features, one hidden layer of rectified units, scores. Adam, seeded, in NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .adam import Adam
from .ridge import CLIP, Rows, log_softmax, standardized

HIDDEN, EPOCHS, BATCH, RATE, DECAY, DROPOUT = 24, 30, 64, 3e-3, 1e-2, 0.2


@dataclass(frozen=True)
class Dense:
    """scores = relu(z @ first + first_bias) @ second + second_bias, z the standardised features within +-CLIP."""

    centre: np.ndarray
    deviation: np.ndarray
    first: np.ndarray  # [features, hidden]
    first_bias: np.ndarray
    second: np.ndarray  # [hidden, classes]
    second_bias: np.ndarray

    def hidden(self, features: np.ndarray) -> np.ndarray:
        """Return the hidden units' values [n, hidden]."""
        z = np.clip(standardized(features, self.centre, self.deviation), -CLIP, CLIP)
        found: np.ndarray = np.maximum(z @ self.first + self.first_bias, 0)
        return found

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Return scores [n, classes] of rows of features [n, features]."""
        found: np.ndarray = self.hidden(features) @ self.second + self.second_bias
        return found


def fit_dense(rows: Rows, seed: int, hidden: int = HIDDEN, epochs: int = EPOCHS) -> Dense:
    """Fit a dense head by Adam on the cross-entropy.

    The same rows and seed give the same head.
    """
    rng = np.random.default_rng(seed)
    centre, deviation = rows.features.mean(axis=0), rows.features.std(axis=0)
    z = np.clip(standardized(rows.features, centre, deviation), -CLIP, CLIP).astype(np.float32)
    y, w = rows.one_hot().astype(np.float32), (rows.weights / rows.weights.mean()).astype(np.float32)
    shapes = ((z.shape[1], hidden), (hidden,), (hidden, rows.classes), (rows.classes,))
    values: list[np.ndarray] = [
        rng.normal(0, np.sqrt(2 / s[0]), s).astype(np.float32) if len(s) == 2 else np.zeros(s, np.float32)
        for s in shapes
    ]
    adam = Adam(values, RATE, DECAY, epochs * -(-len(z) // BATCH))
    for _ in range(epochs):
        order = rng.permutation(len(z))
        for at in range(0, len(z), BATCH):
            batch = order[at:at + BATCH]
            adam.step(_slopes(adam.values, z[batch], y[batch], w[batch], rng))
    return Dense(centre, deviation, *(v.astype(np.float64) for v in adam.values))


def _slopes(
    values: list[np.ndarray], z: np.ndarray, y: np.ndarray, w: np.ndarray, rng: np.random.Generator
) -> list[np.ndarray]:
    """Return the loss's derivatives by each parameter, for one batch, with some hidden units left out."""
    first, first_bias, second, second_bias = values
    kept = (rng.random((len(z), first.shape[1])) >= DROPOUT).astype(np.float32) / (1 - DROPOUT)
    hidden = np.maximum(z @ first + first_bias, 0)
    dropped = hidden * kept
    off = (np.exp(log_softmax(dropped @ second + second_bias)) - y) * (w / len(z))[:, None]
    back = (off @ second.T) * kept * (hidden > 0)
    return [z.T @ back, back.sum(axis=0), dropped.T @ off, off.sum(axis=0)]
