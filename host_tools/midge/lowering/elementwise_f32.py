# SPDX-License-Identifier: MIT
"""Functions of single float32 values and of pairs of them. Formulas: core/kernels/elementwise/elementwise_f32.c."""

from __future__ import annotations

from collections.abc import Sequence

from ..graph import Node, Tensor, Unsupported
from ..graph.tflite_ops import CLAMPS, NO_CLAMP, clamp_of
from .program import Program
from .rules import rule, want_float
from .strides import binary_walk, in_arena

# The functions' numbers, as the kernels count them.
UNARY = {name: i for i, name in enumerate((
    "CLAMP", "ABS", "NEG", "SIGN", "FLOOR", "CEIL", "ROUND", "SQRT", "RSQRT", "EXP", "LOG", "SIN", "COS", "LOGISTIC",
    "TANH", "ELU", "LEAKY_RELU", "HARD_SWISH", "GELU", "GELU_TANH", "ERF",
))}
BINARY = {name: i for i, name in enumerate((
    "ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "PRELU", "ATAN2",
))}


def temporary(node: Node, what: str, shape: Sequence[int]) -> Tensor:
    """Return a float32 value between two steps of a node."""
    return Tensor(f"{node.name}/{what}", tuple(shape), "float32")


def add_unary(program: Program, node: Node, function: str, source: Tensor, out: Tensor,
              low: float = 0.0, high: float = 0.0) -> None:
    """Add a function of single values, with its parameters or limits."""
    if source.elements != out.elements:
        raise Unsupported(f"an input of shape {list(source.shape)} for {list(out.shape)}")
    program.add(node, "UNARY_F32", [in_arena(program, source)],
                {"count": out.elements, "function": UNARY[function], "low": low, "high": high}, out=out)


def add_binary(program: Program, node: Node, function: str, a: Tensor, b: Tensor, out: Tensor,
               limits: tuple[float, float] = NO_CLAMP) -> None:
    """Add a function of pairs, its result clamped to the limits."""
    program.add(node, "BINARY_F32", [a, b], {**binary_walk(a, b, out), "function": BINARY[function], "low": limits[0],
                                             "high": limits[1]}, out=out)


def before_activation(node: Node) -> Tensor:
    """Return where an op without a clamp of its own puts its result; `activate` finishes."""
    out = node.outputs[0]
    return out if clamp_of(node) == NO_CLAMP else temporary(node, "linear", out.shape)


def activate(program: Program, node: Node, result: Tensor) -> None:
    """Add the clamp of a fused activation, where there is one."""
    if result is not node.outputs[0]:
        add_unary(program, node, "CLAMP", result, node.outputs[0], *clamp_of(node))


@rule(*CLAMPS, dtype="float32")
def relus(program: Program, node: Node) -> None:
    add_unary(program, node, "CLAMP", want_float(node, 0), node.outputs[0], *CLAMPS[node.op])


@rule(*sorted(set(UNARY) - {"CLAMP", "LEAKY_RELU", "GELU", "GELU_TANH"}), dtype="float32")
def unary(program: Program, node: Node) -> None:
    add_unary(program, node, node.op, want_float(node, 0), node.outputs[0])


@rule("LEAKY_RELU", dtype="float32")
def leaky_relu(program: Program, node: Node) -> None:
    add_unary(program, node, "LEAKY_RELU", want_float(node, 0), node.outputs[0], low=node.attrs["alpha"])


@rule("GELU", dtype="float32")
def gelu(program: Program, node: Node) -> None:
    function = "GELU_TANH" if node.attrs.get("approximate") else "GELU"
    add_unary(program, node, function, want_float(node, 0), node.outputs[0])


@rule("SQUARE", dtype="float32")
def square(program: Program, node: Node) -> None:
    add_binary(program, node, "MUL", want_float(node, 0), want_float(node, 0), node.outputs[0])


@rule(*BINARY, dtype="float32")
def binary(program: Program, node: Node) -> None:
    add_binary(program, node, node.op, want_float(node, 0), want_float(node, 1), node.outputs[0], clamp_of(node))
