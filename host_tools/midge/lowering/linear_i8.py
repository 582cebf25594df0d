# SPDX-License-Identifier: MIT
"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED. Formulas: native_module/core/kernels/linear/conv_i8.c."""

from __future__ import annotations

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import activation_range, is_legacy, multipliers, weights_of
from ..graph.tflite_ops import constant, required, window_padding
from .program import Program
from .rules import rule, want_dtype


def channel_table(node: Node, weights: np.ndarray, pairs: list[tuple[int, int]], zero_point: int = 0) -> bytes:
    """bias, multiplier and shift a channel. `weights` is [channels, taps]; its sums take the zero point in."""
    channels = len(weights)
    bias = np.zeros(channels, np.int64)
    if node.input(2) is not None:
        given = constant(node, 2, "biases")
        if given.size != channels or required(node, 2).dtype != "int32":
            raise Unsupported(f"a {required(node, 2).dtype} bias of {given.size} entries; int32, {channels} can run")
        bias = given.reshape(-1).astype(np.int64)
    bias = bias - required(node, 0).zero_point * (weights.astype(np.int64) - zero_point).sum(axis=1)
    pairs = list(pairs)
    limits = activation_range(node)
    for c in np.flatnonzero(~weights.any(axis=1)) if zero_point == 0 else ():
        # A constant channel; its scale may be anything, so it gets one that no kernel has to fear.
        value = fp.requantize(fp.wrap32(int(bias[c])), *pairs[c]) + node.outputs[0].zero_point
        bias[c] = 4 * (fp.clamp(value, limits["act_min"], limits["act_max"]) - node.outputs[0].zero_point)
        pairs[c] = (1 << 30, -1)
    wrapped = (bias & 0xFFFFFFFF).astype("<u4")
    shifts = bytes(shift & 0xFF for _, shift in pairs)
    return bytes(wrapped.tobytes()) + np.array([m for m, _ in pairs], "<i4").tobytes() + shifts


def nhwc(node: Node, tensor: Tensor) -> tuple[int, int, int, int]:
    if len(tensor.shape) != 4 or 0 in tensor.shape:
        raise Unsupported(f"'{tensor.name}' of shape {list(tensor.shape)}; wanted [N, H, W, C]")
    if max(tensor.shape) > 65535:
        raise Unsupported(f"'{tensor.name}' of shape {list(tensor.shape)}; at most 65535 along an axis can run")
    n, h, w, c = tensor.shape
    return n, h, w, c


def add_conv(program: Program, node: Node, op: str, weights: np.ndarray, by_channel: np.ndarray,
             zero_point: int) -> None:
    """`weights` lie as the kernel reads them; `by_channel` is the same as [channels, taps]."""
    source, out = required(node, 0), node.outputs[0]
    n, in_h, in_w, in_c = nhwc(node, source)
    _, out_h, out_w, out_c = nhwc(node, out)
    a = node.attrs
    kernel = (weights.shape[-3], weights.shape[-2])
    taps = kernel[0] * kernel[1] * in_c
    if taps > 0x1FFFF:
        raise Unsupported(f"a kernel of {taps} taps; at most 131071 can run without overflow")
    params = {
        "batches": n, "in_h": in_h, "in_w": in_w, "in_c": in_c, "out_h": out_h, "out_w": out_w, "out_c": out_c,
        "kernel_h": kernel[0], "kernel_w": kernel[1], "stride_h": a["stride_h"], "stride_w": a["stride_w"],
        "dilation_h": a.get("dilation_h_factor", 1), "dilation_w": a.get("dilation_w_factor", 1),
        "in_zero_point": source.zero_point, "out_zero_point": out.zero_point, "weights_zero_point": zero_point,
        **window_padding(node, (in_h, in_w), kernel), **activation_range(node),
    }  # fmt: skip
    pairs = multipliers(node, out_c, per_tensor_in_float=is_legacy(node))
    constants = {"weights_at": weights.tobytes(), "channels_at": channel_table(node, by_channel, pairs, zero_point)}
    program.add(node, op, [source], params, constants, macs=n * out_h * out_w * weights.size)


@rule("CONV_2D")
def conv_2d(program: Program, node: Node) -> None:
    want_dtype(node, "int8")
    weights, zero_point = weights_of(node)
    in_c = nhwc(node, required(node, 0))[3]
    if weights.ndim != 4 or weights.shape[3] != in_c:
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels; grouped convolutions cannot run")
    add_conv(program, node, "CONV_2D", weights, weights.reshape(weights.shape[0], -1), zero_point)


@rule("DEPTHWISE_CONV_2D")
def depthwise_conv_2d(program: Program, node: Node) -> None:
    want_dtype(node, "int8")
    weights, zero_point = weights_of(node)
    in_c = nhwc(node, required(node, 0))[3]
    if weights.ndim != 4 or weights.shape[0] != 1 or weights.shape[3] % in_c:
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels; wanted [1, KH, KW, n * {in_c}]")
    add_conv(program, node, "DEPTHWISE_CONV_2D", weights, weights.reshape(-1, weights.shape[3]).T, zero_point)


@rule("FULLY_CONNECTED")
def fully_connected(program: Program, node: Node) -> None:
    """A 1x1 convolution over the rows of the input."""
    if not required(node, 1).is_constant and required(node, 0).dtype == "int8":
        from .scans import fully_connected as of_two_activations

        return of_two_activations(program, node)
    want_dtype(node, "int8")
    weights, zero_point = weights_of(node)
    source, out = required(node, 0), node.outputs[0]
    if weights.ndim != 2 or weights.shape[1] == 0 or source.elements % weights.shape[1]:
        raise Unsupported(f"weights of shape {list(weights.shape)} on an input of shape {list(source.shape)}")
    if node.attrs.get("weights_format", 0) != 0:
        raise Unsupported("shuffled weights; export the model for TensorFlow Lite's default format")
    out_c, in_c = weights.shape
    rows = source.elements // in_c
    if max(out_c, in_c, rows) > 65535:
        raise Unsupported(f"{in_c} inputs and {out_c} outputs; at most 65535 can run")
    params = {
        "batches": 1, "in_h": rows, "in_w": 1, "in_c": in_c, "out_h": rows, "out_w": 1, "out_c": out_c,
        "kernel_h": 1, "kernel_w": 1, "stride_h": 1, "stride_w": 1, "dilation_h": 1, "dilation_w": 1,
        "in_zero_point": source.zero_point, "out_zero_point": out.zero_point, "weights_zero_point": zero_point,
        **activation_range(node),
    }  # fmt: skip
    pairs = multipliers(node, out_c, per_tensor_in_float=True)
    constants = {"weights_at": weights.tobytes(), "channels_at": channel_table(node, weights, pairs, zero_point)}
    program.add(node, "CONV_2D", [source], params, constants, macs=rows * weights.size)
