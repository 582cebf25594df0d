# SPDX-License-Identifier: MIT
"""Every float32 op, and hybrid ones with int8 weights. Within a tolerance, for sums run in another order."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from midge.importers.tflite.writer import FlatTensor
from tests.ops.ops_elementwise import operands
from tests.ops.ops_linear import window
from tests.support.draws import ACTIVATIONS, choice, constant, integer, power, shape, values
from tests.support.op_tests import Case, op_test

float_test = partial(op_test, dtype="float32", tolerance=(1e-5, 1e-5))
litert_test = partial(float_test, engine="litert")


def reals(draw: Any, shape_: tuple[int, ...], size: float = 4.0) -> np.ndarray:
    """Floats of a shape: spread evenly, whole and half numbers, small, or all the same."""
    rng = np.random.default_rng(integer(draw, 0, 2**32 - 1))
    style = choice(draw, "even", "even", "halves", "small", "same")
    if style == "same":
        return np.full(shape_, choice(draw, 0.0, 1.0, -1.0, size), np.float32)
    found = rng.uniform(-size, size, shape_)
    found = np.round(found * 2) / 2 if style == "halves" else found * 1e-3 if style == "small" else found
    return found.astype(np.float32)


def activation(draw: Any) -> dict[str, Any]:
    return {"fused_activation_function": choice(draw, *ACTIVATIONS)}


UNARY = ("ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "HARD_SWISH", "LEAKY_RELU", "LOGISTIC", "NEG", "RELU", "RELU6",
         "ROUND", "SIN", "SQUARE", "TANH")


@float_test(*UNARY)
def unary(draw: Any, op: str) -> Case:
    x = FlatTensor("x", shape(draw))
    options = {"alpha": draw(st.floats(-2, 4, width=32))} if op == "LEAKY_RELU" else {}
    return Case(op, [x], [FlatTensor("y", x.shape)], options, [reals(draw, x.shape, choice(draw, 1, 10, 80))])


@litert_test("GELU", "RELU_0_TO_1", "RELU_N1_TO_1", "SIGN")
def unary_of_litert(draw: Any, op: str) -> Case:
    x = FlatTensor("x", shape(draw))
    options = {"approximate": draw(st.booleans())} if op == "GELU" else {}
    return Case(op, [x], [FlatTensor("y", x.shape)], options, [reals(draw, x.shape, choice(draw, 1, 10, 80))])


@float_test("LOG", "RSQRT", "SQRT")
def of_positive(draw: Any, op: str) -> Case:
    x = FlatTensor("x", shape(draw))
    fed = np.abs(reals(draw, x.shape, power(draw, -20, 20))) + np.float32(power(draw, -20, 0))
    return Case(op, [x], [FlatTensor("y", x.shape)], {}, [fed])


def pair(draw: Any, op: str, options: dict[str, Any], b_size: float = 4.0, away: float = 0.0) -> Case:
    a_shape, b_shape, out = operands(draw)
    a, b = FlatTensor("a", a_shape), FlatTensor("b", b_shape)
    a_values, b_values = reals(draw, a_shape), reals(draw, b_shape, b_size)
    b_values = b_values + np.copysign(np.float32(away), b_values)
    feeds = [a_values, b_values]
    which = integer(draw, 0, 5)
    if which == 1:
        b.data, feeds = b_values, [a_values]
    elif which == 2 and op != "PRELU":
        a.data, feeds = a_values, [b_values]
    return Case(op, [a, b], [FlatTensor("y", out)], options, feeds, version=2 if op in ("ADD", "SUB", "MUL") else 1)


@float_test("ADD", "SUB", "MUL")
def fused(draw: Any, op: str) -> Case:
    return pair(draw, op, activation(draw))


@float_test("DIV")
def divide(draw: Any) -> Case:
    return pair(draw, "DIV", activation(draw), away=0.25)


@float_test("MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE")
def binary(draw: Any, op: str) -> Case:
    return pair(draw, op, {})


@litert_test("ATAN2")
def atan2(draw: Any) -> Case:
    x = shape(draw)
    return Case(
        "ATAN2", [FlatTensor("a", x), FlatTensor("b", x)], [FlatTensor("y", x)], {}, [reals(draw, x), reals(draw, x)]
    )


@float_test("PRELU")
def prelu(draw: Any) -> Case:
    x = FlatTensor("x", tuple(integer(draw, 1, 7) for _ in range(4)))
    slopes = tuple(1 if draw(st.booleans()) else d for d in x.shape[1:])
    alpha = FlatTensor("alpha", data=reals(draw, slopes, 2.0))
    return Case("PRELU", [x, alpha], [FlatTensor("y", x.shape)], {}, [reals(draw, x.shape)])


@float_test("AVERAGE_POOL_2D", "MAX_POOL_2D")
def pool_2d(draw: Any, op: str) -> Case:
    options, kernel, (in_h, in_w), (out_h, out_w) = window(draw, dilated=False)
    n, channels = integer(draw, 1, 2), integer(draw, 1, 17)
    x = FlatTensor("x", (n, in_h, in_w, channels))
    options |= {"filter_height": kernel[0], "filter_width": kernel[1], **activation(draw)}
    return Case(op, [x], [FlatTensor("y", (n, out_h, out_w, channels))], options, [reals(draw, x.shape)])


def reduced(draw: Any, op: str) -> Case:
    x = FlatTensor("x", shape(draw, elements=1500))
    rank = len(x.shape)
    axes = draw(st.lists(st.integers(-rank, rank - 1), min_size=1, max_size=4, unique_by=lambda a: a % rank))
    keep = draw(st.booleans())
    gone = {a % rank for a in axes}
    out = tuple(1 if i in gone else d for i, d in enumerate(x.shape) if keep or i not in gone)
    size = 1.5 if op == "REDUCE_PROD" else 4.0
    return Case(
        op, [x, constant("axes", axes)], [FlatTensor("y", out)], {"keep_dims": keep}, [reals(draw, x.shape, size)]
    )


@float_test("MEAN", "SUM", "REDUCE_MAX")
def reduction(draw: Any, op: str) -> Case:
    return reduced(draw, op)


@litert_test("REDUCE_MIN", "REDUCE_PROD")
def reduction_of_litert(draw: Any, op: str) -> Case:
    return reduced(draw, op)


@float_test("SOFTMAX", "LOG_SOFTMAX")
def softmax(draw: Any, op: str) -> Case:
    x = FlatTensor("x", (*shape(draw, 0, 3, elements=4), choice(draw, 1, 2, 10, 300)))
    options = {"beta": choice(draw, 1.0, power(draw, -3, 3))} if op == "SOFTMAX" else {}
    return Case(op, [x], [FlatTensor("y", x.shape)], options, [reals(draw, x.shape, choice(draw, 1, 10, 80))])


@float_test("L2_NORMALIZATION")
def l2_normalization(draw: Any) -> Case:
    x = FlatTensor("x", shape(draw, 2))
    return Case("L2_NORMALIZATION", [x], [FlatTensor("y", x.shape)], {}, [reals(draw, x.shape)], version=1)


@float_test("PAD", "PADV2")
def pad(draw: Any, op: str) -> Case:
    x = FlatTensor("x", shape(draw, elements=200))
    paddings = [(integer(draw, 0, 3), integer(draw, 0, 3)) for _ in x.shape]
    out = tuple(b + d + a for (b, a), d in zip(paddings, x.shape, strict=True))
    rest = [FlatTensor("value", data=np.array([draw(st.floats(-9, 9, width=32))], np.float32))] if op == "PADV2" else []
    return Case(op, [x, constant("paddings", paddings), *rest], [FlatTensor("y", out)], {}, [reals(draw, x.shape)])


def weights_and_bias(draw: Any, dims: tuple[int, ...], channels: int) -> list[FlatTensor | None]:
    weights = FlatTensor("weights", data=reals(draw, dims, 1.0))
    return [weights, None if choice(draw, 0, 0, 1) else FlatTensor("bias", data=reals(draw, (channels,)))]


def hybrid_weights(draw: Any, dims: tuple[int, ...], axis: int, per_channel: bool) -> FlatTensor:
    """Symmetric int8 weights with their scales."""
    scales = np.array([power(draw, -8, -4) for _ in range(min(dims[axis], 4) if per_channel else 1)], np.float32)
    scales = np.resize(scales, dims[axis]) if per_channel else scales
    return FlatTensor("weights", data=np.maximum(values(draw, dims), -127), scale=scales, quantized_dimension=axis)


def convolution(draw: Any, hybrid: bool) -> Case:
    options, kernel, (in_h, in_w), (out_h, out_w) = window(draw, dilated=not hybrid)
    n, in_c, out_c = integer(draw, 1, 2), integer(draw, 1, 9), integer(draw, 1, 9)
    x = FlatTensor("x", (n, in_h, in_w, in_c))
    rest = weights_and_bias(draw, (out_c, *kernel, in_c), out_c)
    if hybrid:
        rest[0] = hybrid_weights(draw, (out_c, *kernel, in_c), 0, out_c > 1 and draw(st.booleans()))
        rest[1] = rest[1] or FlatTensor("bias", data=np.zeros(out_c, np.float32))
    y = FlatTensor("y", (n, out_h, out_w, out_c))
    return Case("CONV_2D", [x, *rest], [y], options, [reals(draw, x.shape)], version=5 if hybrid else 1)


@float_test("CONV_2D")
def conv_2d(draw: Any) -> Case:
    return convolution(draw, hybrid=False)


@litert_test("CONV_2D", form="int8 weights", tolerance=(1e-4, 1e-4))
def hybrid_conv_2d(draw: Any) -> Case:
    return convolution(draw, hybrid=True)


def depthwise(draw: Any, hybrid: bool) -> Case:
    options, kernel, (in_h, in_w), (out_h, out_w) = window(draw, dilated=not hybrid)
    n, in_c, multiplier = integer(draw, 1, 2), integer(draw, 1, 6), integer(draw, 1, 3)
    x, out_c = FlatTensor("x", (n, in_h, in_w, in_c)), in_c * multiplier
    rest = weights_and_bias(draw, (1, *kernel, out_c), out_c)
    rest[1] = rest[1] or FlatTensor("bias", data=np.zeros(out_c, np.float32))  # TFLM dies without one
    if hybrid:
        rest[0] = hybrid_weights(draw, (1, *kernel, out_c), 3, per_channel=True)
    y = FlatTensor("y", (n, out_h, out_w, out_c))
    options["depth_multiplier"] = multiplier
    return Case("DEPTHWISE_CONV_2D", [x, *rest], [y], options, [reals(draw, x.shape)], version=6 if hybrid else 1)


@float_test("DEPTHWISE_CONV_2D")
def depthwise_conv_2d(draw: Any) -> Case:
    return depthwise(draw, hybrid=False)


@litert_test("DEPTHWISE_CONV_2D", form="int8 weights", tolerance=(1e-4, 1e-4))
def hybrid_depthwise_conv_2d(draw: Any) -> Case:
    return depthwise(draw, hybrid=True)


def dense(draw: Any, hybrid: bool) -> Case:
    rows, in_c, out_c = integer(draw, 1, 5), integer(draw, 1, 70), integer(draw, 1, 20)
    x, options = FlatTensor("x", (rows, in_c)), activation(draw)
    rest = weights_and_bias(draw, (out_c, in_c), out_c)
    if hybrid:
        rest[0] = hybrid_weights(draw, (out_c, in_c), 0, per_channel=False)
        options["asymmetric_quantize_inputs"] = draw(st.booleans())
    feeds = [reals(draw, x.shape)]
    if not hybrid and choice(draw, 0, 0, 1):  # weights worked out while running
        feeds.append(np.asarray(rest[0].data))
        rest[0] = FlatTensor("weights", (out_c, in_c))
    return Case(
        "FULLY_CONNECTED", [x, *rest], [FlatTensor("y", (rows, out_c))], options, feeds, version=9 if hybrid else 1
    )


@float_test("FULLY_CONNECTED")
def fully_connected(draw: Any) -> Case:
    return dense(draw, hybrid=False)


@litert_test("FULLY_CONNECTED", form="int8 weights", tolerance=(1e-4, 1e-4))
def hybrid_fully_connected(draw: Any) -> Case:
    return dense(draw, hybrid=True)


@float_test("BATCH_MATMUL")
def batch_matmul(draw: Any) -> Case:
    rows, depth, columns = integer(draw, 1, 7), integer(draw, 1, 9), integer(draw, 1, 7)
    batches = tuple(integer(draw, 1, 3) for _ in range(integer(draw, 0, 2)))
    adj_x, adj_y = draw(st.booleans()), draw(st.booleans())
    a = FlatTensor("a", (*batches, *((depth, rows) if adj_x else (rows, depth))))
    b_batches = tuple(1 if choice(draw, 0, 0, 1) else d for d in batches)
    b = FlatTensor("b", (*b_batches, *((columns, depth) if adj_y else (depth, columns))))
    feeds = [reals(draw, a.shape), reals(draw, b.shape)]
    if draw(st.booleans()):
        b.data = feeds.pop()
    y = FlatTensor("y", (*batches, rows, columns))
    return Case("BATCH_MATMUL", [a, b], [y], {"adj_x": adj_x, "adj_y": adj_y}, feeds)


@float_test("TRANSPOSE_CONV")
def transpose_conv(draw: Any) -> Case:
    kernel, strides = [integer(draw, 1, 5) for _ in "hw"], [integer(draw, 1, 3) for _ in "hw"]
    sizes, padding = [integer(draw, 1, 5) for _ in "hw"], choice(draw, "SAME", "VALID")
    outs = [size * s if padding == "SAME" else (size - 1) * s + k
            for size, s, k in zip(sizes, strides, kernel, strict=True)]
    n, in_c, out_c = integer(draw, 1, 2), integer(draw, 1, 5), integer(draw, 1, 5)
    x = FlatTensor("x", (n, *sizes, in_c))
    weights, bias = weights_and_bias(draw, (out_c, *kernel, in_c), out_c)
    inputs = [constant("shape", [n, *outs, out_c]), weights, x, *([] if bias is None else [bias])]
    options = {"padding": padding, "stride_h": strides[0], "stride_w": strides[1]}
    version = 1 if bias is None else 3
    return Case(
        "TRANSPOSE_CONV", inputs, [FlatTensor("y", (n, *outs, out_c))], options, [reals(draw, x.shape)], version
    )


@litert_test("CONV_3D")
def conv_3d(draw: Any) -> Case:
    padding = choice(draw, "SAME", "VALID")
    kernel, strides = [integer(draw, 1, 3) for _ in "dhw"], [integer(draw, 1, 2) for _ in "dhw"]
    sizes = [integer(draw, 1, 5) + (k - 1) * (padding == "VALID") for k in kernel]
    outs = [math.ceil((size if padding == "SAME" else size - k + 1) / s)
            for size, k, s in zip(sizes, kernel, strides, strict=True)]
    n, in_c, out_c = integer(draw, 1, 2), integer(draw, 1, 3), integer(draw, 1, 4)
    x = FlatTensor("x", (n, *sizes, in_c))
    weights, bias = weights_and_bias(draw, (*kernel, in_c, out_c), out_c)
    options = {"padding": padding, **activation(draw), "dilation_d_factor": 1, "dilation_h_factor": 1,
               "dilation_w_factor": 1, **dict(zip(("stride_d", "stride_h", "stride_w"), strides, strict=True))}
    inputs = [x, weights, *([] if bias is None else [bias])]
    return Case("CONV_3D", inputs, [FlatTensor("y", (n, *outs, out_c))], options, [reals(draw, x.shape)])


@float_test("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
def resize(draw: Any, op: str) -> Case:
    n, channels = integer(draw, 1, 2), integer(draw, 1, 4)
    sizes, outs = [integer(draw, 1, 7) for _ in "hw"], [integer(draw, 1, 15) for _ in "hw"]
    x = FlatTensor("x", (n, *sizes, channels))
    options = choice(draw, {}, {"align_corners": True}, {"half_pixel_centers": True})
    y = FlatTensor("y", (n, *outs, channels))
    return Case(op, [x, constant("size", outs)], [y], options, [reals(draw, x.shape)], version=3)
