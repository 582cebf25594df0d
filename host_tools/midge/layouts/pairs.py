# SPDX-License-Identifier: MIT
"""CONV_2D weights in pairs of channels, as native_module/core/kernels/conv_pairs.c describes them."""

from __future__ import annotations

import numpy as np

from ..lower import Step
from .short import largest_accumulators, short_requantisation_is_exact, shorten_channels

PAIRS = 1
PIXELS = 4


def _order(rows: int, row: int) -> np.ndarray:
    """The order of taps: the groups of four that each row of the kernel holds, then what is left of each."""
    taps = np.arange(rows * row).reshape(rows, row)
    whole = row - row % 4
    return np.concatenate([taps[:, :whole].ravel(), taps[:, whole:].ravel()])


def pack_pairs(step: Step) -> bool:
    """Give a layer this layout where it can have it; its weights, channel table and scratch."""
    if not short_requantisation_is_exact(step) or largest_accumulators(step)[1::2].max(initial=0) >= 2**23:
        return False
    p = step.params
    taps = p["kernel_h"] * p["kernel_w"] * p["in_c"]
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(p["out_c"], taps)
    weights = weights[:, _order(p["kernel_h"], p["kernel_w"] * p["in_c"])]
    padded = np.pad(weights.astype(np.int32), ((0, -p["out_c"] % 2), (0, -taps % 4)))
    both = padded[0::2] + 256 * padded[1::2]
    if both.min() < -(2**15):
        return False
    # [pair, group, half, parity] -> [pair, group, parity, half]
    both = both.reshape(both.shape[0], -1, 2, 2).transpose(0, 1, 3, 2)
    step.constants["weights_at"] = np.ascontiguousarray(both, "<i2").tobytes()
    p["layout"] = PAIRS
    pixels = p["batches"] * p["out_h"] * p["out_w"]
    pointwise = p["kernel_h"] * p["kernel_w"] == 1
    step.scratch = 2 * padded.shape[1] * (1 if pixels < PIXELS else PIXELS) + (0 if pointwise else taps)
    shorten_channels(step)
    step.constants["channels_at"] += bytes(16 * (p["out_c"] % 2))
    return True
