# SPDX-License-Identifier: MIT
"""Two channels in a word, and planes, as conv_swar_channels.c and depthwise_swar_channels.c run them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ...fileformat.opset import layout_number, ops
from ...lowering.program import Step
from .channels import fine_channels, fine_requantisation_is_exact

LARGEST_BLOCK = 255  # of the absolute weights of a block of taps
AT_ONCE = 4  # channels
BLOCKS_OF_FOUR = 256  # a bit beside a channel's shift


def pack_swar_channels(step: Step) -> bool:
    """Give a CONV_2D this layout where it can have it: pack its weights and channel table."""
    p = step.params
    taps = p["kernel_h"] * p["kernel_w"] * p["in_c"]
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(p["out_c"], taps)
    if not fine_requantisation_is_exact(step) or _blocks(weights, 2).max(initial=0) > LARGEST_BLOCK:
        return False
    four = _blocks(weights[:, : taps - taps % 4], 4).max(axis=1, initial=0) <= LARGEST_BLOCK
    padded = np.pad(weights, ((0, -p["out_c"] % AT_ONCE), (0, 0))).reshape(-1, AT_ONCE, taps)
    packed = padded[:, [0, 2, 1, 3]].transpose(0, 2, 1) ^ np.int8(-128)
    step.constants["weights_at"] = np.ascontiguousarray(packed).tobytes()
    step.constants["channels_at"] = _table(step, four)
    p["layout"] = layout_number(step.op.name, "swar_channels")
    return True


def choose_swar_channels(step: Step) -> bool:
    """Give a DEPTHWISE_CONV_2D this layout, or make it the CONV_2D that it is where the input has one channel.

    Planes are as good there where they have windows of their own, 3x3.
    """
    p = step.params
    if p["in_c"] == 1 and not p["kernel_h"] == p["kernel_w"] == 3 and step.params["weights_zero_point"] == 0:
        weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(-1, p["out_c"])
        transposed = np.ascontiguousarray(weights.T).tobytes()
        as_conv = replace(
            step, op=ops()["CONV_2D"], params=dict(p), constants=step.constants | {"weights_at": transposed}
        )
        if pack_swar_channels(as_conv):
            vars(step).update(vars(as_conv))
            return True
    if not fine_requantisation_is_exact(step):
        return False
    step.constants["channels_at"] = _table(step, np.zeros(p["out_c"], bool))
    p["layout"] = layout_number(step.op.name, "swar_channels")
    return True


def _blocks(weights: npt.NDArray[np.int8], taps: int) -> npt.NDArray[np.int64]:
    """Return the absolute weights of each block of taps added up: int64 [out_c, blocks]."""
    padded = np.pad(np.abs(weights.astype(np.int64)), ((0, 0), (0, -weights.shape[1] % taps)))
    return np.asarray(padded.reshape(len(weights), -1, taps).sum(axis=2))


def _table(step: Step, four: npt.NDArray[np.bool_]) -> bytes:
    """Return the channel table; `four` says of which channels four taps may be a block."""
    channels = step.params["out_c"]
    flags = np.pad(four, (0, -channels % AT_ONCE), constant_values=True).reshape(-1, AT_ONCE).all(axis=1)
    return fine_channels(step, BLOCKS_OF_FOUR * np.repeat(flags, AT_ONCE)[:channels].astype(np.int32))
