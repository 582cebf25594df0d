# SPDX-License-Identifier: MIT
"""Functions of single int16 values and of pairs of them. Formulas: core/kernels/elementwise/elementwise_i16.c."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..fileformat.spec import DTYPES
from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import activation_range, want_quantized, want_symmetric
from ..graph.tflite_ops import required
from .program import Program
from .rules import rule, want_int16
from .strides import binary_walk

LIMITS = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767), "int32": (fp.INT32_MIN, fp.INT32_MAX)}


def operands(node: Node) -> tuple[Tensor, Tensor, Tensor, dict[str, Any]]:
    """Return two operands and the output, and the parameters that all ops on pairs have. Raises Unsupported."""
    want_int16(node)
    a, b, out = required(node, 0), required(node, 1), node.outputs[0]
    if b.dtype != a.dtype:
        raise Unsupported(f"operands of dtype {a.dtype} and {b.dtype}; int16 and int16 can run")
    want_quantized(a, b, out)
    return a, b, out, {
        **binary_walk(a, b, out), **activation_range(node), "a_zero_point": a.zero_point, "b_zero_point": b.zero_point,
        "out_zero_point": out.zero_point,
    }


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
    """Return the sigmoid of i / 24 in Q0.16, moved by half of what linear interpolation would miss in the middle."""

    def exact(i: float) -> float:
        return 65536 / (1 + math.exp(-i / 24))

    table = [fp.round_half_away(exact(i) + (exact(i + 0.5) - (exact(i) + exact(i + 1)) / 2) / 2) for i in range(255)]
    return np.array([*table, 65535], "<u2").tobytes()


def log2_of(scale: float) -> tuple[int, bool]:
    """Return the nearest whole logarithm of a scale, and whether the scale is that power of two (to 0.001)."""
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
    }, {"table_at": sigmoid_table()})


def add_rescale(program: Program, node: Node, multiplier: tuple[int, int], below: tuple[int, int],
                limits: tuple[int, int]) -> None:
    """Add a change of units: a multiplier and shift for values at and above the zero point, one for those below."""
    source, out = required(node, 0), node.outputs[0]
    program.add(node, "RESCALE", [source], {
        "count": source.elements, "multiplier": multiplier[0], "shift": multiplier[1],
        "below_multiplier": below[0], "below_shift": below[1], "in_zero_point": source.zero_point,
        "out_zero_point": out.zero_point, "act_min": limits[0], "act_max": limits[1],
        "in_dtype": DTYPES[source.dtype], "out_dtype": DTYPES[out.dtype],
    })


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
