# SPDX-License-Identifier: MIT
"""CAST. What it does to each dtype: native_module/core/kernels/elementwise/cast.c."""

from __future__ import annotations

from ..fileformat.spec import DTYPES
from ..graph import DTYPE_SIZES, Node, Unsupported
from ..graph.tflite_ops import required
from .program import Program
from .rules import rule


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
