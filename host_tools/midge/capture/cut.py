# SPDX-License-Identifier: MIT
"""Where something moves: motion that starts a take, and the takes in a long recording.

How much a sample moves is how far it is from the mean of the half second before it, in shares of what the columns do
at rest, so that neither gravity nor a gyroscope's drift counts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import UserError
from ..samples.take_format import Samples

_MEMORY_S = 0.5
_MOTION = {"g": 0.15, "dps": 30.0}  # more than a hand at rest, less than any gesture
_CLEAR = 2  # times that: what a take in a recording reaches; a hand that only holds moves less
_BEFORE = 0.2  # of a take lies before the motion that starts it


def thresholds(units: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Return from which distance a value of each column is motion; columns of other units never are."""
    return np.array([_MOTION.get(unit, np.inf) for unit in units], np.float32)


def motion(samples: Samples, rate_hz: float, units: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Return how much each sample moves, [samples]: 1 is the threshold. samples: float32 [samples, columns]."""
    if not len(samples):
        return np.zeros(0, np.float32)
    n = max(round(_MEMORY_S * rate_hz), 1)
    sums = np.concatenate([np.zeros((1, samples.shape[1])), np.cumsum(samples, 0, np.float64)])
    ends = np.arange(len(samples))
    starts = np.maximum(ends - n, 0)
    before = (sums[ends] - sums[starts]) / np.maximum(ends - starts, 1)[:, None]
    before[0] = samples[0]
    return np.asarray((np.abs(samples - before) / thresholds(units)).max(1), np.float32)


class Trigger:
    """Wait for motion in a stream of samples, and keep what a take has before it.

    length  samples of a take
    """

    def __init__(self, length: int, rate_hz: float, units: tuple[str, ...]) -> None:
        self.length, self.rate_hz, self.units = length, rate_hz, units
        self.before = int(_BEFORE * length)
        self._memory = max(round(_MEMORY_S * rate_hz), 1)
        self._seen: deque[npt.NDArray[np.float32]] = deque(maxlen=max(self.before, self._memory) + 1)
        self._take: list[npt.NDArray[np.float32]] | None = None

    @property
    def started(self) -> bool:
        """Whether the motion has begun."""
        return self._take is not None

    def feed(self, block: Samples) -> Samples | None:
        """Take in samples; return a take, float32 [length, columns], once one is whole."""
        for row in block:
            if self._take is not None:
                self._take.append(row)
            else:
                self._seen.append(row)
                if len(self._seen) > self._memory and self._moves():
                    self._take = list(self._seen)[-self.before - 1 :]
            if self._take is not None and len(self._take) >= self.length:
                return np.stack(self._take[: self.length])
        return None

    def _moves(self) -> bool:
        recent = np.stack(list(self._seen)[-self._memory - 1 :])
        return bool(motion(recent, self.rate_hz, self.units)[-1] >= 1)


@dataclass(frozen=True)
class Cut:
    """A stretch of a recording, [start, end) in samples."""

    start: int
    end: int
    idle: bool = False


def cut_takes(samples: Samples, rate_hz: float, units: tuple[str, ...], length: int) -> list[Cut]:
    """Return takes of `length` samples, one where something moves, centred on it, and none that overlap.

    Motions with less than a quarter of a second between them are one. Raises UserError where no column can tell motion.
    """
    if not np.isfinite(thresholds(units)).any():
        raise UserError(f"units {','.join(units)}: motion is only seen in g and dps; cut this recording by hand")
    takes: list[Cut] = []
    moves = motion(samples, rate_hz, units)
    for start, end in _stretches(moves >= 1, max(round(rate_hz / 4), 1)):
        if moves[start:end].max() < _CLEAR:
            continue
        first = min(max((start + end - length) // 2, 0), len(samples) - length)
        if takes and first < takes[-1].end:  # near the one before: as soon as that one ends
            first = takes[-1].end
        if first >= 0 and first + length <= len(samples) and first < end:
            takes.append(Cut(first, first + length))
    return takes


def cut_pauses(
    samples: Samples, rate_hz: float, units: tuple[str, ...], length: int, takes: list[Cut]
) -> list[Cut]:
    """Return stretches of `length` samples between takes in which nothing moves clearly."""
    moves = motion(samples, rate_hz, units) >= _CLEAR
    for take in takes:
        moves[take.start : take.end] = True
    return [Cut(at, at + length, True) for start, end in _stretches(~moves, 0)
            for at in range(start, end - length + 1, length)]


def _stretches(on: npt.NDArray[np.bool_], gap: int) -> list[tuple[int, int]]:
    """Return [start, end) of each run of True; runs that fewer than `gap` others part are one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(np.int8), [0]])))
    runs: list[tuple[int, int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if runs and start - runs[-1][1] < gap:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs
