# SPDX-License-Identifier: MIT
"""Adam with decoupled decay, its rate going down a cosine (Loshchilov and Hutter 2019, ICLR), in NumPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BETA_1, BETA_2, EPSILON = 0.9, 0.99, 1e-8


class Adam:
    """Steps down a loss. values: the parameters, whose matrices decay and whose vectors do not.

    rate: the highest; steps: how many there will be, after which the rate is 0.
    """

    def __init__(self, values: Sequence[np.ndarray], rate: float, decay: float, steps: int) -> None:
        self.values = list(values)
        self.rate, self.decay, self.steps, self.done = rate, decay, steps, 0
        self._first = [np.zeros_like(v) for v in values]
        self._second = [np.zeros_like(v) for v in values]

    def step(self, slopes: Sequence[np.ndarray]) -> None:
        """Go one step against the loss's derivatives by each parameter, which it replaces by new arrays."""
        self.done += 1
        rate = self.rate * 0.5 * (1 + np.cos(np.pi * self.done / self.steps))
        for i, slope in enumerate(slopes):
            first = self._first[i] = BETA_1 * self._first[i] + (1 - BETA_1) * slope
            second = self._second[i] = BETA_2 * self._second[i] + (1 - BETA_2) * slope * slope
            step = (first / (1 - BETA_1**self.done)) / (np.sqrt(second / (1 - BETA_2**self.done)) + EPSILON)
            value = self.values[i]
            self.values[i] = (value - rate * (step + (self.decay * value if value.ndim > 1 else 0))).astype(value.dtype)
