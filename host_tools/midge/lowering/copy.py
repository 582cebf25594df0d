# SPDX-License-Identifier: MIT
"""Ops that only move values, of any dtype: other names for the same bytes, or strided copies.

Formula: native_module/core/kernels/movement/copy.c. Most copies of variables are left out later, by
program/elide_state_copies.py.
"""

from __future__ import annotations

import math
import struct

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph.fixedpoint import round_half_away
from ..graph.requantization import is_legacy, want_quantized
from ..graph.tflite_ops import activation_of, constant, required, slice_of
from .gather import index_axes
from .program import Program
from .rules import axes_of, axis_of, rule, want_float
from .strides import COPY_RANK, add_table, merge_dims, row_major, strided_copy


def want_elements(node: Node, shape: tuple[int, ...], out: Tensor) -> None:
    """Refuse a node whose output has another number of elements than a shape."""
    if math.prod(shape) != out.elements:
        raise Unsupported(f"an output of shape {list(out.shape)} where {list(shape)} comes out")


@rule("READ_VARIABLE", "ASSIGN_VARIABLE")
def variable(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    strides = row_major(source.shape)
    strided_copy(program, node, source, out, source.shape, strides, 0, strides)


@rule("WHILE", "IF")
def control_flow(program: Program, node: Node) -> None:
    raise Unsupported("control flow inside the model; a .midge file is a straight line of ops. "
                      "Unroll the loop when you export the model, or run the parts as two models")


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
    add_pad(program, node, paddings, value)


@rule("PAD", "PADV2", dtype="float32")
def pad_f32(program: Program, node: Node) -> None:
    want_float(node, 0)
    value = 0.0 if node.input(2) is None else float(constant(node, 2, "pad values").reshape(-1)[0])
    (bits,) = struct.unpack("<i", struct.pack("<f", value))
    add_pad(program, node, constant(node, 1, "paddings").reshape(-1, 2), bits)


def add_pad(program: Program, node: Node, paddings: np.ndarray, value: int) -> None:
    """Add a copy into the middle of a value. paddings [axes, 2]: before and after each axis. Raises Unsupported."""
    source, out = required(node, 0), node.outputs[0]
    if len(paddings) != len(source.shape) or paddings.min(initial=0) < 0:
        raise Unsupported(f"paddings of shape {list(paddings.shape)} on {list(source.shape)}")
    strides = row_major(out.shape)
    start = sum(int(before) * step for (before, _), step in zip(paddings, strides, strict=True))
    strided_copy(program, node, source, out, source.shape, row_major(source.shape), 0, strides, start, value)


@rule("CONCATENATION")
def concatenation(program: Program, node: Node) -> None:
    out = node.outputs[0]
    axis = node.attrs["axis"] % len(out.shape)
    if activation_of(node):
        raise Unsupported("a fused activation on a concatenation")
    strides, at = row_major(out.shape), 0
    for i in range(len(node.inputs)):
        part = required(node, i)
        if part.dtype != out.dtype:
            raise Unsupported(f"parts of dtype {part.dtype} in {out.dtype}")
        if is_legacy(node) and (part.scale, part.zero_point) != (out.scale, out.zero_point):
            part = in_units_of(program, node, part, out)
        strided_copy(program, node, part, out, part.shape, row_major(part.shape), 0, strides, at * strides[axis])
        at += part.shape[axis]


def in_units_of(program: Program, node: Node, part: Tensor, out: Tensor) -> Tensor:
    """Return a part of a legacy concatenation with the output's scale, in float32 as TFLite rescales it."""
    want_quantized(part, out)
    scaled = Tensor(part.name, part.shape, part.dtype, out.quantization)
    scale = np.float32(part.scale) * (np.float32(1) / np.float32(out.scale))
    bias = np.float32(-(part.zero_point + 128)) * scale
    add_table(program, node, part, scaled,
              lambda q: round_half_away(float(np.float32(q + 128) * scale + bias)) + out.zero_point)
    return scaled


@rule("TRANSPOSE")
def transpose(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    order = [int(i) for i in constant(node, 1, "permutations").reshape(-1)]
    if sorted(order) != list(range(len(source.shape))):
        raise Unsupported(f"the permutation {order} of {len(source.shape)} axes")
    strides = row_major(source.shape)
    strided_copy(program, node, source, out, out.shape, tuple(strides[i] for i in order), 0, row_major(out.shape))


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
    strided_copy(program, node, source, out, shape, tuple(indices[2] * step for indices, step in kept),
                 sum(start * step for start, step in zip(starts, strides, strict=True)), row_major(shape))


@rule("SLICE")
def slice_op(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    begin = [int(v) for v in constant(node, 1, "slices").reshape(-1)]
    strides = row_major(source.shape)
    if any(b < 0 or b + n > d for b, n, d in zip(begin, out.shape, source.shape, strict=True)):
        raise Unsupported(f"a slice from {begin} of shape {list(out.shape)} of {list(source.shape)}")
    start = sum(b * s for b, s in zip(begin, strides, strict=True))
    strided_copy(program, node, source, out, out.shape, strides, start, row_major(out.shape))


@rule("SPLIT", "SPLIT_V")
def split(program: Program, node: Node) -> None:
    source = required(node, 1 if node.op == "SPLIT" else 0)
    axis = axis_of(int(constant(node, 0 if node.op == "SPLIT" else 2, "axes").reshape(-1)[0]), len(source.shape))
    strides, at = row_major(source.shape), 0
    for out in node.outputs:
        if at + out.shape[axis] > source.shape[axis]:
            raise Unsupported(f"parts that are larger than {list(source.shape)}")
        strided_copy(program, node, source, out, out.shape, strides, at * strides[axis], row_major(out.shape))
        at += out.shape[axis]


@rule("UNPACK")
def unpack(program: Program, node: Node) -> None:
    source = required(node, 0)
    axis = axis_of(node.attrs["axis"], len(source.shape))
    strides = row_major(source.shape)
    rest = tuple(i for i in range(len(source.shape)) if i != axis)
    shape = tuple(source.shape[i] for i in rest)
    if len(node.outputs) != source.shape[axis]:
        raise Unsupported(f"{len(node.outputs)} parts of {list(source.shape)}")
    for at, out in enumerate(node.outputs):
        want_elements(node, shape, out)
        strided_copy(program, node, source, out, shape, tuple(strides[i] for i in rest), at * strides[axis],
                  row_major(shape))


@rule("PACK")
def pack(program: Program, node: Node) -> None:
    out = node.outputs[0]
    axis = axis_of(node.attrs["axis"], len(out.shape))
    strides = row_major(out.shape)
    rest = tuple(strides[i] for i in range(len(out.shape)) if i != axis)
    for at in range(len(node.inputs)):
        part = required(node, at)
        if part.dtype != out.dtype or part.elements * out.shape[axis] != out.elements:
            raise Unsupported(f"{part} in {out}")
        strided_copy(program, node, part, out, part.shape, row_major(part.shape), 0, rest, at * strides[axis])


@rule("INTERLEAVE")
def interleave(program: Program, node: Node) -> None:
    """Lower parts of a transposed convolution (passes/decompose.py), each to its place in every stride_h x stride_w."""
    out = node.outputs[0]
    n_step, row, column, _ = row_major(out.shape)
    rows, columns = node.attrs["strides"]
    for i, (y, x) in enumerate(node.attrs["places"]):
        part = required(node, i)
        strided_copy(program, node, part, out, part.shape, row_major(part.shape), 0,
                  (n_step, rows * row, columns * column, 1), y * row + x * column)


@rule("TILE")
def tile(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    times = [int(v) for v in constant(node, 1, "multiples").reshape(-1)]
    shape: list[int] = []
    ins: list[int] = []
    outs: list[int] = []
    for count, d, in_step, out_step in zip(times, source.shape, row_major(source.shape), row_major(out.shape),
                                           strict=True):
        shape += [count, d]
        ins += [0, in_step]
        outs += [d * out_step, out_step]
    want_elements(node, tuple(shape), out)
    if len(merge_dims(tuple(shape), tuple(ins), tuple(outs))[0]) <= COPY_RANK:
        strided_copy(program, node, source, out, tuple(shape), tuple(ins), 0, tuple(outs))
    else:
        index_axes(program, node, {i: [k % d for k in range(d * times[i])] for i, d in enumerate(source.shape)})


@rule("BROADCAST_TO")
def broadcast_to(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    padded = (1,) * (len(out.shape) - len(source.shape)) + source.shape
    if len(padded) != len(out.shape) or any(p not in (1, d) for p, d in zip(padded, out.shape, strict=True)):
        raise Unsupported(f"{list(source.shape)} as {list(out.shape)}")
    strides = tuple(0 if p == 1 else s for p, s in zip(padded, row_major(padded), strict=True))
    strided_copy(program, node, source, out, out.shape, strides, 0, row_major(out.shape))


@rule("REVERSE_V2")
def reverse(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    axes = axes_of(node)
    strides = row_major(source.shape)
    start = sum((source.shape[i] - 1) * strides[i] for i in axes)
    turned = tuple(-s if i in axes else s for i, s in enumerate(strides))
    strided_copy(program, node, source, out, source.shape, turned, start, row_major(out.shape))


@rule("SPACE_TO_DEPTH", "DEPTH_TO_SPACE")
def space_depth(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    block = node.attrs["block_size"]
    wide, deep = (source, out) if node.op == "SPACE_TO_DEPTH" else (out, source)
    n, h, w, c = wide.shape
    if block < 1 or deep.shape != (n, h // block, w // block, c * block * block) or h % block or w % block:
        raise Unsupported(f"blocks of {block} from {list(source.shape)} to {list(out.shape)}")
    shape = (n, h // block, block, w // block, block, c)
    in_wide = row_major(shape)
    in_deep = tuple(row_major((n, h // block, w // block, block, block, c))[i] for i in (0, 1, 3, 2, 4, 5))
    ins, outs = (in_wide, in_deep) if wide is source else (in_deep, in_wide)
    strided_copy(program, node, source, out, shape, ins, 0, outs)


@rule("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND")
def space_batch(program: Program, node: Node) -> None:
    """Lower to one copy per place in a block: batch (i, j, n) holds rows i, i + block, ... of the padded space."""
    source, out = required(node, 0), node.outputs[0]
    blocks = [int(b) for b in constant(node, 1, "block shapes").reshape(-1)]
    edges = constant(node, 2, "paddings or crops").reshape(-1, 2)
    to_batch = node.op == "SPACE_TO_BATCH_ND"
    space, batch = (source, out) if to_batch else (out, source)
    m = len(blocks)
    if min(blocks, default=0) < 1 or len(edges) != m or batch.shape[0] != space.shape[0] * math.prod(blocks):
        raise Unsupported(f"blocks of {blocks} from {list(source.shape)} to {list(out.shape)}")
    space_stride, batch_stride = row_major(space.shape), row_major(batch.shape)
    fill = source.zero_point if to_batch and edges.any() else None
    for place in np.ndindex(*blocks):
        shape, in_space = [space.shape[0]], [space_stride[0]]
        in_batch = [batch_stride[0]]
        space_at, batch_at = 0, int(np.ravel_multi_index(place, blocks)) * space.shape[0] * batch_stride[0]
        for k in range(m):
            before, length = int(edges[k][0]), space.shape[1 + k]
            first = max(-(-(before - place[k]) // blocks[k]), 0)  # the first row of the batch inside the space
            at = first * blocks[k] + place[k] - before
            rows = min(-(-(length - at) // blocks[k]), batch.shape[1 + k] - first)
            shape.append(max(rows, 0))
            space_at += at * space_stride[1 + k]
            batch_at += first * batch_stride[1 + k]
            in_space.append(blocks[k] * space_stride[1 + k])
            in_batch.append(batch_stride[1 + k])
        shape += space.shape[1 + m :]
        in_space += space_stride[1 + m :]
        in_batch += batch_stride[1 + m :]
        if 0 in shape:  # padding alone
            continue
        sides = [(tuple(in_space), space_at), (tuple(in_batch), batch_at)]
        (ins, in_at), (outs, out_at) = sides if to_batch else sides[::-1]
        strided_copy(program, node, source, out, tuple(shape), ins, in_at, outs, out_at, fill)
        fill = None


@rule("REVERSE_SEQUENCE")
def reverse_sequence(program: Program, node: Node) -> None:
    """Lower to two copies per batch: its first steps backwards, the rest as they are."""
    source, out = required(node, 0), node.outputs[0]
    lengths = [int(v) for v in constant(node, 1, "sequence lengths").reshape(-1)]
    along, by = node.attrs.get("seq_dim", 0), node.attrs.get("batch_dim", 0)
    strides = row_major(source.shape)
    rest = [i for i in range(len(source.shape)) if i not in (along, by)]
    if along == by or len(lengths) != source.shape[by] or not all(0 <= n <= source.shape[along] for n in lengths):
        raise Unsupported(f"sequences of lengths {lengths} in {list(source.shape)}")

    def part(b: int, first: int, count: int, backwards: bool) -> None:
        if count == 0:
            return
        order = (along, *rest)
        shape = tuple(count if i == along else source.shape[i] for i in order)
        outs = tuple(strides[i] for i in order)
        ins = (-outs[0], *outs[1:]) if backwards else outs
        start = b * strides[by] + first * strides[along]
        from_ = start + (count - 1) * strides[along] if backwards else start
        strided_copy(program, node, source, out, shape, ins, from_, outs, start)

    for b, length in enumerate(lengths):
        part(b, 0, length, backwards=True)
        part(b, length, source.shape[along] - length, backwards=False)


@rule("DYNAMIC_UPDATE_SLICE")
def update_slice(program: Program, node: Node) -> None:
    """Lower to the operand with a block at a constant place replaced."""
    source, update, out = required(node, 0), required(node, 1), node.outputs[0]
    at = [int(v) for v in constant(node, 2, "places").reshape(-1)]
    if source.dtype != update.dtype or len(at) != len(source.shape) or len(update.shape) != len(source.shape):
        raise Unsupported(f"{update} at {at} in {source}")
    strides = row_major(source.shape)
    strided_copy(program, node, source, out, source.shape, strides, 0, strides)
    inside = [min(max(a, 0), d - u) for a, d, u in zip(at, source.shape, update.shape, strict=True)]
    start = sum(a * s for a, s in zip(inside, strides, strict=True))
    strided_copy(program, node, update, out, update.shape, row_major(update.shape), 0, strides, start)
