# SPDX-License-Identifier: MIT
"""ADD, MUL and functions of one value in int8. Formulas: core/kernels/elementwise/elementwise_i8.c."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import activation_range, is_legacy, multiplier_to, quantize, want_quantized
from ..graph.tflite_ops import required
from .program import Program
from .rules import rule, want_dtype
from .strides import add_table, binary_walk


def operands(node: Node) -> tuple[Tensor, Tensor, Tensor]:
    """Return two int8 operands and the output. Raises Unsupported."""
    want_dtype(node, "int8")
    a, b, out = required(node, 0), required(node, 1), node.outputs[0]
    if b.dtype != a.dtype:
        raise Unsupported(f"operands of dtype {a.dtype} and {b.dtype}; int8 and int8 can run")
    want_quantized(a, b, out)
    return a, b, out


@rule("ADD")
def add(program: Program, node: Node) -> None:
    a, b, out = operands(node)
    twice_max = 2 * max(a.scale, b.scale)
    a_multiplier, a_shift = fp.quantize_multiplier(a.scale / twice_max)
    b_multiplier, b_shift = fp.quantize_multiplier(b.scale / twice_max)
    out_multiplier, out_shift = multiplier_to(out, twice_max / (1 << 20))
    program.add(node, "ADD", [a, b], {
        **binary_walk(a, b, out), **activation_range(node),
        "a_multiplier": a_multiplier, "a_shift": a_shift, "a_zero_point": a.zero_point,
        "b_multiplier": b_multiplier, "b_shift": b_shift, "b_zero_point": b.zero_point,
        "out_multiplier": out_multiplier, "out_shift": out_shift, "out_zero_point": out.zero_point,
    })


@rule("MUL")
def mul(program: Program, node: Node) -> None:
    a, b, out = operands(node)
    multiplier, shift = multiplier_to(out, a.scale * b.scale)
    program.add(node, "MUL", [a, b], {
        **binary_walk(a, b, out), **activation_range(node), "a_zero_point": a.zero_point, "b_zero_point": b.zero_point,
        "out_multiplier": multiplier, "out_shift": shift, "out_zero_point": out.zero_point,
    })


def table_rule(name: str) -> Callable[[Callable[[Node, Tensor, Tensor], Callable[[int], int]]], None]:
    """Register a function of one int8 value; the decorated function makes q -> y for a node."""

    def register(make: Callable[[Node, Tensor, Tensor], Callable[[int], int]]) -> None:
        @rule(name)
        def lowering(program: Program, node: Node) -> None:
            want_dtype(node, "int8")
            source, out = required(node, 0), node.outputs[0]
            want_quantized(source, out)
            add_table(program, node, source, out, make(node, source, out))

    return register


def float_table(source: Tensor, out: Tensor, function: Callable[[np.float32], float]) -> Callable[[int], int]:
    """Return q -> y by way of float32, as TFLite fills its tables: the inverse of the output scale is rounded first."""
    scale, inverse = np.float32(source.scale), np.float32(1) / np.float32(out.scale)

    def table(q: int) -> int:
        with np.errstate(all="ignore"):
            y = np.float32(np.float32(function(scale * np.float32(q - source.zero_point))) * inverse)
        if not np.isfinite(y):
            return 0 if np.isnan(y) else 127 if y > 0 else -128
        return int(np.clip(fp.round_half_away(float(y)), -(2**30), 2**30)) + out.zero_point

    return table


def in_q4(source: Tensor) -> Callable[[int], int | None]:
    """Return q -> the input in Q4.27, or None beyond its range; as TFLM's logistic and tanh read it."""
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
    """Return q -> the same real in the units of `out`, clamped."""
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
    """Return q -> x * relu6(x + 3) / 6 in 16-bit fixed point."""
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
    """Return x / 2^n as gemmlowp does in int16, where its mask for the remainder overflows from 16 bits on."""
    return fp.rounding_shift(x, n) if n < 16 else 1 if x >= 0 else -1


def _high_mul_16(a: int, b: int) -> int:
    """Return SQRDMULH of int16."""
    return 32767 if a == b == -32768 else (a * b + 2**14) >> 15


def _log(x: np.float32) -> float:
    return math.log(float(x)) if x > 0 else -math.inf


def _exp(x: np.float32) -> np.float32:
    """Return exp rounded once, as a good C library's expf is and NumPy's is not."""
    return np.float32(np.exp(np.float64(x)))


# What TFLM tabulates in float32.
FLOAT_FUNCTIONS: dict[str, Callable[[np.float32], float]] = {
    "ELU": lambda x: float(_exp(x) - np.float32(1)) if x < 0 else float(x),
    "EXP": lambda x: float(_exp(x)),
    "LOG": _log,
}


def _register(name: str, function: Callable[[np.float32], float]) -> None:
    @table_rule(name)
    def tabulated(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
        return float_table(source, out, function)


for _name, _function in FLOAT_FUNCTIONS.items():
    _register(_name, _function)


@table_rule("GELU")
def gelu(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
    def exact(x: np.float32) -> float:
        return 0.5 * float(x) * (1 + math.erf(float(x) * math.sqrt(0.5)))

    def by_tanh(x: np.float32) -> float:
        return 0.5 * float(x) * (1 + math.tanh(math.sqrt(2 / math.pi) * (float(x) + 0.044715 * float(x) ** 3)))

    return float_table(source, out, by_tanh if node.attrs.get("approximate", False) else exact)


@table_rule("ABS")
def absolute(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
    multiplier, shift = fp.quantize_multiplier(source.scale / out.scale)
    if source.scale == out.scale:
        return lambda q: abs(q - source.zero_point) + out.zero_point
    return lambda q: fp.requantize(abs(q - source.zero_point), multiplier, shift) + out.zero_point


@table_rule("RSQRT")
def rsqrt(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
    """Return q -> 1 / sqrt(x) by TFLM's integers; what is not positive gives the largest value."""
    multiplier, shift = fp.quantize_multiplier(1.0 / (math.sqrt(source.scale) * out.scale))
    if not -11 <= shift <= 30:
        raise Unsupported(f"the scales {source.scale} and {out.scale}; export the model again")

    def function(q: int) -> int:
        if q <= source.zero_point:
            return 127
        root, root_shift = fp.inverse_sqrt(q - source.zero_point)
        return fp.requantize(fp.requantize(1, root, root_shift + 20), multiplier, shift - 20) + out.zero_point

    return function
