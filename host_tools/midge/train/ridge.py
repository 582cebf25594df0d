# SPDX-License-Identifier: MIT
"""A linear head in closed form, and what it says about rows that it was not fitted to.

Ridge regression of one-hot targets on standardised features: W = (R + lambda I)^-1 c, with R the correlations of the
features and c their covariances with the targets (Hoerl and Kennard 1970, Technometrics 12:55). All that a fit needs
of a group of rows is their sums of products. So leaving a group out is a subtraction, and validation is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

CLIP = 8.0  # deviations beyond which a feature says no more
FACTORS = np.geomspace(2, 12, 37)  # that make scores of 0 to 1 as sure as they are right
LAMBDAS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True)
class Linear:
    """scores = (f - centre) / deviation, within +-CLIP, @ weights + bias; what never changes has a deviation of 0."""

    centre: np.ndarray  # [features]
    deviation: np.ndarray  # [features]
    weights: np.ndarray  # [features, classes]
    bias: np.ndarray  # [classes]

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Return scores [n, classes] of rows of features [n, features]."""
        z = np.clip(standardized(features, self.centre, self.deviation), -CLIP, CLIP)
        found: np.ndarray = z @ self.weights + self.bias
        return found


def standardized(features: np.ndarray, centre: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return (features - centre) / deviation, 0 where the deviation is 0."""
    z: np.ndarray = (features - centre) * np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 0)
    return z


@dataclass
class Sums:
    """Weighted sums over rows of features f and targets y: of 1, f, f f', y and f y'."""

    weight: float
    first: np.ndarray
    second: np.ndarray
    targets: np.ndarray
    cross: np.ndarray

    @classmethod
    def of(cls, f: np.ndarray, y: np.ndarray, w: np.ndarray) -> Sums:
        """Sum rows: f [n, features], y [n, classes], w [n]."""
        wf = f * w[:, None]
        return cls(float(w.sum()), wf.sum(axis=0), wf.T @ f, w @ y, wf.T @ y)

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.weight + other.weight, self.first + other.first, self.second + other.second,
                    self.targets + other.targets, self.cross + other.cross)

    def __sub__(self, other: Sums) -> Sums:
        return Sums(self.weight - other.weight, self.first - other.first, self.second - other.second,
                    self.targets - other.targets, self.cross - other.cross)

    def solve(self, lambdas: Sequence[float], alike: bool = False) -> list[Linear]:
        """Return the ridge solution for each lambda. alike: all features are of one unit, and stay in proportion."""
        centre, prior = self.first / self.weight, self.targets / self.weight
        covariance = self.second / self.weight - np.outer(centre, centre)
        variance = _level(covariance.diagonal()) if alike else covariance.diagonal()
        deviation = np.where(variance > 1e-9, np.sqrt(np.maximum(variance, 0)), 0.0)
        scale = np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 0.0)
        correlation = covariance * np.outer(scale, scale)
        right = (self.cross / self.weight - np.outer(centre, prior)) * scale[:, None]
        eye = np.eye(len(centre))
        return [Linear(centre, deviation, np.linalg.solve(correlation + a * eye, right), prior) for a in lambdas]


@dataclass
class Rows:
    """What a head is fitted to. features [n, F] float64, targets [n] class numbers, weights [n], folds [n].

    own: the rows that are takes themselves, not variants or made; only those are counted when validating.
    counts: int16 [n, samples, columns], what the features are of; n is 0 where no head looks at them.
    """

    features: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    folds: np.ndarray
    own: np.ndarray
    classes: int
    counts: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0), np.int16))

    def part(self, which: np.ndarray) -> Rows:
        """Return some of the rows, flags or indices [n]."""
        return Rows(self.features[which], self.targets[which], self.weights[which], self.folds[which], self.own[which],
                    self.classes, self.counts[which] if len(self.counts) else self.counts)

    def one_hot(self) -> np.ndarray:
        """Return the targets as [n, classes]."""
        found: np.ndarray = np.eye(self.classes)[self.targets]
        return found


@dataclass
class Ridge:
    """A fitted head, and the scores [rows, classes] that fits without each row's own fold gave it."""

    head: Linear
    left_out: np.ndarray
    penalty: float
    parts: list[Sums]  # of each fold, for the learning curve
    origin: tuple[np.ndarray, np.ndarray]  # what the parts' features were standardised by


def balanced_weights(targets: np.ndarray, classes: int) -> np.ndarray:
    """Return weights [n] under which all classes weigh the same, 1 a row on average."""
    counts = np.bincount(targets, minlength=classes)
    share = len(targets) / max(int(np.count_nonzero(counts)), 1)
    each: np.ndarray = (share / np.maximum(counts, 1))[targets]
    return each


def _level(variance: np.ndarray) -> np.ndarray:
    return np.full_like(variance, variance.mean())


def fit_ridge(rows: Rows, lambdas: Sequence[float] = LAMBDAS, alike: bool = False) -> Ridge:
    """Fit a head to all rows, and, for each fold, one to all others. alike: see Sums.solve.

    The penalty is the one with the least squared error on rows left out. Scores of a fold are those of the penalty
    that was best on the other folds, so that no row has a say in what it is judged by.
    """
    centre, deviation = rows.features.mean(axis=0), rows.features.std(axis=0)
    deviation = np.sqrt(_level(deviation**2)) if alike else deviation
    z, y = standardized(rows.features, centre, deviation), rows.one_hot()
    count = int(rows.folds.max()) + 1
    inside = [np.flatnonzero(rows.folds == fold) for fold in range(count)]
    parts = [Sums.of(z[i], y[i], rows.weights[i]) for i in inside]
    total = sum(parts[1:], parts[0])
    scores = np.zeros((len(lambdas), len(z), rows.classes))
    errors = np.zeros((len(lambdas), count))
    for fold, (index, part) in enumerate(zip(inside, parts, strict=True)):
        own = index[rows.own[index]]
        for k, head in enumerate((total - part).solve(lambdas, alike)):
            scores[k, index] = head.scores(z[index])
            misses = ((scores[k, own] - y[own]) ** 2).sum(axis=1)
            errors[k, fold] = (misses * rows.weights[own]).sum()
    everywhere = errors.sum(axis=1)
    left_out = np.zeros((len(z), rows.classes))
    for fold, index in enumerate(inside):
        left_out[index] = scores[int(np.argmin(everywhere - errors[:, fold])), index]
    best = int(np.argmin(everywhere))
    head = _unfold(total.solve(lambdas[best:best + 1], alike)[0], centre, deviation)
    return Ridge(head, left_out, lambdas[best], parts, (centre, deviation))


def _unfold(head: Linear, centre: np.ndarray, deviation: np.ndarray) -> Linear:
    """Return a head that was fitted to standardised features as one of the features themselves."""
    return Linear(centre + deviation * head.centre, deviation * head.deviation, head.weights, head.bias)


def temperature(
    scores: np.ndarray, targets: np.ndarray, weights: np.ndarray, factors: np.ndarray = FACTORS
) -> float:
    """Return the factor that makes softmax(factor * scores) the likeliest for these targets (Guo et al. 2017, ICML).

    scores: of rows left out, [n, classes]. The factor is bounded, so that few rows that are all right do not make
    every answer certain.
    """
    losses = [float((weights * -log_softmax(f * scores)[np.arange(len(targets)), targets]).sum()) for f in factors]
    return float(factors[int(np.argmin(losses))])


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Return the logarithms of softmax over the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    found: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return found
