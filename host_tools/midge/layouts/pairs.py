# SPDX-License-Identifier: MIT
"""Two pixels in a word, as native_module/core/kernels/conv_pairs.c and depthwise_pairs.c describe them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..lower import Step
from ..opset import ops
from .short import short_requantisation_is_exact, shorten_channels

PAIRS = 2
LARGEST_PAIR = 255  # of the absolute weights of two neighbours
SCRATCH = 1280  # bytes for a tile of pixels, where one pair wants no more: what four pairs of 64 channels want


def pack_pairs(step: Step) -> bool:
    """Give a CONV_2D this layout where it can have it; its weights, channel table and scratch."""
    p = step.params
    taps = p["kernel_h"] * p["kernel_w"] * p["in_c"]
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(p["out_c"], taps)
    if not short_requantisation_is_exact(step) or weights.min(initial=0) == -128:
        return False
    pointwise = p["kernel_h"] * p["kernel_w"] == 1
    pixels = p["batches"] * p["out_h"] * p["out_w"]
    if pixels == 1:
        columns = np.pad(weights, ((0, -p["out_c"] % 4), (0, 0))).reshape(-1, 4, taps)[:, [0, 2, 1, 3]]
        packed = np.ascontiguousarray(columns.transpose(0, 2, 1)) ^ np.int8(-128)
        step.scratch = 0 if pointwise else taps
    else:
        padded = np.pad(weights, ((0, -p["out_c"] % 2), (0, -taps % 4)))
        length = padded.shape[1]
        if _largest_pair(padded) > LARGEST_PAIR:
            return False
        packed = padded.reshape(-1, 2, length // 2, 2).transpose(0, 2, 1, 3)
        fixed = 8 * length + (0 if pointwise else 2 * taps)
        pairs = max(1, min(-(-pixels // 2), (SCRATCH - fixed) // (4 * length)))
        step.scratch = fixed + pairs * 4 * length
    step.constants["weights_at"] = np.ascontiguousarray(packed).tobytes()
    p["layout"] = PAIRS
    shorten_channels(step)
    return True


def choose_pairs(step: Step) -> bool:
    """Give a DEPTHWISE_CONV_2D this layout where it can have it; of a single channel it is a convolution."""
    p = step.params
    shape = (p["kernel_h"], p["kernel_w"], p["out_c"])
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(shape)
    if p["in_c"] == 1:
        as_convolution = Step(ops()["CONV_2D"], step.name, step.source, step.inputs, step.outputs, dict(p),
                              {**step.constants, "weights_at": weights.transpose(2, 0, 1).tobytes()})  # fmt: skip
        if pack_pairs(as_convolution):
            step.op, step.params, step.constants = as_convolution.op, as_convolution.params, as_convolution.constants
            step.scratch = as_convolution.scratch
            return True
    upright = -(-p["out_w"] // 2) * p["out_h"] < -(-p["out_h"] // 2) * p["out_w"]
    a, b = ("w", "h") if upright else ("h", "w")
    along_b = np.moveaxis(weights, 0 if upright else 1, 2)
    along_b = np.pad(along_b, ((0, 0), (0, 0), (0, along_b.shape[2] % 2)))
    if not short_requantisation_is_exact(step) or _largest_pair(along_b) > LARGEST_PAIR:
        return False
    height, width = _reach(p, a, -(-p[f"out_{a}"] // 2)), _reach(p, b, p[f"out_{b}"])
    p["layout"] = PAIRS
    step.scratch = 4 * p["kernel_h"] * p["kernel_w"] + 4 * height * width
    shorten_channels(step)
    return True


def _largest_pair(weights: np.ndarray) -> int:
    """The most that the absolute values of two neighbours along the last axis, whose length is even, make."""
    return int(np.abs(weights.astype(np.int32)).reshape(-1, 2).sum(axis=1).max(initial=0))


def _reach(p: dict[str, Any], axis: str, outputs: int) -> int:
    """How many inputs lie under the windows of so many outputs."""
    return int((outputs - 1) * p[f"stride_{axis}"] + (p[f"kernel_{axis}"] - 1) * p[f"dilation_{axis}"] + 1)
