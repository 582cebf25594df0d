# SPDX-License-Identifier: MIT
"""CONV_2D weights in pairs of channels, as conv_dsp.c describes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...fileformat.opset import layout_number, ops
from ...lowering.program import Step
from .channels import largest_accumulators, short_requantisation_is_exact, shorten_channels
from .lines import find_lines


def _order(rows: int, row: int) -> np.ndarray:
    """Return the order of taps: the groups of four that each row of the kernel holds, then what is left of each."""
    taps = np.arange(rows * row).reshape(rows, row)
    whole = row - row % 4
    return np.concatenate([taps[:, :whole].ravel(), taps[:, whole:].ravel()])


def pack_depthwise_of_one(step: Step) -> bool:
    """Turn a depthwise layer of one input channel into the convolution that it is.

    Strips are better only where they have windows of their own in the vocabulary, 3x3.
    """
    p = step.params
    if p["in_c"] != 1 or p["kernel_h"] == p["kernel_w"] == 3:
        return False
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(-1, p["out_c"])
    as_conv = replace(
        step,
        op=ops()["CONV_2D"],
        params=dict(p),
        constants=step.constants | {"weights_at": np.ascontiguousarray(weights.T).tobytes()},
    )
    if not pack_dsp(as_conv):
        return False
    vars(step).update(vars(as_conv))
    return True


def pack_dsp(step: Step) -> bool:
    """Give a layer this layout where it can have it: pack its weights and channel table."""
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
    found = find_lines(step)
    step.constants["weights_at"] = np.ascontiguousarray(both, "<i2").tobytes()
    p["layout"] = layout_number(step.op.name, "dsp" if found is None else "dsp_lines")
    shorten_channels(step)
    table = np.frombuffer(step.constants["channels_at"] + bytes(16 * (p["out_c"] % 2)), "<i4").reshape(-1, 4).copy()
    if found is not None:
        added, multiplier, rounding = np.array(found, "<i4").T
        table[: len(found)] = np.stack([table[: len(found), 0] + added, multiplier, rounding, 0 * added], axis=1)
    table[1::2, 0] = table[0::2, 0] + 256 * table[1::2, 0]
    step.constants["channels_at"] = table.tobytes()
    return True
