# SPDX-License-Identifier: MIT
"""Functions of two values that are not worth a device op each: one MAP with a code.

Formulas: native_module/core/kernels/elementwise/map.c.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..fileformat.spec import DTYPES
from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import activation_range, want_quantized
from ..graph.tflite_ops import Activation, activation_of, required
from .program import Program
from .rules import VALUES, rule
from .strides import add_table, broadcast

FUNCTIONS = ("ADD", "SUB", "MUL", "DIV", "FLOOR_DIV", "FLOOR_MOD", "MAXIMUM", "MINIMUM", "AND", "OR", "SELECT",
             "COMPARE", "QUANTIZED_SUB", "SQUARED_DIFFERENCE", "PRELU", "QUANTIZED_DIV")
INT32_LIMITS = {"act_min": fp.INT32_MIN, "act_max": fp.INT32_MAX}


def add_map(program: Program, node: Node, function: str, operands: list[Tensor], params: dict[str, Any]) -> None:
    """Add a MAP over broadcast operands: a, b, and for SELECT the condition."""
    out = node.outputs[0]
    dims, strides = broadcast(out.shape, *(t.shape for t in operands))
    names = ("a_stride", "b_stride", "c_stride")
    for tensor in (*operands[:2], out):
        if tensor.dtype not in VALUES:
            raise Unsupported(f"{tensor.dtype} tensors; {', '.join(VALUES)} can run")
    program.add(node, "MAP", operands, {
        "dims": dims, **dict(zip(names, strides, strict=False)),
        "function": FUNCTIONS.index(function), "in_dtype": DTYPES[operands[0].dtype], "out_dtype": DTYPES[out.dtype],
        **INT32_LIMITS, **params,
    })


def two(node: Node, *dtypes: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return the operands, which are of one of these dtypes, and the output. Raises Unsupported."""
    a, b, out = required(node, 0), required(node, 1), node.outputs[0]
    if a.dtype != b.dtype or a.dtype not in dtypes:
        raise Unsupported(f"operands of dtype {a.dtype} and {b.dtype}; {' and '.join(dtypes)} can run")
    return a, b, out


@rule("ADD", "SUB", "MUL", "DIV", "FLOOR_DIV", "FLOOR_MOD", "SQUARED_DIFFERENCE", dtype="int32")
def plain(program: Program, node: Node) -> None:
    """Lower an op on int32 as it is, with its activation."""
    a, b, out = two(node, "int32")
    limits = {
        Activation.NONE: INT32_LIMITS,
        Activation.RELU: {"act_min": 0, "act_max": fp.INT32_MAX},
        Activation.RELU_N1_TO_1: {"act_min": -1, "act_max": 1},
        Activation.RELU6: {"act_min": 0, "act_max": 6},
    }.get(activation_of(node))
    if limits is None or out.dtype != "int32":
        raise Unsupported("a fused activation other than RELU, RELU6 and RELU_N1_TO_1 on int32")
    if node.op == "SQUARED_DIFFERENCE":
        difference = Tensor(node.name, out.shape, "int32")
        add_map(program, Node(node.op, [a, b], [difference]), "SUB", [a, b], {})
        return add_map(program, node, "MUL", [difference, difference], {})
    if node.op == "ADD":
        limits = INT32_LIMITS  # TFLM's int32 ADD ignores its activation
    add_map(program, node, node.op, [a, b], limits)


def half_scales(a: Tensor, b: Tensor, left_shift: int) -> tuple[dict[str, int], float]:
    """Return both operands in units of twice the larger scale, as TFLM adds them."""
    twice_max = 2 * max(a.scale, b.scale)
    a_multiplier, a_shift = fp.quantize_multiplier(a.scale / twice_max)
    b_multiplier, b_shift = fp.quantize_multiplier(b.scale / twice_max)
    return {"a_multiplier": a_multiplier, "a_shift": a_shift, "a_zero_point": a.zero_point,
            "b_multiplier": b_multiplier, "b_shift": b_shift, "b_zero_point": b.zero_point,
            "left_shift": left_shift}, twice_max


def output_params(out: Tensor, real: float) -> dict[str, int]:
    """Return the multiplier and shift to the output's units. Raises Unsupported."""
    multiplier, shift = fp.quantize_multiplier(real)
    if shift > 30:
        raise Unsupported(f"an output scale of {out.scale}, far too small for the inputs; export the model again")
    return {"out_multiplier": multiplier, "out_shift": shift, "out_zero_point": out.zero_point}


@rule("SUB")
def sub(program: Program, node: Node) -> None:
    a, b, out = two(node, "int8")
    want_quantized(a, b, out)
    params, twice_max = half_scales(a, b, 20)
    params |= output_params(out, twice_max / ((1 << 20) * out.scale))
    add_map(program, node, "QUANTIZED_SUB", [a, b], {**params, **activation_range(node)})


@rule("SQUARED_DIFFERENCE")
def squared_difference(program: Program, node: Node) -> None:
    a, b, out = two(node, "int8")
    want_quantized(a, b, out)
    params, twice_max = half_scales(a, b, 7)
    params |= output_params(out, twice_max * twice_max / float(np.float32(1 << 14) * np.float32(out.scale)))
    add_map(program, node, "SQUARED_DIFFERENCE", [a, b], {**params, "act_min": -128, "act_max": 127})


@rule("DIV")
def div(program: Program, node: Node) -> None:
    a, b, out = two(node, "int8")
    want_quantized(a, b, out)
    real = float(np.float32(a.scale) / (np.float32(b.scale) * np.float32(out.scale)))
    add_map(program, node, "QUANTIZED_DIV", [a, b], {
        "a_zero_point": a.zero_point, "b_zero_point": b.zero_point, **output_params(out, real),
        **activation_range(node),
    })


@rule("MAXIMUM", "MINIMUM")
def maximum(program: Program, node: Node) -> None:
    a, b, _ = two(node, "int8", "int16", "int32", "float32")
    add_map(program, node, node.op, [a, b], {})


@rule("PRELU")
def prelu(program: Program, node: Node) -> None:
    a, b, out = two(node, "int8")
    want_quantized(a, b, out)
    positive = fp.quantize_multiplier(a.scale / out.scale)
    negative = fp.quantize_multiplier(a.scale * b.scale / out.scale)
    if max(positive[1], negative[1]) > 30:
        raise Unsupported(f"an output scale of {out.scale}, far too small for the inputs; export the model again")
    add_map(program, node, "PRELU", [a, b], {
        "a_multiplier": positive[0], "a_shift": positive[1], "a_zero_point": a.zero_point,
        "b_multiplier": negative[0], "b_shift": negative[1], "b_zero_point": b.zero_point,
        "out_zero_point": out.zero_point, "act_min": -128, "act_max": 127,
    })


# Outcomes: 1 less, 2 equal, 4 greater, 8 not to be compared, as NaN.
ACCEPTED = {"LESS": 1, "EQUAL": 2, "LESS_EQUAL": 3, "GREATER": 4, "NOT_EQUAL": 13, "GREATER_EQUAL": 6}


@rule(*ACCEPTED)
def compare(program: Program, node: Node) -> None:
    a, b, _ = two(node, "int8", "bool", "int16", "int32", "float32")
    params: dict[str, int] = {"accepted": ACCEPTED[node.op]}
    if a.quantization is not None and b.quantization is not None and (a.dtype == "int8"):
        want_quantized(a, b)
        if max(a.scale, b.scale) >= 1:
            raise Unsupported(f"scales of {a.scale} and {b.scale}; those below 1 can be compared, as in TFLM")
        for name, tensor in (("a", a), ("b", b)):
            multiplier, shift = fp.quantize_multiplier(tensor.scale)
            params |= {f"{name}_multiplier": multiplier, f"{name}_shift": shift,
                       f"{name}_zero_point": tensor.zero_point, "left_shift": 8}
    add_map(program, node, "COMPARE", [a, b], params)


@rule("LOGICAL_AND", "LOGICAL_OR")
def logical(program: Program, node: Node) -> None:
    a, b, _ = two(node, "bool")
    add_map(program, node, node.op.removeprefix("LOGICAL_"), [a, b], {})


@rule("LOGICAL_NOT")
def logical_not(program: Program, node: Node) -> None:
    source = required(node, 0)
    if source.dtype != "bool":
        raise Unsupported(f"{source.dtype} tensors; bool ones can run")
    add_table(program, node, source, node.outputs[0], lambda q: int(q == 0))


@rule("SELECT", "SELECT_V2")
def select(program: Program, node: Node) -> None:
    condition, a, b, out = required(node, 0), required(node, 1), required(node, 2), node.outputs[0]
    if condition.dtype != "bool" or a.dtype != b.dtype or a.dtype != out.dtype:
        raise Unsupported(f"a {condition.dtype} condition on {a.dtype} and {b.dtype}")
    if node.op == "SELECT" and len(condition.shape) == 1 and len(out.shape) > 1:  # one choice for each row
        rows = Tensor(condition.name, condition.shape + (1,) * (len(out.shape) - 1), "bool", None,
                      None if condition.data is None else condition.data.reshape(-1, *[1] * (len(out.shape) - 1)))
        if condition.data is None:
            program.alias(rows, condition)
        condition = rows
    add_map(program, node, "SELECT", [a, b, condition], {})


@rule("NEG")
def neg(program: Program, node: Node) -> None:
    source = required(node, 0)
    if source.dtype != "int32":
        raise Unsupported(f"{source.dtype} tensors; int32 ones can run")
    zero = Tensor("zero", (), "int32", None, np.array(0, np.int32))
    add_map(program, node, "SUB", [zero, source], {})
