# SPDX-License-Identifier: MIT
"""DEPTHWISE_CONV_2D in strips, as depthwise_dsp.c runs it."""

from __future__ import annotations

from ...fileformat.opset import layout_number
from ...lowering.program import Step
from .channels import short_requantisation_is_exact, shorten_channels

CHANNEL_BYTES = 16  # of mg_dsp_channel_t, without the taps


def choose_dsp(step: Step) -> bool:
    """Give a layer this layout where it can have it; scratch as scratch_size of depthwise_dsp.c counts it."""
    p = step.params
    if not short_requantisation_is_exact(step) or (p["dilation_h"] != 1 and p["dilation_w"] != 1):
        return False

    def pairs(b: str) -> int:
        return int(p[f"kernel_{b}"] + 1) // 2

    def work(a: str, b: str) -> int:
        return int(-(-p[f"out_{b}"] // 4) * p[f"out_{a}"] * p[f"kernel_{a}"] * pairs(b))

    upright = p["dilation_w"] != 1 or (p["dilation_h"] == 1 and work("w", "h") < work("h", "w"))
    a, b = ("w", "h") if upright else ("h", "w")
    stride = p[f"stride_{b}"]
    height = (p[f"out_{a}"] - 1) * p[f"stride_{a}"] + (p[f"kernel_{a}"] - 1) * p[f"dilation_{a}"] + 1
    line = 3 * stride + 2 * pairs(b)
    line += line % 2
    if p["kernel_h"] == p["kernel_w"] == 3 and p[f"dilation_{a}"] == 1 and p["stride_h"] == p["stride_w"] <= 2:
        line = 2 + 4 * stride
    p["layout"] = layout_number(step.op.name, "dsp")
    lanes = 1 if p["in_c"] < 4 else 4
    held = CHANNEL_BYTES + 4 * p[f"kernel_{a}"] * pairs(b)
    step.scratch = lanes * (2 * height * line + p["out_c"] // p["in_c"] * held)
    shorten_channels(step)
    return True
