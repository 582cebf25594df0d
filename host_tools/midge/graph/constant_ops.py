# SPDX-License-Identifier: MIT
"""What constants become: the shape arithmetic and the moved constants that exporters leave in a graph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .graph import Node
from .tflite_ops import activation_of

Values = list[np.ndarray]
Evaluator = Callable[[Node, Values], np.ndarray]

_WHOLE = ("int32", "int64", "bool")  # quantised arithmetic is no arithmetic on the stored values


def _plain(function: Callable[..., np.ndarray]) -> Evaluator:
    """Return an op on whole numbers without an activation."""

    def evaluate(node: Node, values: Values) -> np.ndarray:
        if any(t is not None and (t.dtype not in _WHOLE or t.quantization is not None) for t in node.inputs):
            raise ValueError("not plain whole numbers")
        if activation_of(node):
            raise ValueError("a fused activation")
        return function(*values)

    return evaluate


def _reduction(function: Callable[..., np.ndarray]) -> Evaluator:
    def evaluate(node: Node, values: Values) -> np.ndarray:
        axes = tuple(int(a) for a in values[1].reshape(-1))
        keep = bool(node.attrs.get("keep_dims", False))
        return _plain(lambda x, _: function(x, axis=axes, keepdims=keep))(node, values)

    return evaluate


def _same_units(function: Evaluator) -> Evaluator:
    """Return an op that moves values, which must mean the same before and after."""

    def evaluate(node: Node, values: Values) -> np.ndarray:
        units = {(t.dtype, t.scale, t.zero_point) for t in [*node.inputs, *node.outputs]
                 if t is not None and t.dtype == node.outputs[0].dtype}
        if len(units) > 1 and node.outputs[0].dtype in ("int8", "uint8", "int16"):
            raise ValueError("parts of different scales")
        return function(node, values)

    return evaluate


def _truncated(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the quotient as C gives it."""
    if not np.all(b):
        raise ValueError("a division by zero")
    return np.asarray(np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b)))


def _slice(node: Node, values: Values) -> np.ndarray:
    begin = values[1].reshape(-1)
    return values[0][tuple(slice(int(b), int(b) + n) for b, n in zip(begin, node.outputs[0].shape, strict=True))]


def _gather(node: Node, values: Values) -> np.ndarray:
    if node.attrs.get("batch_dims", 0) or np.any(values[1] < 0):
        raise ValueError("batch dimensions")
    return np.take(values[0], values[1], axis=node.attrs.get("axis", 0))


PLAIN: dict[str, Callable[..., np.ndarray]] = {
    "ADD": np.add, "SUB": np.subtract, "MUL": np.multiply, "MAXIMUM": np.maximum, "MINIMUM": np.minimum,
    "DIV": _truncated, "FLOOR_DIV": np.floor_divide, "FLOOR_MOD": np.mod, "NEG": np.negative, "ABS": np.abs,
    "EQUAL": np.equal, "NOT_EQUAL": np.not_equal, "LESS": np.less, "LESS_EQUAL": np.less_equal,
    "GREATER": np.greater, "GREATER_EQUAL": np.greater_equal, "LOGICAL_AND": np.logical_and,
    "LOGICAL_OR": np.logical_or, "LOGICAL_NOT": np.logical_not, "SELECT": np.where, "SELECT_V2": np.where,
    "RANGE": np.arange,
}
_MOVES: dict[str, Evaluator] = {
    "CONCATENATION": lambda node, values: np.concatenate(values, axis=node.attrs["axis"]),
    "TRANSPOSE": lambda node, values: values[0].transpose(values[1].reshape(-1)),
    "SLICE": _slice,
    "GATHER": _gather,
    "TILE": lambda node, values: np.tile(values[0], values[1].reshape(-1)),
    "BROADCAST_TO": lambda node, values: np.broadcast_to(values[0], node.outputs[0].shape).copy(),
    "REVERSE_V2": lambda node, values: np.flip(values[0], tuple(values[1].reshape(-1))),
}

ARITHMETIC: dict[str, Evaluator] = {
    **{name: _plain(function) for name, function in PLAIN.items()},
    **{name: _same_units(function) for name, function in _MOVES.items()},
    "REDUCE_PROD": _reduction(np.prod),
    "SUM": _reduction(np.sum),
    "REDUCE_MAX": _reduction(np.max),
    "REDUCE_MIN": _reduction(np.min),
    "REDUCE_ALL": _reduction(np.all),
    "REDUCE_ANY": _reduction(np.any),
    "BROADCAST_ARGS": lambda node, values: np.array(np.broadcast_shapes(*(tuple(v.tolist()) for v in values))),
    "RANK": lambda node, values: np.array(values[0].ndim),
    "ZEROS_LIKE": lambda node, values: np.zeros_like(values[0]),
    "FILL": lambda node, values: np.full(tuple(values[0].tolist()), values[1].reshape(())),
}
