# SPDX-License-Identifier: MIT
"""Pack weights for a core: the layouts of native_module/core/kernels/, chosen by the target's SIMD.

A file for no target holds canonical weights, which every core runs. Packed ones run on every core
too, and fast on those that they are made for.
"""

from __future__ import annotations

import numpy as np

from .boards import load_boards
from .errors import UserError
from .lower import Program, Step

CANONICAL, QUADS, PLANES = 0, 1, 1  # the first two of CONV_2D, the last of DEPTHWISE_CONV_2D

# The instruction set that a core's kernels use: the headers of native_module/core/simd/.
CORES = {
    "cortex-m0": "scalar",
    "cortex-m0plus": "scalar",
    "cortex-m3": "scalar",
    "cortex-m4": "armv7em",
    "cortex-m7": "armv7em",
    "cortex-m33": "armv7em",
    "rv32": "scalar",
    "xtensa": "scalar",
}


def simd_of(target: str) -> str:
    """The SIMD of a core or board by name. Raises UserError for an unknown one."""
    if target in CORES:
        return CORES[target]
    boards = {board.name.lower(): board for board in load_boards()}
    if target.lower() in boards:
        return boards[target.lower()].simd
    raise UserError(f"no target '{target}'; cores: {', '.join(CORES)}; boards: {', '.join(sorted(boards))}")


def pack(program: Program, target: str) -> None:
    """Choose the fastest exact layout of every layer for a target, in place."""
    if simd_of(target) == "armv7em":
        for step in program.steps:
            choose = {"CONV_2D": _pack_quads, "DEPTHWISE_CONV_2D": _choose_planes}.get(step.op.name)
            if choose is not None and short_requantisation_is_exact(step) and choose(step):
                _shorten_channels(step)


def short_requantisation_is_exact(step: Step) -> bool:
    """Whether accumulators stay below 2^30 and shifts between -22 and -1, as mg_requantize_short wants."""
    if step.params["weights_zero_point"] != 0:
        return False
    channels = step.params["out_c"]
    table = step.constants["channels_at"]
    bias = np.frombuffer(table, "<i4", channels).astype(np.int64)
    shift = np.frombuffer(table, np.int8, channels, offset=8 * channels)
    weights = np.frombuffer(step.constants["weights_at"], np.int8).astype(np.int64)
    by_channel = weights.reshape(channels, -1) if step.op.name == "CONV_2D" else weights.reshape(-1, channels).T
    largest = np.abs(bias) + 128 * np.abs(by_channel).sum(axis=1)
    return bool(largest.max() < 2**30 and shift.max() <= -1 and shift.min() >= -22)


def _shorten_channels(step: Step) -> None:
    """The channel table as native_module/core/kernels/channels.h wants it beside a packed layout."""
    channels, table = step.params["out_c"], step.constants["channels_at"]
    bias, multiplier = np.frombuffer(table, "<i4", 2 * channels).reshape(2, -1)
    shift = -np.frombuffer(table, np.int8, channels, offset=8 * channels).astype(np.int32)
    rounding = (1 << (shift - 1)) + (step.params["out_zero_point"] << shift)
    step.constants["channels_at"] = np.stack([bias, multiplier, rounding, shift], axis=1).astype("<i4").tobytes()


def _pack_quads(step: Step) -> bool:
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
    return True


def _choose_planes(step: Step) -> bool:
    """Scratch as mg_planes_scratch_size in native_module/core/kernels/depthwise_planes.c counts it."""
    p = step.params
    if p["dilation_h"] != 1 and p["dilation_w"] != 1:
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
    return True
