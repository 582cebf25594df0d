# SPDX-License-Identifier: MIT
"""Einsum as products of matrices, TopK as one largest value after the other, and masks: Trilu and OneHot."""

from __future__ import annotations

from math import prod

import numpy as np

from ....graph import Tensor, Unsupported
from ..registry import onnx_op
from ..values import OnnxContext, OnnxNode, Value

_MOST_LARGEST = 32  # each becomes ops of its own
_LOWEST = float(np.finfo(np.float32).min)


@onnx_op("Einsum")
def einsum(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Add the product of two operands at a time; axes that nothing else names are added up."""
    terms, out = _terms(node)
    parts = [_Part(_plain_float(ctx, value), labels)
             for value, labels in zip((node.input(i) for i in range(len(terms))), terms, strict=True)]
    done = parts[0]
    for i, part in enumerate(parts[1:], 1):
        later = {label for other in terms[i + 1 :] for label in other} | set(out)
        done = _product(ctx, node, done, part, later)
    return ctx.value(_arranged(ctx, _summed(ctx, node, done, set(out)), out))


class _Part:
    """A tensor whose axes have names."""

    def __init__(self, tensor: Tensor, labels: str) -> None:
        self.tensor, self.labels = tensor, labels

    def size(self, labels: str) -> tuple[int, ...]:
        return tuple(self.tensor.shape[self.labels.index(label)] for label in labels)


def _terms(node: OnnxNode) -> tuple[list[str], str]:
    """Return the names of axes of each operand, and of the result. Raises Unsupported."""
    raw = node.attrs["equation"]
    text = (raw.decode() if isinstance(raw, bytes) else str(raw)).replace(" ", "")
    left, arrow, out = text.partition("->")
    terms = left.split(",")
    if not arrow:  # the names that occur once, in their order
        out = "".join(sorted(label for label in set(left) - {","} if left.count(label) == 1))
    if "." in text:
        raise Unsupported(f"the equation {text}, whose '...' stands for any axes; write them out as letters")
    if any(len(set(term)) != len(term) for term in (*terms, out)):
        raise Unsupported(f"the equation {text}, which takes a diagonal; multiply by a mask and add up")
    if len(terms) != len(node.inputs) or any(len(t) != len(node.input(i).shape) for i, t in enumerate(terms)) \
            or not set(out) <= set(left):
        raise Unsupported(f"the equation {text}, which does not fit its inputs; export the model again")
    return terms, out


def _plain_float(ctx: OnnxContext, value: Value) -> Tensor:
    tensor = ctx.plain(value)
    if tensor.dtype != "float32":
        raise Unsupported(f"{tensor.dtype} tensors; float32 can run")
    return tensor


def _summed(ctx: OnnxContext, node: OnnxNode, part: _Part, kept: set[str]) -> _Part:
    """Add up the axes that nothing names any more."""
    axes = [i for i, label in enumerate(part.labels) if label not in kept]
    if not axes:
        return part
    return _Part(ctx.build.reduce("SUM", part.tensor, axes, False, node.name),
                 "".join(label for label in part.labels if label in kept))


def _arranged(ctx: OnnxContext, part: _Part, labels: str) -> Tensor:
    return ctx.build.transpose(part.tensor, [part.labels.index(label) for label in labels])


def _product(ctx: OnnxContext, node: OnnxNode, a: _Part, b: _Part, later: set[str]) -> _Part:
    """Multiply over the names that both have and nothing else wants: [shared, m, k] times [shared, k, n]."""
    build = ctx.build
    a, b = _summed(ctx, node, a, later | set(b.labels)), _summed(ctx, node, b, later | set(a.labels))
    both = [label for label in a.labels if label in b.labels]
    shared = "".join(label for label in both if label in later)
    inner = "".join(label for label in both if label not in later)
    rows = "".join(label for label in a.labels if label not in both)
    columns = "".join(label for label in b.labels if label not in both)
    if a.size("".join(both)) != b.size("".join(both)):
        raise Unsupported(f"operands of {list(a.tensor.shape)} and {list(b.tensor.shape)}; axes of one name and size")
    sizes = [prod(part.size(labels)) for part, labels in ((a, shared), (a, rows), (a, inner), (b, columns))]
    n, m, k, columns_count = sizes
    left = build.reshape(_arranged(ctx, a, shared + rows + inner), (n, m, k))
    if b.tensor.data is not None and not shared:
        order = [b.labels.index(label) for label in columns + inner]
        weights = np.ascontiguousarray(b.tensor.data.transpose(order)).reshape(columns_count, k)
        out = build.dense(left, weights, None, node.name)
    else:
        right = build.reshape(_arranged(ctx, b, shared + inner + columns), (n, k, columns_count))
        out = build.add("BATCH_MATMUL", [left, right], (n, m, columns_count), node.name, adj_x=False, adj_y=False)
    shape = (*a.size(shared + rows), *b.size(columns))
    return _Part(build.reshape(out, shape), shared + rows + columns)


@onnx_op("TopK")
def top_k(ctx: OnnxContext, node: OnnxNode) -> list[Value]:
    """Take the largest value and its place; put the lowest number there, and take the next."""
    build, rank = ctx.build, len(node.input(0).shape)
    axis = node.attrs.get("axis", -1) % rank
    wanted = node.ints("k", 1)
    largest = bool(node.attrs.get("largest", 1))
    node.attrs.get("sorted", 1)  # they are, whatever it says
    x = _plain_float(ctx, node.input(0))
    count = wanted[0] if wanted else 0
    if not 1 <= count <= min(_MOST_LARGEST, x.shape[axis]):
        raise Unsupported(f"the {count} {'largest' if largest else 'least'} of {x.shape[axis]} values; "
                          f"1 to {_MOST_LARGEST} can run")
    order = [*(i for i in range(rank) if i != axis), axis]
    left = build.transpose(x, order)
    rows, places = left.shape[:-1], build.constant(np.arange(left.shape[-1], dtype=np.int32), "places")
    end = build.constant(np.full((1,) * rank, _LOWEST if largest else -_LOWEST, np.float32), "taken")
    values, found = [], []
    for i in range(count):
        values.append(build.reduce("REDUCE_MAX" if largest else "REDUCE_MIN", left, [rank - 1], True, node.name))
        at = build.add("ARG_MAX" if largest else "ARG_MIN",
                       [left, build.constant(np.array(rank - 1, np.int32), "axis")], rows, node.name, "int32")
        found.append(build.reshape(at, (*rows, 1)))
        if i + 1 < count:
            taken = build.binary("EQUAL", found[-1], places, node.name, "bool")
            left = build.add("SELECT_V2", [taken, end, left], left.shape, node.name)
    back = [order.index(i) for i in range(rank)]
    return [ctx.value(build.transpose(build.concatenate(parts, rank - 1, node.name) if count > 1 else parts[0], back))
            for parts in (values, found)]


@onnx_op("Trilu")
def triangle(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Keep the values on one side of a diagonal."""
    x = _plain_float(ctx, node.input(0))
    k = int(node.known(1, "diagonals").reshape(-1)[0]) if node.has(1) else 0
    upper = bool(node.attrs.get("upper", 1))
    ones = np.ones(x.shape[-2:], bool)
    kept = ctx.build.constant(np.triu(ones, k) if upper else np.tril(ones, k), "kept")
    return ctx.value(ctx.build.add("SELECT_V2", [kept, x, ctx.build.scalar(0.0)], x.shape, node.name))


@onnx_op("OneHot")
def one_hot(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Put the second value where a class number equals its place along a new axis, the first elsewhere."""
    numbers, depth = ctx.plain(node.input(0)), int(node.known(1, "depths").reshape(-1)[0])
    off, on = node.known(2, "values").reshape(-1).astype(np.float32)
    rank = len(numbers.shape)
    axis = node.attrs.get("axis", -1) % (rank + 1)
    shape = (*numbers.shape[:axis], 1, *numbers.shape[axis:])
    places = np.arange(depth).reshape([depth if i == axis else 1 for i in range(rank + 1)])
    if numbers.dtype not in ("int32", "float32"):
        raise Unsupported(f"{numbers.dtype} class numbers; integers and float32 can run")
    numbers, whole = ctx.build.reshape(numbers, shape), (*shape[:axis], depth, *shape[axis + 1 :])
    hits = [ctx.build.add("EQUAL", [numbers, ctx.build.constant(p.astype(numbers.dtype), "places")], whole, node.name,
                          "bool") for p in (places, places - depth)]  # class numbers below 0 count from the end
    hit = ctx.build.binary("LOGICAL_OR", hits[0], hits[1], node.name)
    return ctx.value(ctx.build.add("SELECT_V2", [hit, ctx.build.scalar(float(on)), ctx.build.scalar(float(off))], whole,
                                   node.name))
