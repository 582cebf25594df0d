# SPDX-License-Identifier: MIT
"""Convolutions and matrix products in int8. Formulas: native_module/core/kernels/linear/conv_i8.c, matmul_i8.c."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import activation_range, is_legacy, multipliers, want_quantized, weights_of
from ..graph.tflite_ops import constant, required
from .program import Program
from .rules import rule, want_dtype
from .strides import broadcast
from .windows import dense_params, nhwc, window_params


def channel_table(node: Node, weights: np.ndarray, pairs: list[tuple[int, int]], zero_point: int = 0) -> bytes:
    """Return bias, multiplier and shift of every channel. weights [channels, taps]; the bias takes zero points in."""
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


def add_conv(program: Program, node: Node, op: str, weights: np.ndarray, by_channel: np.ndarray,
             zero_point: int) -> None:
    """Add a convolution. weights: as the kernel reads them; by_channel: the same as [channels, taps]."""
    source, out = required(node, 0), node.outputs[0]
    kernel = (weights.shape[-3], weights.shape[-2])
    params = window_params(node, source, out, kernel)
    taps = kernel[0] * kernel[1] * params["in_c"]
    if taps > 0x1FFFF:
        raise Unsupported(f"a kernel of {taps} taps; at most 131071 can run without overflow")
    params |= {
        "in_zero_point": source.zero_point, "out_zero_point": out.zero_point, "weights_zero_point": zero_point,
        **activation_range(node),
    }
    pairs = multipliers(node, params["out_c"], per_tensor_in_float=is_legacy(node))
    constants = {"weights_at": weights.tobytes(), "channels_at": channel_table(node, by_channel, pairs, zero_point)}
    program.add(node, op, [source], params, constants,
                macs=params["batches"] * params["out_h"] * params["out_w"] * weights.size)


@rule("CONV_2D")
def conv_2d(program: Program, node: Node) -> None:
    want_dtype(node, "int8")
    weights, zero_point = weights_of(node)
    in_c = nhwc(required(node, 0))[3]
    if weights.ndim != 4 or weights.shape[3] != in_c:
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels; grouped convolutions cannot run")
    add_conv(program, node, "CONV_2D", weights, weights.reshape(weights.shape[0], -1), zero_point)


@rule("DEPTHWISE_CONV_2D")
def depthwise_conv_2d(program: Program, node: Node) -> None:
    want_dtype(node, "int8")
    weights, zero_point = weights_of(node)
    in_c = nhwc(required(node, 0))[3]
    if weights.ndim != 4 or weights.shape[0] != 1 or weights.shape[3] % in_c:
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels; wanted [1, KH, KW, n * {in_c}]")
    add_conv(program, node, "DEPTHWISE_CONV_2D", weights, weights.reshape(-1, weights.shape[3]).T, zero_point)


@rule("FULLY_CONNECTED")
def fully_connected(program: Program, node: Node) -> None:
    """Lower to a 1x1 convolution over the rows of the input."""
    if not required(node, 1).is_constant and required(node, 0).dtype == "int8":
        product_of_activations(program, node)
        return
    want_dtype(node, "int8")
    weights, zero_point = weights_of(node)
    source, out = required(node, 0), node.outputs[0]
    if weights.ndim != 2 or weights.shape[1] == 0 or source.elements % weights.shape[1]:
        raise Unsupported(f"weights of shape {list(weights.shape)} on an input of shape {list(source.shape)}")
    if node.attrs.get("weights_format", 0) != 0:
        raise Unsupported("shuffled weights; export the model for TensorFlow Lite's default format")
    out_c, in_c = weights.shape
    rows = source.elements // in_c
    params = {
        **dense_params(rows, in_c, out_c), "in_zero_point": source.zero_point, "out_zero_point": out.zero_point,
        "weights_zero_point": zero_point, **activation_range(node),
    }
    pairs = multipliers(node, out_c, per_tensor_in_float=True)
    constants = {"weights_at": weights.tobytes(), "channels_at": channel_table(node, weights, pairs, zero_point)}
    program.add(node, "CONV_2D", [source], params, constants, macs=rows * weights.size)


@rule("TRANSPOSE_CONV")
def transpose_conv(program: Program, node: Node) -> None:
    """Refuse what passes/decompose.py has left over."""
    size = f"{list(node.outputs[0].shape)}, stride {node.attrs['stride_h']}x{node.attrs['stride_w']}"
    raise Unsupported(f"{node.outputs[0].dtype} to {size}; constant int8 weights and outputs of the size that the "
                      "strides give can run")


@rule("BATCH_MATMUL")
def batch_matmul(program: Program, node: Node) -> None:
    want_dtype(node, "int8")
    a, b, out = required(node, 0), required(node, 1), node.outputs[0]
    adj_x, adj_y = node.attrs.get("adj_x", False), node.attrs.get("adj_y", False)
    rows, depth = a.shape[-2:] if not adj_x else a.shape[:-3:-1]
    b_depth, columns = b.shape[-2:] if not adj_y else b.shape[:-3:-1]
    if depth != b_depth or out.shape[-2:] != (rows, columns):
        raise Unsupported(f"a product of {list(a.shape)} and {list(b.shape)} to {list(out.shape)}")
    a_row, a_step = (1, a.shape[-1]) if adj_x else (a.shape[-1], 1)
    b_step, b_column = (1, b.shape[-1]) if adj_y else (b.shape[-1], 1)
    dims, strides = broadcast(out.shape[:-2], a.shape[:-2], b.shape[:-2])
    if any(d != 1 for d in dims[:2]):
        raise Unsupported(f"batches of shape {list(out.shape[:-2])}; those that merge to three dimensions can run")
    add_matmul(program, node, [a, b], {
        "batches": dims[2:], "a_batch": [s * rows * depth for s in strides[0][2:]],
        "b_batch": [s * depth * columns for s in strides[1][2:]], "rows": rows, "columns": columns, "depth": depth,
        "a_row": a_row, "a_step": a_step, "b_column": b_column, "b_step": b_step,
    })


def product_of_activations(program: Program, node: Node) -> None:
    """Lower a fully connected layer whose weights are worked out while running."""
    want_dtype(node, "int8")
    a, b, bias = required(node, 0), required(node, 1), node.input(2)
    columns, depth = b.shape
    if a.elements % depth or (bias is not None and (bias.dtype, bias.elements) != ("int32", columns)):
        raise Unsupported(f"weights of shape {list(b.shape)} on an input of shape {list(a.shape)}")
    add_matmul(program, node, [a, b] if bias is None else [a, b, bias], {
        "batches": [1] * 3, "a_batch": [0] * 3, "b_batch": [0] * 3, "rows": a.elements // depth, "columns": columns,
        "depth": depth, "a_row": depth, "a_step": 1, "b_column": depth, "b_step": 1,
        "has_bias": int(bias is not None),
    })


def add_matmul(program: Program, node: Node, operands: list[Tensor], params: dict[str, Any]) -> None:
    """Add an int8 matrix product. operands: a, b and maybe a bias; params: counts and strides. Raises Unsupported."""
    a, b, out, depth = operands[0], operands[1], node.outputs[0], params["depth"]
    if b.dtype != "int8":
        raise Unsupported(f"a product with {b.dtype} values; int8 and int8 can run")
    want_quantized(a, b, out)
    if b.quantization is not None and b.quantization.per_channel:
        raise Unsupported("a second operand with a scale for each channel; one scale can run")
    if depth > 1 << 15:
        raise Unsupported(f"products of {depth} terms; at most 32768 can run")
    multiplier, shift = fp.quantize_multiplier(float(np.float32(a.scale) * np.float32(b.scale)) / out.scale)
    if shift > 30:
        raise Unsupported(f"an output scale of {out.scale}, far too small for the inputs; export the model again")
    program.add(node, "MATMUL", operands, {
        **params, "multiplier": multiplier, "shift": shift, "a_zero_point": a.zero_point,
        "b_zero_point": b.zero_point, "out_zero_point": out.zero_point, **activation_range(node),
    }, macs=out.elements * depth)
