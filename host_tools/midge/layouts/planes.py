# SPDX-License-Identifier: MIT
"""DEPTHWISE_CONV_2D by channel planes, as native_module/core/kernels/depthwise_planes.c runs it."""

from __future__ import annotations

from ..lower import Step
from .short import short_requantisation_is_exact, shorten_channels

PLANES = 1


def choose_planes(step: Step) -> bool:
    """Give a layer this layout where it can have it; scratch as mg_planes_scratch_size counts it."""
    p = step.params
    if not short_requantisation_is_exact(step) or (p["dilation_h"] != 1 and p["dilation_w"] != 1):
        return False

    def groups(b: str) -> int:
        return int(-(-p[f"out_{b}"] // 4))

    def pairs(b: str) -> int:
        return int(p[f"kernel_{b}"] + 1) // 2

    def work(a: str, b: str) -> int:
        return int(groups(b) * p[f"out_{a}"] * p[f"kernel_{a}"] * pairs(b))

    upright = p["dilation_w"] != 1 or (p["dilation_h"] == 1 and work("w", "h") < work("h", "w"))
    a, b = ("w", "h") if upright else ("h", "w")
    height = (p[f"out_{a}"] - 1) * p[f"stride_{a}"] + (p[f"kernel_{a}"] - 1) * p[f"dilation_{a}"] + 1
    width = (groups(b) * 4 - 1) * p[f"stride_{b}"] + 2 * pairs(b)
    p["layout"] = PLANES
    step.scratch = 4 * p[f"kernel_{a}"] * pairs(b) + 2 * height * (width + width % 2)
    shorten_channels(step)
    return True
