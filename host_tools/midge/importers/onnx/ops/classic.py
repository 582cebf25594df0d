# SPDX-License-Identifier: MIT
"""ONNX-ML, the ops of classic models (domain ai.onnx.ml), as skl2onnx writes them for scikit-learn's.

They become what midge.importers.estimators makes of the estimators themselves. The name of the class that won is left
to the board, which finds it by the scores. Source: the documentation of ai.onnx.ml, versions 1 to 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ....graph import Tensor, Unsupported, forests
from ....graph.forests import Forest, Tree
from ..registry import onnx_op
from ..values import OnnxContext, OnnxNode, Value

# What may be done with the name of a class; nothing of it is left on the board.
NAMING = frozenset(("Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Gather", "ArrayFeatureExtractor",
                    "LabelEncoder"))
MOST_OUTPUTS, MOST_VALUES = 1024, 1 << 24  # of an ensemble of trees
TINY = 1e-30  # added to what is divided by, so that rows of zeros stay zeros


def _numbers(node: OnnxNode, *names: str) -> np.ndarray:
    """Return the first attribute of these names as numbers, empty where there is none."""
    for name in names:
        if name in node.attrs:
            return np.asarray(node.attrs[name]).reshape(-1)
    return np.zeros(0)


def _one_of(node: OnnxNode, name: str, wanted: Sequence[str], default: str) -> str:
    """Return an attribute of text. Raises Unsupported where it is none of these."""
    found = str(node.attrs.get(name, default))
    if found not in wanted:
        raise Unsupported(f"{name} {found}; {', '.join(wanted)} can run")
    return found


def _name_classes(ctx: OnnxContext, node: OnnxNode) -> int:
    """Note what the classes are called, and return how many there are."""
    for name in ("classlabels_strings", "classlabels_int64s", "classlabels_ints"):
        if name in node.attrs and len(node.attrs[name]):
            found = [c.decode(errors="replace") if isinstance(c, bytes) else str(c) for c in node.attrs[name]]
            if not all(label.isprintable() for label in found):
                raise Unsupported("control characters in the name of a class; export it again")
            ctx.labels = found
            return len(found)
    raise Unsupported("names no classes; export it again")


# Before and after models


@onnx_op("Scaler")
def scaler(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Add (x - offset) * scale."""
    x = ctx.plain(node.input(0))
    for op, name in (("SUB", "offset"), ("MUL", "scale")):
        values = _numbers(node, name).astype(np.float32)
        if len(values) not in (1, x.shape[-1]):
            raise Unsupported(f"{len(values)} values of {name} for {x.shape[-1]} features; export it again")
        x = ctx.build.binary(op, x, ctx.build.constant(values), node.name)
    return ctx.value(x)


@onnx_op("Normalizer")
def normalizer(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Divide each row by the sum of its absolutes or the root of the sum of its squares."""
    norm, x = _one_of(node, "norm", ("L1", "L2"), "L1"), ctx.plain(node.input(0))
    build, maker = ctx.build, ctx.build.producer(x)
    if norm == "L1" and maker is not None and maker.op == "SOFTMAX":
        return ctx.value(x)  # which sums to 1
    size = build.like("ABS", x) if norm == "L1" else build.binary("MUL", x, x)
    total = build.reduce("SUM", size, [len(x.shape) - 1], True)
    total = total if norm == "L1" else build.like("SQRT", total)
    return ctx.value(build.binary("DIV", x, build.binary("ADD", total, build.scalar(TINY)), node.name))


@onnx_op("ZipMap")
def zip_map(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Give scores their classes' names."""
    _name_classes(ctx, node)
    return node.input(0)


@onnx_op("ArrayFeatureExtractor")
def extract(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Take columns. Of a classifier's two scores, both are kept: the board answers with the larger."""
    x, indices = node.input(0), node.input(1)
    if x.is_constant:  # the names of classes, by a number that is worked out
        return ctx.label(node.name)
    chosen = [int(i) for i in node.known(1, "columns").reshape(-1)]
    last = len(x.shape) - 1
    if not all(0 <= i < x.shape[last] for i in chosen) or indices.data is None:
        raise Unsupported(f"columns {chosen} of {x.shape[last]}; export it again")
    if chosen == [1] and len(ctx.labels) == x.shape[last] == 2:
        return x
    t = ctx.plain(x)
    return ctx.value(ctx.build.concatenate([ctx.build.along(t, last, i, i + 1) for i in chosen], last, node.name))


@onnx_op("LabelEncoder")
def encode(ctx: OnnxContext, node: OnnxNode) -> Value:
    raise Unsupported("a table from values to others; only names of classes, which the board does not need, may be "
                      "encoded")


# Linear models


def _linear(ctx: OnnxContext, node: OnnxNode, weights: np.ndarray, bias: np.ndarray) -> Tensor:
    x = ctx.plain(node.input(0))
    features, rows = x.shape[-1], max(len(bias), 1)
    if len(weights) != rows * features:
        raise Unsupported(f"{len(weights)} coefficients for {features} features and {rows} outputs; export it again")
    return ctx.build.dense(x, weights.reshape(rows, features).astype(np.float32), bias.astype(np.float32), node.name)


def _both_signs(weights: np.ndarray, bias: np.ndarray, first: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a lone score as those of two classes: the one before times `first`, and itself."""
    return np.concatenate([first * weights, weights]), np.concatenate([first * bias, bias])


@onnx_op("LinearClassifier")
def linear_classifier(ctx: OnnxContext, node: OnnxNode) -> list[Value]:
    """Add scores of classes; probabilities where post_transform makes them."""
    then = _one_of(node, "post_transform", ("NONE", "SOFTMAX", "LOGISTIC"), "NONE")
    node.attrs.get("multi_class")
    classes = _name_classes(ctx, node)
    weights, bias = _numbers(node, "coefficients"), _numbers(node, "intercepts")
    rows = len(weights) // node.input(0).shape[-1]
    bias = bias if len(bias) else np.zeros(rows)
    if classes == 2 and rows == 1:
        weights, bias = _both_signs(weights, bias, 0 if then == "SOFTMAX" else -1)
    elif classes != rows:
        raise Unsupported(f"coefficients of {rows} scores for {classes} classes; export it again")
    scores = _linear(ctx, node, weights, bias)
    if then != "NONE":
        scores = ctx.build.like("LOGISTIC", scores) if then == "LOGISTIC" else ctx.build.add(
            "SOFTMAX", [scores], scores.shape, node.name, beta=1.0)
    return [ctx.label(node.name), ctx.value(scores)]


@onnx_op("LinearRegressor")
def linear_regressor(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Add numbers that are sums of the features."""
    _one_of(node, "post_transform", ("NONE",), "NONE")
    rows = int(node.attrs.get("targets", 1))
    bias = _numbers(node, "intercepts")
    return ctx.value(_linear(ctx, node, _numbers(node, "coefficients"), bias if len(bias) else np.zeros(rows)))


def _machine(node: OnnxNode) -> tuple[np.ndarray, np.ndarray]:
    """Return what a linear support vector machine of one score multiplies features with, and what it adds."""
    _one_of(node, "kernel_type", ("LINEAR",), "LINEAR")
    _one_of(node, "post_transform", ("NONE",), "NONE")
    node.attrs.get("kernel_params")
    alphas, vectors, rho = (_numbers(node, name) for name in ("coefficients", "support_vectors", "rho"))
    features = node.input(0).shape[-1]
    if not len(vectors):  # coefficients of the features themselves
        vectors, alphas = alphas, np.ones(1)
    if len(rho) != 1 or len(vectors) != len(alphas) * features:
        raise Unsupported(f"{len(vectors)} values of support vectors for {features} features; export it again")
    return alphas @ vectors.reshape(-1, features), rho


@onnx_op("SVMRegressor")
def machine_regressor(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Add a linear machine's number."""
    for name in ("n_supports", "one_class"):
        if name == "one_class" and node.attrs.get(name, 0):
            raise Unsupported("a machine of one class; midge train --normal learns what is normal")
        node.attrs.get(name)
    return ctx.value(_linear(ctx, node, *_machine(node)))


@onnx_op("SVMClassifier")
def machine_classifier(ctx: OnnxContext, node: OnnxNode) -> list[Value]:
    """Add a linear machine's scores of two classes, its decision and the negative."""
    classes = _name_classes(ctx, node)
    if classes != 2 or len(_numbers(node, "prob_a")):
        what = "probabilities of its own" if classes == 2 else f"{classes} classes, each against each"
        raise Unsupported(f"a support vector machine with {what}; fit a LinearSVC or a LogisticRegression")
    node.attrs.get("vectors_per_class")
    weights, rho = _machine(node)
    return [ctx.label(node.name), ctx.value(_linear(ctx, node, *_both_signs(-weights, -rho, -1)))]


# Trees


@dataclass
class _Nodes:
    """The nodes of all trees of an ensemble, and what their leaves add: [nodes, outputs], and if they say for which."""

    tree: np.ndarray
    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray
    says: np.ndarray
    lost: np.ndarray | None  # where a NaN goes to the left, if the trees say where

    def trees(self) -> list[Tree]:
        """Return the trees, each with its root first. Raises Unsupported where one is none."""
        found = []
        for number in np.unique(self.tree):
            mine = np.flatnonzero(self.tree == number)
            at = np.full(len(self.tree), -1)
            children = np.concatenate([self.left[mine], self.right[mine]])
            children = children[children >= 0]
            roots = np.setdiff1d(mine, children)
            if len(roots) != 1 or len(np.unique(children)) != len(children) or self._reached(roots) != len(mine):
                raise Unsupported(f"nodes that make no tree ({len(roots)} roots in tree {number}); export it again")
            order = np.concatenate([roots, mine[mine != roots[0]]])
            at[order] = np.arange(len(order))
            left, right = (np.where(side[order] >= 0, at[side[order]], -1) for side in (self.left, self.right))
            found.append(Tree(left, right, self.feature[order], self.threshold[order], self.value[order],
                              None if self.lost is None else self.lost[order]))
        return found


    def _reached(self, level: np.ndarray) -> int:
        """Return how many nodes are below some, they included. No node is a child of two."""
        count = 0
        while len(level):
            count += len(level)
            below = np.concatenate([self.left[level], self.right[level]])
            level = below[below >= 0]
        return count


MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "LEAF")


def _nodes(node: OnnxNode, what: str, outputs: int, features: int) -> _Nodes:
    """Read an ensemble. what: "class" or "target", whose weights the leaves hold. Raises Unsupported."""
    tree, number, feature, yes, no = (_numbers(node, f"nodes_{n}ids").astype(np.int64) for n in (
        "tree", "node", "feature", "truenode", "falsenode"))
    modes = [m.decode(errors="replace") if isinstance(m, bytes) else str(m) for m in node.attrs.get("nodes_modes", [])]
    threshold = _numbers(node, "nodes_values", "nodes_values_as_tensor").astype(np.float64)
    node.attrs.get("nodes_hitrates")
    tracks = _numbers(node, "nodes_missing_value_tracks_true").astype(bool)
    tracks = tracks if len(tracks) else np.zeros(len(tree), bool)
    if not set(modes) <= set(MODES):
        raise Unsupported(f"nodes of mode {', '.join(sorted(set(modes) - set(MODES)))}; {', '.join(MODES)} can run")
    if len({len(a) for a in (tree, number, feature, yes, no, modes, threshold, tracks)}) != 1 or not len(tree):
        raise Unsupported("nodes with something missing; export it again")
    if not 1 <= outputs <= MOST_OUTPUTS or outputs * len(tree) > MOST_VALUES:
        raise Unsupported(f"{len(tree)} nodes for {outputs} outputs, which no board has room for")
    place = {(int(t), int(n)): i for i, (t, n) in enumerate(zip(tree, number, strict=True))}
    leaf = np.array([m == "LEAF" for m in modes])
    if not ((feature[~leaf] >= 0) & (feature[~leaf] < features)).all():
        raise Unsupported(f"a split of feature {int(feature[~leaf].max())} of {features}; export it again")
    left, right = (np.array([-1 if done else place.get((int(t), int(n)), -2) for done, t, n in zip(
        leaf, tree, side, strict=True)]) for side in (yes, no))
    turned = np.array([m in ("BRANCH_GTE", "BRANCH_GT") for m in modes])
    left, right = np.where(turned, right, left), np.where(turned, left, right)
    below = np.array([m in ("BRANCH_LT", "BRANCH_GTE") for m in modes])  # x < t is x <= the float before t
    threshold = np.where(below, np.nextafter(threshold.astype(np.float32), np.float32(-np.inf)), threshold)
    value, says = np.zeros((len(tree), outputs)), np.zeros((len(tree), outputs), bool)
    sides = (_numbers(node, f"{what}_{n}").astype(np.int64) for n in ("treeids", "nodeids", "ids"))
    weights = _numbers(node, f"{what}_weights", f"{what}_weights_as_tensor")
    for t, n, k, w in zip(*sides, weights, strict=True):
        at = place.get((int(t), int(n)), -1)
        if at < 0 or not 0 <= k < outputs or not np.isfinite(w):
            raise Unsupported(f"a weight of node {n} of tree {t}, output {k}, that makes no sense; export it again")
        value[at, k] += w
        says[at, k] = True
    if (left < -1).any() or (right < -1).any() or not np.isfinite(threshold[~leaf]).all():
        raise Unsupported("a split without a child or a limit; export it again")
    return _Nodes(tree, left, right, np.where(leaf, 0, feature), np.where(leaf, 0, threshold), value, says,
                  tracks != turned if tracks[~leaf].any() else None)


def _sums(ctx: OnnxContext, node: OnnxNode, found: _Nodes, start: np.ndarray) -> Value:
    """Add start plus the sum over the leaves. A tree adds to one output, so one with several is there several times."""
    outputs = len(start)
    columns: list[list[Tree]] = [[] for _ in range(outputs)]
    for tree in found.trees():
        used = [k for k in range(outputs) if tree.value[:, k].any()]
        for k in used or [0]:
            columns[k].append(Tree(tree.left, tree.right, tree.feature, tree.threshold, tree.value[:, k], tree.lost))
    nothing = Tree(np.array([-1]), np.array([-1]), np.array([0]), np.zeros(1), np.zeros(1))
    most = max(map(len, columns))
    dealt = [column[i] if i < len(column) else nothing for i in range(most) for column in columns]
    return _forest(ctx, node, dealt, lambda trees, features: forests.regressor(trees, features, outputs, list(start)))


def _forest(
    ctx: OnnxContext, node: OnnxNode, trees: Sequence[Tree], pack: Callable[[Sequence[Tree], int], Forest]
) -> Value:
    x = ctx.plain(node.input(0))
    if x.dtype != "float32" or x.elements != x.shape[-1]:
        raise Unsupported(f"trees over {x.dtype} of shape {list(x.shape)}; float32 features of one sample can run")

    try:
        y = forests.over_reals(ctx.build, x, trees, pack)
    except ValueError as error:
        raise Unsupported(str(error)) from error
    return ctx.value(ctx.build.reshape(y, (1, y.elements), node.name))


@onnx_op("TreeEnsembleRegressor")
def tree_regressor(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Add the sum, or the mean, over the leaves of all trees."""
    _one_of(node, "post_transform", ("NONE",), "NONE")
    mean = _one_of(node, "aggregate_function", ("SUM", "AVERAGE"), "SUM") == "AVERAGE"
    outputs = int(node.attrs.get("n_targets", 1))
    found = _nodes(node, "target", outputs, node.input(0).shape[-1])
    if mean:
        found.value /= len(np.unique(found.tree))
    base = _numbers(node, "base_values", "base_values_as_tensor")
    return _sums(ctx, node, found, base if len(base) else np.zeros(outputs))


@onnx_op("TreeEnsembleClassifier")
def tree_classifier(ctx: OnnxContext, node: OnnxNode) -> list[Value]:
    """Add shares of classes where leaves hold them, as those of a random forest; else sums, as those of boosting.

    What post_transform makes of sums has the same order: they stay sums, as scikit-learn's decision function is.
    """
    then = _one_of(node, "post_transform", ("NONE", "LOGISTIC", "SOFTMAX"), "NONE")
    classes = _name_classes(ctx, node)
    base = _numbers(node, "base_values", "base_values_as_tensor")
    found = _nodes(node, "class", classes, node.input(0).shape[-1])
    count, leaf = len(np.unique(found.tree)), found.left < 0
    known = np.flatnonzero(found.says.any(axis=0))
    if classes == 2 and len(known) == 1:  # of two classes, the second one's alone
        second = found.value[:, known[0]]
        shares = then == "NONE" and not len(base) and (second >= 0).all()
        found.value = np.stack([np.where(leaf, 1 / count - second, 0) if shares else -second, second], axis=1)
        base = np.array([-base[0], base[0]]) if len(base) else base
    names = ctx.label(node.name)
    whole = np.isclose(found.value[leaf].sum(axis=1), 1 / count, atol=1e-5).all()
    if then == "NONE" and not len(base) and whole and (found.value[leaf] > -1e-5).all():
        found.value = np.maximum(found.value, 0)
        return [names, _forest(ctx, node, found.trees(), forests.classifier)]
    if len(base) not in (0, classes):
        raise Unsupported(f"{len(base)} base values of {classes} classes; export it again")
    return [names, _sums(ctx, node, found, base if len(base) else np.zeros(classes))]
