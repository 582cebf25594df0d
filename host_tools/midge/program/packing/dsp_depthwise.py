# SPDX-License-Identifier: MIT
"""DEPTHWISE_CONV_2D in strips, as depthwise_dsp.c runs it."""

from __future__ import annotations

from ...lowering.program import Step
from .channels import short_requantisation_is_exact, shorten_channels

STRIPS = 1


def choose_strips(step: Step) -> bool:
    """Give a layer this layout where it can have it."""
    p = step.params
    if not short_requantisation_is_exact(step) or (p["dilation_h"] != 1 and p["dilation_w"] != 1):
        return False
    p["layout"] = STRIPS
    shorten_channels(step)
    return True
