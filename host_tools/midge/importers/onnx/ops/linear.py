# SPDX-License-Identifier: MIT
"""Matrix products, and what goes along the last axis."""

from __future__ import annotations

import numpy as np

from ....graph import Tensor
from ..importer import CannotImport, Importer, OnnxNode, Value, identity, onnx_op
from .shapes import reduce_axes


def times(
    imp: Importer, node: OnnxNode, x: Value, weights: np.ndarray, bias: np.ndarray | None,
    steps: np.ndarray | None = None,
) -> Value:  # fmt: skip
    """x [..., K] times weights [K, N], which are multiples of steps.

    A flattened image stays as it lies; the weights' rows are put in its order.
    """
    rows = weights.T
    if x.flat is not None and len(x.shape) == 2 and x.shape[0] == x.flat.shape[0] and x.flat.tensor is not None:
        image = x.flat
        places = np.arange(x.shape[1]).reshape(image.shape[1:])
        turned = places.transpose([axis - 1 for axis in image.order if axis != 0])
        if image.order[0] == 0 and image.tensor is not None:
            t = imp.build.reshape(image.tensor, x.shape)
            return imp.value(imp.build.dense(t, np.ascontiguousarray(rows[:, turned.reshape(-1)]), bias, node.name,
                                              steps))  # fmt: skip
    return imp.value(imp.build.dense(imp.plain(x), np.ascontiguousarray(rows), bias, node.name, steps))


@onnx_op("Gemm")
def gemm(imp: Importer, node: OnnxNode) -> Value:
    """alpha * a * b + beta * c."""
    a, b = node.input(0), node.input(1)
    alpha, beta = node.attrs.get("alpha", 1.0), node.attrs.get("beta", 1.0)
    if node.attrs.get("transA", 0):
        a = imp.value(imp.build.transpose(imp.plain(a), (1, 0)))
    c = node.inputs[2] if node.has(2) and beta != 0 else None
    if b.data is None or a.is_constant:
        if node.attrs.get("transB", 0):
            b = imp.value(imp.build.transpose(imp.plain(b), (1, 0)))
        product = imp.value(_two_activations(imp, node, a, b))
        product = product if alpha == 1 else imp.value(
            imp.build.binary("MUL", imp.plain(product), imp.build.scalar(alpha), node.name))  # fmt: skip
    else:
        weights = (b.data.T if node.attrs.get("transB", 0) else b.data).astype(np.float32) * np.float32(alpha)
        bias = None
        if c is not None and c.data is not None and (c.data.size == 1 or c.data.size == c.data.shape[-1]):
            bias = np.broadcast_to(c.data.reshape(-1) * np.float32(beta), (weights.shape[1],)).astype(np.float32)
            c = None
        steps = node.steps(1, 0 if node.attrs.get("transB", 0) else 1) if alpha == 1 else None
        product = times(imp, node, a, weights, bias, steps)
    if c is None:
        return product
    shift = imp.broadcast(c, identity(2))
    if beta != 1:
        shift = imp.build.binary("MUL", shift, imp.build.scalar(beta), node.name)
    return imp.value(imp.build.binary("ADD", imp.plain(product), shift, node.name))


def _two_activations(imp: Importer, node: OnnxNode, a: Value, b: Value) -> Tensor:
    left, right = imp.plain(a), imp.plain(b)
    if left.dtype != "float32" or right.dtype != "float32":
        raise CannotImport(f"{left.dtype} times {right.dtype}; float32 can run")
    shape = (*np.broadcast_shapes(left.shape[:-2], right.shape[:-2]), left.shape[-2], right.shape[-1])
    return imp.build.add("BATCH_MATMUL", [left, right], shape, node.name, adj_x=False, adj_y=False)


@onnx_op("MatMul")
def matmul(imp: Importer, node: OnnxNode) -> Value:
    a, b = node.input(0), node.input(1)
    if b.data is not None and b.data.ndim == 2 and not a.is_constant and len(a.shape) > 1:
        return times(imp, node, a, b.data.astype(np.float32), None, node.steps(1, 1))
    ranks = (len(a.shape), len(b.shape))
    if ranks[0] == 1:
        a = imp.value(imp.build.reshape(imp.plain(a), (1, *a.shape)))
    if ranks[1] == 1:
        b = imp.value(imp.build.reshape(imp.plain(b), (*b.shape, 1)))
    t = _two_activations(imp, node, a, b)
    if 1 in ranks:
        shape = [d for i, d in enumerate(t.shape) if not (ranks[0] == 1 and i == len(t.shape) - 2)
                 and not (ranks[1] == 1 and i == len(t.shape) - 1)]  # fmt: skip
        t = imp.build.reshape(t, shape)
    return imp.value(t)


@onnx_op("Softmax", "LogSoftmax")
def softmax(imp: Importer, node: OnnxNode) -> Value:
    x, rank = node.input(0), len(node.input(0).shape)
    axis = node.attrs.get("axis", -1 if node.opset >= 13 else 1) % rank
    op = "SOFTMAX" if node.op == "Softmax" else "LOG_SOFTMAX"
    if node.opset < 13:  # over all axes from this one on
        t = imp.plain(x)
        rows = imp.build.reshape(t, (int(np.prod(x.shape[:axis])), int(np.prod(x.shape[axis:]))))
        return imp.value(imp.build.reshape(imp.build.like(op, rows, node.name, beta=1.0), x.shape, node.name))
    order = x.order if x.flat is None and x.order and x.order[-1] == axis else (
        *(i for i in range(rank) if i != axis), axis)  # fmt: skip
    return imp.value(imp.build.like(op, imp.arranged(x, order), node.name, beta=1.0), order)


_REDUCTIONS = {"ReduceMean": "MEAN", "ReduceSum": "SUM", "ReduceMax": "REDUCE_MAX", "ReduceMin": "REDUCE_MIN",
               "ReduceProd": "REDUCE_PROD"}  # fmt: skip


@onnx_op(*_REDUCTIONS)
def reduce(imp: Importer, node: OnnxNode) -> Value:
    return reduce_axes(imp, node, _REDUCTIONS[node.op], node.input(0))


@onnx_op("ReduceL2", "ReduceSumSquare")
def reduce_squares(imp: Importer, node: OnnxNode) -> Value:
    x = node.input(0)
    t = imp.plain(x)
    sums = reduce_axes(imp, node, "SUM", imp.value(imp.build.binary("MUL", t, t, node.name)))
    return sums if node.op == "ReduceSumSquare" else imp.value(imp.build.like("SQRT", imp.plain(sums), node.name))


@onnx_op("ArgMax", "ArgMin")
def arg(imp: Importer, node: OnnxNode) -> Value:
    x, rank = node.input(0), len(node.input(0).shape)
    axis = node.attrs.get("axis", 0) % rank
    t = imp.plain(x)
    shape = [d for i, d in enumerate(t.shape) if i != axis]
    op = "ARG_MAX" if node.op == "ArgMax" else "ARG_MIN"
    out = imp.build.add(op, [t, imp.build.constant(np.array(axis, np.int32))], shape, node.name, "int32")
    if node.attrs.get("keepdims", 1):
        out = imp.build.reshape(out, [1 if i == axis else d for i, d in enumerate(t.shape)])
    return imp.value(out)
