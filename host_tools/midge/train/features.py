# SPDX-License-Identifier: MIT
"""What a network sees of a window: features that the device's core computes, in training as on the board.

A front end is a graph from raw samples to an int16 vector. Training runs it on the core of this machine, whose bits are
those of every board, so there is no second implementation that could differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..convert.pipeline import convert_graph
from ..core.batch import to_raw
from ..core.binding import Model
from ..graph import Quantization, Tensor, motion
from ..graph.builder import Builder
from .augment import triples_of

BANDS, FRAME = range(1, 9), 16  # in cycles a frame, of samples
LAGS_S = (0.04, 0.08, 0.12, 0.18, 0.24, 0.32, 0.4)  # times from one stroke of a hand to the next
GESTURE_LAGS_S = (0.04, 0.12, 0.24, 0.4)  # fewer do as well there, and take half the instructions
PULSES, PULSE_S = (1, 2), 0.32  # cycles a frame, and its seconds: what tells moving from resting
FLOOR = 0.05  # of a movement's size: below it lies noise, whose correlations say nothing
MOST_FLOOR = (1 << 22) - 1  # what LAGGED takes
MOST_AXES = 3  # of one group: more axes of one device would give the square of their number


@dataclass(frozen=True)
class Signal:
    """What comes in. full_scale: the reals that 2^15 stands for in each column."""

    samples: int
    columns: tuple[str, ...]
    rate_hz: float
    full_scale: tuple[float, ...]
    size: tuple[float, ...]  # of the movements in each column, in its units
    goes_on: bool = False  # what it shows has no beginning and no end, as walking or a motor: frequencies tell it

    @property
    def is_even(self) -> bool:
        """Tell whether all columns have one scale, so that raw samples go in as they are."""
        return len(set(self.full_scale)) == 1

    @property
    def groups(self) -> list[tuple[int, int]]:
        """The columns that belong together, as first column and count: an x, y, z each, or up to three others."""
        triples = triples_of(self.columns)
        if len(triples) * 3 == len(self.columns):
            return [(first, 3) for first in triples]
        return [(first, min(MOST_AXES, len(self.columns) - first)) for first in range(0, len(self.columns), MOST_AXES)]


def full_scale_of(values: np.ndarray, ranges: Sequence[float], groups: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    """Return what 2^15 stands for in each column: the sensor's range, else a power of two beyond what was seen.

    values: [n, samples, columns]. Columns of one group, which are of one sensor, share the largest.
    """
    seen = np.abs(values).max(axis=(0, 1))
    found = np.zeros(values.shape[2])
    for first, count in groups:
        inside = slice(first, first + count)
        top = max(float(np.max(seen[inside])), 1e-9) * 1.25
        found[inside] = max(ranges[inside]) if ranges else 2.0 ** math.ceil(math.log2(top))
    return tuple(float(f) for f in found)


def to_counts(x: np.ndarray, signal: Signal) -> np.ndarray:
    """Return windows of reals [n, samples, columns] as the int16 that the features are computed from."""
    if signal.is_even:
        return to_raw(x, "int16", signal.full_scale[0] / 32768, 0)
    return to_raw(np.asarray(x, np.float32) * _factors(signal), "int16", 1 / 32768, 0)


def _factors(signal: Signal) -> np.ndarray:
    return np.array([1 / scale for scale in signal.full_scale], np.float32)


def quantized(scale: float) -> Quantization:
    """Return a scale without a zero point."""
    return Quantization(np.array([scale], np.float32), np.array([0], np.int64))


def add_input(build: Builder, signal: Signal) -> tuple[Tensor, Tensor]:
    """Return a network's input, and the int16 samples [samples, columns] that the features are computed from.

    Where columns have different units the input is float32, and each column is divided by its own range.
    """
    shape = (signal.samples, len(signal.columns))
    if signal.is_even:
        x = Tensor("samples", shape, "int16", quantized(signal.full_scale[0] / 32768))
        return x, x
    x = Tensor("samples", shape, "float32")
    even = build.binary("MUL", x, build.constant(_factors(signal)), "even")
    return x, build.add("QUANTIZE", [even], shape, "counts", "int16", quantized(1 / 32768))


def add_features(build: Builder, counts: Tensor, signal: Signal, patterns: Sequence[motion.Pattern] = ()) -> Tensor:
    """Add moments and lagged products of each group of axes, the energies of bands of what goes on, and patterns.

    Of gestures, whose beginning and end are rest, there are the least and the largest energies of short frames instead.
    Returns int16 [features], with these before those of patterns, which are last.
    """
    parts = []
    lags = lags_of(signal)
    for first, axes in signal.groups:
        parts.append(motion.moments(build, counts, first, axes, magnitude=axes == 3 and signal.goes_on, dead_band=0))
        parts.append(motion.lagged(build, counts, lags, first, axes, _floor(signal, first, axes)))
        if signal.goes_on:
            parts.append(motion.bands(build, counts, BANDS, FRAME, FRAME // 2, first, axes))
    parts += _pulses(build, counts, signal)
    if patterns:
        parts.append(motion.random_conv(build, counts, patterns))
    flat = [build.reshape(part, [part.elements]) if len(part.shape) > 1 else part for part in parts]
    return build.concatenate(flat, 0, "features") if len(flat) > 1 else flat[0]


def _pulses(build: Builder, counts: Tensor, signal: Signal) -> list[Tensor]:
    frame = pulse_of(signal)
    holds = ("min", "max") if frame else ()
    return [motion.bands(build, counts, PULSES, frame, frame, hold=hold) for hold in holds]


def pulse_of(signal: Signal) -> int:
    """Return the samples of a short frame, 0 where none are looked at: of what goes on, and of few samples."""
    frame = max(round(PULSE_S * signal.rate_hz / 4), 1) * 4
    return frame if not signal.goes_on and 4 < frame <= min(256, signal.samples // 2) else 0


def lags_of(signal: Signal) -> list[int]:
    """Return the lags in samples, of which none is longer than half a window."""
    times = LAGS_S if signal.goes_on else GESTURE_LAGS_S
    return sorted({min(round(s * signal.rate_hz), signal.samples // 2) for s in times})


def _floor(signal: Signal, first: int, axes: int) -> int:
    """Return the energy a sample, in counts squared, of a movement that is hardly one."""
    sizes = [signal.size[i] / signal.full_scale[i] for i in range(first, first + axes)]
    return min(max(1, round((FLOOR * 32768) ** 2 * sum(s * s for s in sizes))), MOST_FLOOR)


class FrontEnd:
    """The features of a signal, on the core that boards run."""

    def __init__(self, signal: Signal, patterns: Sequence[motion.Pattern] = ()) -> None:
        self.signal, self.patterns = signal, patterns
        build = Builder("features")
        shape = (signal.samples, len(signal.columns))
        x = Tensor("samples", shape, "int16", quantized(1 / 32768))
        made = convert_graph(build.graph([x], [add_features(build, x, signal, patterns)]), [], "features", 0)
        pulses = 2 * len(PULSES) * len(signal.columns) if pulse_of(signal) else 0
        self.count = made.program.graph.outputs[0].elements
        end = self.count - sum(len(p.limits) for p in patterns)
        self.pulses = slice(end - pulses, end)  # which features are of short frames
        self._model = Model(made.blob, checksum=False)

    def run(self, windows: np.ndarray) -> np.ndarray:
        """Return the features, int16 [n, features], of windows of reals [n, samples, columns]."""
        counts = np.ascontiguousarray(to_counts(windows, self.signal))
        found = np.empty((len(counts), self.count), np.int16)
        for row, out in zip(counts, found, strict=True):
            self._model.run([row.view(np.uint8).reshape(-1)], [out.view(np.uint8)])
        return found
