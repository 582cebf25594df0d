# SPDX-License-Identifier: MIT
"""Positive numbers that are not known exactly: a value, and the standard deviation of its logarithm.

Figures of power differ by factors, so errors are taken as factors: intervals are value / f to value * f. Products add
variances; sums weigh them by what each part contributes (both to first order, as independent).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..targets.power import Figure

NORMAL_90 = 1.645  # nine in ten of a normal distribution lie within so many standard deviations


@dataclass(frozen=True)
class Uncertain:
    """A number with its interval, which holds nine in ten."""

    value: float
    error: float = 0.0  # the standard deviation of the logarithm

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return self.value * math.exp(-NORMAL_90 * self.error)

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return self.value * math.exp(NORMAL_90 * self.error)

    def __mul__(self, other: Uncertain | float) -> Uncertain:
        if isinstance(other, Uncertain):
            return Uncertain(self.value * other.value, math.hypot(self.error, other.error))
        return Uncertain(self.value * other, self.error)

    __rmul__ = __mul__

    def __truediv__(self, other: Uncertain | float) -> Uncertain:
        if isinstance(other, Uncertain):
            return Uncertain(self.value / other.value, math.hypot(self.error, other.error))
        return Uncertain(self.value / other, self.error)


def of(figure: Figure) -> Uncertain:
    """Return a published figure; its interval becomes one of equal factors up and down."""
    return Uncertain(figure.value, math.log(figure.high / figure.low) / (2 * NORMAL_90))


def total(parts: Iterable[Uncertain]) -> Uncertain:
    """Return the sum of independent parts."""
    parts = list(parts)
    value = sum(part.value for part in parts)
    if not value:
        return Uncertain(0.0)
    return Uncertain(value, math.sqrt(sum((part.value * part.error) ** 2 for part in parts)) / value)
