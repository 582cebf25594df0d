# SPDX-License-Identifier: MIT
"""scikit-learn's estimators as .midge files: what they answer is what scikit-learn predicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from midge.api import convert
from midge.errors import UserError
from midge.importers.estimators import READERS

pytest.importorskip("sklearn")

from sklearn import cluster, ensemble, linear_model, naive_bayes, neighbors, neural_network, svm, tree
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, Normalizer, RobustScaler, StandardScaler

FEATURES = 8
MODULES = (cluster, ensemble, linear_model, neighbors, neural_network, svm, tree)
SMALL: dict[str, dict[str, Any]] = {
    "RandomForest": {"n_estimators": 7, "max_depth": 6, "random_state": 0},
    "ExtraTrees": {"n_estimators": 7, "random_state": 0}, "ExtraTree": {"random_state": 0},
    "GradientBoosting": {"n_estimators": 6, "random_state": 0},
    "MLP": {"hidden_layer_sizes": (12,), "max_iter": 150, "random_state": 0},
    "KMeans": {"n_clusters": 4, "random_state": 0, "n_init": 1}, "LinearSV": {"random_state": 0},
    "MiniBatchKMeans": {"n_clusters": 4, "random_state": 0, "n_init": 1},
    "SGD": {"random_state": 0}, "DecisionTree": {"max_depth": 7, "random_state": 0},
}


def is_regression(kind: str) -> bool:
    return kind in ("Ridge", "RidgeCV", "Lasso", "ElasticNet", "LinearRegression", "LinearSVR") or "Regressor" in kind


def estimator(kind: str) -> Any:
    made = next(getattr(module, kind) for module in MODULES if hasattr(module, kind))
    return made(**next((options for start, options in SMALL.items() if kind.startswith(start)), {}))


def samples(count: int, classes: int, seed: int, whole: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, count)
    x = np.random.default_rng(1).normal(0, 1.5, (classes, FEATURES))[y] + rng.normal(size=(count, FEATURES))
    return (np.round(x * 500) if whole else x * 10.0 ** np.arange(-3, 5)).astype(np.float32), y


def answers(fitted: Any, x: np.ndarray) -> tuple[np.ndarray, list[str]]:
    made = convert(fitted)
    return made.run(x.reshape(len(x), *made.engine.inputs[0].shape)).reshape(len(x), -1), made.labels


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("kind", "classes"), [
    (kind, n) for kind in READERS for n in ((2,) if is_regression(kind) else (2, 4))])
def test_each_predicts_as_scikit_learn_does(kind: str, classes: int) -> None:
    trees = "Tree" in kind or "Forest" in kind or "Boosting" in kind
    x, y = samples(300, classes, 2, whole=trees)
    fresh = samples(400, classes, 3, whole=trees)[0]
    names = np.array([f"c{i}" for i in range(classes)])
    wanted = y + x[:, 0] / np.abs(x[:, 0]).max() if is_regression(kind) else names[y]
    fitted = make_pipeline(StandardScaler(), estimator(kind)) if not trees else estimator(kind)
    fitted.fit(x, wanted)
    given, labels = answers(fitted, fresh)
    if is_regression(kind):
        close = np.isclose(given[:, 0], fitted.predict(fresh), rtol=1e-3, atol=1e-3)
        assert close.mean() >= (0.99 if kind.startswith("Extra") else 1)  # thresholds are not between whole numbers
        return
    said = given.argmax(axis=1)
    expected = fitted.predict(fresh)
    if labels:
        assert np.array_equal(np.array(labels)[said], expected)
    else:
        assert np.array_equal(said, expected)
    if hasattr(fitted, "predict_proba") and "Boosting" not in kind and not kind.startswith("NearestC"):
        np.testing.assert_allclose(given, fitted.predict_proba(fresh), atol=2e-5)


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), RobustScaler()])
def test_trees_of_real_features(scaler: Any) -> None:
    """Features from thousandths to tens of thousands, with a scaler and without."""
    x, y = samples(400, 4, 5)
    fresh = samples(2000, 4, 6)[0]
    for fitted in (estimator("RandomForestClassifier"), make_pipeline(scaler, estimator("RandomForestClassifier"))):
        fitted.fit(x, y)
        assert np.mean(answers(fitted, fresh)[0].argmax(axis=1) == fitted.predict(fresh)) >= 0.998


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_activations_and_quantisation(activation: str) -> None:
    x, y = samples(300, 3, 7)
    x = StandardScaler().fit_transform(x).astype(np.float32)
    fitted = neural_network.MLPClassifier((10, 6), activation=activation, max_iter=100, learning_rate_init=0.02,
                                          random_state=0).fit(x, y)
    np.testing.assert_allclose(answers(fitted, x)[0], fitted.predict_proba(x), atol=1e-4)
    small = convert(fitted, calibrate=x[:, None])
    assert small.report is not None
    assert np.mean(small.run(x[:, None]).reshape(len(x), -1).argmax(axis=1) == fitted.predict(x)) >= 0.97


def test_what_cannot_be_converted() -> None:
    x, y = samples(60, 2, 8)
    for model, words in (
        (tree.DecisionTreeClassifier(), "is not fitted; call fit"),
        (naive_bayes.GaussianNB().fit(x, y), "GaussianNB: cannot be converted; DecisionTreeClassifier"),
        (make_pipeline(Normalizer(), linear_model.Ridge()).fit(x, y), "Normalizer: cannot be converted; Standard"),
        (neighbors.NearestCentroid(metric="manhattan").fit(x, y), "metric 'manhattan'"),
        (tree.DecisionTreeRegressor().fit(x, np.stack([y, y], 1)), "has 2 targets a sample"),
    ):
        with pytest.raises(UserError, match=words):
            convert(model)
    with pytest.raises(UserError, match="trees are whole numbers already"):
        convert(tree.DecisionTreeClassifier().fit(x, y), calibrate=x)
