# SPDX-License-Identifier: MIT
"""Forests on the core that boards run, against scikit-learn's answers to the same integers, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midge.graph import forests
from midge.graph.forests import Forest, Tree, classifier, regressor, whole_threshold
from tests.support import motion as reference

tree = pytest.importorskip("sklearn.tree")
ensemble = pytest.importorskip("sklearn.ensemble")


def data(seed: int, n: int, classes: int, noise: float = 5000, features: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    x = rng.normal(0, 3000, (classes, features))[y] + rng.normal(0, noise, (n, features))
    return np.clip(np.round(x), -32768, 32767).astype(np.int16), y


def arrays(estimator: Any, value: np.ndarray | None = None) -> Tree:
    t = estimator.tree_
    return Tree(t.children_left, t.children_right, t.feature, t.threshold, t.value[:, 0, :] if value is None else value)


def sums(forest: Forest, x: np.ndarray) -> np.ndarray:
    made = reference.converted((forest.features,), lambda build, t: forests.trees(build, t, forest))
    return np.array(reference.answers(made, *x))


@pytest.mark.parametrize("kind, options", [
    ("RandomForestClassifier", {"n_estimators": 10, "max_depth": 8}),
    ("RandomForestClassifier", {"n_estimators": 7}),
    ("ExtraTreesClassifier", {"n_estimators": 10, "min_samples_leaf": 4}),
    ("BaggingClassifier", {"n_estimators": 5}),
])
@pytest.mark.parametrize("classes", [2, 5])
def test_ensembles_of_classifiers(kind: str, options: dict[str, Any], classes: int) -> None:
    x, y = data(1, 500, classes)
    model = getattr(ensemble, kind)(random_state=2, **options).fit(x, y)
    found = classifier([arrays(t) for t in model.estimators_], x.shape[1])
    fresh = np.concatenate([x, data(3, 1000, classes)[0]])
    y = sums(found, fresh)
    assert np.array_equal(y.argmax(1), model.predict(fresh))
    assert y * found.scale == pytest.approx(model.predict_proba(fresh), abs=1e-5)


def test_a_forest_keeps_to_its_budget() -> None:
    x, y = data(4, 300, 3, 2500, 50)
    model = ensemble.RandomForestClassifier(10, max_depth=8, random_state=0).fit(x, y)
    found = classifier([arrays(t) for t in model.estimators_], 50)
    made = reference.converted((50,), lambda build, t: forests.trees(build, t, found))
    nodes = sum(t.tree_.node_count for t in model.estimators_)
    assert found.halfwords.nbytes <= 4 * nodes
    assert len(made.blob) <= 4096


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(2, 4))
def test_any_tree(seed: int, depth: int, classes: int) -> None:
    x, y = data(seed, 200, classes, 8000, 4)
    model = tree.DecisionTreeClassifier(max_depth=depth, splitter="random", random_state=seed % 99).fit(x, y)
    found = classifier([arrays(model)], 4)
    assert np.array_equal(sums(found, x).argmax(1), model.predict(x))


def test_regression_and_boosting() -> None:
    x, _ = data(6, 400, 3)
    y = x[:, 0] / 100.0 + (x[:, 1] > 0) * 50
    forest = ensemble.RandomForestRegressor(8, max_depth=6, random_state=0).fit(x, y)
    found = regressor([arrays(t, t.tree_.value[:, 0, 0] / 8) for t in forest.estimators_], x.shape[1])
    assert (sums(found, x) * found.scale)[:, 0] == pytest.approx(forest.predict(x), abs=8 * found.scale)
    boosted = ensemble.GradientBoostingRegressor(n_estimators=30, random_state=0).fit(x, y)
    stages = [arrays(t[0], t[0].tree_.value[:, 0, 0] * boosted.learning_rate) for t in boosted.estimators_]
    found = regressor(stages, x.shape[1], start=[float(boosted.init_.constant_.item())])
    assert (sums(found, x) * found.scale)[:, 0] == pytest.approx(boosted.predict(x), abs=31 * found.scale)


def test_boosting_adds_to_each_class_in_turn() -> None:
    x, y = data(7, 400, 3)
    model = ensemble.GradientBoostingClassifier(n_estimators=10, init="zero", random_state=0).fit(x, y)
    stages = [arrays(t, t.tree_.value[:, 0, 0] * model.learning_rate) for stage in model.estimators_ for t in stage]
    found = regressor(stages, x.shape[1], 3, [0, 0, 0])
    assert sums(found, x) * found.scale == pytest.approx(model.decision_function(x), abs=11 * found.scale)
    assert np.array_equal(sums(found, x).argmax(1), model.predict(x))


def stump(threshold: float, leaves: Sequence[int] = (0, 1)) -> Forest:
    value = np.eye(2)[[0, *leaves]]
    left, right = np.array([1, -1, -1]), np.array([2, -1, -1])
    return classifier([Tree(left, right, left * 0, np.array([threshold, 0, 0]), value)], 1)


@pytest.mark.parametrize("threshold", [-1e9, -32769, -32768.5, -32768, -7.5, -7, 0, 0.49, 32766.9, 32767, 1e9])
def test_thresholds_are_exact_for_every_integer(threshold: float) -> None:
    x = np.array([-32768, -32767, -8, -7, -6, 0, 1, 32766, 32767], np.int16)
    assert np.array_equal(sums(stump(threshold), x[:, None]).argmax(1), x > threshold)


@settings(max_examples=25)
@given(st.floats(-40, 40), st.sampled_from([0.001, 0.1, 1 / 3]), st.integers(-100, 100))
def test_thresholds_of_what_integers_stand_for(threshold: float, scale: float, zero_point: int) -> None:
    def real(q: np.ndarray) -> np.ndarray:
        return ((q - zero_point) * scale).astype(np.float32)

    limit = whole_threshold(threshold, real)
    every = np.arange(-32768, 32768)
    assert np.array_equal(every <= limit, real(every).astype(float) <= threshold)


def test_what_says_the_same_on_both_sides_is_a_leaf() -> None:
    assert list(stump(3, (1, 1)).halfwords) == [1, 1]
    assert list(stump(1e9).halfwords) == [1, 0] and list(stump(-1e9).halfwords) == [1, 1]


def test_what_no_forest_can_be() -> None:
    with pytest.raises(ValueError, match="0 trees"):
        classifier([], 3)
    leaf = Tree(np.array([-1]), np.array([-1]), np.array([0]), np.array([0.0]), np.array([1.0]))
    with pytest.raises(ValueError, match="features"):
        regressor([leaf], 20000)
    with pytest.raises(ValueError, match="centre the targets"):
        regressor([leaf], 1, start=[1e9])
    with pytest.raises(ValueError, match="wanted int16"):
        reference.converted((2,), lambda build, t: forests.trees(build, t, regressor([leaf], 1)))
