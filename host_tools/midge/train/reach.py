# SPDX-License-Identifier: MIT
"""How far a movement may be from all gestures and still be one.

A head says which gesture a window is most like, whatever it shows: walking, far from all of them, is often clearly most
like one. So a window counts as a gesture only within a distance of the middle of one, in deviations within gestures:
the root of the mean of their squares over the features, of which those that tell moving from rest count several times.
The limit is one that takes left out, and their variants, exceed once in 50.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .ridge import Rows

KEPT = 0.98  # of gestures left out
PULSES = 4.0  # as how many features each of short frames counts
LEAST = 1e-9  # deviation of a feature that tells something


@dataclass(frozen=True)
class Reach:
    """Middles [gestures, features] and deviations [features] of standardised features, and the farthest distance."""

    middles: np.ndarray
    deviation: np.ndarray
    limit: float

    def distances(self, z: np.ndarray) -> np.ndarray:
        """Return the distance of rows z [n, features] from the nearest middle, in limits."""
        return _distances(z, self.middles, self.deviation) / self.limit


def _distances(z: np.ndarray, middles: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    scale = np.where(deviation > LEAST, 1 / np.maximum(deviation, LEAST), 0)
    found = np.full(len(z), np.inf)
    for middle in middles:
        found = np.minimum(found, np.sqrt(np.mean(((z - middle) * scale) ** 2, axis=1)))
    return found


def fit_reach(rows: Rows, z: np.ndarray, gestures: Sequence[int], pulses: slice) -> tuple[Reach, np.ndarray]:
    """Fit to rows of standardised features z [n, features]. pulses: which of them are of short frames.

    Also returns the distance of each row from gestures without its fold, in limits that come from the other folds.
    """
    count = int(rows.folds.max()) + 1
    shape = (count, len(gestures))
    number, first, second = np.zeros(shape), np.zeros((*shape, z.shape[1])), np.zeros((*shape, z.shape[1]))
    for fold in range(count):
        for k, target in enumerate(gestures):
            inside = z[(rows.folds == fold) & (rows.targets == target)]
            number[fold, k], first[fold, k], second[fold, k] = len(inside), inside.sum(axis=0), (inside**2).sum(axis=0)

    worth = np.ones(z.shape[1])
    worth[pulses] = PULSES

    def without(fold: int | None) -> tuple[np.ndarray, np.ndarray]:
        n, s, q = (total.sum(axis=0) - (0 if fold is None else total[fold]) for total in (number, first, second))
        there = n > 0
        middles = s[there] / n[there][:, None]
        variance = (q[there] / n[there][:, None] - middles**2).mean(axis=0)
        return middles, np.sqrt(np.maximum(variance, 0) / worth)

    away = np.zeros(len(z))
    for fold in range(count):
        mine = rows.folds == fold
        away[mine] = _distances(z[mine], *without(fold))
    loud = np.isin(rows.targets, gestures)
    limits = np.array([np.quantile(away[loud & (rows.folds != fold)], KEPT) for fold in range(count)])
    return Reach(*without(None), float(np.quantile(away[loud], KEPT))), away / limits[rows.folds]
