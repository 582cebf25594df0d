# SPDX-License-Identifier: MIT
"""Layouts for vectors of 16 bytes, as conv_mve.c and depthwise_mve.c describe them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...fileformat.opset import layout_number, ops
from ...lowering.program import Step
from .channels import short_requantisation_is_exact

VECTOR = 16
# The lanes of a vector in the order in which widening its even and odd halves twice leaves them.
WIDENED = [0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15]


def table_in_fours(step: Step, channels: npt.NDArray[np.intp]) -> bytes:
    """Return for each four of `channels` int32 bias[4], multiplier[4], shift[4]; -1 stands for no channel."""
    count, table = step.params["out_c"], step.constants["channels_at"]
    bias, multiplier = np.frombuffer(table, "<i4", 2 * count).reshape(2, -1)
    shift = np.frombuffer(table, np.int8, count, offset=8 * count)
    columns = [np.append(values, none)[channels] for values, none in ((bias, 0), (multiplier, 0), (shift, -1))]
    return np.stack(columns).reshape(3, -1, 4).transpose(1, 0, 2).astype("<i4").tobytes()


def in_eights(channels: int) -> npt.NDArray[np.intp]:
    """Return the order of channels in rows: 0 2 4 6 1 3 5 7 of each eight, four or fewer at the end as they are."""
    order = np.arange(-channels % 4 + channels)
    whole = len(order) // 8 * 8
    order[:whole] = order[:whole].reshape(-1, 4, 2).transpose(0, 2, 1).ravel()
    return order


def pack_conv_mve(step: Step) -> bool:
    """Give a CONV_2D this layout where it can have it: pack its weights and channel table."""
    if not short_requantisation_is_exact(step):
        return False
    p = step.params
    channels, taps = p["out_c"], p["kernel_h"] * p["kernel_w"] * p["in_c"]
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(channels, taps)
    padded = np.pad(weights, ((0, -channels % 4), (0, -taps % VECTOR)))
    order = in_eights(channels)
    rows = padded[order].reshape(-1, 4, padded.shape[1] // VECTOR, VECTOR).transpose(0, 2, 1, 3)
    step.constants["channels_at"] = table_in_fours(step, np.where(order < channels, order, -1))
    step.constants["weights_at"] = np.ascontiguousarray(rows).tobytes()
    p["layout"] = layout_number(step.op.name, "mve")
    return True


def pack_depthwise_mve(step: Step) -> bool:
    """Give a DEPTHWISE_CONV_2D this layout, or make it a CONV_2D in rows where the input has one channel."""
    p = step.params
    channels, taps = p["out_c"], p["kernel_h"] * p["kernel_w"]
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(taps, channels)
    if not short_requantisation_is_exact(step):
        return False
    if p["in_c"] == 1:
        step.op = ops()["CONV_2D"]
        step.constants["weights_at"] = np.ascontiguousarray(weights.T).tobytes()
        return pack_conv_mve(step)
    if p["in_c"] != channels or weights.min() == -128:
        return False
    pixels = VECTOR // channels if p["stride_w"] == 1 and channels <= VECTOR // 2 else 1
    lanes = np.tile(np.arange(channels), pixels)
    lanes = np.pad(lanes, (0, -len(lanes) % VECTOR), constant_values=-1)
    taps += 1 - taps % 2
    padded = np.pad(weights, ((0, taps - len(weights)), (0, 1)))[:, lanes]
    step.constants["channels_at"] = table_in_fours(step, lanes.reshape(-1, VECTOR)[:, WIDENED].ravel())
    step.constants["weights_at"] = np.ascontiguousarray(padded.reshape(taps, -1, VECTOR).transpose(1, 0, 2)).tobytes()
    p["layout"] = layout_number(step.op.name, "mve")
    return True
