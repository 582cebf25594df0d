# SPDX-License-Identifier: MIT
"""Ops that take elements by their places. Formula: native_module/core/kernels/movement/gather.c."""

from __future__ import annotations

import math

import numpy as np

from ..fileformat.opset import dtypes
from ..graph import Node, Tensor, Unsupported
from ..graph.tflite_ops import MirrorMode, constant, required
from .program import Program
from .rules import axis_of, rule


def gather_axis(program: Program, node: Node, source: Tensor, out: Tensor, axis: int, indices: Tensor,
                batch_dims: int = 0) -> None:
    """Add out = source with an axis indexed."""
    batches = math.prod(source.shape[:batch_dims])
    add_gather(program, node, source, out, indices, {
        "batches": batches, "outer": math.prod(source.shape[batch_dims:axis]),
        "count": indices.elements // batches, "inner": math.prod(source.shape[axis + 1 :]),
    }, [source.shape[axis]])


def add_gather(program: Program, node: Node, source: Tensor, out: Tensor, indices: Tensor, params: dict[str, int],
               dims: list[int]) -> None:
    """Add a GATHER by constant indices, or by int32 ones that are worked out while running."""
    if source.dtype not in dtypes():
        raise Unsupported(f"{source.dtype} tensors")
    if indices.data is not None:
        indices = Tensor(indices.name, indices.shape, "int32", None, indices.data.astype(np.int32))
    if indices.dtype != "int32":
        raise Unsupported(f"{indices.dtype} indices; int32 and constant ones can run")
    if params["batches"] * params["outer"] * params["count"] * params["inner"] != out.elements:
        raise Unsupported(f"an output of shape {list(out.shape)}")
    params = {**params, "inner": params["inner"] * dtypes()[source.dtype].size}
    program.add(node, "GATHER", [source, indices],
                {**params, "depth": len(dims), "dims": dims + [1] * (5 - len(dims))}, out=out)


@rule("GATHER")
def gather(program: Program, node: Node) -> None:
    source, indices, out = required(node, 0), required(node, 1), node.outputs[0]
    axis = axis_of(node.attrs.get("axis", 0), max(len(source.shape), 1))
    batch_dims = node.attrs.get("batch_dims", 0)
    batch_dims += len(indices.shape) if batch_dims < 0 else 0
    if batch_dims > axis or source.shape[:batch_dims] != indices.shape[:batch_dims]:
        raise Unsupported(f"{batch_dims} batch dimensions of {list(source.shape)} and {list(indices.shape)}")
    gather_axis(program, node, source, out, axis, indices, batch_dims)


@rule("GATHER_ND")
def gather_nd(program: Program, node: Node) -> None:
    source, indices, out = required(node, 0), required(node, 1), node.outputs[0]
    depth = indices.shape[-1] if indices.shape else 1
    if not 0 < depth <= min(5, len(source.shape)):
        raise Unsupported(f"indices of {depth} dimensions into {list(source.shape)}; 1 to 5 can run")
    add_gather(program, node, source, out, indices, {
        "batches": 1, "outer": 1, "count": indices.elements // depth, "inner": math.prod(source.shape[depth:]),
    }, list(source.shape[:depth]))


@rule("EMBEDDING_LOOKUP")
def embedding_lookup(program: Program, node: Node) -> None:
    table, out = required(node, 1), node.outputs[0]
    if table.dtype != out.dtype:
        raise Unsupported(f"a table of {table.dtype} looked up as {out.dtype}")
    gather_axis(program, node, table, out, 0, required(node, 0))


def index_axes(program: Program, node: Node, by_axis: dict[int, list[int]]) -> None:
    """Add the indexing of several axes by constants, one gather each."""
    source, out = required(node, 0), node.outputs[0]
    todo = [(axis, rows) for axis, rows in by_axis.items() if rows != list(range(source.shape[axis]))]
    if not todo:
        program.alias(out, source)
    for i, (axis, rows) in enumerate(todo):
        shape = (*source.shape[:axis], len(rows), *source.shape[axis + 1 :])
        step_out = out if i == len(todo) - 1 else Tensor(node.name, shape, source.dtype, source.quantization)
        indices = Tensor(f"{node.name}_rows", (len(rows),), "int32", None, np.array(rows, np.int32))
        gather_axis(program, node, source, step_out, axis, indices)
        source = step_out


@rule("MIRROR_PAD")
def mirror_pad(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    paddings = constant(node, 1, "paddings").reshape(-1, 2)
    if len(paddings) != len(source.shape) or out.shape != tuple(np.add(source.shape, paddings.sum(axis=1))):
        raise Unsupported(f"paddings of {paddings.tolist()} from {list(source.shape)} to {list(out.shape)}")
    gap = 1 if node.attrs.get("mode", MirrorMode.REFLECT) == MirrorMode.REFLECT else 0
    by_axis = {}
    for axis, (before, after) in enumerate(paddings.tolist()):
        size = source.shape[axis]
        if max(before, after) > size - gap:
            raise Unsupported(f"a mirrored padding of {max(before, after)} at an axis of {size}")
        by_axis[axis] = [i + gap for i in range(before)][::-1] + list(range(size)) + [
            size - 1 - gap - i for i in range(after)]
    index_axes(program, node, by_axis)
