# SPDX-License-Identifier: MIT
"""From what a tensor's values were on the samples to the range that its integers shall cover.

minmax takes the extremes of all samples, average the mean of each sample's. The others work on a histogram of 2048
bins. All but minmax may leave rare values outside, which then saturate, so that the steps for all others become finer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

BINS = 2048
METHODS = ("minmax", "average", "percentile", "entropy", "mse")
PERCENTILE = 99.99  # of the values that stay inside


@dataclass
class Statistics:
    """What one tensor's values were: extremes, a histogram between them, and sums over the samples."""

    low: float = np.inf
    high: float = -np.inf
    samples: int = 0
    sum_low: float = 0.0  # of the extremes of each sample
    sum_high: float = 0.0
    bins: np.ndarray = field(default_factory=lambda: np.zeros(BINS, np.int64))
    total: np.ndarray | None = None  # of each element, float64, flat
    channel_low: np.ndarray | None = None  # of each entry of the last axis
    channel_high: np.ndarray | None = None
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)  # those found already, by method

    def add_extremes(self, values: np.ndarray) -> None:
        """Take in extremes and sums, the first time through."""
        rows = values.reshape(-1, values.shape[-1] if values.ndim else 1)
        low, high = rows.min(axis=0), rows.max(axis=0)
        self._take(low, high, rows.reshape(-1).astype(np.float64), 1)
        self.sum_low += float(low.min())
        self.sum_high += float(high.max())

    def merge_extremes(self, other: Statistics) -> None:
        """Take in the extremes and sums of other samples."""
        if other.total is not None and other.channel_low is not None and other.channel_high is not None:
            self._take(other.channel_low, other.channel_high, other.total, other.samples)
            self.sum_low += other.sum_low
            self.sum_high += other.sum_high

    def _take(self, low: np.ndarray, high: np.ndarray, total: np.ndarray, samples: int) -> None:
        if self.total is None or self.channel_low is None or self.channel_high is None:
            self.channel_low, self.channel_high, self.total = low, high, total
        else:
            self.channel_low = np.minimum(self.channel_low, low)
            self.channel_high = np.maximum(self.channel_high, high)
            self.total += total
        # NumPy's, because Python's min and max lose a NaN.
        self.low, self.high = float(np.minimum(self.low, low.min())), float(np.maximum(self.high, high.max()))
        self.samples += samples

    def add_histogram(self, values: np.ndarray) -> None:
        """Take in histograms, the second time through, when the extremes are known."""
        width = self.high - self.low
        if width > 0:
            places = ((values.reshape(-1) - np.float32(self.low)) * np.float32(BINS / width)).astype(np.int32)
            self.bins += np.bincount(np.minimum(places, BINS - 1), minlength=BINS)

    def range_by(self, method: str) -> tuple[float, float]:
        """Return the range that a method finds, worked out once."""
        if method not in self.ranges:
            self.ranges[method] = find_range(self, method)
        return self.ranges[method]

    def mean(self, channels: int) -> np.ndarray:
        """Return the mean of each channel, whatever shape the reader sees."""
        assert self.total is not None
        means: np.ndarray = (self.total / self.samples).reshape(-1, channels).mean(axis=0)
        return means


def find_range(s: Statistics, method: str, steps: int = 255) -> tuple[float, float]:
    """Return the range to cover, with 0 in it. steps: how many the integers have, 255 of 8 bits."""
    if s.high <= s.low or method == "minmax" or (method != "average" and not s.bins.any()):
        return min(s.low, 0.0), max(s.high, 0.0)
    if method == "average":
        return min(s.sum_low / s.samples, 0.0), max(s.sum_high / s.samples, 0.0)
    low, high = _FINDERS[method](s, steps)
    return min(low, 0.0), max(high, 0.0)


def _edges(s: Statistics) -> np.ndarray:
    return np.linspace(s.low, s.high, BINS + 1)


def _percentile(s: Statistics, steps: int) -> tuple[float, float]:
    """Leave out the same share of values above and below, together 1 - PERCENTILE."""
    inside = np.cumsum(s.bins) / s.bins.sum()
    cut = (1 - PERCENTILE / 100) / 2
    edges = _edges(s)
    first, last = int(np.searchsorted(inside, cut, "right")), int(np.searchsorted(inside, 1 - cut, "left"))
    return float(edges[first]), float(edges[min(last, BINS - 1) + 1])


def _candidates(s: Statistics) -> list[tuple[float, float]]:
    """Return ranges to try: both limits drawn in, each by itself where there are two."""
    shares = np.concatenate([np.linspace(1.0, 0.5, 26), np.linspace(0.47, 0.11, 13)])
    lows = [s.low * f for f in shares] if s.low < 0 else [s.low]
    highs = [s.high * f for f in shares] if s.high > 0 else [s.high]
    return [(lo, hi) for lo in lows for hi in highs]


def _mse(s: Statistics, steps: int) -> tuple[float, float]:
    """Return the range with the least mean square of rounding and saturation together.

    Inside, rounding costs step^2 / 12; outside, a value costs its squared distance. Exact zeros, of which a relu
    makes many, cost nothing.
    """
    edges = _edges(s)
    centres = (edges[:-1] + edges[1:]) / 2
    weight = s.bins.astype(np.float64)
    # What is above t costs sum(w (x - t)^2) = S2 - 2 t S1 + t^2 S0 with sums over x > t; likewise below.
    sums = [np.concatenate([[0.0], np.cumsum(weight * centres**k)]) for k in range(3)]
    zeros = weight[(edges[:-1] <= 0) & (edges[1:] >= 0)].sum() if s.low >= 0 else 0.0

    def beyond(t: float, above: bool) -> float:
        at = int(np.searchsorted(centres, t, "right"))
        s0, s1, s2 = ((c[-1] - c[at]) if above else c[at] for c in sums)
        return float(s2 - 2 * t * s1 + t * t * s0)

    best, least = (s.low, s.high), np.inf
    for low, high in _candidates(s):
        step = (max(high, 0.0) - min(low, 0.0)) / steps
        first, last = np.searchsorted(centres, [low, high])
        inside = sums[0][last] - sums[0][first] - zeros
        cost = inside * step * step / 12
        cost += beyond(high, True) if high < s.high else 0.0
        cost += beyond(low, False) if low > s.low else 0.0
        if cost < least:
            best, least = (low, high), cost
    return best


def _entropy(s: Statistics, steps: int) -> tuple[float, float]:
    """Return the range whose quantised histogram tells most about the true one: least Kullback-Leibler divergence.

    Values beyond a threshold, the same for both signs, are counted to the last ones inside.
    Idea: Migacz, "8-bit inference with TensorRT", GTC 2017.
    """
    edges = _edges(s)
    centres = (edges[:-1] + edges[1:]) / 2
    weight = s.bins.astype(np.float64)
    if s.low >= 0:
        weight[0] = 0.0  # what a relu cut off is exact in any range
    nonzero = weight > 0
    if not nonzero.any():
        return s.low, s.high
    best, least = (s.low, s.high), np.inf
    for share in np.linspace(1.0, 0.1, 91):
        reach = share * max(-s.low, s.high)
        low, high = min(max(s.low, -reach), 0.0), max(min(s.high, reach), 0.0)
        width = (high - low) / (steps + 1)
        if width <= 0:
            continue
        inside = (centres >= low) & (centres <= high)
        target = np.where(inside, weight, 0.0)
        held = np.flatnonzero(inside)
        if not len(held):
            continue
        target[held[0]] += weight[: held[0]].sum()
        target[held[-1]] += weight[held[-1] + 1 :].sum()
        level = np.clip(((centres - low) / width).astype(np.int64), 0, steps)
        share_of = np.bincount(level[inside], weight[inside], steps + 1)
        filled = np.bincount(level[inside & nonzero], minlength=steps + 1)
        spread = np.where(inside & nonzero, share_of[level] / np.maximum(filled[level], 1), 0.0)
        p, q = target / target.sum(), spread / max(spread.sum(), 1e-30)
        seen = p > 0
        cost = float(np.sum(p[seen] * np.log(p[seen] / np.maximum(q[seen], 1e-12))))
        if cost < least - 1e-12:
            best, least = (low, high), cost
    return best


_FINDERS: dict[str, Callable[[Statistics, int], tuple[float, float]]] = {
    "percentile": _percentile, "entropy": _entropy, "mse": _mse,
}
