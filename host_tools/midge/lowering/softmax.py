# SPDX-License-Identifier: MIT
"""Softmax in int8, int16 and float32. Formulas: native_module/core/kernels/reduce/softmax_*.c and reduce_f32.c."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Node, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import want_quantized
from ..graph.tflite_ops import required
from .program import Program
from .rules import rule, want_dtype, want_float, want_int16
from .strides import in_arena


@rule("SOFTMAX")
def softmax_i8(program: Program, node: Node) -> None:
    want_dtype(node, "int8", "int16")
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    steps = 256 if out.dtype == "int8" else 65536
    if abs(out.scale * steps - 1) > (0 if out.dtype == "int8" else 0.001) or out.zero_point != -steps // 2:
        raise Unsupported(f"a softmax to {out.dtype} of scale {out.scale}, zero point {out.zero_point}; "
                          f"1/{steps} and {-steps // 2} can run")
    depth = source.shape[-1]
    if not 0 < depth <= 4095:
        raise Unsupported(f"a softmax over {depth} classes; at most 4095 can run")
    table = softmax_table(source.scale, float(np.float32(node.attrs.get("beta", 1.0))))
    program.add(node, "SOFTMAX", [source],
                {"rows": source.elements // depth, "depth": depth, "table_size": len(table)},
                {"table_at": np.array(table, "<i4").tobytes()})


def softmax_table(scale: float, beta: float) -> list[int]:
    """Return exp(-i * scale * beta) in Q0.31 for every difference i that TFLM does not take for zero."""
    multiplier, shift = fp.quantize_multiplier(min(beta * scale * 2**26, 2.0**31 - 1))
    if shift < 0:
        raise Unsupported(f"a softmax whose scale {scale} times beta {beta} is too small for TFLite's arithmetic")
    last = min(fp.input_radius(5, shift), 255)
    return [fp.exp_on_negative(fp.high_mul(fp.wrap32(-i << shift), multiplier), 5) for i in range(last + 1)]


@rule("SOFTMAX", dtype="int16")
def softmax_i16(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    if source.dtype == "int8":
        softmax_i8(program, node)
        return
    want_int16(node)
    want_quantized(source, out)
    if out.zero_point != 0 or abs(out.scale * 32768 - 1) > 0.001:
        raise Unsupported(f"a softmax to scale {out.scale}, zero point {out.zero_point}; 2^-15 and 0 can run")
    depth = source.shape[-1]
    if not 0 < depth <= 65535:
        raise Unsupported(f"a softmax over {depth} classes; at most 65535 can run")
    beta = float(np.float32(node.attrs.get("beta", 1.0)))
    multiplier, shift = fp.quantize_multiplier(source.scale * beta / (10.0 / 65535.0))
    if shift > 30:
        raise Unsupported(f"a softmax whose scale {source.scale} times beta {beta} is far too large")
    tables = curve(np.exp, -10.0, 0.0) + curve(lambda x: np.float32(1) / (np.float32(1) + x), 0.0, 1.0)
    program.add(node, "SOFTMAX_I16", [source], {
        "rows": source.elements // depth, "depth": depth, "multiplier": multiplier, "shift": shift,
    }, {"tables_at": tables})


def curve(function: Callable[[np.float32], np.float32], low: float, high: float) -> bytes:
    """Return 513 values of a function in Q0.15, each moved by half of what interpolation would miss; in float32."""
    start, step, scale = np.float32(low), np.float32((high - low) / 512), np.float32(32768)

    def rounded(x: Any) -> np.float32:
        return np.float32(fp.round_half_away(float(x)))

    table = []
    for i in range(512):
        at = np.float32(start + np.float32(i) * step)
        here, middle = function(at), function(np.float32(at + step / np.float32(2)))
        after = function(np.float32(start + np.float32(i + 1) * step))
        value = rounded(here * scale)
        missed = rounded((after * scale + value) / np.float32(2)) - rounded(middle * scale)
        table.append(value - rounded(missed / np.float32(2)))
    table.append(rounded(function(np.float32(high)) * scale))
    return np.clip(np.array(table), -32768, 32767).astype("<i2").tobytes()


@rule("SOFTMAX", "LOG_SOFTMAX", dtype="float32")
def softmax_f32(program: Program, node: Node) -> None:
    source = in_arena(program, want_float(node, 0))
    depth = source.shape[-1]
    program.add(node, "SOFTMAX_F32", [source], {
        "rows": source.elements // depth, "depth": depth, "log": int(node.op == "LOG_SOFTMAX"),
        "beta": node.attrs.get("beta", 1.0) if node.op == "SOFTMAX" else 1.0,
    })
