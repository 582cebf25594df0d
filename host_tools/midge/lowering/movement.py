# SPDX-License-Identifier: MIT
"""Ops that only move values: they cost nothing or become strided copies (core/kernels/movement/copy.c)."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph.fixedpoint import round_half_away
from ..graph.requantization import is_legacy, want_quantized
from ..graph.tflite_ops import constant, required, slice_of
from .program import Program
from .rules import add_table, row_major, rule, strided_copy


@rule("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
def reshape(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    if source.size != out.size:
        raise Unsupported(f"a reshape from {list(source.shape)} to {list(out.shape)}")
    program.alias(out, source)


@rule("PAD", "PADV2")
def pad(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    paddings = constant(node, 1, "paddings").reshape(-1, 2)
    value = out.zero_point if node.input(2) is None else int(constant(node, 2, "pad values").reshape(-1)[0])
    if source.dtype not in ("int8", "int16", "int32"):
        raise Unsupported(f"{source.dtype} tensors; int8, int16 and int32 can run")
    if len(paddings) != len(source.shape) or paddings.min() < 0:
        raise Unsupported(f"paddings of shape {list(paddings.shape)} on {list(source.shape)}")
    strides = row_major(out.shape)
    start = sum(int(before) * step for (before, _), step in zip(paddings, strides, strict=True))
    strided_copy(program, node, source, source.shape, row_major(source.shape), 0, strides, start, fill_value=value)


@rule("CONCATENATION")
def concatenation(program: Program, node: Node) -> None:
    out = node.outputs[0]
    axis = node.attrs["axis"] % len(out.shape)
    if node.attrs.get("fused_activation_function", 0):
        raise Unsupported("a fused activation on a concatenation")
    _place_parts(program, node, axis)


def _place_parts(program: Program, node: Node, axis: int) -> None:
    out = node.outputs[0]
    strides, at = row_major(out.shape), 0
    for i in range(len(node.inputs)):
        part = required(node, i)
        if part.dtype != out.dtype:
            raise Unsupported(f"parts of dtype {part.dtype} in {out.dtype}")
        if is_legacy(node) and (part.scale, part.zero_point) != (out.scale, out.zero_point):
            part = in_units_of(program, node, part, out)
        strided_copy(program, node, part, part.shape, row_major(part.shape), 0, strides, at * strides[axis])
        at += part.shape[axis]


def in_units_of(program: Program, node: Node, part: Tensor, out: Tensor) -> Tensor:
    """A part of a legacy concatenation with the output's scale, in float32 as TFLite rescales it."""
    want_quantized(part, out)
    scaled = Tensor(part.name, part.shape, part.dtype, out.quantization)
    scale = np.float32(part.scale) * (np.float32(1) / np.float32(out.scale))
    bias = np.float32(-(part.zero_point + 128)) * scale
    add_table(program, Node(node.op, [part], [scaled]),
              lambda q: round_half_away(float(np.float32(q + 128) * scale + bias)) + out.zero_point)
    return scaled


@rule("TRANSPOSE")
def transpose(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    order = [int(i) for i in constant(node, 1, "permutations").reshape(-1)]
    if sorted(order) != list(range(len(source.shape))):
        raise Unsupported(f"the permutation {order} of {len(source.shape)} axes")
    strides = row_major(source.shape)
    strided_copy(program, node, source, out.shape, tuple(strides[i] for i in order), 0, row_major(out.shape), 0)


@rule("STRIDED_SLICE")
def strided_slice(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    slices = slice_of(node, source.shape)
    strides = row_major(source.shape)
    starts = [s.indices(d)[0] if isinstance(s, slice) else s for s, d in zip(slices, source.shape, strict=True)]
    kept = [(s.indices(d), step) for s, d, step in zip(slices, source.shape, strides, strict=True)
            if isinstance(s, slice)]
    shape = tuple(len(range(*indices)) for indices, _ in kept)
    if np.prod(shape, dtype=np.int64) != out.elements:
        raise Unsupported(f"a slice of shape {list(shape)} for {list(out.shape)}")
    strided_copy(program, node, source, shape, tuple(indices[2] * step for indices, step in kept),
                 sum(start * step for start, step in zip(starts, strides, strict=True)), row_major(shape), 0)


