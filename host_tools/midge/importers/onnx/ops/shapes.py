# SPDX-License-Identifier: MIT
"""What moves values or changes their shape."""

from __future__ import annotations

from math import prod

import numpy as np

from ....graph import Unsupported
from ..registry import onnx_op
from ..values import OnnxContext, OnnxNode, Value, identity
from .elementwise import order_of, same


@onnx_op("Transpose")
def transpose(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Move nothing: only the order of the axes is another one."""
    x, rank = node.input(0), len(node.input(0).shape)
    axes = node.ints("perm") or list(range(rank))[::-1]
    t = same(ctx, x)
    return Value(node.outputs[0], tuple(x.shape[a] for a in axes), t, tuple(axes.index(a) for a in order_of(x)))


def reshaped(ctx: OnnxContext, x: Value, shape: list[int]) -> Value:
    """Reshape in ONNX's order; a flattened image is not transposed until that is needed (see linear.times)."""
    if -1 in shape:
        shape[shape.index(-1)] = prod(x.shape) // max(-prod(shape), 1)
    if prod(shape) != prod(x.shape):
        raise Unsupported(f"a reshape from {list(x.shape)} to {shape}")
    source = x.flat or x
    if source.tensor is not None and order_of(source) != identity(len(source.shape)):
        return Value(x.name, tuple(shape), flat=source)
    return ctx.value(ctx.build.reshape(ctx.plain(x), shape))


@onnx_op("Reshape")
def reshape(ctx: OnnxContext, node: OnnxNode) -> Value:
    x = node.input(0)
    wanted = node.ints("shape", 1) or []
    zero = not node.attrs.get("allowzero", 0)
    return reshaped(ctx, x, [x.shape[i] if d == 0 and zero else d for i, d in enumerate(wanted)])


@onnx_op("Flatten")
def flatten(ctx: OnnxContext, node: OnnxNode) -> Value:
    x = node.input(0)
    axis = node.attrs.get("axis", 1)
    axis = axis + len(x.shape) if axis < 0 else axis
    return reshaped(ctx, x, [prod(x.shape[:axis]), prod(x.shape[axis:])])


@onnx_op("Squeeze", "Unsqueeze")
def squeeze(ctx: OnnxContext, node: OnnxNode) -> Value:
    x = node.input(0)
    axes = node.ints("axes", 1)
    if node.op == "Unsqueeze":
        rank = len(x.shape) + len(axes or [])
        new = {a % rank for a in axes or []}
        rest = iter(x.shape)
        return reshaped(ctx, x, [1 if i in new else next(rest) for i in range(rank)])
    gone = {a % len(x.shape) for a in axes} if axes is not None else {i for i, d in enumerate(x.shape) if d == 1}
    return reshaped(ctx, x, [d for i, d in enumerate(x.shape) if i not in gone])


@onnx_op("Concat")
def concatenate(ctx: OnnxContext, node: OnnxNode) -> Value:
    values = [node.input(i) for i in range(len(node.inputs))]
    order = ctx.common_order(values)
    axis = node.attrs["axis"] % len(order)
    parts = [ctx.arranged(v, order) for v in values]
    return ctx.value(ctx.build.concatenate(parts, order.index(axis), node.name), order)


@onnx_op("Slice")
def cut(ctx: OnnxContext, node: OnnxNode) -> Value:
    x, rank = node.input(0), len(node.input(0).shape)
    starts, ends = node.ints("starts", 1) or [], node.ints("ends", 2) or []
    axes = node.ints("axes", 3) or list(range(len(starts)))
    steps = node.ints("steps", 4) or [1] * len(starts)
    spans = [(0, d, 1) for d in x.shape]
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        spans[axis % rank] = slice(start, end, step).indices(x.shape[axis % rank])
    order = order_of(x)
    t = ctx.build.slice(same(ctx, x), *([spans[a][k] for a in order] for k in range(3)))
    return ctx.value(t, order)


@onnx_op("Split")
def split(ctx: OnnxContext, node: OnnxNode) -> list[Value]:
    x = node.input(0)
    axis = node.attrs.get("axis", 0) % len(x.shape)
    count = len(node.outputs)
    each = -(-x.shape[axis] // count)
    sizes = node.ints("split", 1) or [min(each, x.shape[axis] - i * each) for i in range(count)]
    order, t, at, parts = order_of(x), same(ctx, x), 0, []
    for size in sizes:
        parts.append(ctx.value(ctx.build.along(t, order.index(axis), at, at + size), order))
        at += size
    return parts


@onnx_op("Gather")
def gather(ctx: OnnxContext, node: OnnxNode) -> Value:
    x, indices = node.input(0), node.input(1)
    axis = node.attrs.get("axis", 0) % len(x.shape)
    if indices.data is not None and indices.data.size == 1:
        i = int(indices.data.reshape(-1)[0]) % x.shape[axis]
        order = order_of(x)
        part = ctx.value(ctx.build.along(same(ctx, x), order.index(axis), i, i + 1), order)
        return reshaped(ctx, part, [*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]])
    t, places = ctx.plain(x), ctx.plain(indices)
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return ctx.value(ctx.build.add("GATHER", [t, places], shape, node.name, t.dtype, axis=axis, batch_dims=0))


@onnx_op("GatherElements")
def gather_elements(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Take from each row along the axis, the last one meanwhile, what its own row of indices says."""
    x, indices = node.input(0), node.input(1)
    rank = len(x.shape)
    axis = node.attrs.get("axis", 0) % rank
    order = [*(a for a in range(rank) if a != axis), axis]
    ends = [x.shape[a] if a == axis else indices.shape[a] for a in order]
    t = ctx.build.slice(ctx.arranged(x, order), [0] * rank, ends, [1] * rank)
    places = ctx.arranged(indices, order)
    rows, count = prod(ends[:-1]), places.shape[-1]
    flat = [ctx.build.reshape(t, (rows, ends[-1])), ctx.build.reshape(places, (rows, count))]
    found = ctx.build.add("GATHER", flat, (rows, count), node.name, t.dtype, axis=1, batch_dims=1)
    return ctx.value(ctx.build.reshape(found, places.shape), order)


@onnx_op("GatherND")
def gather_nd(ctx: OnnxContext, node: OnnxNode) -> Value:
    if node.attrs.get("batch_dims", 0):
        raise Unsupported("batch dimensions; without them it can run")
    t, places = ctx.plain(node.input(0)), ctx.plain(node.input(1))
    shape = (*places.shape[:-1], *t.shape[places.shape[-1] :])
    return ctx.value(ctx.build.add("GATHER_ND", [t, places], shape, node.name, t.dtype))


@onnx_op("Expand", "Tile")
def repeat(ctx: OnnxContext, node: OnnxNode) -> Value:
    x = node.input(0)
    given = node.ints("shape", 1) or []
    if node.op == "Tile":
        t = ctx.plain(x)
        shape = [d * n for d, n in zip(x.shape, given, strict=True)]
        return ctx.value(ctx.build.add("TILE", [t, ctx.build.axes(given)], shape, node.name, t.dtype))
    shape = list(np.broadcast_shapes(x.shape, tuple(given)))
    t = ctx.broadcast(x, identity(len(shape)))
    return ctx.value(ctx.build.add("BROADCAST_TO", [t, ctx.build.axes(shape)], shape, node.name, t.dtype))


@onnx_op("Shape", "Size")
def shape_of(ctx: OnnxContext, node: OnnxNode) -> Value:
    shape = node.input(0).shape[slice(node.attrs.get("start", 0), node.attrs.get("end", None))]
    data = np.array(shape if node.op == "Shape" else prod(shape), np.int64)
    return ctx.constant(data, node.outputs[0])


def reduce_axes(ctx: OnnxContext, node: OnnxNode, op: str, x: Value) -> Value:
    """Add a reduction over axes that an attribute or input 1 names; over all where there are none."""
    rank, order = len(x.shape), order_of(x)
    axes = node.ints("axes", 1)
    if axes == [] or (axes is None and node.attrs.get("noop_with_empty_axes", 0)):
        return x
    gone = {a % rank for a in axes} if axes is not None else set(range(rank))
    t = ctx.build.reduce(op, same(ctx, x), [order.index(a) for a in gone], True, node.name)
    kept = ctx.value(t, order)
    if node.attrs.get("keepdims", 1):
        return kept
    left = [a for a in range(rank) if a not in gone]
    shape = [t.shape[i] for i, a in enumerate(order) if a not in gone]
    return ctx.value(ctx.build.reshape(t, shape), [left.index(a) for a in order if a not in gone])
