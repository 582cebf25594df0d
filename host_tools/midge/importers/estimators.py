# SPDX-License-Identifier: MIT
"""scikit-learn's fitted estimators, as objects: what they learned is read from their attributes.

scikit-learn itself is not imported. Files of its models are pickles, which run whatever is in them: they are never
opened.

Scalers in a pipeline are folded into what follows. Linear models and perceptrons become float layers, which can be
quantised as any others; centroids are a linear layer, too, since |x - c|^2 is smallest where 2 c x - |c|^2 is largest.
Trees compare integers: of features that are whole numbers exactly as scikit-learn does; others are first spread over 16
bits between the least and the greatest threshold, where the half of a step about a threshold is all that can differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import UserError
from ..graph import Graph, Quantization, Tensor, forests
from ..graph.builder import Builder
from ..graph.forests import Forest, Tree


@dataclass(frozen=True)
class Scaling:
    """What scalers make of the features: x * factor + shift, [features] each."""

    factor: np.ndarray
    shift: np.ndarray


def is_estimator(model: Any) -> bool:
    """Tell whether a model is a fitted object of scikit-learn's kind."""
    return hasattr(model, "predict") and hasattr(model, "get_params")


def read_estimator(model: Any, name: str | None = None) -> Graph:
    """Return the graph of a fitted estimator, or of a pipeline of scalers and one. name: what the device calls it.

    Raises UserError for what cannot be converted.
    """
    build = Builder(name or type(model).__name__)
    steps = [step for _, step in model.steps] if hasattr(model, "steps") else [model]
    last, count = steps[-1], int(getattr(model, "n_features_in_", 0))
    if not count:
        raise UserError(f"{type(model).__name__}: is not fitted; call fit() first")
    scaling = Scaling(np.ones(count), np.zeros(count))
    for step in steps[:-1]:
        scaling = _scaled(scaling, step)
    read = READERS.get(type(last).__name__)
    if read is None:
        raise UserError(f"{type(last).__name__}: cannot be converted; {', '.join(READERS)} can")
    x, y = read(build, last, scaling)
    graph = build.graph([x], [y])
    graph.labels = [str(label) for label in getattr(last, "classes_", [])]
    return graph


def _scaled(before: Scaling, step: Any) -> Scaling:
    """Return a scaling followed by a scaler."""
    kind = type(step).__name__
    if step == "passthrough" or step is None:
        return before
    count = len(before.factor)
    if kind in ("StandardScaler", "RobustScaler"):
        middle = step.mean_ if kind == "StandardScaler" else step.center_
        middle = np.zeros(count) if middle is None else middle
        factor = np.ones(count) if step.scale_ is None else 1 / step.scale_
        shift = -middle * factor
    elif kind == "MinMaxScaler":
        factor, shift = step.scale_, step.min_
    elif kind == "MaxAbsScaler":
        factor, shift = 1 / step.scale_, np.zeros(count)
    else:
        raise UserError(f"{kind}: cannot be converted; StandardScaler, RobustScaler, MinMaxScaler and MaxAbsScaler can")
    return Scaling(before.factor * factor, before.shift * factor + shift)


# Layers


def _linear(build: Builder, scaling: Scaling, weights: np.ndarray, bias: np.ndarray) -> tuple[Tensor, Tensor]:
    """Return the input, and the layer on scaled features; weights [outputs, features]."""
    x = Tensor("features", (1, len(scaling.factor)), "float32")
    return x, build.dense(x, weights * scaling.factor, bias + weights @ scaling.shift, "layer")


def _softmax(build: Builder, scores: Tensor) -> Tensor:
    return build.add("SOFTMAX", [scores], scores.shape, "scores", beta=1.0)


def _coefficients(model: Any) -> tuple[np.ndarray, np.ndarray]:
    weights = np.atleast_2d(np.asarray(model.coef_, float))
    return weights, np.broadcast_to(np.asarray(model.intercept_, float).reshape(-1), (len(weights),))


def _regression(build: Builder, model: Any, scaling: Scaling) -> tuple[Tensor, Tensor]:
    return _linear(build, scaling, *_coefficients(model))


def _decision(build: Builder, model: Any, scaling: Scaling) -> tuple[Tensor, Tensor]:
    """Add scores of classes; of two, the decision function and its negative."""
    weights, bias = _coefficients(model)
    if len(weights) == 1:
        weights, bias = np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
    return _linear(build, scaling, weights, bias)


def _logistic(build: Builder, model: Any, scaling: Scaling) -> tuple[Tensor, Tensor]:
    """Add probabilities; those of two classes are the softmax of 0 and the decision function."""
    weights, bias = _coefficients(model)
    if len(weights) == 1:
        weights, bias = np.concatenate([0 * weights, weights]), np.concatenate([0 * bias, bias])
    x, y = _linear(build, scaling, weights, bias)
    return x, _softmax(build, y)


def _centroids(build: Builder, model: Any, scaling: Scaling) -> tuple[Tensor, Tensor]:
    """Add scores that are highest for the nearest centre."""
    if getattr(model, "metric", "euclidean") != "euclidean":
        raise UserError(f"{type(model).__name__}: metric {model.metric!r}; 'euclidean' can be converted")
    centres = np.asarray(model.centroids_ if hasattr(model, "centroids_") else model.cluster_centers_, float)
    return _linear(build, scaling, 2 * centres, -(centres**2).sum(axis=1))


ACTIVATIONS = {"identity": None, "relu": "RELU", "tanh": "TANH", "logistic": "LOGISTIC"}


def _perceptron(build: Builder, model: Any, scaling: Scaling) -> tuple[Tensor, Tensor]:
    layers = [(w.T, b) for w, b in zip(model.coefs_, model.intercepts_, strict=True)]
    then = ACTIVATIONS[model.activation]
    if model.out_activation_ == "logistic":
        weights, bias = layers[-1]
        if len(bias) != 1:
            raise UserError("MLPClassifier: has several labels a sample, which cannot be converted; fit one class each")
        layers[-1] = np.concatenate([0 * weights, weights]), np.concatenate([0 * bias, bias])
    x, y = _linear(build, scaling, *layers[0])
    for weights, bias in layers[1:]:
        y = build.dense(y if then is None else build.like(then, y), weights, bias, "layer")
    return x, y if model.out_activation_ == "identity" else _softmax(build, y)


# Trees


def _trees(
    build: Builder, trees: Sequence[Tree], scaling: Scaling, pack: Callable[[Sequence[Tree], int], Forest]
) -> tuple[Tensor, Tensor]:
    """Return the input, and the sums over the leaves of a forest. pack: makes a forest of trees over whole numbers."""
    count = len(scaling.factor)
    if (scaling.factor < 0).any():
        raise UserError("a scaler of a negative factor before trees; leave it out: trees need no scaler")
    trees = [replace(t, threshold=np.where(t.left < 0, 0, (t.threshold - scaling.shift[t.feature]) / np.where(
        scaling.factor[t.feature] > 0, scaling.factor[t.feature], 1))) for t in trees]
    if forests.between_whole_numbers(trees):
        x = Tensor("features", (count,), "int16", Quantization(np.array([1], np.float32), np.array([0], np.int64)))
        return x, forests.trees(build, x, pack(trees, count))
    x = Tensor("features", (count,), "float32")
    return x, forests.over_reals(build, x, trees, pack)


def _tree(estimator: Any, value: np.ndarray | None = None) -> Tree:
    t = estimator.tree_
    if t.n_outputs != 1:
        raise UserError(f"{type(estimator).__name__}: has {t.n_outputs} targets a sample; one can be converted")
    return Tree(t.children_left, t.children_right, np.maximum(t.feature, 0), t.threshold,
                t.value[:, 0, :] if value is None else value)


def _forest_classifier(build: Builder, model: Any, scaling: Scaling) -> tuple[Tensor, Tensor]:
    trees = [_tree(t) for t in getattr(model, "estimators_", [model])]
    return _trees(build, trees, scaling, forests.classifier)


def _forest_regressor(build: Builder, model: Any, scaling: Scaling) -> tuple[Tensor, Tensor]:
    members = getattr(model, "estimators_", [model])
    trees = [_tree(t, t.tree_.value[:, 0, 0] / len(members)) for t in members]
    return _trees(build, trees, scaling, forests.regressor)


def _boosted(build: Builder, model: Any, scaling: Scaling) -> tuple[Tensor, Tensor]:
    """Add the sums of all stages; of two classes, the sum and its negative."""
    start = [float(v) for v in model._raw_predict_init(np.zeros((1, len(scaling.factor)), np.float32))[0]]
    signs = (-1.0, 1.0) if hasattr(model, "classes_") and len(start) == 1 else (1.0,)
    trees = [_tree(t, sign * model.learning_rate * t.tree_.value[:, 0, 0]) for stage in model.estimators_
             for t in stage for sign in signs]
    starts = [sign * s for s in start for sign in signs]
    return _trees(build, trees, scaling,
                  lambda found, features: forests.regressor(found, features, len(starts), starts))


Reader = Callable[[Builder, Any, Scaling], tuple[Tensor, Tensor]]
READERS: dict[str, Reader] = {
    **dict.fromkeys(("DecisionTreeClassifier", "ExtraTreeClassifier", "RandomForestClassifier", "ExtraTreesClassifier"),
                    _forest_classifier),
    **dict.fromkeys(("DecisionTreeRegressor", "ExtraTreeRegressor", "RandomForestRegressor", "ExtraTreesRegressor"),
                    _forest_regressor),
    **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), _boosted),
    "LogisticRegression": _logistic,
    **dict.fromkeys(("RidgeClassifier", "RidgeClassifierCV", "LinearSVC", "SGDClassifier", "Perceptron"), _decision),
    **dict.fromkeys(("LinearRegression", "Ridge", "RidgeCV", "Lasso", "ElasticNet", "LinearSVR", "SGDRegressor"),
                    _regression),
    **dict.fromkeys(("MLPClassifier", "MLPRegressor"), _perceptron),
    **dict.fromkeys(("NearestCentroid", "KMeans", "MiniBatchKMeans"), _centroids),
}
