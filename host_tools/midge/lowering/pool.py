# SPDX-License-Identifier: MIT
"""Pools in int8, int16 and float32. Formulas: native_module/core/kernels/pool/."""

from __future__ import annotations

from ..graph import Node, Unsupported
from ..graph.requantization import activation_range, is_legacy, want_quantized
from ..graph.tflite_ops import required
from .elementwise_f32 import activate, before_activation
from .program import Program
from .rules import rule, want_dtype, want_float, want_int16
from .strides import in_arena
from .windows import pool_params


@rule("MAX_POOL_2D", "AVERAGE_POOL_2D")
def pool_i8(program: Program, node: Node) -> None:
    want_dtype(node, "int8")
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    params = {**pool_params(node, source, out), **activation_range(node), "half_up": int(is_legacy(node))}
    program.add(node, node.op, [source], params)


@rule("MAX_POOL_2D", "AVERAGE_POOL_2D", dtype="int16")
def pool_i16(program: Program, node: Node) -> None:
    want_int16(node)
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    params = {**pool_params(node, source, out), **activation_range(node)}
    height, width = params["kernel_h"], params["kernel_w"]
    if height * width > 1 << 15:
        raise Unsupported(f"a window of {height} x {width}; at most 32768 elements can run")
    program.add(node, f"{node.op}_I16", [source], params)


@rule("MAX_POOL_2D", "AVERAGE_POOL_2D", dtype="float32")
def pool_f32(program: Program, node: Node) -> None:
    source, result = in_arena(program, want_float(node, 0)), before_activation(node)
    program.add(node, node.op + "_F32", [source], pool_params(node, source, result), out=result)
    activate(program, node, result)
