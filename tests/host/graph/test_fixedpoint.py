# SPDX-License-Identifier: MIT
"""The host's integer arithmetic against exact rationals and real functions."""

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from midge.graph import fixedpoint as fp

int32 = st.integers(fp.INT32_MIN, fp.INT32_MAX)


def away(x: Fraction) -> int:
    """Round halves away from zero."""
    return math.floor(abs(x) + Fraction(1, 2)) * (1 if x >= 0 else -1)


@given(int32, st.integers(0, 31))
def test_rounding_shift(x: int, n: int) -> None:
    assert fp.rounding_shift(x, n) == away(Fraction(x, 1 << n))


@given(int32, st.integers(0, fp.INT32_MAX))
def test_high_mul_is_within_half(a: int, b: int) -> None:
    exact = Fraction(a * b, 1 << 31)
    assert abs(fp.high_mul(a, b) - exact) <= Fraction(1, 2)


@given(st.floats(1e-9, 1e6))
def test_quantize_multiplier(real: float) -> None:
    multiplier, shift = fp.quantize_multiplier(real)
    assert multiplier == 0 or 2**30 <= multiplier < 2**31
    assert multiplier == 0 or math.isclose(multiplier * 2.0 ** (shift - 31), real, rel_tol=2**-30)


@given(st.integers(fp.INT32_MIN, 0))
def test_exp(x: int) -> None:
    assert abs(fp.exp_on_negative(x, 5) / 2**31 - math.exp(x / 2**26)) < 5e-7  # the error of gemmlowp's polynomial


@given(int32)
def test_logistic_and_tanh(x: int) -> None:
    real = x / 2**27
    assert abs(fp.logistic(x, 4) / 2**31 - 1 / (1 + math.exp(-real))) < 5e-7
    if abs(x) < 2**30:
        assert abs(fp.tanh(x, 4) / 2**31 - math.tanh(real)) < 5e-7
