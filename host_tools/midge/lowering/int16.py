# SPDX-License-Identifier: MIT
"""16-bit activations with 8-bit weights (16x8). Formulas: core/kernels/linear/conv_i16.c and its neighbours."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..fileformat.spec import DTYPES
from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import activation_range, multipliers, symmetric_weights, want_quantized
from ..graph.tflite_ops import constant, required, same_padding, window_padding
from .elementwise_i8 import broadcast
from .linear_i8 import nhwc
from .pool_i8 import softmax as softmax_from_int8
from .program import Program
from .rules import rule

LIMITS = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767), "int32": (fp.INT32_MIN, fp.INT32_MAX)}


def want_int16(node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    if (source.dtype, out.dtype) != ("int16", "int16"):
        raise Unsupported(f"{source.dtype} in and {out.dtype} out; int16 in and out, or int8 in and out, can run. "
                          "Export the model with one of TensorFlow Lite's 8-bit or 16x8 quantisations")


def want_symmetric(*tensors: Tensor) -> None:
    want_quantized(*tensors)
    for tensor in tensors:
        if tensor.zero_point != 0:
            raise Unsupported(f"the int16 tensor '{tensor.name}' with zero point {tensor.zero_point}; 0 can run, "
                              "as TensorFlow Lite's 16x8 quantisation makes it")


# Weighted sums


def channels(bias: np.ndarray, pairs: list[tuple[int, int]]) -> bytes:
    """int64 bias, int32 multiplier, int8 shift a channel."""
    shifts = bytes(shift & 0xFF for _, shift in pairs)
    return bias.astype("<i8").tobytes() + np.array([m for m, _ in pairs], "<i4").tobytes() + shifts


def want_shifts(pairs: list[tuple[int, int]], wide: bool) -> list[tuple[int, int]]:
    if wide and any(shift > 14 for _, shift in pairs):
        raise Unsupported("an output scale far too small for its input; export the model again")
    return pairs


def bias_of(node: Node, index: int, count: int, wide_without: bool) -> tuple[np.ndarray, bool]:
    """The biases, and whether sums are requantised from 64 bits: TFLM decides by the dtype of the biases."""
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
    """`weights` are int8 [out_c, kernel_h, kernel_w, in_c / groups]."""
    ones = ("stride_h", "stride_w", "dilation_h", "dilation_w", "up_h", "up_w", "groups")
    params = dict.fromkeys(ones, 1) | params | {"wide": int(wide)}
    if max(params.values()) > 65535:
        raise Unsupported(f"tensors of shape {list(source.shape)}; at most 65535 along an axis can run")
    patch = params["kernel_h"] * params["kernel_w"] * params["in_c"]
    # A transposed convolution multiplies every input by every weight, others do so for every output.
    grid = "in" if params["up_h"] * params["up_w"] > 1 else "out"
    macs = params["batches"] * params[f"{grid}_h"] * params[f"{grid}_w"] * params["out_c"] * patch // params["groups"]
    program.add(node, "CONV_2D_I16", [source], params, {"weights_at": weights.tobytes(), "channels_at": table},
                macs=macs)


def window_params(node: Node, source: Tensor) -> dict[str, Any]:
    n, in_h, in_w, in_c = nhwc(node, source)
    _, out_h, out_w, out_c = nhwc(node, node.outputs[0])
    return {"batches": n, "in_h": in_h, "in_w": in_w, "in_c": in_c, "out_h": out_h, "out_w": out_w, "out_c": out_c}


def convolution(program: Program, node: Node, weights: np.ndarray, wide_without: bool) -> None:
    source, a = required(node, 0), node.attrs
    shape = window_params(node, source)
    want_symmetric(source, node.outputs[0])
    out_c, kernel_h, kernel_w, depth = weights.shape
    bias, wide = bias_of(node, 2, out_c, wide_without)
    params = {
        **shape, "kernel_h": kernel_h, "kernel_w": kernel_w, "groups": shape["in_c"] // depth,
        "stride_h": a["stride_h"], "stride_w": a["stride_w"],
        "dilation_h": a.get("dilation_h_factor", 1), "dilation_w": a.get("dilation_w_factor", 1),
        **window_padding(node, (shape["in_h"], shape["in_w"]), (kernel_h, kernel_w)), **activation_range(node),
    }  # fmt: skip
    pairs = want_shifts(multipliers(node, out_c, per_tensor_in_float=False), wide)
    add_conv_i16(program, node, source, params, weights, channels(bias, pairs), wide)


@rule("CONV_2D", dtype="int16")
def conv_2d(program: Program, node: Node) -> None:
    want_int16(node)
    weights = symmetric_weights(node)
    in_c = nhwc(node, required(node, 0))[3]
    if weights.ndim != 4 or in_c % weights.shape[3] or weights.shape[0] % (in_c // weights.shape[3]):
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels")
    convolution(program, node, weights, wide_without=True)


@rule("DEPTHWISE_CONV_2D", dtype="int16")
def depthwise_conv_2d(program: Program, node: Node) -> None:
    want_int16(node)
    weights = symmetric_weights(node)
    in_c = nhwc(node, required(node, 0))[3]
    if weights.ndim != 4 or weights.shape[0] != 1 or weights.shape[3] % in_c:
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels; wanted [1, KH, KW, n * {in_c}]")
    convolution(program, node, np.ascontiguousarray(weights.transpose(3, 1, 2, 0)), wide_without=True)


@rule("FULLY_CONNECTED", dtype="int16")
def fully_connected(program: Program, node: Node) -> None:
    want_int16(node)
    weights = symmetric_weights(node)
    if weights.ndim != 2 or node.attrs.get("weights_format", 0) != 0:
        raise Unsupported(f"weights of shape {list(weights.shape)}; export the model again")
    bias, wide = bias_of(node, 2, len(weights), wide_without=False)
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
    params = {"batches": 1, "in_h": rows, "in_w": 1, "in_c": in_c, "out_h": rows, "out_w": 1, "out_c": out_c,
              "kernel_h": 1, "kernel_w": 1, "out_zero_point": node.outputs[0].zero_point, **limits}
    add_conv_i16(program, node, source, params, weights, channels(bias, pairs), wide)


@rule("TRANSPOSE_CONV", dtype="int16")
def transpose_conv(program: Program, node: Node) -> None:
    """A convolution with the kernel turned round, over a grid finer by the strides."""
    source, out, a = required(node, 2), node.outputs[0], node.attrs
    weights = symmetric_weights(node)  # [out_c, kernel_h, kernel_w, in_c]
    want_symmetric(source, out)
    shape = window_params(node, source)
    if source.dtype != "int16" or weights.ndim != 4 or (weights.shape[0], weights.shape[3]) != (
        shape["out_c"], shape["in_c"]
    ):  # fmt: skip
        raise Unsupported(f"{source.dtype} tensors and weights of shape {list(weights.shape)}")
    kernel = weights.shape[1:3]
    strides = (a["stride_h"], a["stride_w"])
    # The padding of the convolution that goes the other way, from output to input.
    pads = [same_padding(out.shape[1 + i], kernel[i], strides[i], 1) if a["padding"] == 0 else 0 for i in range(2)]
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
    add_conv_i16(program, node, source, params, turned, channels(bias, pairs), wide=True)


@rule("MEAN", dtype="int16")
def mean(program: Program, node: Node) -> None:
    """A depthwise convolution over the reduced axes whose weights are all 1."""
    want_int16(node)
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    rank = len(source.shape)
    axes = sorted({int(a) % rank for a in constant(node, 1, "axes").reshape(-1)}) if rank else []
    long = [i for i in axes if source.shape[i] > 1]  # axes of one element may lie anywhere
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
    add_conv_i16(program, node, source, params, np.ones(count, np.int8), channels(bias, [pair] * inner), wide=False)


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
    }, macs=out.elements * depth)  # fmt: skip


def turn(shape: tuple[int, ...], swap: bool) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape and strides of an operand, the last two axes swapped where it is given transposed."""
    strides = tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))
    if not swap:
        return shape, strides
    return (*shape[:-2], shape[-1], shape[-2]), (*strides[:-2], strides[-1], strides[-2])


def constant_matmul(program: Program, node: Node) -> None:
    """An int16 tensor times a constant int8 matrix: a fully connected layer."""
    weights = symmetric_weights(node).squeeze()
    weights = weights if node.attrs.get("adj_y", False) else weights.T
    if weights.ndim != 2 or node.attrs.get("adj_x", False):
        raise Unsupported(f"a product of int16 {list(required(node, 0).shape)} with int8 {list(weights.shape)}")
    add_rows(program, node, np.ascontiguousarray(weights), np.zeros(len(weights), np.int64), True,
             {"act_min": -32768, "act_max": 32767}, per_tensor_in_float=True)


# Element by element


def operands(node: Node) -> tuple[Tensor, Tensor, Tensor, dict[str, Any]]:
    want_int16(node)
    a, b, out = required(node, 0), required(node, 1), node.outputs[0]
    if b.dtype != a.dtype:
        raise Unsupported(f"operands of dtype {a.dtype} and {b.dtype}; int16 and int16 can run")
    want_quantized(a, b, out)
    return a, b, out, {
        **broadcast(a, b, out), **activation_range(node), "a_zero_point": a.zero_point, "b_zero_point": b.zero_point,
        "out_zero_point": out.zero_point,
    }  # fmt: skip


@rule("ADD", "SUB", dtype="int16")
def add_or_sub(program: Program, node: Node) -> None:
    a, b, out, params = operands(node)
    twice_max = 2 * max(a.scale, b.scale)
    scales = (a.scale / twice_max, b.scale / twice_max, twice_max / ((1 << 15) * out.scale))
    for name, scale in zip(("a", "b", "out"), scales, strict=True):
        params[f"{name}_multiplier"], params[f"{name}_shift"] = fp.quantize_multiplier(scale)
    program.add(node, f"{node.op}_I16", [a, b], params)


@rule("MUL", dtype="int16")
def mul(program: Program, node: Node) -> None:
    a, b, out, params = operands(node)
    params["out_multiplier"], params["out_shift"] = fp.quantize_multiplier(a.scale * b.scale / out.scale)
    program.add(node, "MUL_I16", [a, b], params)


def sigmoid_table() -> bytes:
    """The sigmoid of i / 24 in Q0.16, moved by half of what linear interpolation would miss in the middle."""

    def exact(i: float) -> float:
        return 65536 / (1 + math.exp(-i / 24))

    table = [fp.round_half_away(exact(i) + (exact(i + 0.5) - (exact(i) + exact(i + 1)) / 2) / 2) for i in range(255)]
    return np.array([*table, 65535], "<u2").tobytes()


def log2_of(scale: float) -> tuple[int, bool]:
    """The nearest whole logarithm of a scale, and whether the scale is that power of two (to 0.001)."""
    exact = float(np.float32(np.log(np.float32(scale))) * np.float32(1 / math.log(2)))
    return fp.round_half_away(exact), abs(exact - fp.round_half_away(exact)) < 1e-3


@rule("LOGISTIC", "TANH", dtype="int16")
def sigmoid(program: Program, node: Node) -> None:
    want_int16(node)
    source, out = required(node, 0), node.outputs[0]
    want_symmetric(source, out)
    if log2_of(out.scale) != (-15, True):
        raise Unsupported(f"a {node.op.lower()} to scale {out.scale}; 2^-15 can run")
    power, exact = log2_of(source.scale)
    left = 12 + power
    if exact and left in ((0,) if node.op == "LOGISTIC" else (0, 1)):
        multiplier, shift = 3 << left, 0
    else:
        real, shift = source.scale * 4096.0 * 3.0, 0
        while real <= 32767 / 2 and shift <= 30:
            shift, real = shift + 1, real * 2
        multiplier = int(real)
    if multiplier > 32767:
        raise Unsupported(f"a {node.op.lower()} of scale {source.scale}, which is far too large; export it again")
    program.add(node, "SIGMOID_I16", [source], {
        "count": source.elements, "multiplier": multiplier, "shift": shift, "tanh": int(node.op == "TANH"),
    }, {"table_at": sigmoid_table()})  # fmt: skip


def add_rescale(program: Program, node: Node, multiplier: tuple[int, int], below: tuple[int, int],
                limits: tuple[int, int]) -> None:
    source, out = required(node, 0), node.outputs[0]
    program.add(node, "RESCALE", [source], {
        "count": source.elements, "multiplier": multiplier[0], "shift": multiplier[1],
        "below_multiplier": below[0], "below_shift": below[1], "in_zero_point": source.zero_point,
        "out_zero_point": out.zero_point, "act_min": limits[0], "act_max": limits[1],
        "in_dtype": DTYPES[source.dtype], "out_dtype": DTYPES[out.dtype],
    })  # fmt: skip


@rule("LEAKY_RELU", dtype="int16")
def leaky_relu(program: Program, node: Node) -> None:
    want_int16(node)
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    alpha = float(np.float32(node.attrs["alpha"]))
    add_rescale(program, node, fp.quantize_multiplier(source.scale / out.scale),
                fp.quantize_multiplier(source.scale * alpha / out.scale), LIMITS["int16"])


@rule("RELU", dtype="int16")
def relu(program: Program, node: Node) -> None:
    want_int16(node)
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    pair = fp.quantize_multiplier(float(np.float32(source.scale) / np.float32(out.scale)))
    add_rescale(program, node, pair, pair, (max(-32768, out.zero_point), 32767))


@rule("QUANTIZE", dtype="int16")
@rule("QUANTIZE", dtype="int32")
def quantize_op(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    want_quantized(out)
    if source.dtype == "float32":
        program.add(node, "QUANTIZE_ANY", [source], {"count": source.elements, "scale": out.scale,
                    "zero_point": out.zero_point, "dtype": DTYPES[out.dtype]})
        return
    if source.dtype not in LIMITS or out.dtype not in LIMITS:
        raise Unsupported(f"{source.dtype} to {out.dtype}; float32, int8, uint8, int16 and int32 can run")
    want_quantized(source)
    pair = fp.quantize_multiplier(source.scale / out.scale)
    if pair[1] > 30:
        raise Unsupported(f"a scale of {source.scale} turned into {out.scale}, which is far smaller")
    add_rescale(program, node, pair, pair, LIMITS[out.dtype])


@rule("DEQUANTIZE", dtype="int16")
def dequantize_op(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source)
    if out.dtype != "float32":
        raise Unsupported(f"{source.dtype} to {out.dtype}; float32 can run")
    program.add(node, "DEQUANTIZE_ANY", [source], {"count": source.elements, "scale": source.scale,
                "zero_point": source.zero_point, "dtype": DTYPES[source.dtype]})


# Pooling and softmax


@rule("MAX_POOL_2D", "AVERAGE_POOL_2D", dtype="int16")
def pool_2d(program: Program, node: Node) -> None:
    want_int16(node)
    source, out, a = required(node, 0), node.outputs[0], node.attrs
    want_quantized(source, out)
    shape = window_params(node, source)
    kernel = (a["filter_height"], a["filter_width"])
    if kernel[0] * kernel[1] > 1 << 15:
        raise Unsupported(f"a window of {kernel[0]} x {kernel[1]}; at most 32768 elements can run")
    program.add(node, f"{node.op}_I16", [source], {
        **{k: v for k, v in shape.items() if k not in ("in_c", "out_c")}, "channels": shape["in_c"],
        "kernel_h": kernel[0], "kernel_w": kernel[1], "stride_h": a["stride_h"], "stride_w": a["stride_w"],
        **window_padding(node, (shape["in_h"], shape["in_w"]), kernel), **activation_range(node),
    })  # fmt: skip


@rule("SOFTMAX", dtype="int16")
def softmax(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    if source.dtype == "int8":
        softmax_from_int8(program, node)
        return
    want_int16(node)
    want_quantized(source, out)
    if out.zero_point != 0 or abs(out.scale * 32768 - 1) > 0.001:
        raise Unsupported(f"a softmax to scale {out.scale}, zero point {out.zero_point}; 2^-15 and 0 can run")
    depth = source.shape[-1]
    if not 0 < depth <= 65535:
        raise Unsupported(f"a softmax over {depth} classes; at most 65535 can run")
    beta = float(np.float32(node.attrs.get("beta", 1.0)))
    multiplier, shift = fp.quantize_multiplier(source.scale * beta / (10.0 / 65535.0))
    if shift > 30:
        raise Unsupported(f"a softmax whose scale {source.scale} times beta {beta} is far too large")
    tables = curve(np.exp, -10.0, 0.0) + curve(lambda x: np.float32(1) / (np.float32(1) + x), 0.0, 1.0)
    program.add(node, "SOFTMAX_I16", [source], {
        "rows": source.elements // depth, "depth": depth, "multiplier": multiplier, "shift": shift,
    }, {"tables_at": tables})  # fmt: skip


def curve(function: Callable[[np.float32], np.float32], low: float, high: float) -> bytes:
    """513 values of a function in Q0.15, each moved by half of what interpolation would miss; in float32."""
    start, step, scale = np.float32(low), np.float32((high - low) / 512), np.float32(32768)

    def rounded(x: Any) -> np.float32:
        return np.float32(fp.round_half_away(float(x)))

    table = []
    for i in range(512):
        at = np.float32(start + np.float32(i) * step)
        here, middle = function(at), function(np.float32(at + step / np.float32(2)))
        after = function(np.float32(start + np.float32(i + 1) * step))
        value = rounded(here * scale)
        missed = rounded((after * scale + value) / np.float32(2)) - rounded(middle * scale)
        table.append(value - rounded(missed / np.float32(2)))
    table.append(rounded(function(np.float32(high)) * scale))
    return np.clip(np.array(table), -32768, 32767).astype("<i2").tobytes()
