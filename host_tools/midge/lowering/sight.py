# SPDX-License-Identifier: MIT
"""Pictures of cameras, and boxes from grids. Formulas: native_module/core/kernels/vision/image.c and blobs.c."""

from __future__ import annotations

import math

import numpy as np

from ..graph import Node, Unsupported
from ..graph.requantization import want_quantized
from ..graph.sight import FORMATS, YUV, most_of, parts_of
from ..graph.tflite_ops import constant, required
from .program import Program
from .rules import rule

MOST_SIDE = 128  # cells of a grid


def division_by(total: int, most: int) -> tuple[int, int]:
    """Return multiplier and shift for which n * multiplier >> (32 + shift) is n // total for every n up to `most`.

    Source: Granlund and Montgomery, "Division by invariant integers using multiplication" (1994).
    """
    shift = max((total - 1).bit_length() - 1, 0)
    multiplier = -(-(1 << (32 + shift)) // total)
    if multiplier >= 1 << 32 or most * (multiplier * total - (1 << (32 + shift))) >= 1 << (32 + shift):
        raise Unsupported(f"areas of {total} parts; crop the picture to simpler proportions of the network's image")
    return multiplier, shift


@rule("IMAGE")
def image(program: Program, node: Node) -> None:
    picture, out = required(node, 0), node.outputs[0]
    if not picture.is_outside or out.dtype not in ("int8", "uint8"):
        raise Unsupported(f"a picture to {out.dtype}; int8 and uint8 can run, from a picture of the caller's")
    want_quantized(out)
    a = node.attrs
    *_, height, width, channels = out.shape
    share_h, step_h = parts_of(a["height"], height, a["bilinear"])
    share_w, step_w = parts_of(a["width"], width, a["bilinear"])
    totals = [most * step_h * step_w for most in most_of(a["format"], channels)]
    divisions = [division_by(2 * total, 511 * total) for total in totals]
    divisions += [(0, 0)] * (3 - len(divisions))
    levels = constant(node, 1, "levels").astype(np.float64)
    limits = np.iinfo(out.dtype)
    # Levels lie halfway between two values where -1 to 1 has 256: up, whatever the scale's last bit.
    whole = np.floor(levels / out.scale + 0.5 + 1e-3) + out.zero_point
    table = np.clip(whole, limits.min, limits.max).astype(out.dtype)
    own = np.arange(256, dtype=np.uint8).tobytes() if a["format"] in YUV and channels == 3 else b""
    program.add(node, "IMAGE", [picture], {
        **{name: a[name] for name in ("in_h", "in_w", "top", "left", "height", "width")},
        "out_h": height, "out_w": width, "step_h": step_h, "share_h": share_h, "step_w": step_w, "share_w": share_w,
        "format": FORMATS[a["format"]][0], "channels": channels,
        "multiplier": [m for m, _ in divisions], "shift": [s for _, s in divisions],
    }, {"table_at": table.tobytes() + own})


@rule("BLOBS")
def blobs(program: Program, node: Node) -> None:
    scores = required(node, 0)
    if scores.dtype != "int8" or len(scores.shape) < 3 or scores.is_constant or math.prod(scores.shape[:-3]) != 1:
        raise Unsupported(f"{scores}; int8 [1, height, width, classes] can run")
    want_quantized(scores)
    *_, height, width, classes = scores.shape
    if max(height, width) > MOST_SIDE or not 0 < classes - node.attrs["first"] <= 255:
        raise Unsupported(f"a grid of {width}x{height} cells with {classes} scores; up to {MOST_SIDE}x{MOST_SIDE} with "
                          "2 to 256 can run")
    threshold = math.ceil(node.attrs["threshold"] / scores.scale + scores.zero_point - 1e-6)
    if not scores.zero_point < threshold <= 127:
        raise Unsupported(f"a threshold of {node.attrs['threshold']:g}; scores are from {scores.scale:.3g} to "
                          f"{scores.scale * (127 - scores.zero_point):.3g}")
    program.add(node, "BLOBS", [scores], {
        "scale": scores.scale, "zero_point": scores.zero_point, "height": height, "width": width, "classes": classes,
        "max_detections": node.attrs["most"], "threshold": threshold, "first": node.attrs["first"],
    })
