# SPDX-License-Identifier: MIT
"""Ops that reduce axes or walk along one; an int16 MEAN is a convolution. Formulas: core/kernels/reduce/."""

from __future__ import annotations

import math

from ..fileformat.spec import DTYPES
from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import multiplier_to, want_quantized
from ..graph.tflite_ops import clamp_of, constant, required
from .elementwise_f32 import add_binary, add_unary, temporary
from .program import Program
from .rules import VALUES, axes_of, axis_of, rule, want_dtype, want_float
from .strides import in_arena, reduce_groups


@rule("MEAN")
def mean(program: Program, node: Node) -> None:
    want_dtype(node, "int8")
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    groups = reduce_groups(source.shape, axes_of(node))
    count = math.prod(groups["reduce_dims"])
    # TFLM puts the 1/count into the multiplier after that has been rounded to 31 bits.
    multiplier, shift = multiplier_to(out, source.scale)
    extra = min(count.bit_length() - 1, 32, 31 + shift)
    program.add(node, "MEAN", [source], {
        **groups, "bias": -count * source.zero_point, "multiplier": (multiplier << extra) // count,
        "shift": shift - extra, "out_zero_point": out.zero_point,
    })


@rule("SUM")
def sum_op(program: Program, node: Node) -> None:
    """Lower to a MEAN without the division by the count."""
    want_dtype(node, "int8")
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    groups = reduce_groups(source.shape, axes_of(node))
    count = math.prod(groups["reduce_dims"])
    multiplier, shift = fp.quantize_multiplier(source.scale / out.scale)
    program.add(node, "MEAN", [source], {
        **groups, "bias": -count * source.zero_point, "multiplier": multiplier, "shift": shift,
        "out_zero_point": out.zero_point,
    })


@rule("REDUCE_MAX", "REDUCE_MIN", "REDUCE_ANY", "REDUCE_ALL")
def extreme(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    if source.dtype not in VALUES or source.dtype != out.dtype:
        raise Unsupported(f"{source.dtype} tensors; {', '.join(VALUES)} can run")
    if source.dtype == "int8" and (source.scale, source.zero_point) != (out.scale, out.zero_point):
        raise Unsupported("an output of another scale or zero point than its input")
    program.add(node, "EXTREME", [source], {
        **reduce_groups(source.shape, axes_of(node)), "dtype": DTYPES[source.dtype],
        "is_max": int(node.op in ("REDUCE_MAX", "REDUCE_ANY")),
    })


def scan_params(source: Tensor, axis: int, k: int, is_max: bool) -> dict[str, int]:
    """Return the parameters of a search along an axis for the k largest or smallest values."""
    return {"outer": math.prod(source.shape[:axis]), "axis": source.shape[axis],
            "inner": math.prod(source.shape[axis + 1 :]), "k": k, "dtype": DTYPES[source.dtype],
            "is_max": int(is_max)}


@rule("ARG_MAX", "ARG_MIN")
def arg_extreme(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    axis = axis_of(int(constant(node, 1, "axes").reshape(-1)[0]), len(source.shape))
    if source.dtype not in VALUES or out.dtype not in ("int32", "int64"):
        raise Unsupported(f"{source.dtype} to {out.dtype}; {', '.join(VALUES)} to int32 and int64 can run")
    program.add(node, "ARG_EXTREME", [source], scan_params(source, axis, 1, node.op == "ARG_MAX"))


@rule("TOPK_V2")
def top_k(program: Program, node: Node) -> None:
    source = required(node, 0)
    k = int(constant(node, 1, "counts").reshape(-1)[0])
    if source.dtype not in VALUES or len(node.outputs) != 2 or node.outputs[1].dtype != "int32":
        raise Unsupported(f"{source.dtype} tensors; {', '.join(VALUES)} can run")
    if not 0 < k <= source.shape[-1]:
        raise Unsupported(f"the {k} largest of {source.shape[-1]}")
    program.add(node, "TOP_K", [source], scan_params(source, len(source.shape) - 1, k, True))


@rule("CUMSUM")
def cumsum(program: Program, node: Node) -> None:
    want_dtype(node, "int8")
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    axis = axis_of(int(constant(node, 1, "axes").reshape(-1)[0]), len(source.shape))
    in_multiplier, in_shift = fp.quantize_multiplier(0.5)
    out_multiplier, out_shift = fp.quantize_multiplier(2 * source.scale / ((1 << 20) * out.scale))
    if out_shift > 0:
        raise Unsupported(f"an output scale of {out.scale}, far too small for the input; export the model again")
    a = node.attrs
    program.add(node, "CUMSUM", [source], {
        "outer": math.prod(source.shape[:axis]), "axis": source.shape[axis],
        "inner": math.prod(source.shape[axis + 1 :]), "in_multiplier": in_multiplier, "in_shift": in_shift,
        "out_multiplier": out_multiplier, "out_shift": out_shift, "in_zero_point": source.zero_point,
        "out_zero_point": out.zero_point, "exclusive": int(a.get("exclusive", False)),
        "reverse": int(a.get("reverse", False)),
    })


@rule("L2_NORMALIZATION")
def l2_normalization(program: Program, node: Node) -> None:
    want_dtype(node, "int8")
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    if (out.scale, out.zero_point) != (1 / 128, 0):
        raise Unsupported(f"an output of scale {out.scale}, zero point {out.zero_point}; 1/128 and 0 can run")
    depth = source.shape[-1]
    if depth > 1 << 15:
        raise Unsupported(f"rows of {depth} elements; at most 32768 can run")
    program.add(node, "L2_NORMALIZATION", [source],
                {"rows": source.elements // depth, "depth": depth, "zero_point": source.zero_point})


REDUCTIONS = {"SUM": 0, "MEAN": 1, "REDUCE_MAX": 2, "REDUCE_MIN": 3, "REDUCE_PROD": 4}


def add_reduction(program: Program, node: Node, function: str, source: Tensor, axes: set[int], out: Tensor) -> None:
    """Add a reduction of some axes."""
    source = in_arena(program, source)
    groups = reduce_groups(source.shape, axes)
    program.add(node, "REDUCE_F32", [source],
                {"dims": groups["keep_dims"] + groups["reduce_dims"],
                 "stride": groups["keep_stride"] + groups["reduce_stride"],
                 "function": REDUCTIONS[function]}, out=out)


@rule(*REDUCTIONS, dtype="float32")
def reduction(program: Program, node: Node) -> None:
    add_reduction(program, node, node.op, want_float(node, 0), axes_of(node), node.outputs[0])


@rule("L2_NORMALIZATION", dtype="float32")
def l2_normalization_f32(program: Program, node: Node) -> None:
    """Lower x / max(sqrt(sum of x^2), 1e-6) over the last axis."""
    source, out = want_float(node, 0), node.outputs[0]
    rows = (*source.shape[:-1], 1)
    squares, sums, norms = (temporary(node, what, shape) for what, shape in
                            (("squares", source.shape), ("sums", rows), ("norms", rows)))
    add_binary(program, node, "MUL", source, source, squares)
    add_reduction(program, node, "SUM", squares, {len(source.shape) - 1}, sums)
    add_unary(program, node, "SQRT", sums, norms)
    limited = temporary(node, "limited", rows)
    add_unary(program, node, "CLAMP", norms, limited, 1e-6, math.inf)
    add_binary(program, node, "DIV", source, limited, out, clamp_of(node))
