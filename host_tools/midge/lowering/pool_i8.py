# SPDX-License-Identifier: MIT
"""MAX_POOL_2D, AVERAGE_POOL_2D, MEAN and SOFTMAX. Formulas: native_module/core/kernels/."""

from __future__ import annotations

import math

import numpy as np

from ..graph import Node, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import activation_range, is_legacy, multiplier_to, want_quantized
from ..graph.tflite_ops import constant, required, window_padding
from .linear_i8 import nhwc
from .program import Program
from .rules import reduce_groups, rule, want_dtype


@rule("MAX_POOL_2D", "AVERAGE_POOL_2D")
def pool_2d(program: Program, node: Node) -> None:
    want_dtype(node, "int8")
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    n, in_h, in_w, channels = nhwc(node, source)
    _, out_h, out_w, _ = nhwc(node, out)
    a = node.attrs
    kernel = (a["filter_height"], a["filter_width"])
    program.add(node, node.op, [source], {
        "batches": n, "in_h": in_h, "in_w": in_w, "channels": channels, "out_h": out_h, "out_w": out_w,
        "kernel_h": kernel[0], "kernel_w": kernel[1], "stride_h": a["stride_h"], "stride_w": a["stride_w"],
        **window_padding(node, (in_h, in_w), kernel), **activation_range(node), "half_up": int(is_legacy(node)),
    })  # fmt: skip


@rule("MEAN")
def mean(program: Program, node: Node) -> None:
    want_dtype(node, "int8")
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    rank = len(source.shape)
    axes = {int(a) % rank for a in constant(node, 1, "axes").reshape(-1)} if rank else set()
    groups = reduce_groups(source.shape, axes)
    count = math.prod(groups["reduce_dims"])
    # TFLM puts the 1/count into the multiplier after that has been rounded to 31 bits.
    multiplier, shift = multiplier_to(out, source.scale)
    extra = min(count.bit_length() - 1, 32, 31 + shift)
    program.add(node, "MEAN", [source], {
        **groups, "bias": -count * source.zero_point, "multiplier": (multiplier << extra) // count,
        "shift": shift - extra, "out_zero_point": out.zero_point,
    })  # fmt: skip


@rule("SOFTMAX")
def softmax(program: Program, node: Node) -> None:
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
    """exp(-i * scale * beta) in Q0.31 for every difference i that TFLM does not take for zero."""
    multiplier, shift = fp.quantize_multiplier(min(beta * scale * 2**26, 2.0**31 - 1))
    if shift < 0:
        raise Unsupported(f"a softmax whose scale {scale} times beta {beta} is too small for TFLite's arithmetic")
    last = min(fp.input_radius(5, shift), 255)
    return [fp.exp_on_negative(fp.high_mul(fp.wrap32(-i << shift), multiplier), 5) for i in range(last + 1)]
