# SPDX-License-Identifier: MIT
"""DEPTHWISE_CONV_2D in strips, as depthwise_dsp.c runs it."""

from __future__ import annotations

from ...fileformat.opset import layout_number
from ...lowering.program import Step
from .channels import short_requantisation_is_exact, shorten_channels


def choose_dsp(step: Step) -> bool:
    """Give a layer this layout where it can have it."""
    p = step.params
    if not short_requantisation_is_exact(step) or (p["dilation_h"] != 1 and p["dilation_w"] != 1):
        return False
    p["layout"] = layout_number(step.op.name, "dsp")
    shorten_channels(step)
    return True
