# SPDX-License-Identifier: MIT
"""LAGGED on the core that boards run: every bit as the formula says, and near the real numbers that it stands for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midge.errors import UserError
from midge.graph import motion
from tests.support import motion as reference


def wanted(x: np.ndarray, lags: Sequence[int], floor: int) -> list[int]:
    """The formula at the head of kernels/motion/lagged.c, in Python's integers."""
    n, columns = len(x), [[int(v) for v in column] for column in x.T]
    means = [(sum(c) + n // 2) // n for c in columns]
    reach = max(max(max(c) - m, m - min(c)) for c, m in zip(columns, means, strict=True))
    s = next(s for s in range(20) if (reach + ((1 << s) >> 1)) >> s <= 1023)
    e = [[(v - m + ((1 << s) >> 1)) >> s for v in c] for c, m in zip(columns, means, strict=True)]
    energy = sum(v * v for c in e for v in c) + (n * floor * floor >> 2 * s)
    k = max(0, energy.bit_length() - 16)
    over = energy >> k
    sums = [sum(p * q for p, q in zip(a, b[lag:], strict=False)) >> k for lag in lags for a in e for b in e]
    return [reference.toward_zero(v << 14, over) if over else 0 for v in sums]


@given(st.integers(0, 2**32 - 1), st.integers(2, 300), st.integers(1, 6), st.sampled_from([0, 1, 100, 65535]),
       st.sampled_from([0, 1, 100, 5000, 60000]))
def test_lagged(seed: int, samples: int, axes: int, floor: int, level: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, level, (samples, axes + 2)) + rng.integers(-32768, 32768) / int(rng.choice([1, 50]))
    x = np.clip(np.round(x), -32768, 32767).astype(np.int16)
    first = int(rng.integers(0, 3))
    lags = [int(lag) for lag in rng.integers(0, samples, rng.integers(1, 5))]
    made = reference.converted(x.shape, lambda build, i: motion.lagged(build, i, lags, floor, first, axes))
    (found,) = reference.answers(made, x)
    assert found.reshape(-1).tolist() == wanted(x[:, first:first + axes], lags, floor)


def test_lagged_is_near_the_real_numbers() -> None:
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(0, 800, (96, 3)).cumsum(axis=0) / 4).astype(np.int16)
    d = x - x.mean(axis=0)
    lags = [0, 2, 5]
    made = reference.converted(x.shape, lambda build, i: motion.lagged(build, i, lags))
    (found,) = reference.answers(made, x)
    real = np.stack([d[: 96 - lag].T @ d[lag:] for lag in lags]) / (d**2).sum()
    np.testing.assert_allclose(found / 2**14, real, atol=2e-3)


@pytest.mark.parametrize("lags", [[96], [0, 100]])
def test_lags_that_no_window_has(lags: list[int]) -> None:
    with pytest.raises(UserError, match="0 to 95 can run"):
        reference.converted((96, 3), lambda build, i: motion.lagged(build, i, lags))
