# SPDX-License-Identifier: MIT
"""For 16-bit multiply-accumulate: rows of weights as conv_mac16.c takes them, and depthwise layers in strips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...fileformat.opset import layout_number, ops
from ...lowering.program import Step
from .channels import fine_channels, fine_requantisation_is_exact, shorten_channels

AT_ONCE = 4  # taps
MANY_TAPS = 384  # from which on there are rows also of several pixels
SIGN = np.int8(-128)
BEHIND = bytes(4)  # where loads run ahead


def pack_mac16(step: Step) -> bool:
    """Give a CONV_2D this layout where it can have it: pack its weights and channel table."""
    p = step.params
    if not fine_requantisation_is_exact(step):
        return False
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(p["out_c"], -1)
    padded = np.pad(weights, ((0, 0), (0, -weights.shape[1] % AT_ONCE)))
    if p["batches"] * p["out_h"] * p["out_w"] == 1 or weights.shape[1] >= MANY_TAPS:
        lower = padded[:, ::2].astype(np.int32) + 128
        starts = (-127 * lower.sum(axis=1)).astype("<i4")
        padded[:, ::2] ^= SIGN
        packed = np.hstack([starts[:, None].view(np.int8), padded]).tobytes() + BEHIND
    else:
        packed = (padded ^ SIGN).tobytes()
    step.constants["weights_at"] = packed
    step.constants["channels_at"] = fine_channels(step)
    p["layout"] = layout_number(step.op.name, "mac16")
    return True


def choose_mac16(step: Step) -> bool:
    """Give a DEPTHWISE_CONV_2D strips where it can have them, or make it the CONV_2D that it is where the input has one
    channel and windows are not 3x3, for which strips have loops of their own.
    """
    p = step.params
    if not fine_requantisation_is_exact(step):
        return False
    if p["in_c"] == 1 and not p["kernel_h"] == p["kernel_w"] == 3:
        weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(-1, p["out_c"])
        transposed = np.ascontiguousarray(weights.T).tobytes()
        as_conv = replace(
            step, op=ops()["CONV_2D"], params=dict(p), constants=step.constants | {"weights_at": transposed}
        )
        if pack_mac16(as_conv):
            vars(step).update(vars(as_conv))
            return True
    if p["dilation_h"] != 1 and p["dilation_w"] != 1:
        return False
    shorten_channels(step)
    p["layout"] = layout_number(step.op.name, "mac16")
    return True
