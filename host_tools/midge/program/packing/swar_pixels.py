# SPDX-License-Identifier: MIT
"""Two pixels in a word, as conv_swar_pixels.c and depthwise_swar_pixels.c describe them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...fileformat.opset import layout_number
from ...lowering.program import Step
from .channels import short_requantisation_is_exact, shorten_channels

LARGEST_PAIR = 255  # of the absolute weights of two neighbours


def pack_swar_pixels(step: Step) -> bool:
    """Give a CONV_2D this layout where it can have it: pack its weights and channel table."""
    p = step.params
    taps = p["kernel_h"] * p["kernel_w"] * p["in_c"]
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(p["out_c"], taps)
    if not short_requantisation_is_exact(step) or weights.min(initial=0) == -128:
        return False
    group = 4 if _pixels(step) == 1 else 2
    padded = np.pad(weights, ((0, -p["out_c"] % group), (0, -taps % 4)))
    if _largest_pair(padded) > LARGEST_PAIR:
        return False
    if group == 4:
        packed = padded.reshape(-1, 4, padded.shape[1])[:, [0, 2, 1, 3]].transpose(0, 2, 1) ^ np.int8(-128)
    else:
        packed = padded.reshape(-1, 2, padded.shape[1] // 2, 2).transpose(0, 2, 1, 3)
    step.constants["weights_at"] = np.ascontiguousarray(packed).tobytes()
    p["layout"] = layout_number(step.op.name, "swar_pixels")
    shorten_channels(step)
    return True


def choose_swar_pixels(step: Step) -> bool:
    """Give a DEPTHWISE_CONV_2D this layout where it can have it."""
    p = step.params
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(p["kernel_h"], p["kernel_w"], p["out_c"])
    along_b = np.moveaxis(weights, 0 if _axes(p)[1] == "h" else 1, 2)
    along_b = np.pad(along_b, ((0, 0), (0, 0), (0, along_b.shape[2] % 2)))
    if not short_requantisation_is_exact(step) or _largest_pair(along_b) > LARGEST_PAIR:
        return False
    p["layout"] = layout_number(step.op.name, "swar_pixels")
    shorten_channels(step)
    return True


def _pixels(step: Step) -> int:
    return int(step.params["batches"] * step.params["out_h"] * step.params["out_w"])


def _axes(p: dict[str, Any]) -> tuple[str, str]:
    """Return the axis along which outputs are folded, and the other one."""
    upright = -(-p["out_w"] // 2) * p["out_h"] < -(-p["out_h"] // 2) * p["out_w"]
    return ("w", "h") if upright else ("h", "w")


def _largest_pair(weights: np.ndarray) -> int:
    """Return the largest sum of absolute values of two neighbours along the last axis, whose length is even."""
    return int(np.abs(weights.astype(np.int32)).reshape(-1, 2).sum(axis=1).max(initial=0))
