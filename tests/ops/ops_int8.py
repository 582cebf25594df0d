# SPDX-License-Identifier: MIT
"""The rest of int8: functions of two values, walks along axes, moves, products; int32 and bool beside them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from midge.importers.tflite.writer import FlatTensor
from tests.ops.ops_elementwise import operands, some
from tests.ops.ops_linear import weights_and_bias
from tests.support.draws import (
    ACTIVATIONS,
    axis,
    chance,
    choice,
    constant,
    every_byte,
    integer,
    like,
    near,
    power,
    shape,
    tensor,
    values,
)
from tests.support.op_tests import Case, op_test


def pair(draw: Any, a: FlatTensor, b: FlatTensor) -> tuple[list[FlatTensor], list[np.ndarray]]:
    """Both operands, one of them constant now and then."""
    feeds = [values(draw, tuple(t.shape), t.dtype) for t in (a, b)]
    which = integer(draw, 0, 3)
    if which == 1:
        b.data = feeds.pop(1)
    elif which == 2:
        a.data = feeds.pop(0)
    return [a, b], feeds


@op_test("SUB", "SQUARED_DIFFERENCE")
def scaled_difference(draw: Any, op: str) -> Case:
    a_shape, b_shape, out = operands(draw)
    a = tensor(draw, "a", a_shape)
    b = tensor(draw, "b", b_shape, scale_=near(draw, a.scale, wide=12))
    natural = max(a.scale, b.scale) * (1 if op == "SUB" else max(a.scale, b.scale) * 200)
    y = tensor(draw, "y", out, scale_=near(draw, natural, wide=8))
    feeds = [some(draw, a), some(draw, b)]
    options = {"fused_activation_function": choice(draw, *ACTIVATIONS)} if op == "SUB" else {}
    return Case(op, [a, b], [y], options, feeds, version=2)


@op_test("PRELU")
def prelu(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw, 4, 4))
    alpha = tensor(draw, "alpha", (1, 1, x.shape[3]), scale_=power(draw, -10, 0))
    alpha.data = values(draw, alpha.shape)
    y = tensor(draw, "y", x.shape, scale_=near(draw, x.scale, wide=8))
    return Case("PRELU", [x, alpha], [y], {}, [values(draw, x.shape)])


@op_test("DIV")
def div(draw: Any) -> Case:
    a_shape, b_shape, out = operands(draw)
    a, b = tensor(draw, "a", a_shape), tensor(draw, "b", b_shape)
    y = tensor(draw, "y", out, scale_=a.scale / b.scale / 2 ** integer(draw, 7, 12))  # below, TFLM shifts too far
    divisor = values(draw, b_shape)
    other = b.zero_point + 1 if b.zero_point < 127 else 126
    divisor = np.where(divisor == b.zero_point, np.int8(other), divisor)
    options = {"fused_activation_function": choice(draw, *ACTIVATIONS)}
    return Case("DIV", [a, b], [y], options, [values(draw, a_shape), divisor], version=2)


@op_test("MAXIMUM", "MINIMUM")
def maximum(draw: Any, op: str) -> Case:
    a_shape, b_shape, out = operands(draw)
    a = tensor(draw, "a", a_shape)
    inputs, feeds = pair(draw, a, like(a, "b", b_shape))
    return Case(op, inputs, [like(a, "y", out)], {}, feeds, version=2)


@op_test("MAXIMUM", "MINIMUM", "ADD", "SUB", "MUL", dtype="int32")
def int32_pair(draw: Any, op: str) -> Case:
    a_shape, b_shape, out = operands(draw)
    inputs, feeds = pair(draw, FlatTensor("a", a_shape, "int32"), FlatTensor("b", b_shape, "int32"))
    options = {} if op in ("MAXIMUM", "MINIMUM") else {"fused_activation_function": choice(draw, *ACTIVATIONS)}
    feeds = [f // np.int32(65536) for f in feeds]  # without overflow, which is undefined there
    for t in inputs:
        t.data = None if t.data is None else t.data // np.int32(65536)
    return Case(op, inputs, [FlatTensor("y", out, "int32")], options, feeds)


@op_test("DIV", "FLOOR_DIV", "FLOOR_MOD", dtype="int32", engine="litert")
def int32_quotient(draw: Any, op: str) -> Case:
    a_shape, b_shape, out = operands(draw)
    divisor = values(draw, b_shape, "int32") // np.int32(65536)
    feeds = [values(draw, a_shape, "int32") // 2, np.where(divisor == 0, np.int32(3), divisor)]
    a, b, y = (FlatTensor(name, dims, "int32") for name, dims in (("a", a_shape), ("b", b_shape), ("y", out)))
    return Case(op, [a, b], [y], {}, feeds)


COMPARISONS = ("LESS", "LESS_EQUAL", "EQUAL", "NOT_EQUAL", "GREATER", "GREATER_EQUAL")


@op_test(*COMPARISONS)
def compare(draw: Any, op: str) -> Case:
    out = shape(draw, 1, 4)
    a = tensor(draw, "a", out, scale_=power(draw, -12, -1))
    b = tensor(draw, "b", out if draw(st.booleans()) else (out[-1],), scale_=near(draw, a.scale, wide=1) / 16)
    return Case(op, [a, b], [FlatTensor("y", out, "bool")], {}, [values(draw, a.shape), values(draw, b.shape)])


@op_test(*COMPARISONS, dtype="int32")
def compare_int32(draw: Any, op: str) -> Case:
    out = shape(draw, 1, 4)
    both = [FlatTensor(name, out, "int32") for name in "ab"]
    return Case(op, both, [FlatTensor("y", out, "bool")], {}, [values(draw, out, "int32") for _ in both])


def truths(draw: Any, dims: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(integer(draw, 0, 2**32 - 1)).integers(0, 2, dims).astype(bool)


@op_test("LOGICAL_AND", "LOGICAL_OR", dtype="bool")
def logical(draw: Any, op: str) -> Case:
    dims = shape(draw)
    inputs = [FlatTensor("a", dims, "bool"), FlatTensor("b", dims, "bool")]
    return Case(op, inputs, [FlatTensor("y", dims, "bool")], {}, [truths(draw, dims), truths(draw, dims)])


@op_test("LOGICAL_NOT", dtype="bool")
def logical_not(draw: Any) -> Case:
    out = shape(draw)
    return Case("LOGICAL_NOT", [FlatTensor("a", out, "bool")], [FlatTensor("y", out, "bool")], {}, [truths(draw, out)])


@op_test("SELECT_V2")
def select(draw: Any) -> Case:
    a_shape, b_shape, _ = operands(draw)
    out = tuple(np.broadcast_shapes(a_shape, b_shape))
    a = tensor(draw, "a", a_shape)
    condition = FlatTensor("c", tuple(choice(draw, 1, d) for d in out), "bool")
    feeds = [truths(draw, tuple(condition.shape)), values(draw, a_shape), values(draw, b_shape)]
    return Case("SELECT_V2", [condition, a, like(a, "b", b_shape)], [like(a, "y", out)], {}, feeds)


@op_test("SELECT", dtype="int8", engine="litert")
def select_rows(draw: Any) -> Case:
    a = tensor(draw, "a", shape(draw, 1, 3))
    condition = FlatTensor("c", (a.shape[0],) if draw(st.booleans()) else a.shape, "bool")
    feeds = [truths(draw, tuple(condition.shape)), values(draw, a.shape), values(draw, a.shape)]
    return Case("SELECT", [condition, a, like(a, "b")], [like(a, "y")], {}, feeds)


@op_test("NEG", dtype="int32", engine="litert")
def neg(draw: Any) -> Case:
    dims = shape(draw)
    return Case("NEG", [FlatTensor("x", dims, "int32")], [FlatTensor("y", dims, "int32")], {},
                [values(draw, dims, "int32") // 2])


@op_test("ABS", "ELU")
def rescaled(draw: Any, op: str) -> Case:
    x, fed = every_byte(draw)
    y = tensor(draw, "y", x.shape, scale_=near(draw, x.scale, wide=6))
    return Case(op, [x], [y], {}, [fed])


@op_test("EXP", engine="litert")
def exp(draw: Any) -> Case:
    x, fed = every_byte(draw)
    x.scale = power(draw, -9, -4)  # beyond float32 the reference is undefined
    return Case("EXP", [x], [tensor(draw, "y", x.shape, scale_=power(draw, -9, 6))], {}, [fed])


@op_test("RSQRT")
def rsqrt(draw: Any) -> Case:
    x = tensor(draw, "x", (256,), scale_=power(draw, -12, 2))
    y = tensor(draw, "y", x.shape, scale_=near(draw, 0.01 / math.sqrt(x.scale), wide=2))
    return Case("RSQRT", [x], [y], {}, [np.maximum(np.arange(-128, 128), x.zero_point).astype(np.int8)])


def reduced(draw: Any, dims: tuple[int, ...]) -> tuple[list[int], bool, tuple[int, ...]]:
    """Axes, keep_dims, and the output's shape."""
    rank = len(dims)
    axes = draw(st.lists(st.integers(-rank, rank - 1), min_size=1, max_size=2, unique_by=lambda a: a % rank))
    keep = draw(st.booleans())
    gone = {a % rank for a in axes}
    return axes, keep, tuple(1 if i in gone else d for i, d in enumerate(dims) if keep or i not in gone)


@op_test("SUM", "REDUCE_MAX", "REDUCE_MIN")
def reduce(draw: Any, op: str) -> Case:
    x = tensor(draw, "x", shape(draw, elements=1500))
    axes, keep, out = reduced(draw, x.shape)
    y = tensor(draw, "y", out, scale_=near(draw, x.scale * 8, wide=6)) if op == "SUM" else like(x, "y", out)
    return Case(op, [x, constant("axes", axes)], [y], {"keep_dims": keep}, [values(draw, x.shape)])


@op_test("REDUCE_ALL", "REDUCE_ANY", dtype="bool", engine="litert")
def reduce_bool(draw: Any, op: str) -> Case:
    dims = shape(draw)
    axes, keep, out = reduced(draw, dims)
    return Case(op, [FlatTensor("x", dims, "bool"), constant("axes", axes)], [FlatTensor("y", out, "bool")],
                {"keep_dims": keep}, [truths(draw, dims)])


@op_test("ARG_MAX", "ARG_MIN")
def arg_extreme(draw: Any, op: str) -> Case:
    x = tensor(draw, "x", shape(draw))
    along = axis(draw, len(x.shape))
    out = tuple(d for i, d in enumerate(x.shape) if i != along % len(x.shape))
    return Case(op, [x, constant("axis", along)], [FlatTensor("y", out, "int32")], {"output_type": "INT32"},
                [values(draw, x.shape)])


@op_test("TOPK_V2", dtype="int8", engine="litert")
def top_k(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw))
    k = integer(draw, 1, x.shape[-1])
    out = (*x.shape[:-1], k)
    return Case("TOPK_V2", [x, constant("k", k)], [like(x, "y", out), FlatTensor("i", out, "int32")], {},
                [values(draw, x.shape)])


@op_test("CUMSUM")
def cumsum(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw))
    y = tensor(draw, "y", x.shape, scale_=near(draw, x.scale * 4, wide=4))
    options = {"exclusive": draw(st.booleans()), "reverse": draw(st.booleans())}
    return Case("CUMSUM", [x, constant("axis", axis(draw, len(x.shape)))], [y], options, [values(draw, x.shape)])


@op_test("L2_NORMALIZATION")
def l2_normalization(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw, 2, 4, elements=2000))
    y = FlatTensor("y", x.shape, "int8", scale=1 / 128, zero_point=0)
    return Case("L2_NORMALIZATION", [x], [y], {}, [values(draw, x.shape)])


@op_test("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
def resize(draw: Any, op: str) -> Case:
    x = tensor(draw, "x", (integer(draw, 1, 2), integer(draw, 1, 9), integer(draw, 1, 9), integer(draw, 1, 5)))
    if chance(draw, 3):
        size = [x.shape[1] * integer(draw, 1, 3), x.shape[2] * integer(draw, 1, 3)]
    else:
        size = [integer(draw, 1, 19), integer(draw, 1, 19)]
    align = draw(st.booleans())
    half = not align and draw(st.booleans())
    y = like(x, "y", (x.shape[0], *size, x.shape[3]))
    return Case(op, [x, constant("size", size)], [y], {"align_corners": align, "half_pixel_centers": half},
                [values(draw, x.shape)], version=3)


@op_test("BATCH_MATMUL")
def batch_matmul(draw: Any) -> Case:
    rows, columns, depth = integer(draw, 1, 6), integer(draw, 1, 6), integer(draw, 1, 20)
    outer = shape(draw, 0, 2, elements=12)
    adj_x, adj_y = draw(st.booleans()), draw(st.booleans())
    ones = tuple(choice(draw, 1, d) for d in outer)
    a = tensor(draw, "a", (*outer, *((depth, rows) if adj_x else (rows, depth))))
    matrix = (columns, depth) if adj_y else (depth, columns)
    b = tensor(draw, "b", (*(ones if draw(st.booleans()) else outer), *matrix))
    y = tensor(draw, "y", (*outer, rows, columns), scale_=near(draw, a.scale * b.scale * 64 * depth**0.5, wide=8))
    return Case("BATCH_MATMUL", [a, b], [y], {"adj_x": adj_x, "adj_y": adj_y},
                [values(draw, a.shape), values(draw, b.shape)], version=2)


@op_test("FULLY_CONNECTED", form="weights not constant")
def fully_connected(draw: Any) -> Case:
    rows, columns, depth = integer(draw, 1, 4), integer(draw, 1, 6), integer(draw, 1, 40)
    a, b = tensor(draw, "a", (rows, depth)), tensor(draw, "b", (columns, depth))
    y = tensor(draw, "y", (rows, columns), scale_=near(draw, a.scale * b.scale * 64 * depth**0.5, wide=8))
    bias = None
    if draw(st.booleans()):
        bias = FlatTensor("bias", data=(values(draw, (columns,), "int32") // 4096).astype(np.int32))
    options = {"fused_activation_function": choice(draw, *ACTIVATIONS)}
    feeds = [values(draw, a.shape), values(draw, b.shape)]
    return Case("FULLY_CONNECTED", [a, b, bias], [y], options, feeds, version=4)


@op_test("TRANSPOSE_CONV")
def transpose_conv(draw: Any) -> Case:
    kernel, strides = [integer(draw, 1, 5) for _ in "hw"], [integer(draw, 1, 3) for _ in "hw"]
    padding = choice(draw, "SAME", "VALID")
    n, size = integer(draw, 1, 2), [integer(draw, 1, 6) for _ in "hw"]
    in_c, out_c = integer(draw, 1, 9), integer(draw, 1, 6)
    out = [i * s if padding == "SAME" else (i - 1) * s + max(k, s if chance(draw, 4) else 1)
           for i, s, k in zip(size, strides, kernel, strict=True)]
    x = tensor(draw, "x", (n, *size, in_c))
    weights, bias, natural = weights_and_bias(draw, x, (out_c, *kernel, in_c), 0)
    y = tensor(draw, "y", (n, *out, out_c), scale_=near(draw, natural))
    options = {"padding": padding, "stride_h": strides[0], "stride_w": strides[1]}
    inputs = [constant("shape", y.shape), weights, x, *([bias] if bias is not None else [])]
    return Case("TRANSPOSE_CONV", inputs, [y], options, [values(draw, x.shape)], version=3)


@op_test("CONV_2D", form="grouped")
def grouped_conv(draw: Any) -> Case:
    groups, per_group, filters = integer(draw, 2, 4), integer(draw, 1, 3), integer(draw, 1, 3)
    kernel, size = [integer(draw, 1, 3) for _ in "hw"], [integer(draw, 3, 6) for _ in "hw"]
    x = tensor(draw, "x", (1, *size, groups * per_group))
    weights, bias, natural = weights_and_bias(draw, x, (groups * filters, *kernel, per_group), 0)
    y = tensor(draw, "y", (1, *size, groups * filters), scale_=near(draw, natural))
    options = {"padding": "SAME", "stride_h": 1, "stride_w": 1, "fused_activation_function": choice(draw, *ACTIVATIONS)}
    return Case("CONV_2D", [x, weights, bias], [y], options, [values(draw, x.shape)], version=3)


@op_test("SPLIT")
def split(draw: Any) -> Case:
    dims = list(shape(draw))
    along, parts = axis(draw, len(dims)), integer(draw, 1, 4)
    out = tuple(dims)
    dims[along] *= parts
    x = tensor(draw, "x", tuple(dims))
    return Case("SPLIT", [constant("axis", along), x], [like(x, f"y{i}", out) for i in range(parts)],
                {"num_splits": parts}, [values(draw, x.shape)])


@op_test("SPLIT_V")
def split_v(draw: Any) -> Case:
    dims = list(shape(draw))
    along = axis(draw, len(dims))
    sizes = [integer(draw, 1, 4) for _ in range(integer(draw, 1, 4))]
    dims[along] = sum(sizes)
    x = tensor(draw, "x", tuple(dims))
    outs = []
    for i, part in enumerate(sizes):
        dims[along] = part
        outs.append(like(x, f"y{i}", tuple(dims)))
    return Case("SPLIT_V", [x, constant("sizes", sizes), constant("axis", along)], outs, {"num_splits": len(sizes)},
                [values(draw, x.shape)])


@op_test("PACK")
def pack(draw: Any) -> Case:
    x = tensor(draw, "x0", shape(draw, 0, 3))
    parts = [x] + [like(x, f"x{i}") for i in range(1, integer(draw, 1, 4))]
    along = axis(draw, len(x.shape) + 1)
    y = like(x, "y", np.stack([np.empty(x.shape)] * len(parts), along).shape)
    return Case("PACK", parts, [y], {"values_count": len(parts), "axis": along}, [values(draw, x.shape) for _ in parts])


@op_test("UNPACK")
def unpack(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw))
    along = axis(draw, len(x.shape))
    out = tuple(d for i, d in enumerate(x.shape) if i != along % len(x.shape))
    num = x.shape[along]
    return Case("UNPACK", [x], [like(x, f"y{i}", out) for i in range(num)], {"num": num, "axis": along},
                [values(draw, x.shape)])


@op_test("SLICE")
def slice_op(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw))
    begin = [integer(draw, 0, d - 1) for d in x.shape]
    size = [integer(draw, 1, d - b) for d, b in zip(x.shape, begin, strict=True)]
    y = like(x, "y", tuple(size))
    wanted = [-1 if b + n == d and draw(st.booleans()) else n for b, n, d in zip(begin, size, x.shape, strict=True)]
    return Case("SLICE", [x, constant("begin", begin), constant("size", wanted)], [y], {}, [values(draw, x.shape)])


@op_test("TILE", dtype="int8", engine="litert")
def tile(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw, 1, 3, elements=60))
    times = [integer(draw, 1, 3) for _ in x.shape]
    y = like(x, "y", tuple(d * t for d, t in zip(x.shape, times, strict=True)))
    return Case("TILE", [x, constant("times", times)], [y], {}, [values(draw, x.shape)])


@op_test("BROADCAST_TO")
def broadcast_to(draw: Any) -> Case:
    out = shape(draw)
    x = tensor(draw, "x", tuple(choice(draw, 1, d) for d in out)[integer(draw, 0, len(out) - 1) :])
    x = like(x, "x", tuple(1 if d == 1 else o for d, o in zip(x.shape, out[len(out) - len(x.shape) :], strict=True)))
    return Case("BROADCAST_TO", [x, constant("shape", out)], [like(x, "y", out)], {}, [values(draw, x.shape)])


@op_test("REVERSE_V2")
def reverse(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw))
    rank = len(x.shape)
    first = integer(draw, 0, rank - 1)
    axes = list(range(first, integer(draw, first, rank - 1) + 1))
    return Case("REVERSE_V2", [x, constant("axes", axes)], [like(x, "y")], {}, [values(draw, x.shape)])


@op_test("MIRROR_PAD")
def mirror_pad(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw))
    mode = choice(draw, "REFLECT", "SYMMETRIC")
    most = [d - (mode == "REFLECT") for d in x.shape]
    paddings = [(integer(draw, 0, m), integer(draw, 0, m)) for m in most]
    y = like(x, "y", tuple(d + sum(p) for d, p in zip(x.shape, paddings, strict=True)))
    return Case("MIRROR_PAD", [x, constant("paddings", paddings)], [y], {"mode": mode}, [values(draw, x.shape)])


@op_test("SPACE_TO_DEPTH", "DEPTH_TO_SPACE")
def space_depth(draw: Any, op: str) -> Case:
    n, h, w, c, block = (integer(draw, 1, k) for k in (2, 4, 4, 5, 3))
    wide = tensor(draw, "x", (n, h * block, w * block, c))
    deep = like(wide, "y", (n, h, w, c * block * block))
    x, y = (wide, deep) if op == "SPACE_TO_DEPTH" else (like(deep, "x"), like(wide, "y"))
    return Case(op, [x], [y], {"block_size": block}, [values(draw, x.shape)])


@op_test("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", engine="litert")  # TFLM pads with what lies on its stack
def space_batch(draw: Any, op: str) -> Case:
    n, c = integer(draw, 1, 2), integer(draw, 1, 4)
    blocks, sizes, edges = [], [], []
    for _ in "hw":
        block = integer(draw, 1, 3)
        before, after = integer(draw, 0, 2), integer(draw, 0, 2)
        size = integer(draw, 2, 6)
        after += -(size + before + after) % block
        blocks, sizes, edges = [*blocks, block], [*sizes, size], [*edges, (before, after)]
    space = tensor(draw, "x", (n, *sizes, c))
    inner = [(s + sum(e)) // b for s, e, b in zip(sizes, edges, blocks, strict=True)]
    batch = like(space, "y", (n * math.prod(blocks), *inner, c))
    x, y = (space, batch) if op == "SPACE_TO_BATCH_ND" else (like(batch, "x"), like(space, "y"))
    return Case(op, [x, constant("blocks", blocks), constant("edges", edges)], [y], {}, [values(draw, x.shape)])


@op_test("GATHER")
def gather(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw, 1, 4))
    along = integer(draw, 0, len(x.shape) - 1)
    batch_dims = integer(draw, 0, along) if chance(draw, 3) else 0
    picked = (*x.shape[:batch_dims], *shape(draw, 1, 2, elements=8))
    rng = np.random.default_rng(integer(draw, 0, 2**32 - 1))
    which = rng.integers(0, x.shape[along], picked, np.int32)
    indices = constant("indices", which) if draw(st.booleans()) else FlatTensor("indices", picked, "int32")
    out = (*x.shape[:along], *picked[batch_dims:], *x.shape[along + 1 :])
    feeds = [values(draw, x.shape)] + ([] if indices.data is not None else [which])
    return Case("GATHER", [x, indices], [like(x, "y", out)], {"axis": along, "batch_dims": batch_dims}, feeds)


@op_test("GATHER_ND")
def gather_nd(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw, 1, 4))
    depth = integer(draw, 1, len(x.shape))
    picked = shape(draw, 1, 2, elements=8)
    rng = np.random.default_rng(integer(draw, 0, 2**32 - 1))
    which = np.stack([rng.integers(0, d, picked, np.int32) for d in x.shape[:depth]], -1)
    y = like(x, "y", (*picked, *x.shape[depth:]))
    return Case("GATHER_ND", [x, FlatTensor("indices", which.shape, "int32")], [y], {}, [values(draw, x.shape), which])


@op_test("REVERSE_SEQUENCE", engine="litert")
def reverse_sequence(draw: Any) -> Case:
    x = FlatTensor("x", shape(draw, 2, 4), "int32")
    rank = len(x.shape)
    along = integer(draw, 0, rank - 1)
    by = choice(draw, *(i for i in range(rank) if i != along))
    lengths = constant("lengths", [integer(draw, 1, x.shape[along]) for _ in range(x.shape[by])])
    return Case("REVERSE_SEQUENCE", [x, lengths], [FlatTensor("y", x.shape, "int32")],
                {"seq_dim": along, "batch_dim": by}, [values(draw, x.shape, "int32")])


@op_test("DYNAMIC_UPDATE_SLICE", engine="litert")
def update_slice(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw))
    update = like(x, "u", tuple(integer(draw, 1, d) for d in x.shape))
    at = constant("at", [integer(draw, 0, d) for d in x.shape])
    return Case("DYNAMIC_UPDATE_SLICE", [x, update, at], [like(x, "y")], {},
                [values(draw, x.shape), values(draw, update.shape)])


@op_test("LOG", "GELU", engine="litert")
def tabulated(draw: Any, op: str) -> Case:
    x, fed = every_byte(draw)
    x.scale = power(draw, -9, -3)
    return Case(op, [x], [tensor(draw, "y", x.shape, scale_=power(draw, -9, 0))], {}, [fed])


@op_test("EMBEDDING_LOOKUP")
def embedding_lookup(draw: Any) -> Case:
    table = tensor(draw, "table", shape(draw, 2, 3))
    rng = np.random.default_rng(integer(draw, 0, 2**32 - 1))
    which = rng.integers(0, table.shape[0], (integer(draw, 1, 5),), np.int32)
    table.data = values(draw, table.shape)
    y = like(table, "y", (len(which), *table.shape[1:]))
    return Case("EMBEDDING_LOOKUP", [FlatTensor("i", which.shape, "int32"), table], [y], {}, [which])
