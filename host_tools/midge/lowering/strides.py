# SPDX-License-Identifier: MIT
"""Walks over tensors as dimensions and strides, and the steps that are nothing else: copies and tables."""

from __future__ import annotations

from collections.abc import Callable

from ..fileformat.opset import dtypes, ops
from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from .program import Program

COPY_RANK = next(f.count for f in ops()["COPY"].fields if f.name == "dims")
BROADCAST_RANK = next(f.count for f in ops()["MAP"].fields if f.name == "dims")


def row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of a contiguous tensor, in elements."""
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
    """Return the values with enough of `fill` before them to make up a length."""
    return [fill] * (length - len(values)) + values


def reduce_groups(shape: tuple[int, ...], axes: set[int]) -> dict[str, list[int]]:
    """Return keep_dims, keep_stride, reduce_dims and reduce_stride of a walk over some axes. Raises Unsupported."""
    strides = row_major(shape)
    groups: dict[str, list[int]] = {}
    for name, wanted in (("keep", False), ("reduce", True)):
        chosen = [i for i in range(len(shape)) if (i in axes) == wanted]
        dims, (steps,) = merge_dims(tuple(shape[i] for i in chosen), tuple(strides[i] for i in chosen))
        if len(dims) > 3:
            raise Unsupported(f"a walk over the axes {sorted(axes)}; these do not merge to three groups")
        groups |= {f"{name}_dims": pad_left(dims, 3, 1), f"{name}_stride": pad_left(steps, 3, 0)}
    return groups


def broadcast(shape: tuple[int, ...], *operands: tuple[int, ...]) -> tuple[list[int], list[list[int]]]:
    """Return the dimensions of a walk over a shape, and the strides of operands that are broadcast to it.

    All have BROADCAST_RANK entries. Raises Unsupported where an operand does not fit.
    """
    all_strides = []
    for operand in operands:
        padded = (1,) * (len(shape) - len(operand)) + operand
        if len(padded) != len(shape) or any(p not in (1, d) for p, d in zip(padded, shape, strict=True)):
            raise Unsupported(f"an operand of shape {list(operand)} for {list(shape)}")
        all_strides.append(tuple(0 if p == 1 else s for p, s in zip(padded, row_major(padded), strict=True)))
    dims, merged = merge_dims(shape, *all_strides)
    if len(dims) > BROADCAST_RANK:
        raise Unsupported(f"broadcasting over {len(dims)} dimensions; at most {BROADCAST_RANK} can run")
    return pad_left(dims, BROADCAST_RANK, 1), [pad_left(m, BROADCAST_RANK, 0) for m in merged]


def binary_walk(a: Tensor, b: Tensor, out: Tensor) -> dict[str, list[int]]:
    """Return dims, a_stride and b_stride of an op on two broadcast operands. Raises Unsupported."""
    dims, (a_stride, b_stride) = broadcast(out.shape, a.shape, b.shape)
    return {"dims": dims, "a_stride": a_stride, "b_stride": b_stride}


def strided_copy(
    program: Program,
    node: Node,
    source: Tensor,
    out: Tensor,
    shape: tuple[int, ...],
    in_stride: tuple[int, ...],
    in_start: int,
    out_stride: tuple[int, ...],
    out_start: int = 0,
    fill_value: int | None = None,
) -> None:
    """Add a COPY of `shape` elements from `source` to `out`. Strides and starts in elements.

    fill_value: what `out` holds elsewhere, None where it is left as it is. Raises Unsupported.
    """
    dims, (ins, outs) = merge_dims(shape, in_stride, out_stride)
    if len(dims) > COPY_RANK:
        raise Unsupported(f"a copy of {len(dims)} dimensions that do not merge; at most {COPY_RANK} can run")
    if source.dtype not in dtypes():
        raise Unsupported(f"{source.dtype} tensors")
    program.add(node, "COPY", [source], {
        "dims": pad_left(dims, COPY_RANK, 1),
        "in_stride": pad_left(ins, COPY_RANK, 0),
        "out_stride": pad_left(outs, COPY_RANK, 0),
        "in_start": in_start,
        "out_start": out_start,
        "element_size": dtypes()[source.dtype].size,
        "fill": int(fill_value is not None),
        "fill_value": fill_value or 0,
    }, out=out)


def copy_constant(program: Program, constant: Tensor) -> Tensor:
    """Add a COPY of a constant into the arena, and return that."""
    out = Tensor(constant.name + "_copy", constant.shape, constant.dtype, constant.quantization)
    strides = row_major(constant.shape)
    strided_copy(program, Node("CONSTANT", [constant], [out]), constant, out, out.shape, strides, 0, strides)
    return out


def in_arena(program: Program, tensor: Tensor) -> Tensor:
    """Return the tensor, copied where it is a constant: most float kernels want aligned inputs."""
    root = program.root(tensor)
    return copy_constant(program, Tensor(tensor.name, tensor.shape, tensor.dtype, data=root.data.reshape(tensor.shape))
                         ) if root.data is not None else tensor


def add_table(program: Program, node: Node, source: Tensor, out: Tensor, function: Callable[[int], int]) -> None:
    """Add a LUT whose entries are function(quantised input), clamped to the dtype of `out`, 8-bit values both."""
    low, high = (0, 255) if out.dtype == "uint8" else (-128, 127)
    signed = source.dtype == "int8"
    table = bytes(
        fp.clamp(function(byte - 256 if signed and byte > 127 else byte), low, high) & 0xFF for byte in range(256)
    )
    program.add(node, "LUT", [source], {"count": source.elements}, {"table_at": table}, out=out)
