# SPDX-License-Identifier: MIT
"""More ops that only move values, of any dtype: strided copies where a stride says it all, else gathers."""

from __future__ import annotations

import math

import numpy as np

from ..fileformat.opset import dtypes, ops
from ..graph import Node, Tensor, Unsupported
from ..graph.tflite_ops import constant, required
from .program import Program
from .rules import merge_dims, row_major, rule, strided_copy

COPY_RANK = next(f.count for f in ops()["COPY"].fields if f.name == "dims")


def copy_into(program: Program, node: Node, source: Tensor, out: Tensor, shape: tuple[int, ...],
              in_stride: tuple[int, ...], in_start: int, out_stride: tuple[int, ...], out_start: int = 0,
              fill_value: int | None = None) -> None:
    """A strided copy into a tensor that is not, or not alone, the node's output."""
    part = Node(node.op, [source], [out])
    strided_copy(program, part, source, shape, in_stride, in_start, out_stride, out_start, fill_value)


def temporary(node: Node, like: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A value between two steps of one node."""
    return Tensor(node.name, shape, like.dtype, like.quantization)


def axis_of(value: int, rank: int) -> int:
    if not -rank <= value < rank:
        raise Unsupported(f"axis {value} of {rank}; the file is damaged, export it again")
    return value % rank


def want_elements(node: Node, shape: tuple[int, ...], out: Tensor) -> None:
    if math.prod(shape) != out.elements:
        raise Unsupported(f"an output of shape {list(out.shape)} where {list(shape)} comes out")


@rule("SPLIT", "SPLIT_V")
def split(program: Program, node: Node) -> None:
    source = required(node, 1 if node.op == "SPLIT" else 0)
    axis = axis_of(int(constant(node, 0 if node.op == "SPLIT" else 2, "axes").reshape(-1)[0]), len(source.shape))
    strides, at = row_major(source.shape), 0
    for out in node.outputs:
        if at + out.shape[axis] > source.shape[axis]:
            raise Unsupported(f"parts that are larger than {list(source.shape)}")
        copy_into(program, node, source, out, out.shape, strides, at * strides[axis], row_major(out.shape))
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
        copy_into(program, node, source, out, shape, tuple(strides[i] for i in rest), at * strides[axis],
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
        copy_into(program, node, part, out, part.shape, row_major(part.shape), 0, rest, at * strides[axis])


@rule("SLICE")
def slice_op(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    begin = [int(v) for v in constant(node, 1, "slices").reshape(-1)]
    strides = row_major(source.shape)
    if any(b < 0 or b + n > d for b, n, d in zip(begin, out.shape, source.shape, strict=True)):
        raise Unsupported(f"a slice from {begin} of shape {list(out.shape)} of {list(source.shape)}")
    start = sum(b * s for b, s in zip(begin, strides, strict=True))
    copy_into(program, node, source, out, out.shape, strides, start, row_major(out.shape))


@rule("INTERLEAVE")
def interleave(program: Program, node: Node) -> None:
    """Parts of a transposed convolution (passes/decompose.py), each to its place in every stride_h x stride_w."""
    out = node.outputs[0]
    n_step, row, column, _ = row_major(out.shape)
    rows, columns = node.attrs["strides"]
    for i, (y, x) in enumerate(node.attrs["places"]):
        part = required(node, i)
        copy_into(program, node, part, out, part.shape, row_major(part.shape), 0,
                  (n_step, rows * row, columns * column, 1), y * row + x * column)


@rule("TRANSPOSE_CONV")
def transpose_conv(program: Program, node: Node) -> None:
    """What passes/decompose.py has left over."""
    size = f"{list(node.outputs[0].shape)}, stride {node.attrs['stride_h']}x{node.attrs['stride_w']}"
    raise Unsupported(f"{node.outputs[0].dtype} to {size}; constant int8 weights and outputs of the size that the "
                      "strides give can run")


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
        copy_into(program, node, source, out, tuple(shape), tuple(ins), 0, tuple(outs))
    else:
        index_axes(program, node, {i: [k % d for k in range(d * times[i])] for i, d in enumerate(source.shape)})


@rule("BROADCAST_TO")
def broadcast_to(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    padded = (1,) * (len(out.shape) - len(source.shape)) + source.shape
    if len(padded) != len(out.shape) or any(p not in (1, d) for p, d in zip(padded, out.shape, strict=True)):
        raise Unsupported(f"{list(source.shape)} as {list(out.shape)}")
    strides = tuple(0 if p == 1 else s for p, s in zip(padded, row_major(padded), strict=True))
    copy_into(program, node, source, out, out.shape, strides, 0, row_major(out.shape))


@rule("REVERSE_V2")
def reverse(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    axes = {axis_of(int(a), len(source.shape)) for a in constant(node, 1, "axes").reshape(-1)}
    strides = row_major(source.shape)
    start = sum((source.shape[i] - 1) * strides[i] for i in axes)
    turned = tuple(-s if i in axes else s for i, s in enumerate(strides))
    copy_into(program, node, source, out, source.shape, turned, start, row_major(out.shape))


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
    in_deep = _permuted(row_major((n, h // block, w // block, block, block, c)), (0, 1, 3, 2, 4, 5))
    ins, outs = (in_wide, in_deep) if wide is source else (in_deep, in_wide)
    copy_into(program, node, source, out, shape, ins, 0, outs)


def _permuted(values: tuple[int, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(values[i] for i in order)


@rule("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND")
def space_batch(program: Program, node: Node) -> None:
    """One copy for each place in a block: batch (i, j, n) holds the rows i, i + block, ... of the padded space."""
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
        ends = [(tuple(in_space), space_at), (tuple(in_batch), batch_at)]
        (ins, in_at), (outs, out_at) = ends if to_batch else ends[::-1]
        copy_into(program, node, source, out, tuple(shape), ins, in_at, outs, out_at, fill)
        fill = None


def gather_axis(program: Program, node: Node, source: Tensor, out: Tensor, axis: int, indices: Tensor,
                batch_dims: int = 0) -> None:
    """out = source with its axis indexed."""
    batches = math.prod(source.shape[:batch_dims])
    add_gather(program, node, source, out, indices, {
        "batches": batches, "outer": math.prod(source.shape[batch_dims:axis]),
        "count": indices.elements // batches, "inner": math.prod(source.shape[axis + 1 :]),
    }, [source.shape[axis]])  # fmt: skip


def add_gather(program: Program, node: Node, source: Tensor, out: Tensor, indices: Tensor, params: dict[str, int],
               dims: list[int]) -> None:
    if source.dtype not in dtypes():
        raise Unsupported(f"{source.dtype} tensors")
    if indices.data is not None:
        indices = Tensor(indices.name, indices.shape, "int32", None, indices.data.astype(np.int32))
    if indices.dtype != "int32":
        raise Unsupported(f"{indices.dtype} indices; int32 and constant ones can run")
    if params["batches"] * params["outer"] * params["count"] * params["inner"] != out.elements:
        raise Unsupported(f"an output of shape {list(out.shape)}")
    params = {**params, "inner": params["inner"] * dtypes()[source.dtype].size}
    program.add(Node(node.op, [source, indices], [out]), "GATHER", [source, indices],
                {**params, "depth": len(dims), "dims": dims + [1] * (5 - len(dims))})


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
    }, list(source.shape[:depth]))  # fmt: skip


@rule("EMBEDDING_LOOKUP")
def embedding_lookup(program: Program, node: Node) -> None:
    table, out = required(node, 1), node.outputs[0]
    if table.dtype != out.dtype:
        raise Unsupported(f"a table of {table.dtype} looked up as {out.dtype}")
    gather_axis(program, node, table, out, 0, required(node, 0))


def index_axes(program: Program, node: Node, by_axis: dict[int, list[int]]) -> None:
    """Index several axes with constants, one gather each."""
    source, out = required(node, 0), node.outputs[0]
    todo = [(axis, rows) for axis, rows in by_axis.items() if rows != list(range(source.shape[axis]))]
    if not todo:
        program.alias(out, source)
    for i, (axis, rows) in enumerate(todo):
        shape = (*source.shape[:axis], len(rows), *source.shape[axis + 1 :])
        step_out = out if i == len(todo) - 1 else temporary(node, source, shape)
        indices = Tensor(f"{node.name}_rows", (len(rows),), "int32", None, np.array(rows, np.int32))
        gather_axis(program, node, source, step_out, axis, indices)
        source = step_out


@rule("MIRROR_PAD")
def mirror_pad(program: Program, node: Node) -> None:
    source = required(node, 0)
    paddings = constant(node, 1, "paddings").reshape(-1, 2)
    gap = 1 if node.attrs.get("mode", 0) == 0 else 0  # REFLECT leaves out the edge itself
    by_axis = {}
    for axis, (before, after) in enumerate(paddings.tolist()):
        size = source.shape[axis]
        if max(before, after) > size - gap:
            raise Unsupported(f"a mirrored padding of {max(before, after)} at an axis of {size}")
        by_axis[axis] = [i + gap for i in range(before)][::-1] + list(range(size)) + [
            size - 1 - gap - i for i in range(after)]  # fmt: skip
    index_axes(program, node, by_axis)


@rule("RESIZE_NEAREST_NEIGHBOR")
def resize_nearest(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    n, h, w, c = source.shape
    rows = {axis: [_nearest(i, source.shape[axis], out.shape[axis], node) for i in range(out.shape[axis])]
            for axis in (1, 2)}  # fmt: skip
    times = [out.shape[i] // source.shape[i] for i in (1, 2)]
    if all(rows[i + 1] == [k // times[i] for k in range(out.shape[i + 1])] for i in (0, 1) if times[i]) and all(times):
        shape = (n, h, times[0], w, times[1], c)
        copy_into(program, node, source, out, shape, (h * w * c, w * c, 0, c, 0, 1), 0, row_major(shape))
    else:
        index_axes(program, node, rows)


def _nearest(i: int, size: int, out: int, node: Node) -> int:
    """Which input element output element i takes, in float32 as TFLM works it out."""
    align, half = node.attrs.get("align_corners", False), node.attrs.get("half_pixel_centers", False)
    one = np.float32(1)
    scale = one * (size - 1) / np.float32(out - 1) if align and out > 1 else one * size / np.float32(out)
    at = (np.float32(i) + np.float32(0.5 if half else 0)) * scale
    found = math.floor(abs(float(at)) + 0.5) if align else math.floor(float(at))
    return max(min(found, size - 1), 0)


@rule("REVERSE_SEQUENCE")
def reverse_sequence(program: Program, node: Node) -> None:
    """The first so many steps of each batch backwards, the rest as they are: two copies a batch."""
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
        copy_into(program, node, source, out, shape, ins, from_, outs, start)

    for b, length in enumerate(lengths):
        part(b, 0, length, backwards=True)
        part(b, length, source.shape[along] - length, backwards=False)


@rule("DYNAMIC_UPDATE_SLICE")
def update_slice(program: Program, node: Node) -> None:
    """The operand with a block at a constant place replaced."""
    source, update, out = required(node, 0), required(node, 1), node.outputs[0]
    at = [int(v) for v in constant(node, 2, "places").reshape(-1)]
    if source.dtype != update.dtype or len(at) != len(source.shape) or len(update.shape) != len(source.shape):
        raise Unsupported(f"{update} at {at} in {source}")
    strides = row_major(source.shape)
    copy_into(program, node, source, out, source.shape, strides, 0, strides)
    inside = [min(max(a, 0), d - u) for a, d, u in zip(at, source.shape, update.shape, strict=True)]
    start = sum(a * s for a, s in zip(inside, strides, strict=True))
    copy_into(program, node, update, out, update.shape, row_major(update.shape), 0, strides, start)
