# SPDX-License-Identifier: MIT
"""ADD, MUL, functions of one value, QUANTIZE and DEQUANTIZE. Formulas: core/kernels/elementwise/elementwise_i8.c."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import activation_range, is_legacy, multiplier_to, quantize, want_quantized
from ..graph.tflite_ops import required
from .program import Program
from .rules import add_table, merge_dims, pad_left, row_major, rule, want_dtype

RANK = 5


def broadcast(a: Tensor, b: Tensor, out: Tensor) -> dict[str, Any]:
    """dims, a_stride and b_stride of a binary op."""
    shape = out.shape

    def strides(tensor: Tensor) -> tuple[int, ...]:
        padded = (1,) * (len(shape) - len(tensor.shape)) + tensor.shape
        if len(tensor.shape) > len(shape) or any(p not in (1, s) for p, s in zip(padded, shape, strict=True)):
            raise Unsupported(f"operands of shape {list(a.shape)} and {list(b.shape)} for {list(shape)}")
        return tuple(0 if p == 1 else s for p, s in zip(padded, row_major(padded), strict=True))

    dims, (a_stride, b_stride) = merge_dims(shape, strides(a), strides(b))
    if len(dims) > RANK:
        raise Unsupported(f"broadcasting over {len(dims)} dimensions; at most {RANK} can run")
    return {"dims": pad_left(dims, RANK, 1), "a_stride": pad_left(a_stride, RANK, 0),
            "b_stride": pad_left(b_stride, RANK, 0)}


def binary_ends(node: Node) -> tuple[Tensor, Tensor, Tensor]:
    want_dtype(node, "int8")
    a, b, out = required(node, 0), required(node, 1), node.outputs[0]
    if b.dtype != a.dtype:
        raise Unsupported(f"operands of dtype {a.dtype} and {b.dtype}; int8 and int8 can run")
    want_quantized(a, b, out)
    return a, b, out


@rule("ADD")
def add(program: Program, node: Node) -> None:
    a, b, out = binary_ends(node)
    twice_max = 2 * max(a.scale, b.scale)
    a_multiplier, a_shift = fp.quantize_multiplier(a.scale / twice_max)
    b_multiplier, b_shift = fp.quantize_multiplier(b.scale / twice_max)
    out_multiplier, out_shift = multiplier_to(out, twice_max / (1 << 20))
    program.add(node, "ADD", [a, b], {
        **broadcast(a, b, out), **activation_range(node),
        "a_multiplier": a_multiplier, "a_shift": a_shift, "a_zero_point": a.zero_point,
        "b_multiplier": b_multiplier, "b_shift": b_shift, "b_zero_point": b.zero_point,
        "out_multiplier": out_multiplier, "out_shift": out_shift, "out_zero_point": out.zero_point,
    })  # fmt: skip


@rule("MUL")
def mul(program: Program, node: Node) -> None:
    a, b, out = binary_ends(node)
    multiplier, shift = multiplier_to(out, a.scale * b.scale)
    program.add(node, "MUL", [a, b], {
        **broadcast(a, b, out), **activation_range(node), "a_zero_point": a.zero_point, "b_zero_point": b.zero_point,
        "out_multiplier": multiplier, "out_shift": shift, "out_zero_point": out.zero_point,
    })  # fmt: skip


def table_rule(name: str) -> Callable[[Callable[[Node, Tensor, Tensor], Callable[[int], int]]], None]:
    """Register a function of one int8 value; the decorated function makes q -> y for a node."""

    def register(make: Callable[[Node, Tensor, Tensor], Callable[[int], int]]) -> None:
        @rule(name)
        def lowering(program: Program, node: Node) -> None:
            want_dtype(node, "int8")
            source, out = required(node, 0), node.outputs[0]
            want_quantized(source, out)
            add_table(program, node, make(node, source, out))

    return register


def float_table(source: Tensor, out: Tensor, function: Callable[[np.float32], float]) -> Callable[[int], int]:
    """q -> y by way of float32, as TFLite fills its tables: the inverse of the output's scale is rounded first."""
    scale, inverse = np.float32(source.scale), np.float32(1) / np.float32(out.scale)

    def table(q: int) -> int:
        with np.errstate(all="ignore"):
            y = np.float32(np.float32(function(scale * np.float32(q - source.zero_point))) * inverse)
        if not np.isfinite(y):
            return 0 if np.isnan(y) else 127 if y > 0 else -128
        return int(np.clip(fp.round_half_away(float(y)), -(2**30), 2**30)) + out.zero_point

    return table


def in_q4(source: Tensor) -> Callable[[int], int | None]:
    """The input in Q4.27, or None where it lies outside; as TFLM's logistic and tanh read it."""
    multiplier, shift = fp.quantize_multiplier(source.scale * 2**27)
    radius = fp.input_radius(4, shift) if shift >= 0 else 2**31

    def convert(q: int) -> int | None:
        x = q - source.zero_point
        return fp.requantize(x, multiplier, shift) if -radius < x < radius else None

    return convert


@table_rule("LOGISTIC")
def logistic(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
    if is_legacy(node):
        return float_table(source, out, lambda x: float(1 / (1 + np.float32(np.exp(-np.float64(x))))))
    convert = in_q4(source)
    if out.zero_point != -128:
        raise Unsupported(f"a logistic to zero point {out.zero_point}; -128 can run")

    def function(q: int) -> int:
        x = convert(q)
        if x is None:
            return -128 if q <= source.zero_point else 127
        return fp.rounding_shift(fp.logistic(x, 4), 23) - 128

    return function


@table_rule("TANH")
def tanh(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
    if is_legacy(node):
        return float_table(source, out, lambda x: math.tanh(float(x)))
    convert = in_q4(source)

    def function(q: int) -> int:
        x = convert(q)
        if x is None:
            return -128 if q <= source.zero_point else 127
        return fp.rounding_shift(fp.tanh(x, 4), 24)

    return function


def rescale(source: Tensor, out: Tensor, low: int, high: int) -> Callable[[int], int]:
    multiplier, shift = fp.quantize_multiplier(source.scale / out.scale)
    return lambda q: fp.clamp(fp.requantize(q - source.zero_point, multiplier, shift) + out.zero_point, low, high)


@table_rule("RELU")
def relu(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
    return rescale(source, out, max(-128, out.zero_point), 127)


@table_rule("RELU6")
def relu6(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
    # TFLM clamps in the input's units and does not rescale.
    six = fp.clamp(quantize(source, 6.0), -128, 127)
    return lambda q: fp.clamp(q, source.zero_point, max(six, source.zero_point))


@table_rule("RELU_N1_TO_1")
def relu_n1_to_1(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
    return rescale(source, out, max(-128, quantize(out, -1.0)), min(127, quantize(out, 1.0)))


@table_rule("LEAKY_RELU")
def leaky_relu(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
    scale, out_scale, alpha = np.float32(source.scale), np.float32(out.scale), np.float32(node.attrs["alpha"])
    negative = fp.quantize_multiplier(float(scale * alpha / out_scale))
    positive = fp.quantize_multiplier(float(scale / out_scale))
    return lambda q: out.zero_point + fp.requantize(
        q - source.zero_point, *(positive if q >= source.zero_point else negative)
    )


@table_rule("HARD_SWISH")
def hard_swish(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
    """x * relu6(x + 3) / 6 in 16-bit fixed point."""
    hires = np.float32(1 / 128) * np.float32(source.scale)
    out_multiplier, out_exponent = fp.quantize_multiplier(float(hires / np.float32(out.scale)))
    reluish, exponent = fp.quantize_multiplier(float(hires / (np.float32(3) / np.float32(32768))))
    if out_exponent > 0:
        raise Unsupported(f"a hard swish whose output scale {out.scale} is far below its input's {source.scale}")
    out_multiplier, reluish = _to_16_bits(out_multiplier), _to_16_bits(reluish)

    def function(q: int) -> int:
        x = (q - source.zero_point) << 7
        on_out_scale = _high_mul_16(x, out_multiplier)
        gate = x
        if exponent > 0:
            gate = fp.clamp(gate << (exponent - 1), -32768, 32767)
        gate = _high_mul_16(gate, reluish)
        if exponent > 0:
            gate = fp.clamp(gate << 1, -32768, 32767)
        if exponent < 0:
            gate = _rounding_shift_16(gate, -exponent)
        gate = (gate + 32768) >> 1
        product = math.trunc(gate * on_out_scale / 32768)  # rounded towards zero
        return _rounding_shift_16(product, -out_exponent) + out.zero_point

    return function


def _to_16_bits(multiplier: int) -> int:
    return 32767 if multiplier >= 2**31 - 2**15 else (multiplier + 2**15) >> 16


def _rounding_shift_16(x: int, n: int) -> int:
    """x / 2^n as gemmlowp computes it in int16, where its mask for the remainder overflows from 16 bits on."""
    return fp.rounding_shift(x, n) if n < 16 else 1 if x >= 0 else -1


def _high_mul_16(a: int, b: int) -> int:
    """SQRDMULH of int16."""
    return 32767 if a == b == -32768 else (a * b + 2**14) >> 15


@rule("QUANTIZE")
def quantize_op(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    want_quantized(out)
    if (source.dtype, out.dtype) == ("float32", "int8"):
        program.add(node, "QUANTIZE", [source],
                    {"count": source.elements, "scale": out.scale, "zero_point": out.zero_point})
    elif source.dtype in ("int8", "uint8") and out.dtype in ("int8", "uint8"):
        want_quantized(source)
        low, high = (0, 255) if out.dtype == "uint8" else (-128, 127)
        add_table(program, node, rescale(source, out, low, high))
    else:
        raise Unsupported(f"{source.dtype} to {out.dtype}; float32 to int8 and int8 to uint8 or back can run")


@rule("DEQUANTIZE")
def dequantize_op(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    if (source.dtype, out.dtype) != ("int8", "float32"):
        raise Unsupported(f"{source.dtype} to {out.dtype}; int8 to float32 can run")
    want_quantized(source)
    program.add(node, "DEQUANTIZE", [source],
                {"count": source.elements, "scale": source.scale, "zero_point": source.zero_point})
