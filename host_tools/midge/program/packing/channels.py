# SPDX-License-Identifier: MIT
"""Short requantisation: when it is exact, and the channel table that it reads (core/kernels/linear/channels.h)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...lowering.program import Step


def largest_accumulators(step: Step) -> np.ndarray:
    """Return a bound on each output channel's accumulator, bias included: int64 [out_c]."""
    channels = step.params["out_c"]
    bias = np.frombuffer(step.constants["channels_at"], "<i4", channels).astype(np.int64)
    weights = np.frombuffer(step.constants["weights_at"], np.int8).astype(np.int64)
    by_channel = weights.reshape(channels, -1) if step.op.name == "CONV_2D" else weights.reshape(-1, channels).T
    return np.asarray(np.abs(bias) + 128 * np.abs(by_channel).sum(axis=1))


def short_requantisation_is_exact(step: Step) -> bool:
    """Tell whether accumulators stay below 2^30 and shifts between -22 and -1, as mg_requantize_short wants."""
    if step.params["weights_zero_point"] != 0:
        return False
    channels = step.params["out_c"]
    shift = np.frombuffer(step.constants["channels_at"], np.int8, channels, offset=8 * channels)
    return bool(largest_accumulators(step).max() < 2**30 and shift.max() <= -1 and shift.min() >= -22)


def shorten_channels(step: Step) -> None:
    """Return the channel table as channels.h wants it beside a packed layout."""
    channels, table = step.params["out_c"], step.constants["channels_at"]
    bias, multiplier = np.frombuffer(table, "<i4", 2 * channels).reshape(2, -1)
    shift = -np.frombuffer(table, np.int8, channels, offset=8 * channels).astype(np.int32)
    rounding = (1 << (shift - 1)) + (step.params["out_zero_point"] << shift)
    step.constants["channels_at"] = np.stack([bias, multiplier, rounding, shift], axis=1).astype("<i4").tobytes()


def fine_requantisation_is_exact(step: Step) -> bool:
    """Tell whether requantisation is as mg_requantize_fine wants it: accumulators below 2^28, too."""
    return short_requantisation_is_exact(step) and bool(largest_accumulators(step).max() < 2**28)


def fine_channels(step: Step, flags: int | npt.NDArray[np.int32] = 0) -> bytes:
    """Return the channel table as swar_channels.h has it; flags are added to each channel's shift."""
    channels, table = step.params["out_c"], step.constants["channels_at"]
    bias, multiplier = np.frombuffer(table, "<i4", 2 * channels).reshape(2, -1)
    shift = 1 - np.frombuffer(table, np.int8, channels, offset=8 * channels).astype(np.int32)
    rounding = 1 + (1 << (shift - 1)) + (step.params["out_zero_point"] << shift)
    return np.stack([bias, multiplier, rounding, shift + flags], axis=1).astype("<i4").tobytes()
