# SPDX-License-Identifier: MIT
"""Layers and functions of several tensors, arithmetic, and sums along axes."""

from __future__ import annotations

from ....graph import Tensor, Unsupported
from ..registry import Call, KerasContext, function, layer

_BINARY = {
    "Add": "ADD", "Subtract": "SUB", "Multiply": "MUL", "Maximum": "MAXIMUM", "Minimum": "MINIMUM",
    "Divide": "DIV", "TrueDivide": "DIV", "SquaredDifference": "SQUARED_DIFFERENCE",
}
_REDUCTIONS = {"Mean": "MEAN", "Sum": "SUM", "Max": "REDUCE_MAX", "Amax": "REDUCE_MAX", "Min": "REDUCE_MIN",
               "Amin": "REDUCE_MIN", "Prod": "REDUCE_PROD"}


@layer("Add", "Subtract", "Multiply", "Maximum", "Minimum")
@function(*_BINARY)
def _binary(ctx: KerasContext, call: Call) -> Tensor:
    op = _BINARY[type(call.op).__name__]
    first, *others = (ctx.operand(value) for value in call.operands)
    for other in others:
        first = ctx.build.binary(op, first, other, call.name)
    return first


@layer("Average")
def _average(ctx: KerasContext, call: Call) -> Tensor:
    first, *others = (ctx.operand(value) for value in call.operands)
    for other in others:
        first = ctx.build.binary("ADD", first, other, call.name)
    return ctx.build.binary("MUL", first, ctx.build.scalar(1 / (len(others) + 1)), call.name)


@function("Power")
def _power(ctx: KerasContext, call: Call) -> Tensor:
    x, exponent = call.operands[:2]
    if not isinstance(x, Tensor) or isinstance(exponent, Tensor) or exponent not in (2, 0.5):
        raise Unsupported("powers but 2 and 0.5; write a product")
    return ctx.build.like("SQUARE" if exponent == 2 else "SQRT", x, call.name)


@layer("Concatenate")
@function("Concatenate")
def _concatenate(ctx: KerasContext, call: Call) -> Tensor:
    parts = [ctx.operand(value) for value in call.operands]
    return ctx.build.concatenate(parts, call.op.axis % len(parts[0].shape), call.name)


@function(*_REDUCTIONS)
def _reduction(ctx: KerasContext, call: Call) -> Tensor:
    x, axis = call.x, call.op.axis
    given = range(len(x.shape)) if axis is None else [axis] if isinstance(axis, int) else axis
    axes = [a % len(x.shape) for a in given]
    return ctx.build.reduce(_REDUCTIONS[type(call.op).__name__], x, axes, call.op.keepdims, call.name)


@layer("Dot")
def _dot(ctx: KerasContext, call: Call) -> Tensor:
    """Add the sums of products along an axis of each, for each sample."""
    a, b = call.operands
    axes = [call.op.axes] * 2 if isinstance(call.op.axes, int) else list(call.op.axes)
    turned = []
    for t, axis in zip((a, b), axes, strict=True):
        axis %= len(t.shape)
        t = ctx.build.transpose(t, [i for i in range(len(t.shape)) if i != axis] + [axis])
        if call.op.normalize:
            t = ctx.build.like("L2_NORMALIZATION", t, call.name)
        turned.append(t)
    return _products(ctx, call, turned[0], turned[1])


@function("Matmul")
def _matmul(ctx: KerasContext, call: Call) -> Tensor:
    a, b = (ctx.operand(value) for value in call.operands)
    if len(b.shape) < 2 or len(a.shape) < 2:
        raise Unsupported("a matrix times a vector; use a Dense layer, or keras.layers.Dot")
    if b.data is not None and len(b.shape) == 2:
        return ctx.build.dense(a, b.data.T, None, call.name)
    shape = (*a.shape[:-1], b.shape[-1])
    return ctx.build.add("BATCH_MATMUL", [a, b], shape, call.name, adj_x=False, adj_y=False)


def _products(ctx: KerasContext, call: Call, a: Tensor, b: Tensor) -> Tensor:
    """Add the rows of a, [N, ..., K], times those of b."""
    build = ctx.build
    if len(a.shape) == 2 and len(b.shape) == 2:
        return build.reduce("SUM", build.binary("MUL", a, b, call.name), [1], True, call.name)
    if max(len(a.shape), len(b.shape)) > 3:
        raise Unsupported(f"inputs of shape {list(a.shape)} and {list(b.shape)}; two and three axes can run")
    rows, columns = (build.reshape(t, (t.shape[0], -(-t.elements // (t.shape[0] * t.shape[-1])), t.shape[-1]))
                     for t in (a, b))
    shape = (a.shape[0], rows.shape[1], columns.shape[1])
    y = build.add("BATCH_MATMUL", [rows, columns], shape, call.name, adj_x=False, adj_y=True)
    return build.reshape(y, (a.shape[0], *a.shape[1:-1], *b.shape[1:-1]))
