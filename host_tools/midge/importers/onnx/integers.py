# SPDX-License-Identifier: MIT
"""Arithmetic on int64, which boards do in int32: refused where results may not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...graph import Tensor, Unsupported
from .ops.elementwise import each
from .values import OnnxContext, OnnxNode, Value

Bounds = tuple[int, int]

ANYTHING: Bounds = (-(2**31), 2**31 - 1)  # what an int32 may be
_INT64 = 7  # of ONNX's numbers of types
_NARROW: dict[str, Bounds] = {"bool": (0, 1), "int8": (-128, 127), "uint8": (0, 255), "int16": (-(2**15), 2**15 - 1)}


def _products(a: Bounds, b: Bounds) -> Bounds:
    ends = [x * y for x in a for y in b]
    return min(ends), max(ends)


_ARITHMETIC: dict[str, Callable[[Bounds, Bounds], Bounds]] = {
    "Add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "Sum": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "Sub": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "Mul": _products,
    "Max": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "Min": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
}
_UNBOUNDED = ("ReduceSum", "ReduceProd", "ReduceSumSquare", "MatMul", "Pow", "Neg", "Abs")
_MOVES = ("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Split", "Gather", "Expand",
          "Tile", "ReduceMax", "ReduceMin", "Dropout")


_TOO_WIDE = ("int64 arithmetic whose results may need more than 32 bits, which boards do not have; cast to float32 "
             "before it, or to int32 where they fit")


def _fits(bounds: Bounds) -> bool:
    return ANYTHING[0] <= bounds[0] and bounds[1] <= ANYTHING[1]


def _ratio(ctx: OnnxContext, x: Tensor, m: int, d: int, name: str) -> Tensor:
    def by(op: str, t: Tensor, number: int) -> Tensor:
        return ctx.build.binary(op, t, ctx.build.constant(np.array(number, np.int32)), name)

    q = by("DIV", x, d)
    rest = ctx.build.binary("SUB", x, by("MUL", q, d), name)
    return ctx.build.binary("ADD", by("MUL", q, m), by("DIV", by("MUL", rest, m), d), name)


class IntegerBounds:
    """Between which numbers the values of a graph are that stand for int64."""

    def __init__(self) -> None:
        self._known: dict[str, Bounds] = {}
        self._products: dict[str, tuple[Value, int, Bounds]] = {}  # that only a division reads: value, factor

    def anything(self, name: str) -> None:
        """Note that a value stands for int64."""
        self._known[name] = ANYTHING

    def ratio(self, ctx: OnnxContext, raw: Any, node: OnnxNode, readers: Sequence[Any]) -> Value | None:
        """Import x * m / d of constants m and d without the product, where that might not fit; None where it does.

        readers: the nodes that read what this one gives. With x = q * d + r, where q and r have the sign of x,
        the quotient, rounded towards zero, is q * m + r * m / d. Raises Unsupported.
        """
        if node.op == "Mul":
            bounds = self._result(raw, node)
            if bounds is None or _fits(bounds) or len(readers) != 1 or readers[0].op_type != "Div":
                return None
            x, factor = sorted((node.input(0), node.input(1)), key=lambda v: v.is_constant)
            if factor.data is None or factor.data.size != 1 or readers[0].input[0] != raw.output[0]:
                return None
            known = self._bounds(raw.input[0] if x is node.input(0) else raw.input[1], x) or ANYTHING
            self._products[raw.output[0]] = x, int(factor.data.reshape(-1)[0]), known
            return x
        if raw.input[0] not in self._products:
            return None
        (x, m, (low, high)), divisor = self._products[raw.input[0]], node.known(1, "divisors").reshape(-1)
        d = int(divisor[0])
        ends = sorted(int(np.sign(end)) * (abs(end) * abs(m) // max(d, 1)) for end in (low, high))
        if len(divisor) != 1 or d <= 0 or abs(m) * d > ANYTHING[1] or not _fits((ends[0], ends[1])):
            raise Unsupported(_TOO_WIDE)
        self._known[raw.output[0]] = -max(map(abs, ends)), max(map(abs, ends))
        return each(ctx, x, lambda t: _ratio(ctx, t, m, d, node.name))

    def check(self, raw: Any, node: OnnxNode, results: Sequence[Value]) -> None:
        """Note the bounds of what a node gives. Raises Unsupported where they are not those of int32."""
        bounds = self._result(raw, node)
        if bounds is None:
            return
        if not _fits(bounds):
            raise Unsupported(_TOO_WIDE)
        for name, value in zip(raw.output, results, strict=False):
            if value.tensor is None or value.tensor.dtype == "int32":
                self._known[name] = bounds

    def _result(self, raw: Any, node: OnnxNode) -> Bounds | None:
        """Return the bounds of what a node gives; None where it is no int64."""
        if node.op in ("ArgMax", "ArgMin"):
            shape = node.input(0).shape
            return 0, max(shape[node.attrs.get("axis", 0) % len(shape)] - 1, 0)
        read = 1 if node.op.startswith("Reduce") else len(node.inputs)  # the other input names axes
        found = [self._bounds(name, value) for name, value in zip(raw.input[:read], node.inputs[:read], strict=True)]
        if node.op == "Cast":
            source = node.input(0).tensor
            narrow = _NARROW.get(source.dtype, ANYTHING) if source is not None else ANYTHING
            return (found[0] or narrow) if node.attrs["to"] == _INT64 else None
        if node.op in _MOVES:
            return found[0]
        if all(b is None for b in found) or node.op not in (*_ARITHMETIC, *_UNBOUNDED, "Concat", "Where", "Div", "Mod"):
            return None
        given = [ANYTHING if b is None else b for b in found[1 if node.op == "Where" else 0 :]]
        if node.op in _UNBOUNDED:
            return -(2**63), 2**63 - 1
        if node.op not in _ARITHMETIC:
            return ANYTHING if node.op == "Div" else (min(b[0] for b in given), max(b[1] for b in given))
        bounds = given[0]
        for other in given[1:]:
            bounds = _ARITHMETIC[node.op](bounds, other)
        return bounds

    def _bounds(self, name: str, value: Value | None) -> Bounds | None:
        if value is not None and value.data is not None and value.data.dtype == np.int64 and value.data.size:
            return int(value.data.min()), int(value.data.max())
        return self._known.get(name)
