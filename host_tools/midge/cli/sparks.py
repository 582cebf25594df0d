# SPDX-License-Identifier: MIT
"""Curves in a line of text each, for what comes from a sensor or a network while one watches."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_LEVELS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[float] | npt.NDArray[np.float32], low: float, high: float) -> str:
    """Return a character for each value: the lowest level for `low` and less, the highest for `high` and more.

    >>> spark([0, 0.5, 1, 2], 0, 1)
    '▁▅██'
    """
    span = max(high - low, 1e-9)
    levels = np.clip((np.asarray(values, float) - low) / span * len(_LEVELS), 0, len(_LEVELS) - 1)
    return "".join(_LEVELS[int(level)] for level in levels)


class Trace:
    """The latest values of some columns. width: characters in a line; each shows the latest of `step` samples."""

    def __init__(self, columns: Sequence[str], width: int, step: int) -> None:
        self.columns, self.step = list(columns), max(step, 1)
        self._rows: deque[npt.NDArray[np.float32]] = deque(maxlen=max(width, 8))
        self._skipped = 0

    def feed(self, block: npt.NDArray[np.float32]) -> None:
        """Take in samples, [samples, columns]."""
        for row in block:
            self._skipped += 1
            if self._skipped >= self.step:
                self._skipped = 0
                self._rows.append(row)

    def lines(self) -> list[str]:
        """Return a line for each column: its name, its curve between the extremes that are shown, its latest value."""
        if not self._rows:
            return [f"{name:>4}" for name in self.columns]
        values = np.stack(list(self._rows))
        return [f"{name:>4} {spark(values[:, i], values[:, i].min(), values[:, i].max())} {values[-1, i]:+.2f}"
                for i, name in enumerate(self.columns)]
