# SPDX-License-Identifier: MIT
"""Decision forests as the op TREES has them: trees of any library in, halfwords of core/kernels/motion/trees.c out.

Inputs are int16, so `x <= threshold` with a real threshold is `x <= floor(threshold)`, exactly. Where the integers
stand for real numbers that a library compares in float32, `whole_threshold` finds the integer that divides them in the
same way, by asking for each what it stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .builder import Builder
from .graph import Quantization, Tensor

VOTES, ROWS, VALUES = range(3)  # what a leaf holds; core/kernels/motion/trees.c
LEFT_LEAF, RIGHT_LEAF, MOST_FEATURES = 0x4000, 0x8000, 0x4000
LOW, HIGH = -32768, 32767
NONE = np.zeros(0, np.uint16)
STEPS = 32000  # from the middle of the thresholds of a feature to the last one
# What a probability of 1 is in a row: 2^4 * 3^2 * 5 * 7 * 11, so that shares of few samples are exact, and ties ties.
WHOLE = 55440


@dataclass(frozen=True)
class Tree:
    """A binary tree as arrays over its nodes, the root first, as in scikit-learn's `tree_`.

    left, right: indices of children, left < 0 for a leaf; x goes to the left where x[feature] <= threshold.
    value: what a leaf adds: [nodes, outputs] of shares or [nodes] of numbers.
    lost: where a NaN goes to the left, else to the right; None where features are numbers.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    value: np.ndarray
    lost: np.ndarray | None = None


@dataclass
class Forest:
    """What TREES runs. real output = scale * the op's. rows: uint16 [rows, outputs]; start: int32 [outputs]."""

    leaves: int
    halfwords: np.ndarray
    trees: int
    features: int
    rows: np.ndarray
    start: np.ndarray
    scale: float


def whole_threshold(threshold: float, real: Callable[[np.ndarray], np.ndarray]) -> int:
    """Return the greatest int16 whose real value is at most the threshold, LOW - 1 where there is none.

    real: what int16 values stand for, never falling, in the float type that the library compares in.
    """
    values = real(np.arange(LOW, HIGH + 1))
    return LOW - 1 + int(np.searchsorted(values.astype(np.float64), threshold, side="right"))


def classifier(trees: Sequence[Tree], features: int) -> Forest:
    """Return the forest whose outputs are the mean of the trees' leaf shares: class probabilities.

    Where every leaf is of one class, trees vote, and leaves take no table. Raises ValueError.
    """
    _check(trees, features)
    values = np.concatenate([tree.value for tree in trees])
    is_leaf = np.concatenate([tree.left < 0 for tree in trees])
    shares = np.where(is_leaf[:, None], values / np.where(is_leaf, values.sum(1), 1)[:, None], 0)
    outputs, ends = shares.shape[1], np.cumsum([len(tree.left) for tree in trees])[:-1]
    start = np.zeros(outputs, np.int32)
    if np.all(shares[is_leaf].max(1) == 1):
        votes = np.split(shares.argmax(1), ends)
        rows = np.zeros((0, outputs), np.uint16)
        return _packed(trees, votes, Forest(VOTES, NONE, len(trees), features, rows, start, 1 / len(trees)))
    rows, row_of = np.unique(np.round(shares[is_leaf] * WHOLE).astype(np.uint16), axis=0, return_inverse=True)
    payload = np.zeros(len(shares), np.int64)
    payload[is_leaf] = row_of.reshape(-1)
    empty = Forest(ROWS, NONE, len(trees), features, rows, start, 1 / (WHOLE * len(trees)))
    return _packed(trees, np.split(payload, ends), empty)


def regressor(trees: Sequence[Tree], features: int, outputs: int = 1, start: Sequence[float] = (0.0,)) -> Forest:
    """Return the forest whose outputs are start plus the sum of the trees' values; tree i adds to output i % outputs.

    Values are rounded to 16 bits of the largest one. Raises ValueError.
    """
    _check(trees, features)
    values = [tree.value.reshape(-1) for tree in trees]
    most = max((float(np.abs(v[t.left < 0]).max()) for v, t in zip(values, trees, strict=True)), default=0.0)
    scale = most / HIGH or 1.0
    payloads = [np.round(v / scale).clip(LOW, HIGH).astype(np.int64) & 0xFFFF for v in values]
    whole = np.round(np.asarray(start, float) / scale)
    if np.abs(whole).max() + len(trees) * 32768 >= 2**31:
        raise ValueError(f"a start of {max(map(abs, start)):g} for trees that add {most:g} at most; centre the targets")
    if len(whole) != outputs:
        raise ValueError(f"{len(whole)} starts for {outputs} outputs")
    rows = np.zeros((0, outputs), np.uint16)
    return _packed(trees, payloads, Forest(VALUES, NONE, len(trees), features, rows, whole.astype(np.int32), scale))


def trees(build: Builder, x: Tensor, forest: Forest) -> Tensor:
    """Add a forest over int16 [features]. Return int32 [outputs], of which ARG_MAX is the class. Raises ValueError."""
    if x.dtype != "int16" or x.elements != forest.features:
        raise ValueError(f"'{x.name}' is {x.dtype} of {x.elements}; wanted int16 of {forest.features} features")
    inputs = [x, build.constant(forest.halfwords, "trees"), build.constant(forest.start, "start"),
              build.constant(forest.rows, "rows") if len(forest.rows) else None]
    real = Quantization(np.array([forest.scale], np.float32), np.array([0], np.int64))
    return build.add("TREES", inputs, [len(forest.start)], "trees", "int32", real, trees=forest.trees,
                     leaves=forest.leaves)


def over_reals(
    build: Builder, x: Tensor, found: Sequence[Tree], pack: Callable[[Sequence[Tree], int], Forest]
) -> Tensor:
    """Add a forest over float32 features [..., n]. pack: makes a forest of trees over so many whole numbers.

    Features of whole numbers, whose thresholds are the middles between them, are compared as they are; others are
    spread over 16 bits from the least threshold to the greatest, half a step about which is all that can differ.
    Return int32 [outputs]. Raises ValueError.
    """
    one = Quantization(np.array([1], np.float32), np.array([0], np.int64))
    x, found, lost = _apart(build, x, found)
    steps = x
    if not between_whole_numbers(found):
        limits = [np.unique(np.concatenate([t.threshold[(t.left >= 0) & (t.feature == i)] for t in found]))
                  for i in range(x.elements)]
        middle, factor = np.array([_spread(inside) for inside in limits]).T
        off = build.binary("SUB", x, build.constant(middle, "middle"), "off")
        steps = build.binary("MUL", off, build.constant(factor, "factor"), "steps")
        found = [replace(t, threshold=(t.threshold - middle[t.feature]) * factor[t.feature]) for t in found]
    if lost is not None:
        missing = build.binary("NOT_EQUAL", x, x, "missing", "bool")
        steps = build.add("SELECT_V2", [missing, build.constant(lost, "lost"), steps], x.shape, "steps")
    whole = build.add("QUANTIZE", [steps], x.shape, "whole", "int16", one)
    return trees(build, whole, pack(found, x.elements))


def _apart(build: Builder, x: Tensor, found: Sequence[Tree]) -> tuple[Tensor, Sequence[Tree], np.ndarray | None]:
    """Return features, trees and what stands for a NaN of each: less or more than any threshold.

    A feature whose NaN goes to the left in some nodes and to the right in others is there twice.
    """
    ways = [(int(i), bool(left)) for t in found if t.lost is not None
            for i, left in zip(t.feature[t.left >= 0], t.lost[t.left >= 0], strict=True)]
    if not ways:
        return x, found, None
    to_left, to_right = ({i for i, left in ways if left is way} for way in (True, False))
    twice = sorted(to_left & to_right)
    again = {i: x.elements + k for k, i in enumerate(twice)}
    lost = np.array([LOW if i in to_left else HIGH for i in range(x.elements)] + [HIGH] * len(twice), np.float32)
    last = len(x.shape) - 1
    parts = [build.along(x, last, i, i + 1) for i in twice]
    moved = [replace(t, feature=np.array([i if left else again.get(int(i), i) for i, left in zip(
        t.feature, t.lost, strict=True)])) if t.lost is not None else t for t in found]
    return build.concatenate([x, *parts], last, "features") if parts else x, moved, lost


def between_whole_numbers(found: Sequence[Tree]) -> bool:
    """Tell whether thresholds are the middles between whole numbers, as they are where features are of that kind."""
    limits = np.concatenate([t.threshold[t.left >= 0] for t in found])
    return bool(np.all(np.abs(2 * limits - np.round(2 * limits)) < 1e-9) and np.abs(limits).max(initial=0) < HIGH)


def _spread(limits: np.ndarray) -> tuple[float, float]:
    """Return the middle of a feature's thresholds, in order, and the factor that puts the outer ones STEPS from it."""
    if not len(limits):
        return 0.0, 0.0
    low, high = float(limits[0]), float(limits[-1])
    return (low + high) / 2, STEPS / max((high - low) / 2, 1e-3 * max(abs(low), abs(high), 1e-3))


def _check(trees: Sequence[Tree], features: int) -> None:
    if not trees or features > MOST_FEATURES:
        raise ValueError(f"{len(trees)} trees over {features} features; wanted 1 to 32767 over at most {MOST_FEATURES}")


@dataclass
class _Emitter:
    """One tree's halfwords. Splits that no int16 can take, or whose sides say the same, are left out."""

    tree: Tree
    payload: np.ndarray
    out: list[int] = field(default_factory=list)

    def settled(self) -> dict[int, int]:
        """Return, of every node, the node that stands for it: a leaf for one whose sides say the same."""
        stands: dict[int, int] = {}
        for node in self._children_first():
            left, right = int(self.tree.left[node]), int(self.tree.right[node])
            if left < 0:
                stands[node] = node
                continue
            left, right, limit = stands[left], stands[right], self.limit(node)
            same = self.tree.left[left] < 0 and self.tree.left[right] < 0 and self.payload[left] == self.payload[right]
            stands[node] = left if same or limit >= HIGH else right if limit < LOW else node
        return stands

    def limit(self, node: int) -> int:
        return int(np.floor(np.clip(self.tree.threshold[node], LOW - 1, HIGH)))

    def _children_first(self) -> list[int]:
        order, todo = [], [0]
        while todo:
            node = todo.pop()
            order.append(node)
            if self.tree.left[node] >= 0:
                todo += [int(self.tree.left[node]), int(self.tree.right[node])]
        return order[::-1]

    def emit(self) -> list[int]:
        """Return the tree without its count. Raises ValueError for one that is too large."""
        stands = self.settled()
        root = stands[0]
        if self.tree.left[root] < 0:
            return [int(self.payload[root])]
        todo: list[tuple[int, int]] = [(root, -1)]  # nodes, and where the distance to each is to be written
        while todo:
            node, named_at = todo.pop()
            at = len(self.out)
            if named_at >= 0:
                self.out[named_at] = at - (named_at - 2)
            left, right = stands[int(self.tree.left[node])], stands[int(self.tree.right[node])]
            leaves = [self.tree.left[child] < 0 for child in (left, right)]
            header = int(self.tree.feature[node]) | LEFT_LEAF * leaves[0] | RIGHT_LEAF * leaves[1]
            self.out += [self.limit(node) & 0xFFFF, header]
            self.out += [int(self.payload[child]) for child, leaf in zip((left, right), leaves, strict=True) if leaf]
            if not any(leaves):
                self.out.append(0)
                todo.append((right, at + 2))
            elif not leaves[1]:
                todo.append((right, -1))
            if not leaves[0]:
                todo.append((left, -1))
        if len(self.out) > 0xFFFF:
            raise ValueError(f"a tree of {len(self.tree.left)} nodes; limit its depth or its leaves")
        return self.out


def _packed(trees: Sequence[Tree], payloads: Sequence[np.ndarray], forest: Forest) -> Forest:
    """Return a forest with the halfwords of its trees. payloads: what the leaf at each node says."""
    halfwords: list[int] = []
    for tree, payload in zip(trees, payloads, strict=True):
        nodes = _Emitter(tree, payload).emit()
        halfwords += [len(nodes), *nodes]
    return replace(forest, halfwords=np.array(halfwords, np.uint16))
