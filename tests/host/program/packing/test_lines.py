# SPDX-License-Identifier: MIT
"""Lines give what requantising gives, for every sum that they are made for."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from midge.program.packing.lines import MOST_ADDED, SHIFT, Rounding, _first_inside, find_line


def requantised(channel: Rounding, sums: np.ndarray) -> np.ndarray:
    """Both roundings of core/arithmetic/requantize.h, and the activation."""
    high = (sums * channel.multiplier + 2**30) >> 31
    low = np.where(high < 0, 1, 0)
    rounded = (high + (1 << (channel.shift - 1)) - low) >> channel.shift
    clipped: np.ndarray = np.clip(rounded + channel.zero_point, channel.low, channel.high)
    return clipped


def on_line(line: tuple[int, int, int], sums: np.ndarray, scaled: int) -> np.ndarray:
    added, multiplier, rounding = line
    high = ((sums + added << scaled) * multiplier >> 32) + rounding
    clipped: np.ndarray = np.clip(high >> (SHIFT + scaled), -128, 127)
    return clipped


CHANNELS = st.builds(
    lambda multiplier, shift, zero, above, less: Rounding(multiplier, shift, zero, min(zero + above, 127), 127 - less),
    st.integers(2**30, 2**31 - 1), st.integers(5, 11), st.integers(-128, 99), st.integers(0, 20), st.integers(0, 27),
)


@given(CHANNELS, st.integers(-(2**17), 2**17), st.integers(0, 2**18), st.sampled_from((0, 8)))
def test_a_line_is_exact_for_every_sum(channel: Rounding, least: int, span: int, scaled: int) -> None:
    line = find_line(channel, least, least + span, SHIFT, scaled)
    if line is None:
        return
    sums = np.arange(least, least + span + 1, dtype=np.int64)
    found = np.clip(on_line(line, sums, scaled), channel.low, channel.high)
    assert 0 <= line[0] <= MOST_ADDED and 0 <= line[1] < 2**31 and abs(line[2]) < 2**31
    assert np.array_equal(found, requantised(channel, sums))


def test_nearly_all_channels_have_lines() -> None:
    rng = np.random.default_rng(0)
    found = [find_line(Rounding(int(m), int(s), -128, -128, 127), -(2**18), 2**18, SHIFT, 8 * (i % 2)) is not None
             for i, (m, s) in enumerate(zip(rng.integers(2**30, 2**31, 500), rng.integers(5, 10, 500), strict=True))]
    assert sum(found) >= 497


@given(st.integers(1, 300), st.integers(2, 300), st.data())
def test_the_first_multiple_inside_is_found(a: int, n: int, data: st.DataObject) -> None:
    low = data.draw(st.integers(0, n - 1))
    high = data.draw(st.integers(low, n - 1))
    first = next((x for x in range(n) if low <= a * x % n <= high), None)
    assert _first_inside(a, n, low, high) == first
