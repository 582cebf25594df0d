# SPDX-License-Identifier: MIT
"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED."""

from __future__ import annotations

from typing import Any

import numpy as np

from midge.importers.tflite.writer import FlatTensor
from tests.support.draws import (
    activation,
    chance,
    choice,
    integer,
    near,
    power,
    scale,
    shape,
    tensor,
    values,
    within_clamps,
    zero_point,
)
from tests.support.op_tests import Case, op_test


def window(draw: Any, dilated: bool) -> tuple[dict[str, Any], tuple[int, int], list[int], list[int]]:
    """Options, kernel, and the heights and widths of input and output."""
    largest = 12 if chance(draw, 16) else 5
    kernel = (integer(draw, 1, largest), integer(draw, 1, largest))
    strides = [integer(draw, 1, 3) for _ in "hw"]
    dilations = [choice(draw, 1, 1, 2, 3) if dilated else 1 for _ in "hw"]
    padding = choice(draw, "SAME", "VALID")
    sizes, outs = [], []
    for k, s, d in zip(kernel, strides, dilations, strict=True):
        reach = (k - 1) * d
        size = integer(draw, 1, 8) + (reach if padding == "VALID" else 0)
        sizes.append(size)
        outs.append(-(-(size - (reach if padding == "VALID" else 0)) // s))
    options = {"padding": padding, "stride_h": strides[0], "stride_w": strides[1]}
    if dilated:
        options |= {"dilation_h_factor": dilations[0], "dilation_w_factor": dilations[1]}
    return options | {"fused_activation_function": activation(draw)}, kernel, sizes, outs


def weights_and_bias(
    draw: Any, x: FlatTensor, dims: tuple[int, ...], axis: int
) -> tuple[FlatTensor, FlatTensor | None, float]:
    """Weights of one scale or one a channel along `axis`, a bias or none, and a natural scale for the output."""
    channels = dims[axis]
    if draw_per_channel := choice(draw, True, False):
        base, spread = scale(draw), integer(draw, 0, 6)
        scales = np.array([base * power(draw, -spread, 0) for _ in range(min(channels, 4))], np.float32)
        scales = np.resize(scales, channels)
    else:
        scales = np.array([scale(draw)], np.float32)
    weights = FlatTensor("weights", data=values(draw, dims), scale=scales, quantized_dimension=axis)
    if chance(draw, 16):
        weights.dtype, weights.data = "int4", weights.data >> 4
    bias = None
    if not chance(draw, 8):
        span = choice(draw, 2**31 - 1, 2**20, 2**12)
        rng = np.random.default_rng(integer(draw, 0, 2**32 - 1))
        given = rng.integers(-span, span, channels, np.int32, endpoint=True)
        if span == 2**31 - 1 and chance(draw, 2):
            given = rng.choice(np.array([-(2**31), 2**31 - 1], np.int32), channels)
        bias = FlatTensor("bias", data=given, scale=scales * np.float32(x.scale) if draw_per_channel else None)
    taps = int(np.prod(dims)) // channels
    return weights, bias, float(x.scale) * float(scales.max()) * 64 * taps**0.5


def finish(draw: Any, op: str, x: FlatTensor, dims: tuple[int, ...], axis: int, out: tuple[int, ...],
           options: dict[str, Any]) -> Case:
    weights, bias, natural = weights_and_bias(draw, x, dims, axis)
    y = tensor(draw, "y", out, scale_=near(draw, natural))
    within_clamps(draw, options["fused_activation_function"], y, x, bias)
    feeds = [values(draw, x.shape)]
    if np.size(weights.scale) == 1 and weights.dtype == "int8" and chance(draw, 16):
        weights.zero_point = zero_point(draw)
    elif weights.dtype == "int8" and chance(draw, 32):  # weights that are not constant
        feeds.append(weights.data)
        weights.shape, weights.data = dims, None
    return Case(op, [x, weights, bias], [y], options, feeds, version=3)


ODD = {
    "a fused (TANH|SIGN_BIT)": "TFLM runs the model as if none were there",
    "is far too small": "TFLM shifts by 31 bits and more, which C leaves undefined",
}
NOT_YET = ODD | {
    "worked out while running": "Midge folds zero points and sums of the weights into the bias when converting",
    "grouped convolutions": "Midge has no kernel for them",
    "weights int4": "Midge reads weights of whole bytes only",
    "second operand with a scale for each channel": "only weights that are known when converting can have one",
    "weights with the zero point": "Midge wants symmetric ones, as the TFLite specification does",
}


@op_test("CONV_2D", limits=NOT_YET)
def conv_2d(draw: Any) -> Case:
    options, kernel, (in_h, in_w), (out_h, out_w) = window(draw, dilated=True)
    n, in_c, out_c = integer(draw, 1, 2), choice(draw, 1, 2, 3, 4, 7, 8, 16, 33), integer(draw, 1, 9)
    x = tensor(draw, "x", (n, in_h, in_w, in_c))
    groups = 2 if in_c % 2 == 0 and chance(draw, 16) else 1
    out_c *= groups
    return finish(draw, "CONV_2D", x, (out_c, *kernel, in_c // groups), 0, (n, out_h, out_w, out_c), options)


@op_test("DEPTHWISE_CONV_2D", limits=NOT_YET)  # TFLM dies where the bias is absent
def depthwise_conv_2d(draw: Any) -> Case:
    options, kernel, (in_h, in_w), (out_h, out_w) = window(draw, dilated=True)
    n, in_c, multiplier = integer(draw, 1, 2), choice(draw, 1, 2, 3, 4, 7, 8, 16, 33), choice(draw, 1, 1, 2, 3, 8)
    x = tensor(draw, "x", (n, in_h, in_w, in_c))
    out_c = in_c * multiplier
    options["depth_multiplier"] = multiplier
    return finish(draw, "DEPTHWISE_CONV_2D", x, (1, *kernel, out_c), 3, (n, out_h, out_w, out_c), options)


@op_test("FULLY_CONNECTED", limits=NOT_YET)
def fully_connected(draw: Any) -> Case:
    keep = choice(draw, False, True)
    lead = shape(draw, 0 if not keep else 1, 3, elements=8)
    in_c, out_c = choice(draw, 1, 2, 3, 5, 8, 15, 16, 17, 64, 200), integer(draw, 1, 9)
    x = tensor(draw, "x", (*lead, in_c))
    options = {"keep_num_dims": keep, "fused_activation_function": activation(draw)}
    out = (*lead, out_c) if keep else (int(np.prod(lead)), out_c)
    return finish(draw, "FULLY_CONNECTED", x, (out_c, in_c), 0, out, options)


@op_test("FULLY_CONNECTED", "CONV_2D", form="int4 weights", unanswered=0.8)
def int4_weights(draw: Any, op: str) -> Case:
    columns, depth = integer(draw, 1, 6), integer(draw, 1, 33)
    lead = (integer(draw, 1, 3),) if op == "FULLY_CONNECTED" else (1, integer(draw, 1, 3), 2)
    x = tensor(draw, "x", (*lead, depth))
    dims = (columns, depth) if op == "FULLY_CONNECTED" else (columns, 1, 1, depth)
    weights, bias, natural = weights_and_bias(draw, x, dims, 0)
    weights.data, weights.dtype = np.asarray(weights.data) >> 4, "int4"
    if op == "FULLY_CONNECTED" and not chance(draw, 8):  # TFLM takes one scale only
        weights.scale = weights.scale[:1]
        if bias is not None:
            bias.scale = weights.scale * np.float32(x.scale)
    y = tensor(draw, "y", (*lead, columns), scale_=near(draw, natural / 16))
    options = {} if op == "FULLY_CONNECTED" else {"padding": "VALID", "stride_h": 1, "stride_w": 1}
    return Case(op, [x, weights, bias], [y], options, [values(draw, x.shape)], version=7)
