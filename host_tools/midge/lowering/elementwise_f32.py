# SPDX-License-Identifier: MIT
"""float32 ops, but for the linear ones. Formulas: native_module/core/kernels/{elementwise,reduce,matmul}_f32.c."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph.tflite_ops import ACTIVATIONS, constant, required, window_padding
from .elementwise_i8 import broadcast
from .linear_i8 import nhwc
from .program import Program
from .rules import copy_constant, reduce_groups, row_major, rule, strided_copy

# The functions' numbers, as core/kernels/elementwise/elementwise_f32.c and reduce_f32.c count them.
UNARY = {name: i for i, name in enumerate((
    "CLAMP", "ABS", "NEG", "SIGN", "FLOOR", "CEIL", "ROUND", "SQRT", "RSQRT", "EXP", "LOG", "SIN", "COS", "LOGISTIC",
    "TANH", "ELU", "LEAKY_RELU", "HARD_SWISH", "GELU", "GELU_TANH",
))}  # fmt: skip
BINARY = {name: i for i, name in enumerate((
    "ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "PRELU", "ATAN2",
))}  # fmt: skip
REDUCTIONS = {"SUM": 0, "MEAN": 1, "REDUCE_MAX": 2, "REDUCE_MIN": 3, "REDUCE_PROD": 4}
RELUS = {"RELU": (0.0, math.inf), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0), "RELU_0_TO_1": (0.0, 1.0)}


def floats(node: Node, i: int) -> Tensor:
    """Input i, which must be float32."""
    tensor = required(node, i)
    if tensor.dtype != "float32":
        raise Unsupported(f"{tensor.dtype} tensors beside float32 ones; float32 throughout can run")
    return tensor


def in_arena(program: Program, tensor: Tensor) -> Tensor:
    """The tensor, copied where it is a constant: most float kernels want aligned inputs."""
    root = program.root(tensor)
    return copy_constant(program, Tensor(tensor.name, tensor.shape, tensor.dtype, data=root.data.reshape(tensor.shape))
                         ) if root.data is not None else tensor


def temporary(node: Node, what: str, shape: Sequence[int]) -> Tensor:
    return Tensor(f"{node.name}/{what}", tuple(shape), "float32")


def part(node: Node, inputs: Sequence[Tensor], out: Tensor) -> Node:
    """A node that stands for a step of another's decomposition."""
    return Node(node.op, list(inputs), [out])


def activation(node: Node) -> tuple[float, float]:
    """The range of a fused activation."""
    name = ACTIVATIONS.get(node.attrs.get("fused_activation_function", 0), "an unknown activation")
    if name != "none" and name not in RELUS:
        raise Unsupported(f"a fused {name}; RELU, RELU6 and RELU_N1_TO_1 can be fused")
    return RELUS.get(name, (-math.inf, math.inf))


def add_unary(program: Program, node: Node, function: str, source: Tensor, out: Tensor,
              low: float = 0.0, high: float = 0.0) -> None:  # fmt: skip
    if source.elements != out.elements:
        raise Unsupported(f"an input of shape {list(source.shape)} for {list(out.shape)}")
    program.add(part(node, [source], out), "UNARY_F32", [in_arena(program, source)],
                {"count": out.elements, "function": UNARY[function], "low": low, "high": high})


def add_binary(program: Program, node: Node, function: str, a: Tensor, b: Tensor, out: Tensor,
               limits: tuple[float, float] = (-math.inf, math.inf)) -> None:  # fmt: skip
    program.add(part(node, [a, b], out), "BINARY_F32", [a, b],
                {**broadcast(a, b, out), "function": BINARY[function], "low": limits[0], "high": limits[1]})


def before_activation(node: Node) -> Tensor:
    """Where an op without a clamp of its own puts its result; `activate` finishes."""
    out = node.outputs[0]
    return out if activation(node) == (-math.inf, math.inf) else temporary(node, "linear", out.shape)


def activate(program: Program, node: Node, result: Tensor) -> None:
    if result is not node.outputs[0]:
        add_unary(program, node, "CLAMP", result, node.outputs[0], *activation(node))


@rule(*RELUS, dtype="float32")
def relus(program: Program, node: Node) -> None:
    add_unary(program, node, "CLAMP", floats(node, 0), node.outputs[0], *RELUS[node.op])


@rule(*sorted(set(UNARY) - {"CLAMP", "LEAKY_RELU", "GELU", "GELU_TANH"}), dtype="float32")
def unary(program: Program, node: Node) -> None:
    add_unary(program, node, node.op, floats(node, 0), node.outputs[0])


@rule("LEAKY_RELU", dtype="float32")
def leaky_relu(program: Program, node: Node) -> None:
    add_unary(program, node, "LEAKY_RELU", floats(node, 0), node.outputs[0], low=node.attrs["alpha"])


@rule("GELU", dtype="float32")
def gelu(program: Program, node: Node) -> None:
    function = "GELU_TANH" if node.attrs.get("approximate") else "GELU"
    add_unary(program, node, function, floats(node, 0), node.outputs[0])


@rule("SQUARE", dtype="float32")
def square(program: Program, node: Node) -> None:
    add_binary(program, node, "MUL", floats(node, 0), floats(node, 0), node.outputs[0])


@rule(*BINARY, dtype="float32")
def binary(program: Program, node: Node) -> None:
    add_binary(program, node, node.op, floats(node, 0), floats(node, 1), node.outputs[0], activation(node))


@rule("MAX_POOL_2D", "AVERAGE_POOL_2D", dtype="float32")
def pool_2d(program: Program, node: Node) -> None:
    source, result = in_arena(program, floats(node, 0)), before_activation(node)
    n, in_h, in_w, channels = nhwc(node, source)
    _, out_h, out_w, _ = nhwc(node, result)
    a = node.attrs
    kernel = (a["filter_height"], a["filter_width"])
    program.add(part(node, [source], result), node.op + "_F32", [source], {
        "batches": n, "in_h": in_h, "in_w": in_w, "channels": channels, "out_h": out_h, "out_w": out_w,
        "kernel_h": kernel[0], "kernel_w": kernel[1], "stride_h": a["stride_h"], "stride_w": a["stride_w"],
        **window_padding(node, (in_h, in_w), kernel),
    })  # fmt: skip
    activate(program, node, result)


def add_reduction(program: Program, node: Node, function: str, source: Tensor, axes: set[int], out: Tensor) -> None:
    source = in_arena(program, source)
    groups = reduce_groups(source.shape, axes)
    program.add(part(node, [source], out), "REDUCE_F32", [source],
                {"dims": groups["keep_dims"] + groups["reduce_dims"],
                 "stride": groups["keep_stride"] + groups["reduce_stride"],
                 "function": REDUCTIONS[function]})  # fmt: skip


@rule(*REDUCTIONS, dtype="float32")
def reduction(program: Program, node: Node) -> None:
    source = floats(node, 0)
    rank = len(source.shape)
    axes = {int(a) % rank for a in constant(node, 1, "axes").reshape(-1)} if rank else set()
    add_reduction(program, node, node.op, source, axes, node.outputs[0])


@rule("SOFTMAX", "LOG_SOFTMAX", dtype="float32")
def softmax(program: Program, node: Node) -> None:
    source = in_arena(program, floats(node, 0))
    depth = source.shape[-1]
    program.add(node, "SOFTMAX_F32", [source], {
        "rows": source.elements // depth, "depth": depth, "log": int(node.op == "LOG_SOFTMAX"),
        "beta": node.attrs.get("beta", 1.0) if node.op == "SOFTMAX" else 1.0,
    })  # fmt: skip


@rule("L2_NORMALIZATION", dtype="float32")
def l2_normalization(program: Program, node: Node) -> None:
    """x / max(sqrt(sum of x^2), 1e-6) over the last axis."""
    source, out = floats(node, 0), node.outputs[0]
    rows = (*source.shape[:-1], 1)
    squares, sums, norms = (temporary(node, what, shape) for what, shape in
                            (("squares", source.shape), ("sums", rows), ("norms", rows)))  # fmt: skip
    add_binary(program, node, "MUL", source, source, squares)
    add_reduction(program, node, "SUM", squares, {len(source.shape) - 1}, sums)
    add_unary(program, node, "SQRT", sums, norms)
    limited = temporary(node, "limited", rows)
    add_unary(program, node, "CLAMP", norms, limited, 1e-6, math.inf)
    add_binary(program, node, "DIV", source, limited, out, activation(node))


@rule("PAD", "PADV2", dtype="float32")
def pad(program: Program, node: Node) -> None:
    source, out = floats(node, 0), node.outputs[0]
    paddings = constant(node, 1, "paddings").reshape(-1, 2)
    value = 0.0 if node.input(2) is None else float(constant(node, 2, "pad values").reshape(-1)[0])
    if len(paddings) != len(source.shape) or paddings.min(initial=0) < 0:
        raise Unsupported(f"paddings of shape {list(paddings.shape)} on {list(source.shape)}")
    strides = row_major(out.shape)
    start = sum(int(before) * step for (before, _), step in zip(paddings, strides, strict=True))
    strided_copy(program, node, source, source.shape, row_major(source.shape), 0, strides, start,
                 fill_value=struct.unpack("<i", struct.pack("<f", value))[0])


@rule("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", dtype="float32")
def resize(program: Program, node: Node) -> None:
    source, out = in_arena(program, floats(node, 0)), node.outputs[0]
    n, in_h, in_w, channels = nhwc(node, source)
    _, out_h, out_w, _ = nhwc(node, out)
    table = bilinear_table if node.op == "RESIZE_BILINEAR" else nearest_table
    options = (bool(node.attrs.get("align_corners")), bool(node.attrs.get("half_pixel_centers")))
    program.add(node, "RESIZE_F32", [source], {
        "batches": n, "in_h": in_h, "in_w": in_w, "channels": channels, "out_h": out_h, "out_w": out_w,
    }, {"rows_at": table(in_h, out_h, *options), "columns_at": table(in_w, out_w, *options)})  # fmt: skip


def _step(size: int, out: int, align_corners: bool) -> np.float32:
    if align_corners and out > 1:
        return np.float32(np.float32(size - 1) / np.float32(out - 1))
    return np.float32(np.float32(size) / np.float32(out))


def bilinear_table(size: int, out: int, align_corners: bool, half_pixel_centers: bool) -> bytes:
    """For every output position the two inputs between which it lies, and the share of the second."""
    step = _step(size, out, align_corners)
    half = np.float32(0.5)
    table = bytearray()
    for i in range(out):
        at = (np.float32(i) + half) * step - half if half_pixel_centers else np.float32(i) * step
        first = max(math.floor(at), 0)
        share = np.float32(at - np.float32(first))
        first = min(first, size - 1)
        table += struct.pack("<HHf", first, min(max(math.ceil(at), 0), size - 1), share)
    return bytes(table)


def nearest_table(size: int, out: int, align_corners: bool, half_pixel_centers: bool) -> bytes:
    """For every output position the input nearest to it."""
    step = _step(size, out, align_corners)
    offset = np.float32(0.5 if half_pixel_centers else 0.0)
    table = bytearray()
    for i in range(out):
        at = float((np.float32(i) + offset) * step)
        near = min(math.floor(at + 0.5) if align_corners else math.floor(at), size - 1)
        near = max(near, 0) if half_pixel_centers else near
        table += struct.pack("<HHf", near, near, 0.0)
    return bytes(table)
