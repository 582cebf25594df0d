# SPDX-License-Identifier: MIT
"""Resizing of images: int8 bilinear by a kernel (core/kernels/vision/bilinear.c), nearest by copies, float32 by
tables.
"""

from __future__ import annotations

import math
import struct

import numpy as np

from ..graph import Node
from ..graph.requantization import is_legacy
from ..graph.tflite_ops import required
from .gather import index_axes
from .program import Program
from .rules import rule, want_dtype, want_float
from .strides import in_arena, row_major, strided_copy
from .windows import nhwc


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
    })


def legacy_bilinear(program: Program, node: Node) -> None:
    """Lower one that was on uint8, which TFLite interpolates in float32."""
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
    })


@rule("RESIZE_NEAREST_NEIGHBOR")
def resize_nearest(program: Program, node: Node) -> None:
    source, out = required(node, 0), node.outputs[0]
    n, h, w, c = source.shape
    rows = {axis: [_nearest(i, source.shape[axis], out.shape[axis], node) for i in range(out.shape[axis])]
            for axis in (1, 2)}
    times = [out.shape[i] // source.shape[i] for i in (1, 2)]
    if all(rows[i + 1] == [k // times[i] for k in range(out.shape[i + 1])] for i in (0, 1) if times[i]) and all(times):
        shape = (n, h, times[0], w, times[1], c)
        strided_copy(program, node, source, out, shape, (h * w * c, w * c, 0, c, 0, 1), 0, row_major(shape))
    else:
        index_axes(program, node, rows)


def _nearest(i: int, size: int, out: int, node: Node) -> int:
    """Return which input element output element i takes, in float32 as TFLM works it out."""
    align, half = node.attrs.get("align_corners", False), node.attrs.get("half_pixel_centers", False)
    one = np.float32(1)
    scale = one * (size - 1) / np.float32(out - 1) if align and out > 1 else one * size / np.float32(out)
    at = (np.float32(i) + np.float32(0.5 if half else 0)) * scale
    found = math.floor(abs(float(at)) + 0.5) if align else math.floor(float(at))
    return max(min(found, size - 1), 0)


@rule("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", dtype="float32")
def resize_f32(program: Program, node: Node) -> None:
    source, out = in_arena(program, want_float(node, 0)), node.outputs[0]
    n, in_h, in_w, channels = nhwc(source)
    _, out_h, out_w, _ = nhwc(out)
    table = bilinear_table if node.op == "RESIZE_BILINEAR" else nearest_table
    options = (bool(node.attrs.get("align_corners")), bool(node.attrs.get("half_pixel_centers")))
    program.add(node, "RESIZE_F32", [source], {
        "batches": n, "in_h": in_h, "in_w": in_w, "channels": channels, "out_h": out_h, "out_w": out_w,
    }, {"rows_at": table(in_h, out_h, *options), "columns_at": table(in_w, out_w, *options)})


def _step(size: int, out: int, align_corners: bool) -> np.float32:
    if align_corners and out > 1:
        return np.float32(np.float32(size - 1) / np.float32(out - 1))
    return np.float32(np.float32(size) / np.float32(out))


def bilinear_table(size: int, out: int, align_corners: bool, half_pixel_centers: bool) -> bytes:
    """Return for every output position the two inputs that it is between, and the share of the second."""
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
    """Return for every output position the input nearest to it."""
    step = _step(size, out, align_corners)
    offset = np.float32(0.5 if half_pixel_centers else 0.0)
    table = bytearray()
    for i in range(out):
        at = float((np.float32(i) + offset) * step)
        near = min(math.floor(at + 0.5) if align_corners else math.floor(at), size - 1)
        near = max(near, 0) if half_pixel_centers else near
        table += struct.pack("<HHf", near, near, 0.0)
    return bytes(table)
