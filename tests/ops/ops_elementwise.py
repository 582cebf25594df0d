# SPDX-License-Identifier: MIT
"""ADD, MUL, functions of one value, QUANTIZE and DEQUANTIZE. Functions of one byte see every byte in each case."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from midge.importers.tflite.writer import FlatTensor
from tests.ops.ops_linear import ODD
from tests.support.draws import (
    SIX_FITS,
    activation,
    chance,
    choice,
    every_byte,
    integer,
    like,
    limits,
    near,
    scale,
    shape,
    tensor,
    values,
    within_clamps,
    zero_point,
)
from tests.support.op_tests import Case, op_test


def operands(draw: Any) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Shapes of two operands that can be broadcast, and of the result; sometimes every pair of bytes."""
    if chance(draw, 10):
        return (256, 1), (1, 256), (256, 256)
    out = shape(draw, 0, 6)
    pair = []
    for broadcast in draw(st.sampled_from([(False, False), (False, True), (True, False), (True, True)])):
        dims = tuple(1 if broadcast and draw(st.booleans()) else d for d in out)
        if broadcast and draw(st.booleans()):  # leading axes left out
            ones = next((i for i, d in enumerate(dims) if d != 1), len(dims))
            dims = dims[integer(draw, 0, ones) :]
        pair.append(dims)
    return pair[0], pair[1], tuple(np.broadcast_shapes(*pair))


def some(draw: Any, t: FlatTensor) -> np.ndarray:
    """Values for an operand; every byte where its shape has room for just these."""
    full = np.arange(-128, 128, dtype=np.int8)
    return full.reshape(t.shape) if np.prod(t.shape) == 256 else values(draw, t.shape)


@op_test("ADD", "MUL", limits=ODD)
def binary(draw: Any, op: str) -> Case:
    a_shape, b_shape, out = operands(draw)
    a = tensor(draw, "a", a_shape)
    b = tensor(draw, "b", b_shape, scale_=near(draw, a.scale)) if op == "ADD" else tensor(draw, "b", b_shape)
    natural = max(a.scale, b.scale) if op == "ADD" else a.scale * b.scale * 64
    y = tensor(draw, "y", out, scale_=near(draw, natural))
    a_values, b_values = some(draw, a), some(draw, b)
    feeds = [a_values, b_values]
    which = integer(draw, 0, 5)
    if which == 1:
        b.data, feeds = b_values, [a_values]
    elif which == 2:
        a.data, feeds = a_values, [b_values]
    elif which == 3 and a_shape == out:
        b, feeds = a, [a_values]
    options = {"fused_activation_function": activation(draw)}
    within_clamps(draw, options["fused_activation_function"], y, a, b if op == "ADD" else None)
    return Case(op, [a, b], [y], options, feeds, version=2)


@op_test("RELU_N1_TO_1", engine="litert")
def relu_n1_to_1(draw: Any) -> Case:
    return rescaled(draw, "RELU_N1_TO_1")


@op_test("RELU", "LEAKY_RELU")
def rescaled(draw: Any, op: str) -> Case:
    x, fed = every_byte(draw)
    y = tensor(draw, "y", x.shape, scale_=near(draw, x.scale, wide=12)) if draw(st.booleans()) else like(x, "y")
    y.scale = max(y.scale, SIX_FITS)
    within_clamps(draw, op, y, x)
    # TFLM's multiplications want a multiplier that is not negative
    options = {"alpha": draw(st.floats(0, 4, width=32))} if op == "LEAKY_RELU" else {}
    return Case(op, [x], [y], options, [fed])


@op_test("RELU6")
def relu6(draw: Any) -> Case:
    x, fed = every_byte(draw)
    x.scale = max(x.scale, SIX_FITS)
    within_clamps(draw, "RELU6", x)
    return Case("RELU6", [x], [like(x, "y")], feeds=[fed])


@op_test("LOGISTIC")
def logistic(draw: Any) -> Case:
    x, fed = every_byte(draw)
    x.scale = min(max(x.scale, 2.0**-27), 2.0**34)  # beyond, TFLM shifts by what C leaves undefined
    return Case("LOGISTIC", [x], [FlatTensor("y", x.shape, "int8", scale=1 / 256, zero_point=-128)], feeds=[fed])


@op_test("TANH")
def tanh(draw: Any) -> Case:
    x, fed = every_byte(draw)
    x.scale = min(max(x.scale, 2.0**-27), 2.0**34)  # beyond, TFLM shifts by what C leaves undefined
    return Case("TANH", [x], [FlatTensor("y", x.shape, "int8", scale=1 / 128, zero_point=0)], feeds=[fed])


@op_test("HARD_SWISH")
def hard_swish(draw: Any) -> Case:
    x, fed = every_byte(draw)
    x.scale = min(x.scale, 2.0**24)  # beyond, TFLM shifts an int32 by more than its width
    y = tensor(draw, "y", x.shape, scale_=near(draw, x.scale, wide=6))
    return Case("HARD_SWISH", [x], [y], feeds=[fed])


@op_test("QUANTIZE", form="from float32")
def quantize(draw: Any) -> Case:
    y = tensor(draw, "y", shape(draw))
    rng = np.random.default_rng(integer(draw, 0, 2**32 - 1))
    steps = rng.uniform(-300, 300, y.shape)
    if draw(st.booleans()):
        steps = np.round(steps * 2) / 2  # halves
    fed = (steps * choice(draw, 1, 1, 1000, 5e6) * y.scale).astype(np.float32)
    return Case("QUANTIZE", [FlatTensor("x", y.shape)], [y], feeds=[fed])


@op_test("QUANTIZE", form="from int8")
def requantize(draw: Any) -> Case:
    return to_other_units(draw, "int8", choice(draw, "int8", "uint8"))


@op_test("QUANTIZE", dtype="uint8", form="to int8")
def requantize_uint8(draw: Any) -> Case:
    return to_other_units(draw, "uint8", "int8")


def to_other_units(draw: Any, source: str, wanted: str) -> Case:
    x, fed = every_byte(draw, dtype=source)
    y = FlatTensor("y", x.shape, wanted, scale=near(draw, x.scale, wide=12), zero_point=zero_point(draw, wanted))
    if draw(st.booleans()):  # the same units, the zero point moved with the dtype
        moved = x.zero_point + limits(wanted)[0] - limits(source)[0]
        y = FlatTensor("y", x.shape, wanted, scale=x.scale, zero_point=moved)
    return Case("QUANTIZE", [x], [y], feeds=[fed])


@op_test("DEQUANTIZE")
def dequantize(draw: Any) -> Case:
    x, fed = every_byte(draw)
    x.scale = scale(draw)
    return Case("DEQUANTIZE", [x], [FlatTensor("y", x.shape)], feeds=[fed], version=2)
