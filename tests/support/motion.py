# SPDX-License-Identifier: MIT
"""What the ops of motion compute, in Python's integers from the formulas at the heads of core/kernels/motion/."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isqrt
from typing import Any

import numpy as np

import midge
from midge.convert.pipeline import Conversion, convert_graph
from midge.graph import Quantization, Tensor, motion
from midge.graph.builder import Builder

Build = Callable[[Builder, Tensor], Tensor]


def converted(shape: Sequence[int], build: Build) -> Conversion:
    """Convert a network of one node: int16 input of a shape, what `build` adds to it as the output."""
    builder = Builder("motion")
    one = Quantization(np.array([1], np.float32), np.array([0], np.int64))
    x = Tensor("x", tuple(shape), "int16", one)
    return convert_graph(builder.graph([x], [build(builder, x)]), [], "motion", 0)


def answers(conversion: Conversion, *feeds: np.ndarray) -> list[np.ndarray]:
    """Run a network of one output on int16 inputs, one after the other in one arena."""
    model, (out,) = midge.load(conversion.blob), conversion.program.graph.outputs
    found = []
    for fed in feeds:
        y = np.zeros(out.shape, out.dtype)
        model.run([np.ascontiguousarray(fed, "<i2").tobytes()], [y])
        found.append(y)
    return found


def saturated(x: int, bits: int = 16) -> int:
    return max(-(1 << bits - 1), min(x, (1 << bits - 1) - 1))


def toward_zero(a: int, b: int) -> int:
    """a / b as C divides."""
    return a // b if (a < 0) == (b < 0) else -(-a // b)


def half_away(a: int, b: int) -> int:
    return (abs(a) + b // 2) // b * (-1 if a < 0 else 1)


def moments_of(x: Sequence[int], fraction: int, band: int) -> list[int]:
    n, s1, unit = len(x), sum(x), 1 << fraction
    spread = n * sum(v * v for v in x) - s1 * s1
    mean = (2 * s1 * 256 + n) // (2 * n)
    reach = max(max(x) * 256 - mean, mean - min(x) * 256)
    s = next(s for s in range(20) if (reach + ((1 << s) >> 1)) >> s <= 255)
    e = [(v * 256 - mean + ((1 << s) >> 1)) >> s for v in x]
    a1, a2, a3, a4 = (sum(v**k for v in e) for k in (1, 2, 3, 4))
    a = toward_zero(a1 << 12, n)
    b2 = a2 - (a1 * a >> 12)
    b3 = a3 + (2 * n * a**3 >> 36) - (3 * a * a2 >> 12)
    b4 = a4 - (4 * a * a3 >> 12) + (6 * a * a * a2 >> 24) - (3 * n * a**4 >> 48)
    skewness = kurtosis = 0
    if b2:
        d = isqrt((b2 << 16) // n)
        third, fourth = half_away(b3 * 512, b2), n * b4 // b2
        skewness = toward_zero(third * 1024 + (-d if third < 0 else d), 2 * d)
        kurtosis = (fourth * 256 + b2 // 2) // b2
    middle = -(-s1 // n)
    above, count = x[0] >= middle, 0
    for v in x:
        if v < middle - band if above else v >= middle + band:
            above, count = not above, count + 1
    values = [(2 * s1 * unit + n) // (2 * n), (isqrt(spread << 2 * fraction) + n // 2) // n, skewness, kurtosis,
              min(x) * unit, max(x) * unit, count]
    return [saturated(v) for v in values]


def correlation_of(x: Sequence[int], y: Sequence[int]) -> int:
    n = len(x)
    covariance = n * sum(a * b for a, b in zip(x, y, strict=True)) - sum(x) * sum(y)
    if not covariance:
        return 0
    roots, shift = 1, 0
    for v in (x, y):
        spread = n * sum(a * a for a in v) - sum(v) ** 2
        pairs = (64 - spread.bit_length()) // 2
        roots, shift = roots * isqrt(spread << 2 * pairs), shift + pairs
    below = roots >> 32
    size = ((abs(covariance) << shift >> 18) + below // 2) // below
    return min(size, 1 << 14) * (-1 if covariance < 0 else 1)


def magnitude_of(axes: Sequence[Sequence[int]]) -> list[int]:
    found = []
    for values in zip(*axes, strict=True):
        square = sum(v * v for v in values)
        root = isqrt(square)
        found.append(min(root + (square - root * root > root), 32767))
    return found


def moments(x: np.ndarray, magnitude: bool, fraction: int = 0, band: int = 0) -> np.ndarray:
    """The features of int16 [samples, axes]."""
    axes: list[Any] = [[int(v) for v in column] for column in x.T]
    columns = axes + [magnitude_of(axes)] * magnitude
    features = [v for column in columns for v in moments_of(column, fraction, band)]
    pairs = [(i, j) for i in range(len(axes)) for j in range(i + 1, len(axes))]
    return np.array(features + [correlation_of(axes[i], axes[j]) for i, j in pairs], np.int16)


def log2_of(x: int) -> int:
    """The highest bit's place and nine bits more, by squaring a mantissa of 16 bits."""
    if not x:
        return 0
    log, rest = x.bit_length() - 1, (x << 64 - x.bit_length()) >> 48
    for _ in range(9):
        rest *= rest
        log, rest = 2 * log + (rest >> 31), rest >> 15 + (rest >> 31)
    return log


def bands(x: np.ndarray, weights: np.ndarray, count: int, frame: int, hop: int, hold: str) -> np.ndarray:
    """The logarithms of the energies of int16 [samples, axes], by the stored weights."""
    even, odd = np.moveaxis(weights.astype(object).transpose(0, 2, 1, 3).reshape(-1, 2, frame // 2)[:count], 1, 0)
    half, found = frame // 2, []
    for column in x.T.astype(object):
        energies = []
        for start in range(0, len(column) - frame + 1, hop):
            after, before = column[start + half : start + frame], column[start + 1 : start + half + 1][::-1]
            energies.append((even @ ((after + before) >> 1)) ** 2 + (odd @ ((after - before) >> 1)) ** 2)
        if hold == "mean":
            sums = [sum(e >> 16 for e in band) for band in zip(*energies, strict=True)]
            found.append([max(log2_of(v) + 16 * 512 - log2_of(len(energies)), 0) if v else 0 for v in sums])
        else:
            kept = max if hold == "max" else min
            found.append([log2_of(kept(band)) for band in zip(*energies, strict=True)])
    return np.array(found, np.int16)


def lagged(x: np.ndarray, lags: Sequence[int], floor: int) -> np.ndarray:
    """Correlations of int16 [samples, axes] with lags, as [lags, axes, axes]."""
    n, columns = len(x), x.astype(object)
    d = columns - [(2 * sum(column) + n) // (2 * n) for column in columns.T]
    reach = abs(d).max()
    s = next(s for s in range(20) if n * ((reach + ((1 << s) >> 1)) >> s) ** 2 < 2**31)
    e = (d + ((1 << s) >> 1)) >> s
    energy = (e**2).sum() + (n * floor >> 2 * s)
    if not energy:
        return np.zeros((len(lags), x.shape[1], x.shape[1]), np.int16)
    bits = energy.bit_length()
    sums = np.array([e[: n - lag].T @ e[lag:] for lag in lags])
    return ((sums * ((1 << bits + 27) // energy) + (1 << bits + 12)) >> bits + 13).astype(np.int16)


def centroids(x: np.ndarray, centres: np.ndarray, factors: np.ndarray | None, shifts: np.ndarray | None,
              offsets: Sequence[int], root: bool) -> np.ndarray:
    """Distances of int16 [n] to [k, n]."""
    found = []
    for k, centre in enumerate(centres):
        square = 0
        for j, c in enumerate(centre):
            z = int(x[j]) - int(c)
            if factors is not None and shifts is not None:
                at = (k, j) if factors.ndim == 2 else (j,)
                shift = int(shifts[at])
                z = (z * int(factors[at]) + ((1 << shift) >> 1)) >> shift
            square += saturated(z) ** 2
        found.append(saturated(int(offsets[k]) + min(isqrt(square) if root else square >> 8, 2**32 - 1), 32))
    return np.array(found, np.int32)


def random_conv(x: np.ndarray, patterns: Sequence[motion.Pattern]) -> np.ndarray:
    """Counts of int16 [samples, columns], with the nine weights of each pattern written out."""
    n, found = len(x), []
    for p in patterns:
        d, weights = p.dilation, np.array([2 if j in p.taps else -1 for j in range(9)])
        s = np.pad(x[:, list(p.columns)].sum(1, dtype=np.int64), 4 * d)
        c = np.array([(s[t : t + 8 * d + 1 : d] * weights).sum() for t in range(n)])
        c = c if p.padded else c[4 * d : n - 4 * d]
        found += [np.count_nonzero(c > limit) for limit in p.limits]
    return np.array(found, np.int16)
