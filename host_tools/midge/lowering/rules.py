# SPDX-License-Identifier: MIT
"""Which rule lowers which TFLite op, and what rules refuse in the same words.

A rule turns a node into steps of a Program or raises Unsupported with the reason. All arithmetic that does not depend
on the input is done there: zero points folded into biases, multipliers worked out, functions of one byte turned into
tables.
"""

from __future__ import annotations

from collections.abc import Callable

from ..graph import Node, Tensor, Unsupported
from ..graph.tflite_ops import constant, required
from .program import Program

Rule = Callable[[Program, Node], None]
RULES: dict[str, Rule] = {}


def rule(*names: str, dtype: str = "") -> Callable[[Rule], Rule]:
    """Register the lowering of the TFLite ops of these names, for any dtype or for one of output or first input."""

    def register(function: Rule) -> Rule:
        for name in names:
            RULES[f"{name} {dtype}".rstrip()] = function
        return function

    return register


def rule_of(node: Node) -> Rule | None:
    """Return the rule for the node's output dtype, else for its input's, else for all; None where there is none."""
    tensors = [*node.outputs[:1], *(t for t in node.inputs[:1] if t is not None)]
    found = [RULES.get(f"{node.op} {t.dtype}") for t in tensors]
    return next(filter(None, [*found, RULES.get(node.op)]), None)


def dtypes_of(op: str) -> list[str]:
    """Return the dtypes for which an op has rules of their own."""
    return [key.split()[1] for key in RULES if key.startswith(op + " ")]


# The dtypes whose values kernels/values.h reads one by one.
VALUES = ("int8", "bool", "int16", "int32", "float32")


def want_dtype(node: Node, *dtypes: str) -> None:
    """Refuse a node unless its first input and output are of one of these dtypes."""
    runnable = list(dict.fromkeys([*dtypes, *dtypes_of(node.op)]))
    for tensor in [node.inputs[0] if node.inputs else None, *node.outputs[:1]]:
        if tensor is not None and tensor.dtype not in dtypes:
            raise Unsupported(f"{tensor.dtype} tensors; {' and '.join(runnable)} can run. "
                              + ("Quantise the model to int8 when you export it" if tensor.dtype == "float32" else
                                 "Export the model with int8 tensors"))


def want_int16(node: Node) -> None:
    """Refuse a node unless its first input and output are int16."""
    source, out = required(node, 0), node.outputs[0]
    if (source.dtype, out.dtype) != ("int16", "int16"):
        raise Unsupported(f"{source.dtype} in and {out.dtype} out; int16 in and out, or int8 in and out, can run. "
                          "Export the model with one of TensorFlow Lite's 8-bit or 16x8 quantisations")


def want_float(node: Node, i: int) -> Tensor:
    """Return input i. Raises Unsupported where it is not float32."""
    tensor = required(node, i)
    if tensor.dtype != "float32":
        raise Unsupported(f"{tensor.dtype} tensors beside float32 ones; float32 throughout can run")
    return tensor


def axis_of(value: int, rank: int) -> int:
    """Return an axis counted from the front. Raises Unsupported where there is no such axis."""
    if not -rank <= value < rank:
        raise Unsupported(f"axis {value} of {rank}; the file is damaged, export it again")
    return value % rank


def axes_of(node: Node) -> set[int]:
    """Return the axes that a reduction's input 1 names. Raises Unsupported."""
    rank = len(required(node, 0).shape)
    return {axis_of(int(a), rank) for a in constant(node, 1, "axes").reshape(-1)} if rank else set()
