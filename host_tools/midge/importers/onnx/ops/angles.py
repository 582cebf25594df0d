# SPDX-License-Identifier: MIT
"""Functions of single elements that boards have no op for, made of those that they have: of angles, and of NaN."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from ....graph import Tensor, Unsupported
from ....graph.builder import Builder
from ..registry import onnx_op
from ..values import OnnxContext, OnnxNode, Value
from .elementwise import each


class _Terms:
    """Formulas over the elements of one tensor."""

    def __init__(self, build: Builder, x: Tensor, name: str) -> None:
        self.build, self.x, self.name = build, x, name

    def __call__(self, op: str, *terms: Tensor | float, dtype: str = "") -> Tensor:
        a, *others = (self.build.scalar(t) if isinstance(t, (int, float)) else t for t in terms)
        return self.build.binary(op, a, others[0], self.name, dtype) if others else self.build.like(op, a, self.name)

    def cathetus(self) -> Tensor:
        """Return sqrt(1 - x^2), without cancellation where |x| is nearly 1."""
        return self("SQRT", self("MUL", self("SUB", 1.0, self.x), self("ADD", 1.0, self.x)))

    def odd(self, of_size: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the function that is of_size(|x|) with the sign of x."""
        return self("MUL", self("SIGN", self.x), of_size(self("ABS", self.x)))

    def sinh(self, a: Tensor) -> Tensor:
        """Return (e^a - e^-a) / 2 of a >= 0: with u = e^-a - 1, which ELU works out exactly, -(u + u / (1 + u)) / 2."""
        u = self("ELU", self("NEG", a))
        return self("MUL", self("ADD", u, self("DIV", u, self("ADD", u, 1.0))), -0.5)


_FORMULAS: dict[str, Callable[[_Terms], Tensor]] = {
    "Tan": lambda f: f("DIV", f("SIN", f.x), f("COS", f.x)),
    "Atan": lambda f: f("ATAN2", f.x, 1.0),
    "Asin": lambda f: f("ATAN2", f.x, f.cathetus()),
    "Acos": lambda f: f("ATAN2", f.cathetus(), f.x),
    "Sinh": lambda f: f.odd(f.sinh),
    "Cosh": lambda f: f("MUL", f("ADD", f("EXP", f.x), f("EXP", f("NEG", f.x))), 0.5),
    "Asinh": lambda f: f.odd(lambda a: f("LOG", f("ADD", a, f("SQRT", f("ADD", f("MUL", a, a), 1.0))))),
    "Acosh": lambda f: f("LOG", f("ADD", f.x, f("SQRT", f("MUL", f("SUB", f.x, 1.0), f("ADD", f.x, 1.0))))),
    "Atanh": lambda f: f("MUL", f("LOG", f("DIV", f("ADD", 1.0, f.x), f("SUB", 1.0, f.x))), 0.5),
    "IsNaN": lambda f: f("NOT_EQUAL", f.x, f.x, dtype="bool"),
}


@onnx_op(*_FORMULAS)
def composed(ctx: OnnxContext, node: OnnxNode) -> Value:
    return each(ctx, node.input(0), lambda t: _FORMULAS[node.op](_Terms(ctx.build, t, node.name)))


@onnx_op("IsInf")
def is_infinite(ctx: OnnxContext, node: OnnxNode) -> Value:
    negative, positive = node.attrs.get("detect_negative", 1), node.attrs.get("detect_positive", 1)
    if not negative and not positive:
        raise Unsupported("neither of the infinities looked for")

    def compared(t: Tensor) -> Tensor:
        f = _Terms(ctx.build, t, node.name)
        return f("EQUAL", f("ABS", t) if negative and positive else t, inf if positive else -inf, dtype="bool")

    return each(ctx, node.input(0), compared)
