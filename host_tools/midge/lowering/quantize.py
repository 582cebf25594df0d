# SPDX-License-Identifier: MIT
"""QUANTIZE and DEQUANTIZE between all dtypes. Formulas: native_module/core/kernels/elementwise/quantize.c."""

from __future__ import annotations

from ..fileformat.spec import DTYPES
from ..graph import Node, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import want_quantized
from ..graph.tflite_ops import required
from .elementwise_i8 import rescale
from .elementwise_i16 import LIMITS, add_rescale
from .program import Program
from .rules import rule
from .strides import add_table


@rule("QUANTIZE")
def quantize_i8(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    want_quantized(out)
    if (source.dtype, out.dtype) == ("float32", "int8"):
        program.add(node, "QUANTIZE", [source],
                    {"count": source.elements, "scale": out.scale, "zero_point": out.zero_point})
    elif source.dtype in ("int8", "uint8") and out.dtype in ("int8", "uint8"):
        want_quantized(source)
        add_table(program, node, source, out, rescale(source, out, *LIMITS[out.dtype]))
    else:
        raise Unsupported(f"{source.dtype} to {out.dtype}; float32 to int8 and int8 to uint8 or back can run")


@rule("DEQUANTIZE")
def dequantize_i8(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    if (source.dtype, out.dtype) != ("int8", "float32"):
        raise Unsupported(f"{source.dtype} to {out.dtype}; int8 to float32 can run")
    want_quantized(source)
    program.add(node, "DEQUANTIZE", [source],
                {"count": source.elements, "scale": source.scale, "zero_point": source.zero_point})


@rule("QUANTIZE", dtype="int16")
@rule("QUANTIZE", dtype="int32")
def quantize_wide(program: Program, node: Node) -> None:
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
def dequantize_i16(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source)
    if out.dtype != "float32":
        raise Unsupported(f"{source.dtype} to {out.dtype}; float32 can run")
    program.add(node, "DEQUANTIZE_ANY", [source], {"count": source.elements, "scale": source.scale,
                "zero_point": source.zero_point, "dtype": DTYPES[source.dtype]})
