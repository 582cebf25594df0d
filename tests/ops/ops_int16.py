# SPDX-License-Identifier: MIT
"""16-bit activations: weighted sums with 8-bit weights, elementwise ops, pools, softmax, changes of dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from midge.importers.tflite.writer import FlatTensor
from tests.ops.ops_elementwise import operands
from tests.ops.ops_linear import window
from tests.support.draws import (
    chance,
    choice,
    constant,
    integer,
    like,
    near,
    power,
    shape,
    tensor,
    values,
    zero_point,
)
from tests.support.op_tests import Case, op_test

FAR = {"far too (small|large)": "scales that differ by more than 2^14 between the ends of a layer"}
FUSED = {"a fused (TANH|SIGN_BIT)": "activations that TFLM silently leaves out"}


def tensor16(draw: Any, name: str, dims: tuple[int, ...], scale: float | None = None) -> FlatTensor:
    return FlatTensor(name, dims, "int16", scale=power(draw, -16, -4) if scale is None else scale)


def values16(draw: Any, dims: tuple[int, ...]) -> np.ndarray:
    return values(draw, dims, "int16")


def natural(draw: Any, *scales: float) -> float:
    return float(np.clip(np.float32(np.prod(scales) * power(draw, -3, 3)), 1e-30, 1e30))


def weighted(draw: Any, op: str, x: FlatTensor, dims: tuple[int, ...], axis: int, out: tuple[int, ...],
             options: dict[str, Any], bias_dtypes: tuple[str, ...]) -> Case:
    count = dims[axis]
    scales = np.array([power(draw, -12, -3) for _ in range(count if draw_channels(draw) else 1)], np.float32)
    weights = FlatTensor("weights", data=values(draw, dims), scale=scales, quantized_dimension=axis)
    dtype = choice(draw, *bias_dtypes)
    bias = None
    if dtype:
        span = choice(draw, 2**12, 2**24, 2**30) if dtype == "int32" else choice(draw, 2**12, 2**30, 2**38)
        rng = np.random.default_rng(integer(draw, 0, 2**32 - 1))
        bias = FlatTensor(
            "bias", data=rng.integers(-span, span, count).astype(dtype), scale=scales * np.float32(x.scale)
        )
    taps = int(np.prod(dims)) // count
    y = tensor16(draw, "y", out, natural(draw, float(x.scale), float(scales.max()), 64, taps**0.5))
    inputs = [x, weights, bias]
    feeds = [values16(draw, x.shape)]
    if op == "TRANSPOSE_CONV":
        inputs = [constant("shape", out), weights, x, *([] if bias is None else [bias])]
    return Case(op, inputs, [y], options, feeds, version=4)


def draw_channels(draw: Any) -> bool:
    return choice(draw, True, False)


@op_test("CONV_2D", dtype="int16", limits=FAR | FUSED)
def conv_2d(draw: Any) -> Case:
    options, kernel, (in_h, in_w), (out_h, out_w) = window(draw, dilated=True)
    n, in_c, out_c = integer(draw, 1, 2), choice(draw, 1, 2, 3, 8, 33), integer(draw, 1, 9)
    x = tensor16(draw, "x", (n, in_h, in_w, in_c))
    return weighted(draw, "CONV_2D", x, (out_c, *kernel, in_c), 0, (n, out_h, out_w, out_c), options,
                    ("int64", "int64", "int32", ""))


@op_test("DEPTHWISE_CONV_2D", dtype="int16", limits=FAR | FUSED)
def depthwise_conv_2d(draw: Any) -> Case:
    options, kernel, (in_h, in_w), (out_h, out_w) = window(draw, dilated=True)
    n, in_c, multiplier = integer(draw, 1, 2), choice(draw, 1, 2, 3, 8, 33), choice(draw, 1, 1, 2, 3)
    x = tensor16(draw, "x", (n, in_h, in_w, in_c))
    out_c = in_c * multiplier
    options["depth_multiplier"] = multiplier
    return weighted(draw, "DEPTHWISE_CONV_2D", x, (1, *kernel, out_c), 3, (n, out_h, out_w, out_c), options,
                    ("int64",))  # without a bias TFLM dies


@op_test("FULLY_CONNECTED", dtype="int16", limits=FAR)
def fully_connected(draw: Any) -> Case:
    rows, in_c, out_c = integer(draw, 1, 4), choice(draw, 1, 2, 3, 5, 16, 17, 64, 600), integer(draw, 1, 9)
    x = tensor16(draw, "x", (rows, in_c))
    return weighted(draw, "FULLY_CONNECTED", x, (out_c, in_c), 0, (rows, out_c),
                    {"fused_activation_function": choice(draw, "NONE", "RELU", "RELU6"),
                     "quantized_bias_type": choice(draw, "FLOAT32", "INT32", "INT64")}, ("int64", "int32", ""))


@op_test("TRANSPOSE_CONV", dtype="int16", limits=FAR | {"exceed its kernel": "strides wider than the kernel"})
def transpose_conv(draw: Any) -> Case:
    same = choice(draw, True, False)
    kernel, strides = [integer(draw, 1, 5) for _ in "hw"], [integer(draw, 1, 3) for _ in "hw"]
    size = [integer(draw, 1, 6) for _ in "hw"]
    out = [d * s if same else (d - 1) * s + k for d, s, k in zip(size, strides, kernel, strict=True)]
    n, in_c, out_c = integer(draw, 1, 2), choice(draw, 1, 2, 3, 8), integer(draw, 1, 5)
    x = tensor16(draw, "x", (n, *size, in_c))
    options = {"padding": "SAME" if same else "VALID", "stride_h": strides[0], "stride_w": strides[1]}
    return weighted(draw, "TRANSPOSE_CONV", x, (out_c, *kernel, in_c), 0, (n, *out, out_c), options, ("int64",))


@op_test("MEAN", dtype="int16", limits={"which are no neighbours": "reduced axes with kept ones between them"})
def mean(draw: Any) -> Case:
    x = tensor16(draw, "x", shape(draw, elements=1500))
    x.zero_point = choice(draw, 0, 0, 300, -32768)
    rank = len(x.shape)
    first = integer(draw, 0, rank - 1)
    axes = list(range(first, integer(draw, first + 1, rank)))
    keep = choice(draw, True, False)
    out = tuple(1 if i in axes else d for i, d in enumerate(x.shape) if keep or i not in axes)
    y = FlatTensor("y", out, "int16", scale=near(draw, x.scale, 6), zero_point=choice(draw, 0, 0, -300))
    return Case("MEAN", [x, constant("axes", axes)], [y], {"keep_dims": keep}, [values16(draw, x.shape)])


@op_test("BATCH_MATMUL", dtype="int16", limits=FAR)
def batch_matmul(draw: Any) -> Case:
    batch = shape(draw, 0, 2, 6)
    rows, depth, columns = (integer(draw, 1, 7) for _ in range(3))
    swap = {"adj_x": choice(draw, True, False), "adj_y": choice(draw, True, False)}
    a_dims = (depth, rows) if swap["adj_x"] else (rows, depth)
    b_dims = (columns, depth) if swap["adj_y"] else (depth, columns)
    alone = tuple(1 if chance(draw, 3) else d for d in batch)
    a, b = tensor16(draw, "a", (*batch, *a_dims)), tensor16(draw, "b", (*alone, *b_dims))
    y = tensor16(draw, "y", (*batch, rows, columns), natural(draw, a.scale, b.scale, 4096))
    return Case("BATCH_MATMUL", [a, b], [y], swap, [values16(draw, a.shape), values16(draw, b.shape)], version=4)


@op_test("ADD", "SUB", "MUL", dtype="int16")
def binary(draw: Any, op: str) -> Case:
    a_shape, b_shape, out = operands(draw)
    a = tensor16(draw, "a", a_shape)
    b = tensor16(draw, "b", b_shape, near(draw, a.scale, 10))
    y = tensor16(draw, "y", out, natural(draw, a.scale, b.scale, 4096) if op == "MUL" else near(draw, a.scale, 4))
    feeds = [values16(draw, a_shape), values16(draw, b_shape)]
    if choice(draw, True, False):
        b.data = feeds.pop()
    options = {"fused_activation_function": choice(draw, "NONE", "RELU", "RELU6", "RELU_N1_TO_1")}
    return Case(op, [a, b], [y], options, feeds, version=2)


@op_test("LOGISTIC", "TANH", dtype="int16")
def sigmoid(draw: Any, op: str) -> Case:
    x = tensor16(draw, "x", shape(draw), choice(draw, 2.0**-12, 2.0**-11, 2.0**-13, power(draw, -20, -4)))
    y = FlatTensor("y", x.shape, "int16", scale=2.0**-15)
    return Case(op, [x], [y], feeds=[values16(draw, x.shape)], version=3)


@op_test("LEAKY_RELU", dtype="int16")
def leaky_relu(draw: Any) -> Case:
    x = tensor16(draw, "x", shape(draw))
    y = tensor16(draw, "y", x.shape, near(draw, x.scale, 4))
    if choice(draw, True, False):
        x.zero_point, y.zero_point = zero_point16(draw), zero_point16(draw)
    options = {"alpha": choice(draw, 0.3, 0.01, 1.5)}
    return Case("LEAKY_RELU", [x], [y], options, [values16(draw, x.shape)], version=2)


@op_test("RELU", dtype="int16", engine="litert")
def relu(draw: Any) -> Case:
    x = tensor16(draw, "x", shape(draw))
    y = tensor16(draw, "y", x.shape, near(draw, x.scale, 4))
    return Case("RELU", [x], [y], {}, [values16(draw, x.shape)], version=2)


def zero_point16(draw: Any) -> int:
    return choice(draw, 0, -32768, 32767, 77)


@op_test("QUANTIZE", dtype="int16", limits=FAR | {"far smaller": "scales that differ by more than 2^30"})
def requantize(draw: Any) -> Case:
    source, out = choice(draw, ("int16", "int8"), ("int16", "int16"), ("int16", "int32"), ("int8", "int16"),
                         ("int8", "int32"), ("int32", "int16"), ("int32", "int8"))
    dims = shape(draw)
    x = tensor(draw, "x", dims, source, scale_=power(draw, -16, 2))
    y = tensor(draw, "y", dims, out, scale_=near(draw, x.scale, 10))
    return Case("QUANTIZE", [x], [y], feeds=[values(draw, dims, source)])


@op_test("QUANTIZE", dtype="int16", form="from float32")
def quantize(draw: Any) -> Case:
    y = tensor16(draw, "y", shape(draw))
    y.zero_point = zero_point16(draw)
    rng = np.random.default_rng(integer(draw, 0, 2**32 - 1))
    spread = y.scale * choice(draw, 4.0, 3e4, 1e6)
    return Case("QUANTIZE", [FlatTensor("x", y.shape, "float32")], [y],
                feeds=[(rng.standard_normal(y.shape) * spread).astype(np.float32)])


@op_test("DEQUANTIZE", dtype="int16")
def dequantize(draw: Any) -> Case:
    x = tensor16(draw, "x", shape(draw))
    x.zero_point = zero_point16(draw)
    return Case("DEQUANTIZE", [x], [FlatTensor("y", x.shape, "float32")], feeds=[values16(draw, x.shape)], version=3)


@op_test("AVERAGE_POOL_2D", "MAX_POOL_2D", dtype="int16", limits=FUSED)
def pool_2d(draw: Any, op: str) -> Case:
    options, kernel, (in_h, in_w), (out_h, out_w) = window(draw, dilated=False)
    n, channels = integer(draw, 1, 2), integer(draw, 1, 17)
    x = tensor16(draw, "x", (n, in_h, in_w, channels))
    options |= {"filter_height": kernel[0], "filter_width": kernel[1]}
    return Case(op, [x], [like(x, "y", (n, out_h, out_w, channels))], options, [values16(draw, x.shape)], version=3)


@op_test("SOFTMAX", dtype="int16")
def softmax(draw: Any) -> Case:
    depth = choice(draw, 1, 2, 3, 10, 35, 256, 3000)
    x = tensor16(draw, "x", (*shape(draw, 0, 3, elements=4), depth), power(draw, -18, -6))
    y = FlatTensor("y", x.shape, "int16", scale=2.0**-15)
    return Case("SOFTMAX", [x], [y], {"beta": choice(draw, 1.0, 1.0, power(draw, -3, 3))}, [values16(draw, x.shape)])


@op_test("SOFTMAX", dtype="int16", form="from int8")
def softmax_from_int8(draw: Any) -> Case:
    depth = choice(draw, 1, 2, 3, 10, 35, 256, 1000, 3000)
    x = tensor(draw, "x", (*shape(draw, 0, 3, elements=4), depth), scale_=power(draw, -10, 6))
    x.zero_point = zero_point(draw)
    y = FlatTensor("y", x.shape, "int16", scale=2.0**-16, zero_point=-32768)
    return Case("SOFTMAX", [x], [y], {"beta": choice(draw, 1.0, 1.0, power(draw, -3, 3))}, [values(draw, x.shape)])
