# SPDX-License-Identifier: MIT
"""Channels as lines: requantisation without its two roundings (core/loops/loops.h).

Requantising is a step function of the sum: output j begins at a sum T(j). A line

    (x + added) * multiplier / 2^32 + rounding >> shift

gives the same outputs if it reaches j at T(j), and not before: as the sums are integers, there is room between two of
them. With offset = added * multiplier + rounding * 2^32 and n = 32 + shift that is, for each j,

    T(j) * multiplier + offset >= j * 2^n > (T(j) - 1) * multiplier + offset

So a multiplier leaves an interval of offsets. `rounding` gives them in coarse steps, and `added`, which the bias takes,
is the smallest number whose multiples reach the interval. A line is kept only if it holds for every sum that the
layer's weights and bias can give.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...lowering.program import Step
from .channels import largest_accumulators

SHIFT = 4  # MG_LINE_SHIFT
MOST_ADDED = 2**18
SLOPES = np.array(sorted(range(-64, 65), key=abs), np.int64)  # what may be added to the multiplier, the least first


@dataclass(frozen=True)
class Rounding:
    """What a channel computes: outputs from low to high around a zero point, with multiplier and shift to the right."""

    multiplier: int
    shift: int
    zero_point: int
    low: int
    high: int


def find_line(channel: Rounding, least: int, most: int, shift: int, scaled: int) -> tuple[int, int, int] | None:
    """Return what is added, multiplier and rounding of a line for sums from least to most, or None if none was found.

    shift: of the line, for the sums themselves. scaled: they are given times 2^scaled, and shifted by so much more.
    """
    outputs, starts, first = _starts(channel, least, most)
    if len(outputs) == 0:
        return 0, 0, first << (shift + scaled)
    by = 1 + shift - channel.shift
    slope = channel.multiplier << by if by >= 0 else channel.multiplier + (1 << (-by - 1)) >> -by
    slopes = slope + SLOPES
    slopes = slopes[(slopes > 0) & (slopes < 2**31)]
    unit = 1 << (32 + shift)
    for some in (slopes[:1], slopes[1:]):  # mostly the first will do
        lowest = (outputs * unit - starts * some[:, None]).max(axis=1)
        highest = (outputs * unit - (starts - 1) * some[:, None]).min(axis=1) - 1
        if outputs[0] - 1 > channel.low:
            lowest = np.maximum(lowest, int(outputs[0] - 1) * unit - least * some)
        if outputs[-1] < channel.high:
            highest = np.minimum(highest, int(outputs[-1] + 1) * unit - most * some - 1)
        step = 1 << (32 - scaled)
        for multiplier, low, high in zip(some.tolist(), lowest.tolist(), highest.tolist(), strict=True):
            added = _first_inside(multiplier, step, low % step, low % step + high - low) if low <= high else None
            if added is not None and added <= MOST_ADDED:
                return added, multiplier, -((added * multiplier - low) // step)
    return None


def _starts(channel: Rounding, least: int, most: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the outputs that begin at one of these sums, with their first sums, and the output of the least sum."""
    outputs = np.arange(channel.low + 1, channel.high + 1, dtype=np.int64)
    if channel.multiplier == 0:
        return outputs[:0], outputs[:0], channel.zero_point
    half = (1 << 30) + (1 << (channel.shift + 30))
    starts = -((half - ((outputs - channel.zero_point) << (31 + channel.shift))) // channel.multiplier)
    inside = (starts > least) & (starts <= most)
    return outputs[inside], starts[inside], channel.low + int((starts <= least).sum())


def _first_inside(a: int, n: int, low: int, high: int) -> int | None:
    """Return the smallest x >= 0 of which a * x modulo n is from low to high, 0 <= low < n, by Euclid's way."""
    if low == 0 or high >= n:
        return 0
    a %= n
    if a == 0:
        return None
    if 2 * a > n:
        a, low, high = n - a, n - high, n - low
    x = -(-low // a)
    if x * a <= high:
        return x
    turns = _first_inside(-n % a, a, low % a, high % a)
    return None if turns is None else -(-(low + n * turns) // a)


def find_lines(step: Step) -> list[tuple[int, int, int]] | None:
    """Return of each channel what its bias takes, multiplier and rounding. None if a channel has no line, or if outputs
    may lie below the zero point, where halves are rounded the other way.

    step: with plain weights and channel table. Every second channel's sums are 256-fold.
    """
    p, table = step.params, step.constants["channels_at"]
    zero, low, high, channels = p["out_zero_point"], p["act_min"], p["act_max"], p["out_c"]
    if low < zero or largest_accumulators(step)[1::2].max(initial=0) >= 2**23 - MOST_ADDED:
        return None
    least, most = _extreme_sums(step)
    multipliers = np.frombuffer(table, "<i4", channels, offset=4 * channels).tolist()
    shifts = np.frombuffer(table, np.int8, channels, offset=8 * channels).tolist()
    found = []
    for c in range(channels):
        channel = Rounding(multipliers[c], -shifts[c], zero, low, high)
        line = find_line(channel, int(least[c]), int(most[c]), SHIFT, 8 * (c % 2))
        if line is None:
            return None
        found.append(line)
    return found


def _extreme_sums(step: Step) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the largest sum of each channel, bias included: int64 [out_c]."""
    channels = step.params["out_c"]
    bias = np.frombuffer(step.constants["channels_at"], "<i4", channels).astype(np.int64)
    weights = np.frombuffer(step.constants["weights_at"], np.int8).reshape(channels, -1).astype(np.int64)
    ends = np.stack([-128 * weights, 127 * weights])
    return bias + ends.min(axis=0).sum(axis=1), bias + ends.max(axis=0).sum(axis=1)
