# SPDX-License-Identifier: MIT
"""Convolutions and matrix products of int16 values, with int8 weights (TensorFlow Lite's 16x8 quantisation).

Formulas: native_module/core/kernels/linear/conv_i16.c and matmul_i16.c.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import activation_range, multipliers, symmetric_weights, want_quantized, want_symmetric
from ..graph.tflite_ops import SAME, constant, required, same_pads, strides_of
from .program import Program
from .rules import axes_of, rule, want_int16
from .strides import row_major
from .windows import LONGEST_AXIS, dense_params, image_params, nhwc, window_params

_INT32 = 2  # of the schema's TensorType


def channel_table(bias: np.ndarray, pairs: list[tuple[int, int]]) -> bytes:
    """Return int64 bias, int32 multiplier and int8 shift of every channel."""
    shifts = bytes(shift & 0xFF for _, shift in pairs)
    return bias.astype("<i8").tobytes() + np.array([m for m, _ in pairs], "<i4").tobytes() + shifts


def want_shifts(pairs: list[tuple[int, int]], wide: bool) -> list[tuple[int, int]]:
    """Return the multipliers and shifts. Raises Unsupported where 64-bit sums cannot take the shift."""
    if wide and any(shift > 14 for _, shift in pairs):
        raise Unsupported("an output scale far too small for its input; export the model again")
    return pairs


def bias_of(node: Node, index: int, count: int, wide_without: bool) -> tuple[np.ndarray, bool]:
    """Return the biases, and whether sums are requantised from 64 bits: TFLM decides by the dtype of the biases."""
    tensor = node.input(index)
    if tensor is None:
        return np.zeros(count, np.int64), wide_without
    data = constant(node, index, "biases")
    if tensor.dtype not in ("int32", "int64", "int16") or data.size != count:
        raise Unsupported(f"a {tensor.dtype} bias of {data.size} entries; int64 or int32, {count} can run")
    return data.reshape(-1).astype(np.int64), tensor.dtype != "int32"


def add_conv_i16(
    program: Program, node: Node, source: Tensor, params: dict[str, Any], weights: np.ndarray, table: bytes, wide: bool
) -> None:
    """Add a convolution. weights: int8 [out_c, kernel_h, kernel_w, in_c / groups]; wide: sums of 64 bits."""
    ones = ("stride_h", "stride_w", "dilation_h", "dilation_w", "up_h", "up_w", "groups")
    params = dict.fromkeys(ones, 1) | params | {"wide": int(wide)}
    if max(params.values()) > LONGEST_AXIS:
        raise Unsupported(f"tensors of shape {list(source.shape)}; at most {LONGEST_AXIS} along an axis can run")
    patch = params["kernel_h"] * params["kernel_w"] * params["in_c"]
    # A transposed convolution multiplies every input by every weight, others do so for every output.
    side = "in" if params["up_h"] * params["up_w"] > 1 else "out"
    macs = params["batches"] * params[f"{side}_h"] * params[f"{side}_w"] * params["out_c"] * patch // params["groups"]
    program.add(node, "CONV_2D_I16", [source], params, {"weights_at": weights.tobytes(), "channels_at": table},
                macs=macs)


def convolution(program: Program, node: Node, weights: np.ndarray, wide_without: bool) -> None:
    """Add an int16 convolution of weights [out_c, kernel_h, kernel_w, in_c / groups]. Raises Unsupported."""
    source, out = required(node, 0), node.outputs[0]
    want_symmetric(source, out)
    out_c, kernel_h, kernel_w, depth = weights.shape
    bias, wide = bias_of(node, 2, out_c, wide_without)
    params = {
        **window_params(node, source, out, (kernel_h, kernel_w)), "groups": source.shape[3] // depth,
        **activation_range(node),
    }
    pairs = want_shifts(multipliers(node, out_c, per_tensor_in_float=False), wide)
    add_conv_i16(program, node, source, params, weights, channel_table(bias, pairs), wide)


@rule("CONV_2D", dtype="int16")
def conv_2d(program: Program, node: Node) -> None:
    want_int16(node)
    weights = symmetric_weights(node)
    in_c = nhwc(required(node, 0))[3]
    if weights.ndim != 4 or in_c % weights.shape[3] or weights.shape[0] % (in_c // weights.shape[3]):
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels")
    convolution(program, node, weights, wide_without=True)


@rule("DEPTHWISE_CONV_2D", dtype="int16")
def depthwise_conv_2d(program: Program, node: Node) -> None:
    want_int16(node)
    weights = symmetric_weights(node)
    in_c = nhwc(required(node, 0))[3]
    if weights.ndim != 4 or weights.shape[0] != 1 or weights.shape[3] % in_c:
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels; wanted [1, KH, KW, n * {in_c}]")
    convolution(program, node, np.ascontiguousarray(weights.transpose(3, 1, 2, 0)), wide_without=True)


@rule("FULLY_CONNECTED", dtype="int16")
def fully_connected(program: Program, node: Node) -> None:
    want_int16(node)
    weights = symmetric_weights(node)
    if weights.ndim != 2 or node.attrs.get("weights_format", 0) != 0:
        raise Unsupported(f"weights of shape {list(weights.shape)}; export the model again")
    wide_without = node.attrs.get("quantized_bias_type", 0) != _INT32  # as TFLM's kernel decides
    bias, wide = bias_of(node, 2, len(weights), wide_without)
    add_rows(program, node, weights, bias, wide, activation_range(node), per_tensor_in_float=True)


def add_rows(program: Program, node: Node, weights: np.ndarray, bias: np.ndarray, wide: bool, limits: dict[str, int],
             per_tensor_in_float: bool) -> None:
    """Multiply every row of the input by weights [out_c, in_c]."""
    source = required(node, 0)
    want_quantized(source, node.outputs[0])
    out_c, in_c = weights.shape
    if in_c == 0 or source.elements % in_c:
        raise Unsupported(f"weights of shape {list(weights.shape)} on an input of shape {list(source.shape)}")
    rows = source.elements // in_c
    bias = bias - source.zero_point * weights.astype(np.int64).sum(axis=1)
    pairs = want_shifts(multipliers(node, out_c, per_tensor_in_float), wide)
    params = {**dense_params(rows, in_c, out_c), "out_zero_point": node.outputs[0].zero_point, **limits}
    add_conv_i16(program, node, source, params, weights, channel_table(bias, pairs), wide)


@rule("TRANSPOSE_CONV", dtype="int16")
def transpose_conv(program: Program, node: Node) -> None:
    """Lower to a convolution with the kernel turned round, over a grid finer by the strides."""
    source, out = required(node, 2), node.outputs[0]
    weights = symmetric_weights(node)  # [out_c, kernel_h, kernel_w, in_c]
    want_symmetric(source, out)
    shape = image_params(source, out)
    if source.dtype != "int16" or weights.ndim != 4 or (weights.shape[0], weights.shape[3]) != (
        shape["out_c"], shape["in_c"]
    ):
        raise Unsupported(f"{source.dtype} tensors and weights of shape {list(weights.shape)}")
    kernel = weights.shape[1:3]
    strides = strides_of(node)
    # The padding of the convolution that goes the other way, from output to input.
    pads = [same_pads(out.shape[1 + i], kernel[i], strides[i])[0] if node.attrs["padding"] == SAME else 0
            for i in range(2)]
    bias, _ = bias_of(node, 3, shape["out_c"], wide_without=True)
    as_conv = Node(node.op, [source, node.inputs[1], node.input(3)], node.outputs, node.attrs)
    pairs = want_shifts(multipliers(as_conv, shape["out_c"], per_tensor_in_float=False), wide=True)
    params = {**shape, "kernel_h": kernel[0], "kernel_w": kernel[1], "up_h": strides[0], "up_w": strides[1],
              **activation_range(node)}
    for name, size, pad in (("pad_top", kernel[0], pads[0]), ("pad_left", kernel[1], pads[1])):
        if pad > size - 1:
            raise Unsupported(f"a transposed convolution whose strides {strides} exceed its kernel {kernel}")
        params[name] = size - 1 - pad
    turned = np.ascontiguousarray(weights[:, ::-1, ::-1, :])
    add_conv_i16(program, node, source, params, turned, channel_table(bias, pairs), wide=True)


@rule("MEAN", dtype="int16")
def mean(program: Program, node: Node) -> None:
    """Lower to a depthwise convolution over the reduced axes whose weights are all 1."""
    want_int16(node)
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    rank = len(source.shape)
    axes = sorted(axes_of(node))
    long = [i for i in axes if source.shape[i] > 1]  # axes of one element may be anywhere
    if any(source.shape[i] > 1 and i not in axes for i in range(long[0] if long else 0, long[-1] if long else 0)):
        raise Unsupported(f"an int16 mean over the axes {axes}, which are no neighbours")
    first, last = (long[0], long[-1] + 1) if long else (0, 0)
    outer, count, inner = (math.prod(source.shape[i:j]) for i, j in ((0, first), (first, last), (last, rank)))
    multiplier, shift = fp.quantize_multiplier(source.scale / out.scale)
    extra = min(count.bit_length() - 1, 32, 31 + shift)
    pair = ((multiplier << extra) // count, shift - extra)
    bias = np.full(inner, -count * source.zero_point, np.int64)
    params = {"batches": outer, "in_h": 1, "in_w": count, "in_c": inner, "out_h": 1, "out_w": 1, "out_c": inner,
              "kernel_h": 1, "kernel_w": count, "groups": inner, "shared": 1, "out_zero_point": out.zero_point,
              "act_min": -32768, "act_max": 32767}
    table = channel_table(bias, [pair] * inner)
    add_conv_i16(program, node, source, params, np.ones(count, np.int8), table, wide=False)


@rule("BATCH_MATMUL", dtype="int16")
def batch_matmul(program: Program, node: Node) -> None:
    a, b, out = required(node, 0), required(node, 1), node.outputs[0]
    want_symmetric(a, b, out)
    if b.dtype == "int8":
        constant_matmul(program, node)
        return
    if {a.dtype, b.dtype, out.dtype} != {"int16"}:
        raise Unsupported(f"operands of dtype {a.dtype} and {b.dtype}; int16, and int16 or constant int8 can run")
    left, right = (turn(a.shape, node.attrs.get("adj_x", False)), turn(b.shape, node.attrs.get("adj_y", False)))
    rank = len(out.shape)
    if not 2 <= rank <= 5 or left[0][-1] != right[0][-2]:
        raise Unsupported(f"a product of {list(a.shape)} and {list(b.shape)}")

    def batch(shape: tuple[int, ...], strides: tuple[int, ...]) -> list[int]:
        steps = [0 if d == 1 else s for d, s in zip(shape[:-2], strides[:-2], strict=True)]
        return [0] * (3 - len(steps)) + steps

    (multiplier, shift), = want_shifts(multipliers(node, 1, per_tensor_in_float=True), wide=True)
    rows, columns, depth = left[0][-2], right[0][-1], left[0][-1]
    program.add(node, "MATMUL_I16", [a, b], {
        "batch": [1] * (5 - rank) + list(out.shape[:-2]), "a_batch": batch(*left), "b_batch": batch(*right),
        "rows": rows, "columns": columns, "depth": depth, "a_row": left[1][-2], "a_step": left[1][-1],
        "b_column": right[1][-1], "b_step": right[1][-2], "multiplier": multiplier, "shift": shift,
    }, macs=out.elements * depth)


def turn(shape: tuple[int, ...], swap: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return shape and strides of an operand, the last two axes swapped where it is given transposed."""
    strides = row_major(shape)
    if not swap:
        return shape, strides
    return (*shape[:-2], shape[-1], shape[-2]), (*strides[:-2], strides[-1], strides[-2])


def constant_matmul(program: Program, node: Node) -> None:
    """Lower an int16 tensor times a constant int8 matrix to a fully connected layer."""
    weights = symmetric_weights(node).squeeze()
    weights = weights if node.attrs.get("adj_y", False) else weights.T
    if weights.ndim != 2 or node.attrs.get("adj_x", False):
        raise Unsupported(f"a product of int16 {list(required(node, 0).shape)} with int8 {list(weights.shape)}")
    add_rows(program, node, np.ascontiguousarray(weights), np.zeros(len(weights), np.int64), True,
             {"act_min": -32768, "act_max": 32767}, per_tensor_in_float=True)
