# SPDX-License-Identifier: MIT
"""Nodes that turn movements into features and features into answers; their arithmetic is that of core/kernels/motion/.

Samples are int16 counts [samples, columns]. Features are int16 too, each in a fixed-point format of its own, so they
have no quantisation: what goes into a layer passes `standardize` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .builder import Builder
from .graph import Quantization, Tensor

MOMENTS = ("mean", "rms", "skewness", "kurtosis", "min", "max", "crossings")
HOLDS = ("max", "mean", "min")  # of BANDS

# Which three of a pattern's nine weights are 2, in MiniRocket's order: all 84.
TAPS = tuple(combinations(range(9), 3))


@dataclass(frozen=True)
class Pattern:
    """A pattern of random_conv: taps, one of TAPS; the columns that it adds up; limits, each of which is a feature.

    padded: counts over all samples, as if there were zeros around them, instead of where all nine values are inside.
    """

    taps: tuple[int, int, int]
    dilation: int
    columns: tuple[int, ...]
    limits: tuple[int, ...]
    padded: bool = False


def _axes(x: Tensor, first: int, axes: int | None) -> int:
    """Return how many columns are meant. Raises ValueError where x has not so many."""
    if x.dtype != "int16" or len(x.shape) != 2:
        raise ValueError(f"'{x.name}' is {x.dtype} of shape {list(x.shape)}; wanted int16 of [samples, columns]")
    found = x.shape[1] - first if axes is None else axes
    if first < 0 or found < 1 or first + found > x.shape[1]:
        raise ValueError(f"{found} columns from column {first} of the {x.shape[1]} of '{x.name}'")
    return found


def moment_names(axes: int, magnitude: bool = True) -> list[str]:
    """Return what the features of `moments` are, in their order: "mean 0", ..., "mean magnitude", "correlation 0 1"."""
    columns = [*map(str, range(axes)), *["magnitude"] * magnitude]
    pairs = [f"correlation {i} {j}" for i in range(axes) for j in range(i + 1, axes)]
    return [f"{name} {column}" for column in columns for name in MOMENTS] + pairs


def moments(
    build: Builder, x: Tensor, first: int = 0, axes: int | None = None, magnitude: bool = True, fraction: int = 0,
    dead_band: int = 0,
) -> Tensor:
    """Add mean, deviation, skewness, kurtosis, extremes and crossings of each axis, and the axes' correlations.

    x: int16 [samples, columns], 2 to 4096 samples; the axes are `axes` of its columns from `first` on, all by default.
    magnitude: describe the length of the vector of (at most 3) axes, too.
    fraction: bits after the point of mean, rms, min and max, 0 to 5, for sensors of few counts.
    dead_band: how far, in counts, a crossing has to lead from the mean on both sides.
    Return int16 [features], which moment_names names; kernels/motion/moments.c has formulas and formats.
    Raises ValueError.
    """
    axes = _axes(x, first, axes)
    names = moment_names(axes, magnitude)
    return build.add("MOMENTS", [x], [len(names)], "moments", "int16", first=first, axes=axes, magnitude=magnitude,
                     fraction=fraction, dead_band=dead_band)


def band_weights(frequencies: Sequence[float], frame: int) -> tuple[np.ndarray, float]:
    """Return the weights of BANDS for these frequencies, in cycles a frame, and what they multiply amplitudes with.

    A wave of one of the frequencies and amplitude a has the energy (a * gain)^2; that of half the rate of samples,
    which has no phase, up to this. Weights: int16 [ceil(bands / 2), frame / 4, 4, 2]. Raises ValueError.
    """
    if frame % 4 or not 4 <= frame <= 256 or not 1 <= len(frequencies) <= 128:
        raise ValueError(f"{len(frequencies)} bands in frames of {frame}; wanted 1 to 128, and a multiple of 4 to 256")
    if not all(0.5 <= f <= frame / 2 for f in frequencies):
        raise ValueError(f"frequencies of {min(frequencies):g} to {max(frequencies):g} cycles a frame; "
                         f"0.5 to {frame // 2} can run")
    at = np.arange(frame // 2)
    window = (1 + np.cos(2 * np.pi * at / frame)) * np.where(at, 1, 0.5)  # Hann's; twice, for both sides
    phases = 2 * np.pi * np.outer(frequencies, at) / frame
    even = np.cos(phases)
    even = window * (even - (even @ window / window.sum())[:, None])  # no answer to what is constant
    odd = window * np.sin(phases)
    even_gain, odd_gain = (even * np.cos(phases)).sum(1), (odd * np.sin(phases)).sum(1)
    even /= even_gain[:, None]
    odd /= np.where(odd_gain > 1e-9, odd_gain, 1)[:, None]
    gain = min(65000 / max(np.abs(even).sum(1).max(), np.abs(odd).sum(1).max()),
               32000 / max(np.abs(even).max(), np.abs(odd).max()))
    whole = np.stack([_zero_sums(even * gain), np.round(odd * gain)], 1).astype(np.int16)
    whole = np.pad(whole, [(0, len(whole) % 2), (0, 0), (0, 0)])
    return whole.reshape(-1, 4, frame // 4, 2).transpose(0, 2, 1, 3), gain


def _zero_sums(rows: np.ndarray) -> np.ndarray:
    """Round numbers whose rows sum to zero so that they still do: those with the largest rest upwards."""
    low: np.ndarray = np.floor(rows)
    for row, rest in zip(low, rows - low, strict=True):
        row[np.argsort(-rest, kind="stable")[: int(-row.sum())]] += 1
    return low


def bands(
    build: Builder, x: Tensor, frequencies: Sequence[float], frame: int = 16, hop: int | None = None, first: int = 0,
    axes: int | None = None, hold: str = "max",
) -> Tensor:
    """Add the logarithms of the energies of frequencies in each axis.

    x: int16 [samples, columns]; the axes are as in `moments`.
    frequencies: in cycles a frame, 0.5 to frame / 2, fractions allowed; 1, 2, ... are the bins of a Fourier transform.
    frame: samples, a multiple of 4 up to 256, in Hann's window. hop: from one frame to the next, half one by default.
    hold: "max" for the largest energy of all frames, "mean" for their mean, "min" for the least.
    Return int16 [axes, bands] in Q6.9 (512 is a factor of 2 of energy); band_weights tells the gain.
    Raises ValueError.
    """
    axes = _axes(x, first, axes)
    if frame > x.shape[0]:
        raise ValueError(f"frames of {frame} among {x.shape[0]} samples")
    if hold not in HOLDS:
        raise ValueError(f"hold {hold!r}; wanted 'max', 'mean' or 'min'")
    weights = build.constant(band_weights(frequencies, frame)[0], "bands")
    return build.add("BANDS", [x, weights], [axes, len(frequencies)], "bands", "int16", first=first, axes=axes,
                     frame=frame, hop=frame // 2 if hop is None else hop, hold=HOLDS.index(hold))


def lagged(
    build: Builder, x: Tensor, lags: Sequence[int], first: int = 0, axes: int | None = None, floor: int = 0
) -> Tensor:
    """Add how each axis goes with itself and the others some samples later, as shares of all axes' energy.

    x: int16 [samples, columns], at most 4096 samples; the axes are as in `moments`.
    lags: in samples; 0 for what goes together at the same time.
    floor: an energy a sample, in counts squared and below 2^22, that is added to the axes', so that noise alone gives
        small values.
    Return int16 [lags, axes, axes] in Q1.14 (1.0 = 16384): of axis i with axis j a lag later. Raises ValueError.
    """
    axes = _axes(x, first, axes)
    if not all(0 <= lag < x.shape[0] for lag in lags):
        raise ValueError(f"lags of {min(lags)} to {max(lags)} among {x.shape[0]} samples")
    inputs = [x, build.constant(np.array(lags, np.uint16), "lags")]
    return build.add("LAGGED", inputs, [len(lags), axes, axes], "lagged", "int16", first=first, axes=axes, floor=floor)


def standardize(
    build: Builder, x: Tensor, centre: np.ndarray, deviation: np.ndarray, scale: float = 1 / 16, dtype: str = "int8"
) -> Tensor:
    """Add (x - centre) / deviation of int16 features, rounded to multiples of `scale` and saturated.

    centre, deviation: [n], in the integers of x; where a deviation is 0, so is the answer.
    dtype: int8, or int16 with a finer scale. Return n values with the quantisation (scale, 0). Raises ValueError.
    """
    n = x.elements
    if x.dtype != "int16" or dtype not in ("int8", "int16") or not len(centre) == len(deviation) == n:
        raise ValueError(f"'{x.name}' is {x.dtype} of {n}, with {len(centre)} centres and {len(deviation)} deviations, "
                         f"to {dtype}; wanted int16 of as many, to int8 or int16")
    factors, shifts, offsets = np.zeros(n, np.int16), np.zeros(n, np.uint8), np.zeros(n, np.int32)
    for i, (c, d) in enumerate(zip(np.asarray(centre, float), np.asarray(deviation, float), strict=True)):
        if d > 0:
            worth = 1 / (d * scale)
            shifts[i] = int(np.clip(np.floor(np.log2(32767 / worth)), 0, 31))
            factors[i] = min(round(worth * 2.0 ** shifts[i]), 32767)
            offsets[i] = round(2.0 ** shifts[i] / 2 - float(np.clip(c, -32768, 32767)) * factors[i])
    constants = [build.constant(values, "standard") for values in (offsets, factors, shifts)]
    z = Quantization(np.array([scale], np.float32), np.array([0], np.int64))
    return build.add("STANDARDIZE", [x, *constants], x.shape, "standardized", dtype, z)


def centroids(
    build: Builder, x: Tensor, centres: np.ndarray, scales: np.ndarray | None = None,
    offsets: Sequence[int] | None = None, root: bool = False,
) -> Tensor:
    """Add distances to centres: of k-means, nearest centroids, what is normal, Gaussians with diagonal covariances.

    x: int16 [n]. centres: [k, n], in the integers of x. scales: [n] or [k, n], what a difference is multiplied with;
    256 over the deviation gives distances in Q8. Without scales, differences are taken as they are.
    offsets: [k] whole numbers that are added. root: the distance, rounded down, instead of its square over 256.
    Return int32 [k], for ARG_MIN or REDUCE_MIN. Raises ValueError.
    """
    (k, n), shape = np.shape(centres), () if scales is None else scales.shape
    if x.dtype != "int16" or x.elements != n or shape not in ((), (n,), (k, n)):
        raise ValueError(f"'{x.name}' is {x.dtype} of {x.elements}, for centres of {n} features and scales of "
                         f"{list(shape)}; wanted int16 of {n}, and scales of [{n}] or [{k}, {n}]")
    inputs: list[Tensor | None] = [
        x, build.constant(np.zeros(k, np.int32) if offsets is None else np.array(offsets, np.int32), "offsets"),
        build.constant(np.round(centres).clip(-32768, 32767).astype(np.int16), "centres"), None, None,
    ]
    if scales is not None:
        whole = np.asarray(scales, float)
        if not np.all((whole >= 0) & (whole < 32767)):
            raise ValueError(f"scales of {whole.min():g} to {whole.max():g}; 0 to below 32767 can run")
        shift_of = np.floor(np.log2(32767 / whole.clip(0.25))).clip(0, 16).astype(np.uint8)
        factor_of = np.round(whole * 2.0**shift_of).clip(0, 32767).astype(np.uint16)
        inputs[3:] = [build.constant(factor_of, "factors"), build.constant(shift_of, "shifts")]
    return build.add("CENTROIDS", inputs, [k], "distances", "int32", root=root)


def random_conv(build: Builder, x: Tensor, patterns: Sequence[Pattern]) -> Tensor:
    """Add counts of how often dilated patterns are above their limits: MiniRocket's features, as counts.

    x: int16 [samples, columns], at most 4096 of 16. Patterns in a row that have columns, or columns and dilation, in
    common take fewer instructions. Return int16 [limits of all patterns]. Raises ValueError.
    """
    samples, columns = x.shape if len(x.shape) == 2 else (0, 0)
    table = bytearray()
    for p in patterns:
        if not (p.taps in TAPS and p.dilation > 0 and p.columns and set(p.columns) <= set(range(columns))):
            raise ValueError(f"{p} over {columns} columns; wanted TAPS, columns that are there, dilations from 1")
        if 8 * p.dilation >= samples and not (p.padded and p.dilation < 1 << 15):
            raise ValueError(f"{p} over {samples} samples; only a padded one may span more")
        header = [sum(1 << c for c in set(p.columns)), p.dilation | p.padded << 15,
                  p.taps[0] | p.taps[1] << 4 | p.taps[2] << 8, len(p.limits)]
        table += np.array(header, "<u2").tobytes() + np.array(p.limits, "<i4").tobytes()
    known = build.constant(np.frombuffer(bytes(table), np.uint8), "patterns")
    return build.add("RANDOM_CONV", [x, known], [sum(len(p.limits) for p in patterns)], "patterns", "int16",
                     count=len(patterns), most_dilation=max(p.dilation for p in patterns))
