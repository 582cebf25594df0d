# SPDX-License-Identifier: MIT
"""Two channels in a word, and planes, as conv_swar_channels.c and depthwise_swar_channels.c run them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ...fileformat.opset import layout_number, ops
from ...lowering.program import Step
from .channels import largest_accumulators, short_requantisation_is_exact

CHUNK = 256  # taps that are expanded at a time
LARGEST_BLOCK = 255  # of the absolute weights of a block of taps
PIXELS = 3
AT_ONCE = 4  # channels of a convolution, outputs of a depthwise one
FEW, SMALL = 8, 1792  # triples of pixels and bytes of a tile that adds to the arena; two triples at least
MANY = 32  # triples of a tile that fits into what the arena has anyway: more gains next to nothing
BLOCKS_OF_FOUR = 256  # a bit beside a channel's shift


def pack_swar_channels(step: Step) -> bool:
    """Give a CONV_2D this layout where it can have it; its weights, channel table and scratch."""
    p = step.params
    taps = p["kernel_h"] * p["kernel_w"] * p["in_c"]
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(p["out_c"], taps)
    if not _requantisation_is_exact(step) or _blocks(weights, 2).max(initial=0) > LARGEST_BLOCK:
        return False
    four = _blocks(weights[:, : taps - taps % 4], 4).max(axis=1, initial=0) <= LARGEST_BLOCK
    padded = np.pad(weights, ((0, -p["out_c"] % AT_ONCE), (0, 0))).reshape(-1, AT_ONCE, taps)
    packed = padded[:, [0, 2, 1, 3]].transpose(0, 2, 1) ^ np.int8(-128)
    step.constants["weights_at"] = np.ascontiguousarray(packed).tobytes()
    step.constants["channels_at"] = _table(step, four)
    p["layout"] = layout_number(step.op.name, "swar_channels")
    step.scratch = channels_tile(step, SMALL, FEW)
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
    if not _requantisation_is_exact(step):
        return False
    step.constants["channels_at"] = _table(step, np.zeros(p["out_c"], bool))
    p["layout"] = layout_number(step.op.name, "swar_channels")
    step.scratch = plane_rows(step, SMALL)
    return True


def channels_tile(step: Step, most: int, triples: int = MANY) -> int:
    """The scratch of a tile of at most so many triples of pixels and bytes, but of two triples at least."""
    p = step.params
    taps = p["kernel_h"] * p["kernel_w"] * p["in_c"]
    pixels = p["batches"] * p["out_h"] * p["out_w"]
    pointwise = p["kernel_h"] * p["kernel_w"] == 1
    if pixels == 1:
        return 0 if pointwise else int(taps)
    lies = pointwise and p["in_h"] == p["out_h"] and p["in_w"] == p["out_w"]
    fixed = 8 * min(taps, CHUNK)
    triple = (0 if lies else PIXELS * taps) + (4 * PIXELS * AT_ONCE if taps > CHUNK else 0)
    if triple == 0:
        return int(fixed)
    return int(fixed + triple * min(-(-pixels // PIXELS), max(2, min(triples, (most - fixed) // triple))))


def plane_rows(step: Step, most: int) -> int:
    """The scratch of as many rows of a plane as fit into so many bytes, but of those of one output at least."""
    p = step.params
    if p["in_w"] == p["out_w"] == p["kernel_w"] == 1:  # one column is run as one row
        sizes = ("in", "out", "kernel", "stride", "dilation")
        p = p | {f"{size}_{b}": p[f"{size}_{a}"] for size in sizes for a, b in ("hw", "wh")}

    def reach(axis: str, outputs: int) -> int:
        return int((outputs - 1) * p[f"stride_{axis}"] + (p[f"kernel_{axis}"] - 1) * p[f"dilation_{axis}"] + 1)

    goes_down = p["kernel_h"] == p["kernel_w"] == 3 and p["dilation_h"] == p["dilation_w"] == 1 and p["stride_h"] <= 2
    outputs = p["out_w"] + (0 if goes_down else -p["out_w"] % AT_ONCE)
    fixed, width = p["kernel_h"] * p["kernel_w"], reach("w", outputs)
    return int(fixed + width * max(reach("h", 1), min(reach("h", p["out_h"]), (most - fixed) // width)))


def _requantisation_is_exact(step: Step) -> bool:
    """As swar_channels.h wants it: accumulators below 2^28, too."""
    return short_requantisation_is_exact(step) and bool(largest_accumulators(step).max() < 2**28)


def _blocks(weights: npt.NDArray[np.int8], taps: int) -> npt.NDArray[np.int64]:
    """The absolute weights of each block of taps added up -> int64 [out_c, blocks]."""
    padded = np.pad(np.abs(weights.astype(np.int64)), ((0, 0), (0, -weights.shape[1] % taps)))
    return np.asarray(padded.reshape(len(weights), -1, taps).sum(axis=2))


def _table(step: Step, four: npt.NDArray[np.bool_]) -> bytes:
    """The channel table; `four` says of which channels four taps may be a block."""
    channels, table = step.params["out_c"], step.constants["channels_at"]
    bias, multiplier = np.frombuffer(table, "<i4", 2 * channels).reshape(2, -1)
    shift = 1 - np.frombuffer(table, np.int8, channels, offset=8 * channels).astype(np.int32)
    rounding = 1 + (1 << (shift - 1)) + (step.params["out_zero_point"] << shift)
    flags = np.pad(four, (0, -channels % AT_ONCE), constant_values=True).reshape(-1, AT_ONCE).all(axis=1)
    flagged = shift + BLOCKS_OF_FOUR * np.repeat(flags, AT_ONCE)[:channels]
    return np.stack([bias, multiplier, rounding, flagged], axis=1).astype("<i4").tobytes()
