# SPDX-License-Identifier: MIT
"""Arithmetic on plain int32 and CAST. Formulas: native_module/core/kernels/int32.c."""

from __future__ import annotations

from ..format import DTYPES
from ..ir import DTYPE_SIZES, Node
from ..lower import ACTIVATIONS, Program, Unsupported, required, rule
from .elementwise import broadcast

FUNCTIONS = ("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM")
INT32 = (-(2**31), 2**31 - 1)
_RANGES = {"none": INT32, "RELU": (0, INT32[1]), "RELU_N1_TO_1": (-1, 1), "RELU6": (0, 6)}


@rule(*FUNCTIONS, dtype="int32")
def arithmetic(program: Program, node: Node) -> None:
    a, b, out = required(node, 0), required(node, 1), node.outputs[0]
    for t in (a, b, out):
        if t.dtype != "int32" or t.scale not in (0.0, 1.0) or t.zero_point:
            raise Unsupported(f"'{t.name}' of {t.dtype}, scale {t.scale}, beside int32; plain int32 can run")
    name = ACTIVATIONS.get(node.attrs.get("fused_activation_function", 0), "an unknown activation")
    if name not in _RANGES:
        raise Unsupported(f"a fused {name}; RELU, RELU6 and RELU_N1_TO_1 can be fused")
    low, high = INT32 if node.op == "ADD" else _RANGES[name]  # TFLM's int32 ADD has no activation
    program.add(node, "ARITHMETIC", [a, b],
                {**broadcast(a, b, out), "function": FUNCTIONS.index(node.op), "act_min": low, "act_max": high})


@rule("CAST")
def cast(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    for dtype in (source.dtype, out.dtype):
        if dtype not in DTYPES:
            raise Unsupported(f"a cast from {source.dtype} to {out.dtype}; {', '.join(DTYPES)} can run")
    if {"int64", "uint64"} & {source.dtype, out.dtype} and "float32" in (source.dtype, out.dtype):
        raise Unsupported(f"a cast from {source.dtype} to {out.dtype}; by way of int32 it can run")
    if source.elements != out.elements:
        raise Unsupported(f"a cast from {list(source.shape)} to {list(out.shape)}")
    other = {"float32", "bool"} & {source.dtype, out.dtype}
    if source.dtype == out.dtype or (DTYPE_SIZES[source.dtype] == DTYPE_SIZES[out.dtype] and not other):
        program.alias(out, source)  # the same bits
        return
    program.add(node, "CAST", [source], {"count": source.elements, "in_dtype": DTYPES[source.dtype],
                                         "out_dtype": DTYPES[out.dtype]})
