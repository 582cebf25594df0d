# SPDX-License-Identifier: MIT
"""The integer arithmetic of TensorFlow Lite Micro and gemmlowp, for the constants that the host works out.

Everything here is exact: the tables made with it are the bits that TFLM computes at run time. Values
are Python ints that stand for int32; a fixed-point number Qm.n is its raw int32. Sources: gemmlowp's
fixedpoint.h, TFLite's quantization_util.cc and the quantisation specification.
"""

from __future__ import annotations

import math

INT32_MAX = 2**31 - 1
INT32_MIN = -(2**31)


def round_half_away(x: float) -> int:
    """Return what C's round() does."""
    return math.floor(abs(x) + 0.5) * (1 if x >= 0 else -1)


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Return real as multiplier * 2^(shift - 31), 2^30 <= multiplier < 2^31, or (0, 0) for tiny values."""
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = round_half_away(fraction * 2**31)
    if multiplier == 2**31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    return multiplier, shift


def wrap32(x: int) -> int:
    """Return the int32 with the same low 32 bits."""
    return (x + 2**31) % 2**32 - 2**31


def high_mul(a: int, b: int) -> int:
    """Return a * b / 2^31 as SQRDMULH does: rounded to nearest, halves up; saturates only for min * min."""
    if a == INT32_MIN and b == INT32_MIN:
        return INT32_MAX
    return (a * b + 2**30) >> 31


def rounding_shift(x: int, n: int) -> int:
    """Return x / 2^n to nearest, halves away from zero."""
    remainder = x & ((1 << n) - 1)
    return (x >> n) + (remainder > ((1 << n) - 1 >> 1) + (x < 0))


def requantize(x: int, multiplier: int, shift: int) -> int:
    """Return x * multiplier * 2^(shift - 31), rounded twice as TFLM does."""
    return rounding_shift(high_mul(wrap32(x << max(shift, 0)), multiplier), max(-shift, 0))


def clamp(x: int, low: int, high: int) -> int:
    """Return x kept in [low, high]."""
    return min(max(x, low), high)


def shift_left(x: int, n: int) -> int:
    """Return x * 2^n, saturated."""
    return clamp(x << n, INT32_MIN, INT32_MAX)


def exp_on_negative(x: int, integer_bits: int) -> int:
    """Return exp of x <= 0 in Q(integer_bits); the result is Q0.31."""
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    below = (x & (quarter - 1)) - quarter  # in [-1/4, 0)
    result = _exp_near_zero(shift_left(below, integer_bits))
    remainder = wrap32(below - x)
    factors = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)  # exp(-1/4), exp(-1/2), ...
    for exponent, factor in zip(range(-2, 5), factors, strict=True):
        if integer_bits > exponent and remainder & (1 << (fraction_bits + exponent)):
            result = high_mul(result, factor)
    if integer_bits > 5 and x < -(1 << (fraction_bits + 5)):
        result = 0
    return INT32_MAX if x == 0 else result


def _exp_near_zero(a: int) -> int:
    """Return exp of a in [-1/4, 0), Q0.31: the Taylor series around -1/8 up to the fourth power."""
    at_minus_eighth, third = 1895147668, 715827883
    x = a + (1 << 28)
    x2 = high_mul(x, x)
    x3 = high_mul(x2, x)
    x4_over_4 = rounding_shift(high_mul(x2, x2), 2)
    tail = rounding_shift(high_mul(x4_over_4 + x3, third) + x2, 1)
    return wrap32(at_minus_eighth + high_mul(at_minus_eighth, x + tail))


def reciprocal_of_one_plus(a: int) -> int:
    """Return 1 / (1 + a) for a in [0, 1] of Q0.31, in Q0.31."""
    half = _half_sum(a, INT32_MAX)
    return shift_left(_newton(half), 1)


def _half_sum(a: int, b: int) -> int:
    total = a + b
    return (total + 1) // 2 if total >= 0 else -((-total + 1) // 2)


def _newton(half_denominator: int) -> int:
    """Return 1 / (2 * half_denominator) in Q2.29 with half_denominator in [1/2, 1] of Q0.31."""
    x = 1515870810 + high_mul(half_denominator, -1010580540)  # 48/17 - 32/17 d
    for _ in range(3):
        error = (1 << 29) - high_mul(half_denominator, x)
        x += shift_left(high_mul(x, error), 2)
    return x


def logistic(x: int, integer_bits: int) -> int:
    """Return 1 / (1 + exp(-x)) of x in Q(integer_bits), in Q0.31."""
    if x == 0:
        return 1 << 30
    positive = reciprocal_of_one_plus(exp_on_negative(-abs(x), integer_bits))
    return positive if x > 0 else INT32_MAX - positive


def tanh(x: int, integer_bits: int) -> int:
    """Return tanh of x in Q(integer_bits), in Q0.31."""
    if x == 0:
        return 0
    # exp(-2|x|): doubling is a reading of the same bits with one integer bit more.
    e = exp_on_negative(-abs(x), integer_bits + 1)
    # (1 - e) / (1 + e) = 2 / (1 + e) - 1, in Q2.29 before the last rescaling.
    y = shift_left(_newton(_half_sum(e, INT32_MAX)) - (1 << 29), 2)
    return y if x > 0 else -y


def input_radius(integer_bits: int, left_shift: int) -> int:
    """Return the largest |x| that still fits Q(integer_bits) once shifted."""
    return math.floor(((1 << integer_bits) - 1) * (1 << (31 - integer_bits)) / (1 << left_shift))


def inverse_sqrt(x: int) -> tuple[int, int]:
    """Return 1 / sqrt(x) as multiplier and shift (core/kernels/reduce/l2norm.c does the same)."""
    if x <= 1:
        return INT32_MAX, 0
    right = 11
    while x >= 1 << 29:
        x //= 4
        right += 1
    pairs = (32 - x.bit_length() - 1) // 2 - 1
    right -= pairs
    x = (x << 2 * pairs) >> 1
    half_x, root = (x + 1) >> 1, 1 << 28
    for _ in range(5):
        cube = shift_left(high_mul(high_mul(root, root), root), 6)
        root = shift_left(high_mul((1 << 28) + (1 << 27), root) - high_mul(half_x, cube), 3)
    root = high_mul(root, 1518500250)
    return (wrap32(root << -right), 0) if right < 0 else (root, -right)
