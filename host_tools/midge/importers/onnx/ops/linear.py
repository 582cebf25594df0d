# SPDX-License-Identifier: MIT
"""Matrix products, and what goes along the last axis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ....graph import Tensor, Unsupported
from ..attributes import Attributes
from ..registry import onnx_op
from ..values import OnnxContext, OnnxNode, Value, identity
from .shapes import reduce_axes


def times(
    ctx: OnnxContext, node: OnnxNode, x: Value, weights: np.ndarray, bias: np.ndarray | None,
    steps: np.ndarray | None = None,
) -> Value:
    """Add x [..., K] times weights [K, N], which are multiples of steps.

    A flattened image stays as it is; the weights' rows are put in its order.
    """
    rows = weights.T
    if x.flat is not None and len(x.shape) == 2 and x.shape[0] == x.flat.shape[0] and x.flat.tensor is not None:
        image = x.flat
        places = np.arange(x.shape[1]).reshape(image.shape[1:])
        turned = places.transpose([axis - 1 for axis in image.order if axis != 0])
        if image.order[0] == 0 and image.tensor is not None:
            t = ctx.build.reshape(image.tensor, x.shape)
            return ctx.value(ctx.build.dense(t, np.ascontiguousarray(rows[:, turned.reshape(-1)]), bias, node.name,
                                              steps))
    return ctx.value(ctx.build.dense(ctx.plain(x), np.ascontiguousarray(rows), bias, node.name, steps))


@onnx_op("Gemm")
def gemm(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Add alpha * a * b + beta * c."""
    a, b = node.input(0), node.input(1)
    alpha, beta = node.attrs.get("alpha", 1.0), node.attrs.get("beta", 1.0)
    if node.attrs.get("transA", 0):
        a = ctx.value(ctx.build.transpose(ctx.plain(a), (1, 0)))
    c = node.inputs[2] if node.has(2) and beta != 0 else None
    if b.data is None or a.is_constant:
        if node.attrs.get("transB", 0):
            b = ctx.value(ctx.build.transpose(ctx.plain(b), (1, 0)))
        product = ctx.value(_two_activations(ctx, node, a, b))
        product = product if alpha == 1 else ctx.value(
            ctx.build.binary("MUL", ctx.plain(product), ctx.build.scalar(alpha), node.name))
    else:
        weights = (b.data.T if node.attrs.get("transB", 0) else b.data).astype(np.float32) * np.float32(alpha)
        bias = None
        if c is not None and c.data is not None and (c.data.size == 1 or c.data.size == c.data.shape[-1]):
            bias = np.broadcast_to(c.data.reshape(-1) * np.float32(beta), (weights.shape[1],)).astype(np.float32)
            c = None
        steps = node.steps(1, 0 if node.attrs.get("transB", 0) else 1) if alpha == 1 else None
        product = times(ctx, node, a, weights, bias, steps)
    if c is None:
        return product
    shift = ctx.broadcast(c, identity(2))
    if beta != 1:
        shift = ctx.build.binary("MUL", shift, ctx.build.scalar(beta), node.name)
    return ctx.value(ctx.build.binary("ADD", ctx.plain(product), shift, node.name))


def _two_activations(ctx: OnnxContext, node: OnnxNode, a: Value, b: Value) -> Tensor:
    left, right = ctx.plain(a), ctx.plain(b)
    if left.dtype == right.dtype == "int32":  # products and their sums, which wrap as everywhere
        rows = ctx.build.reshape(left, (*left.shape, 1))
        columns = ctx.build.reshape(right, (*right.shape[:-2], 1, *right.shape[-2:]))
        products = ctx.build.binary("MUL", rows, columns, node.name)
        return ctx.build.reduce("SUM", products, [len(products.shape) - 2], False, node.name)
    if left.dtype != "float32" or right.dtype != "float32":
        raise Unsupported(f"{left.dtype} times {right.dtype}; float32 and int32 can run")
    shape = (*np.broadcast_shapes(left.shape[:-2], right.shape[:-2]), left.shape[-2], right.shape[-1])
    return ctx.build.add("BATCH_MATMUL", [left, right], shape, node.name, adj_x=False, adj_y=False)


@onnx_op("MatMul")
def matmul(ctx: OnnxContext, node: OnnxNode) -> Value:
    a, b = node.input(0), node.input(1)
    if b.data is not None and b.data.ndim == 2 and b.data.dtype.kind == "f" and not a.is_constant and len(a.shape) > 1:
        return times(ctx, node, a, b.data.astype(np.float32), None, node.steps(1, 1))
    ranks = (len(a.shape), len(b.shape))
    if ranks[0] == 1:
        a = ctx.value(ctx.build.reshape(ctx.plain(a), (1, *a.shape)))
    if ranks[1] == 1:
        b = ctx.value(ctx.build.reshape(ctx.plain(b), (*b.shape, 1)))
    t = _two_activations(ctx, node, a, b)
    if 1 in ranks:
        shape = [d for i, d in enumerate(t.shape) if not (ranks[0] == 1 and i == len(t.shape) - 2)
                 and not (ranks[1] == 1 and i == len(t.shape) - 1)]
        t = ctx.build.reshape(t, shape)
    return ctx.value(t)


@onnx_op("Softmax", "LogSoftmax")
def softmax(ctx: OnnxContext, node: OnnxNode) -> Value:
    x, rank = node.input(0), len(node.input(0).shape)
    axis = node.attrs.get("axis", -1 if node.opset >= 13 else 1) % rank
    op = "SOFTMAX" if node.op == "Softmax" else "LOG_SOFTMAX"
    if node.opset < 13:  # over all axes from this one on
        t = ctx.plain(x)
        rows = ctx.build.reshape(t, (int(np.prod(x.shape[:axis])), int(np.prod(x.shape[axis:]))))
        return ctx.value(ctx.build.reshape(ctx.build.like(op, rows, node.name), x.shape, node.name))
    order = x.order if x.flat is None and x.order and x.order[-1] == axis else (
        *(i for i in range(rank) if i != axis), axis)
    return ctx.value(ctx.build.like(op, ctx.arranged(x, order), node.name), order)


_REDUCTIONS = {"ReduceMean": "MEAN", "ReduceSum": "SUM", "ReduceMax": "REDUCE_MAX", "ReduceMin": "REDUCE_MIN",
               "ReduceProd": "REDUCE_PROD"}


@onnx_op(*_REDUCTIONS)
def reduce(ctx: OnnxContext, node: OnnxNode) -> Value:
    return reduce_axes(ctx, node, _REDUCTIONS[node.op], node.input(0))


@onnx_op("ReduceL2", "ReduceSumSquare")
def reduce_squares(ctx: OnnxContext, node: OnnxNode) -> Value:
    x = node.input(0)
    t = ctx.plain(x)
    sums = reduce_axes(ctx, node, "SUM", ctx.value(ctx.build.binary("MUL", t, t, node.name)))
    return sums if node.op == "ReduceSumSquare" else ctx.value(ctx.build.like("SQRT", ctx.plain(sums), node.name))


@onnx_op("ReduceLogSumExp")
def reduce_exponentials(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Add max + log(sum(exp(x - max))), which no large number overflows."""
    x, build, keep = node.input(0), ctx.build, node.attrs.get("keepdims", 1)
    axes = {"axes": node.attrs["axes"]} if "axes" in node.attrs else {}
    kept = replace(node, attrs=Attributes({**axes, "keepdims": 1}))
    top = ctx.plain(reduce_axes(ctx, kept, "REDUCE_MAX", x))
    powers = build.like("EXP", build.binary("SUB", ctx.plain(x), top, node.name), node.name)
    sums = ctx.plain(reduce_axes(ctx, kept, "SUM", ctx.value(powers)))
    out = build.binary("ADD", build.like("LOG", sums, node.name), top, node.name)
    if keep or out.shape == ctx.plain(x).shape:
        return ctx.value(out)
    return ctx.value(build.reshape(out, [d for d, whole in zip(out.shape, x.shape, strict=True) if d == whole]))


@onnx_op("CumSum")
def running_sum(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Add a product with a triangle of ones along the axis."""
    x, build, rank = node.input(0), ctx.build, len(node.input(0).shape)
    axis = int(node.known(1, "axes").reshape(-1)[0]) % rank
    t = ctx.plain(x)
    if t.dtype != "float32":
        raise Unsupported(f"{t.dtype} tensors; float32 can run")
    triangle = np.tri(t.shape[axis], k=-1 if node.attrs.get("exclusive", 0) else 0, dtype=np.float32)
    order = [*(i for i in range(rank) if i != axis), axis]
    turned = build.dense(build.transpose(t, order), triangle[::-1, ::-1] if node.attrs.get("reverse", 0) else triangle,
                         name=node.name)
    return ctx.value(build.transpose(turned, [order.index(i) for i in range(rank)]))


@onnx_op("ArgMax", "ArgMin")
def arg(ctx: OnnxContext, node: OnnxNode) -> Value:
    x, rank = node.input(0), len(node.input(0).shape)
    axis = node.attrs.get("axis", 0) % rank
    t = ctx.plain(x)
    shape = [d for i, d in enumerate(t.shape) if i != axis]
    op = "ARG_MAX" if node.op == "ArgMax" else "ARG_MIN"
    out = ctx.build.add(op, [t, ctx.build.constant(np.array(axis, np.int32))], shape, node.name, "int32")
    if node.attrs.get("keepdims", 1):
        out = ctx.build.reshape(out, [1 if i == axis else d for i, d in enumerate(t.shape)])
    return ctx.value(out)
