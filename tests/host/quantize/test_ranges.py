# SPDX-License-Identifier: MIT
"""Ranges of values, by each method."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from midge.quantize import METHODS, scheme
from midge.quantize.ranges import Statistics, find_range


@given(st.lists(st.floats(-100, 100, width=32), min_size=2, max_size=200), st.sampled_from(METHODS))
def test_ranges_hold_zero_and_never_grow(values: list[float], method: str) -> None:
    found = Statistics()
    array = np.array(values, np.float32)
    found.add_extremes(array)
    found.add_histogram(array)
    low, high = find_range(found, method)
    assert min(float(array.min()), 0.0) - 1e-3 <= low <= 0.0 <= high <= max(float(array.max()), 0.0) + 1e-3
    q = scheme.parameters(low, high, "int8")
    assert -128 <= q.zero_point[0] <= 127 and q.scale[0] > 0


def test_outliers_are_cut_where_that_pays() -> None:
    values = np.random.default_rng(0).normal(size=100_000).astype(np.float32)
    values[0] = 100.0
    found = Statistics()
    found.add_extremes(values)
    found.add_histogram(values)
    assert find_range(found, "minmax")[1] == 100.0
    assert find_range(found, "percentile")[1] < 5.0
    assert find_range(found, "entropy")[1] < 60.0
    assert 60.0 < find_range(found, "mse")[1] < 100.0  # a square so far out weighs much
