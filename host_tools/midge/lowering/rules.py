# SPDX-License-Identifier: MIT
"""Lower TFLite-level nodes to device ops: one rule a TFLite op, found by its name.

A rule turns a node into steps of a Program or raises Unsupported with the reason. All arithmetic
that does not depend on the input is done here: zero points folded into biases, multipliers worked
out, functions of one byte turned into tables.
"""

from __future__ import annotations

from collections.abc import Callable

from ..fileformat.opset import dtypes, ops
from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.tflite_ops import required
from .program import Program

Rule = Callable[[Program, Node], None]
RULES: dict[str, Rule] = {}


def rule(*names: str, dtype: str = "") -> Callable[[Rule], Rule]:
    """Register the lowering of the TFLite ops of these names, for any dtype or for one of output or first input."""

    def register(function: Rule) -> Rule:
        for name in names:
            RULES[f"{name} {dtype}".rstrip()] = function
        return function

    return register


def rule_of(node: Node) -> Rule | None:
    """The rule for the node's output dtype, else for its input's, else for all."""
    tensors = [*node.outputs[:1], *(t for t in node.inputs[:1] if t is not None)]
    found = [RULES.get(f"{node.op} {t.dtype}") for t in tensors]
    return next(filter(None, [*found, RULES.get(node.op)]), None)


def dtypes_of(op: str) -> list[str]:
    """The dtypes for which an op has rules of their own."""
    return [key.split()[1] for key in RULES if key.startswith(op + " ")]


# What rules share

def want_dtype(node: Node, *dtypes: str) -> None:
    """Refuse a node unless its first input and output are of one of these dtypes."""
    runnable = list(dict.fromkeys([*dtypes, *dtypes_of(node.op)]))
    for tensor in [node.inputs[0] if node.inputs else None, *node.outputs[:1]]:
        if tensor is not None and tensor.dtype not in dtypes:
            raise Unsupported(f"{tensor.dtype} tensors; {' and '.join(runnable)} can run. "
                              + ("Quantise the model to int8 when you export it" if tensor.dtype == "float32" else
                                 "Export the model with int8 tensors"))


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a contiguous tensor, in elements."""
    strides, step = [], 1
    for d in reversed(shape):
        strides.append(step)
        step *= d
    return tuple(reversed(strides))


def merge_dims(shape: tuple[int, ...], *strides: tuple[int, ...]) -> tuple[list[int], list[list[int]]]:
    """Drop dimensions of one element and merge neighbours that are contiguous in all strides."""
    dims: list[int] = []
    merged: list[list[int]] = [[] for _ in strides]
    for i, d in enumerate(shape):
        if d == 1:
            continue
        if dims and all(m[-1] == s[i] * d for m, s in zip(merged, strides, strict=True)):
            dims[-1] *= d
            for m, s in zip(merged, strides, strict=True):
                m[-1] = s[i]
        else:
            dims.append(d)
            for m, s in zip(merged, strides, strict=True):
                m.append(s[i])
    return dims, merged


def pad_left(values: list[int], length: int, fill: int) -> list[int]:
    return [fill] * (length - len(values)) + values


def reduce_groups(shape: tuple[int, ...], axes: set[int]) -> dict[str, list[int]]:
    """keep_dims, keep_stride, reduce_dims and reduce_stride of a walk over some axes."""
    strides = row_major(shape)
    groups: dict[str, list[int]] = {}
    for name, wanted in (("keep", False), ("reduce", True)):
        chosen = [i for i in range(len(shape)) if (i in axes) == wanted]
        dims, (steps,) = merge_dims(tuple(shape[i] for i in chosen), tuple(strides[i] for i in chosen))
        if len(dims) > 3:
            raise Unsupported(f"a walk over the axes {sorted(axes)}; these do not merge to three groups")
        groups |= {f"{name}_dims": pad_left(dims, 3, 1), f"{name}_stride": pad_left(steps, 3, 0)}
    return groups


def strided_copy(
    program: Program,
    node: Node,
    source: Tensor,
    shape: tuple[int, ...],
    in_stride: tuple[int, ...],
    in_start: int,
    out_stride: tuple[int, ...],
    out_start: int,
    fill_value: int | None = None,
) -> None:
    """Add a COPY of `shape` elements from `source` to the node's output. Strides in elements."""
    rank = next(f.count for f in ops()["COPY"].fields if f.name == "dims")
    dims, (ins, outs) = merge_dims(shape, in_stride, out_stride)
    if len(dims) > rank:
        raise Unsupported(f"a copy of {len(dims)} dimensions that do not merge; at most {rank} can run")
    if source.dtype not in dtypes():
        raise Unsupported(f"{source.dtype} tensors")
    program.add(node, "COPY", [source], {
        "dims": pad_left(dims, rank, 1),
        "in_stride": pad_left(ins, rank, 0),
        "out_stride": pad_left(outs, rank, 0),
        "in_start": in_start,
        "out_start": out_start,
        "element_size": dtypes()[source.dtype].size,
        "fill": int(fill_value is not None),
        "fill_value": fill_value or 0,
    })


def add_table(program: Program, node: Node, function: Callable[[int], int]) -> None:
    """Add a LUT whose entries are function(quantised input), clamped to the output's dtype."""
    source, out = required(node, 0), node.outputs[0]
    low, high = (0, 255) if out.dtype == "uint8" else (-128, 127)
    signed = source.dtype == "int8"
    table = bytes(
        fp.clamp(function(byte - 256 if signed and byte > 127 else byte), low, high) & 0xFF for byte in range(256)
    )
    program.add(node, "LUT", [source], {"count": source.elements}, {"table_at": table})


def copy_constant(program: Program, constant: Tensor) -> Tensor:
    out = Tensor(constant.name + "_copy", constant.shape, constant.dtype, constant.quantization)
    strided_copy(program, Node("CONSTANT", [constant], [out]), constant, constant.shape, row_major(constant.shape),
                 0, row_major(constant.shape), 0)
    return out
