# SPDX-License-Identifier: MIT
"""The closed-form head: leaving out by subtraction is leaving out, and penalties are chosen without what they judge."""

from __future__ import annotations

import numpy as np
import pytest

from midge.train.ridge import Rows, Sums, balanced_weights, fit_ridge, log_softmax, temperature


def rows(seed: int = 0, count: int = 60, features: int = 7, classes: int = 3, folds: int = 12) -> Rows:
    rng = np.random.default_rng(seed)
    targets = np.arange(count) % classes
    f = rng.normal(size=(count, features)) * 10.0 ** rng.integers(-1, 4, features) + rng.integers(-50, 5000, features)
    f[:, :classes] += 3 * np.eye(classes)[targets] * f[:, :classes].std(axis=0)
    f[:, -1] = 12  # says nothing
    return Rows(f, targets, balanced_weights(targets, classes), np.arange(count) * folds // count,
                np.ones(count, bool), classes)


def direct(r: Rows, kept: np.ndarray, penalty: float) -> np.ndarray:
    """Scores of all rows by a fit to some, as the textbook has it."""
    f, w, y = r.features[kept], r.weights[kept] / r.weights[kept].sum(), r.one_hot()[kept]
    mean = w @ f
    deviation = np.sqrt(w @ (f - mean) ** 2)
    use = deviation > 1e-3
    z = (f - mean)[:, use] / deviation[use]
    prior = w @ y
    weights = np.linalg.solve((z * w[:, None]).T @ z + penalty * np.eye(use.sum()), (z * w[:, None]).T @ (y - prior))
    return (r.features - mean)[:, use] / deviation[use] @ weights + prior


def test_left_out_scores_are_those_of_fits_without() -> None:
    r = rows()
    ridge = fit_ridge(r, [0.1])
    for fold in range(12):
        mine = r.folds == fold
        np.testing.assert_allclose(ridge.left_out[mine], direct(r, ~mine, 0.1)[mine], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ridge.head.scores(r.features), direct(r, np.ones(60, bool), 0.1), rtol=1e-6, atol=1e-8)


def test_a_fold_has_no_say_in_its_penalty() -> None:
    r = rows()
    r.targets[:5] = 2 - r.targets[:5]  # a fold of wrong labels
    both = fit_ridge(r, [0.001, 10.0])
    errors = {}
    for penalty in (0.001, 10.0):
        scores = np.zeros((60, 3))
        for fold in range(12):
            mine = r.folds == fold
            scores[mine] = direct(r, ~mine, penalty)[mine]
        errors[penalty] = ((scores - r.one_hot()) ** 2).sum(axis=1) * r.weights
    for fold in range(12):
        mine = r.folds == fold
        best = min(errors, key=lambda p: errors[p][~mine].sum())
        np.testing.assert_allclose(both.left_out[mine], direct(r, ~mine, best)[mine], rtol=1e-6, atol=1e-8)


def test_sums_add_and_subtract() -> None:
    r = rows()
    y = r.one_hot()
    a, b = Sums.of(r.features[:20], y[:20], r.weights[:20]), Sums.of(r.features[20:], y[20:], r.weights[20:])
    whole = Sums.of(r.features, y, r.weights)
    np.testing.assert_allclose((a + b).second, whole.second)
    np.testing.assert_allclose((whole - b).cross, a.cross, rtol=1e-9)


def test_classes_weigh_the_same() -> None:
    targets = np.array([0] * 30 + [1] * 5 + [2])
    weights = balanced_weights(targets, 4)
    assert [weights[targets == k].sum() for k in range(3)] == pytest.approx([12, 12, 12])


def test_temperature_is_the_likeliest() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(4000, 3))
    p = np.exp(log_softmax(5 * scores))
    targets = np.array([rng.choice(3, p=row) for row in p])
    assert temperature(scores, targets, np.ones(4000)) == pytest.approx(5, rel=0.1)
