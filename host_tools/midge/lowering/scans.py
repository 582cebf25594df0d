# SPDX-License-Identifier: MIT
"""Ops that walk along axes, products of two activations, resizing, casts. Formulas: the kernels of these names."""

from __future__ import annotations

import math

import numpy as np

from ..fileformat.spec import DTYPES
from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import activation_range, is_legacy, want_quantized
from ..graph.tflite_ops import constant, required
from .maps import VALUES, broadcast_strides
from .moves import axis_of
from .program import Program
from .rules import reduce_groups, rule, want_dtype


def reduced_axes(node: Node, source: Tensor) -> set[int]:
    return {axis_of(int(a), len(source.shape)) for a in constant(node, 1, "axes").reshape(-1)}


@rule("REDUCE_MAX", "REDUCE_MIN", "REDUCE_ANY", "REDUCE_ALL")
def extreme(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    if source.dtype not in VALUES or source.dtype != out.dtype:
        raise Unsupported(f"{source.dtype} tensors; {', '.join(VALUES)} can run")
    if source.dtype == "int8" and (source.scale, source.zero_point) != (out.scale, out.zero_point):
        raise Unsupported("an output of another scale or zero point than its input")
    program.add(node, "EXTREME", [source], {
        **reduce_groups(source.shape, reduced_axes(node, source)), "dtype": DTYPES[source.dtype],
        "is_max": int(node.op in ("REDUCE_MAX", "REDUCE_ANY")),
    })  # fmt: skip


@rule("SUM")
def sum_op(program: Program, node: Node) -> None:
    """A mean without the division by the count."""
    want_dtype(node, "int8")
    source, out = required(node, 0), node.outputs[0]
    want_quantized(source, out)
    groups = reduce_groups(source.shape, reduced_axes(node, source))
    count = math.prod(groups["reduce_dims"])
    multiplier, shift = fp.quantize_multiplier(source.scale / out.scale)
    program.add(node, "MEAN", [source], {
        **groups, "bias": -count * source.zero_point, "multiplier": multiplier, "shift": shift,
        "out_zero_point": out.zero_point,
    })  # fmt: skip


def scan_params(source: Tensor, axis: int, k: int, is_max: bool) -> dict[str, int]:
    return {"outer": math.prod(source.shape[:axis]), "axis": source.shape[axis],
            "inner": math.prod(source.shape[axis + 1 :]), "k": k, "dtype": DTYPES[source.dtype],
            "is_max": int(is_max)}  # fmt: skip


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
    })  # fmt: skip


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


@rule("RESIZE_BILINEAR")
def resize_bilinear(program: Program, node: Node) -> None:
    want_dtype(node, "int8")
    source, out = required(node, 0), node.outputs[0]
    n, in_h, in_w, channels = source.shape
    align, half = node.attrs.get("align_corners", False), node.attrs.get("half_pixel_centers", False)

    def scale(size: int, out_size: int) -> int:
        if align and out_size > 1:
            size, out_size = size - 1, out_size - 1
        return (1024 * size + out_size // 2) // out_size

    if is_legacy(node):
        return legacy_bilinear(program, node)
    steps = [scale(in_h, out.shape[1]), scale(in_w, out.shape[2])]
    starts = [step // 2 - 512 if half else 0 for step in steps]
    program.add(node, "RESIZE_BILINEAR", [source], {
        "batches": n, "in_h": in_h, "in_w": in_w, "channels": channels, "out_h": out.shape[1], "out_w": out.shape[2],
        "scale_h": steps[0], "scale_w": steps[1], "start_h": starts[0], "start_w": starts[1],
    })  # fmt: skip


def legacy_bilinear(program: Program, node: Node) -> None:
    """uint8 is interpolated in float32."""
    source, out = required(node, 0), node.outputs[0]
    align, half = node.attrs.get("align_corners", False), node.attrs.get("half_pixel_centers", False)

    def bits(real: np.float32) -> int:
        return int(real.view(np.int32))

    steps = []
    for size, out_size in zip(source.shape[1:3], out.shape[1:3], strict=True):
        inner = int(align and out_size > 1)
        steps.append(np.float32(size - inner) / np.float32(out_size - inner))
    n, in_h, in_w, channels = source.shape
    start = bits(np.float32(0.5 if half else 0))
    program.add(node, "RESIZE_BILINEAR", [source], {
        "batches": n, "in_h": in_h, "in_w": in_w, "channels": channels, "out_h": out.shape[1], "out_w": out.shape[2],
        "scale_h": bits(steps[0]), "scale_w": bits(steps[1]), "start_h": start, "start_w": start, "legacy": 1,
    })  # fmt: skip


@rule("BATCH_MATMUL")
def batch_matmul(program: Program, node: Node) -> None:
    want_dtype(node, "int8")
    a, b, out = required(node, 0), required(node, 1), node.outputs[0]
    adj_x, adj_y = node.attrs.get("adj_x", False), node.attrs.get("adj_y", False)
    rows, depth = a.shape[-2:] if not adj_x else a.shape[:-3:-1]
    b_depth, columns = b.shape[-2:] if not adj_y else b.shape[:-3:-1]
    if depth != b_depth or out.shape[-2:] != (rows, columns):
        raise Unsupported(f"a product of {list(a.shape)} and {list(b.shape)} to {list(out.shape)}")
    a_row, a_step = (1, a.shape[-1]) if adj_x else (a.shape[-1], 1)
    b_step, b_column = (1, b.shape[-1]) if adj_y else (b.shape[-1], 1)
    outer = Tensor("", out.shape[:-2], "int8")
    dims, strides = broadcast_strides(outer, [Tensor("", t.shape[:-2], "int8") for t in (a, b)])
    if any(d != 1 for d in dims[:2]):
        raise Unsupported(f"batches of shape {list(outer.shape)}; those that merge to three dimensions can run")
    matmul(program, node, [a, b], {
        "batches": dims[2:], "a_batch": [s * rows * depth for s in strides[0][2:]],
        "b_batch": [s * depth * columns for s in strides[1][2:]], "rows": rows, "columns": columns, "depth": depth,
        "a_row": a_row, "a_step": a_step, "b_column": b_column, "b_step": b_step,
    })  # fmt: skip


def fully_connected(program: Program, node: Node) -> None:
    """A fully connected layer whose weights are worked out while running."""
    want_dtype(node, "int8")
    a, b, bias = required(node, 0), required(node, 1), node.input(2)
    columns, depth = b.shape
    if a.elements % depth or (bias is not None and (bias.dtype, bias.elements) != ("int32", columns)):
        raise Unsupported(f"weights of shape {list(b.shape)} on an input of shape {list(a.shape)}")
    matmul(program, node, [a, b] if bias is None else [a, b, bias], {
        "batches": [1] * 3, "a_batch": [0] * 3, "b_batch": [0] * 3, "rows": a.elements // depth, "columns": columns,
        "depth": depth, "a_row": depth, "a_step": 1, "b_column": depth, "b_step": 1,
        "has_bias": int(bias is not None),
    })  # fmt: skip


def matmul(program: Program, node: Node, operands: list[Tensor], params: dict[str, int | list[int]]) -> None:
    a, b, out = operands[0], operands[1], node.outputs[0]
    if b.dtype != "int8":
        raise Unsupported(f"a product with {b.dtype} values; int8 and int8 can run")
    want_quantized(a, b, out)
    if b.quantization is not None and b.quantization.per_channel:
        raise Unsupported("a second operand with a scale for each channel; one scale can run")
    if int(np.prod(params["depth"])) > 1 << 15:
        raise Unsupported(f"products of {params['depth']} terms; at most 32768 can run")
    multiplier, shift = fp.quantize_multiplier(float(np.float32(a.scale) * np.float32(b.scale)) / out.scale)
    if shift > 30:
        raise Unsupported(f"an output scale of {out.scale}, far too small for the inputs; export the model again")
    program.add(node, "MATMUL", operands, {
        **params, "multiplier": multiplier, "shift": shift, "a_zero_point": a.zero_point,
        "b_zero_point": b.zero_point, "out_zero_point": out.zero_point, **activation_range(node),
    }, macs=out.elements * int(np.prod(params["depth"])))  # fmt: skip
