# SPDX-License-Identifier: MIT
"""CONV_2D weights in quads, as native_module/core/kernels/conv_packed.c describes them."""

from __future__ import annotations

import numpy as np

from ..lower import Step
from .short import short_requantisation_is_exact, shorten_channels

QUADS = 1


def pack_quads(step: Step) -> bool:
    """Give a layer this layout where it can have it; its weights, channel table and scratch."""
    if not short_requantisation_is_exact(step):
        return False
    p = step.params
    taps = p["kernel_h"] * p["kernel_w"] * p["in_c"]
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(p["out_c"], taps)
    padded = np.pad(weights, ((0, -p["out_c"] % 4), (0, -taps % 4)))
    # [quad, pair of channels, channel, group of taps, half, parity] -> [quad, group, parity, pair, half, channel]
    split = padded.reshape(-1, 2, 2, padded.shape[1] // 4, 2, 2)
    step.constants["weights_at"] = np.ascontiguousarray(split.transpose(0, 3, 5, 1, 4, 2)).tobytes()
    p["layout"] = QUADS
    one_pixel = p["batches"] * p["out_h"] * p["out_w"] == 1
    pointwise = p["kernel_h"] * p["kernel_w"] == 1
    step.scratch = padded.shape[1] * ((0 if pointwise else 1) + 2 * (1 if one_pixel else 4))
    shorten_channels(step)
    return True
