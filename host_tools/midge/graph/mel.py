# SPDX-License-Identifier: MIT
"""Nodes that turn sound into the features of common recipes: logarithms of Mel bands, and their cepstra (MFCC).

They are the ops of TensorFlow Lite Micro's front end with other tables: integers up to the logarithm, which are exact
to about 1/500 of it, and floats behind it. A frame is scaled to 16 bits before its spectrum is taken, and the logarithm
takes that back, so that faint sounds keep their detail.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from .builder import Builder
from .graph import Tensor
from .sound import RATE_HZ, signal

_WINDOW_BITS = 12
_LOG_SCALE = 1024  # of the logarithm of a root: half of a natural logarithm is 1,024 steps
_MOST_WEIGHT = 8191  # what the fast sum of bands takes
_ROOT_BITS = 6  # behind the point, of magnitudes


@dataclass(frozen=True)
class Mel:
    """A front end of Mel bands; see README of the data set that a network was trained on, or its code.

    frame, hop, fft: samples at 16 kHz that a row looks at, from one row to the next, and of the spectrum. bands: of
    Mel's scale from low_hz to high_hz; slaney: by Slaney's formula and each of the same area, as librosa's, else HTK's
    formula and of the same height, as TensorFlow's. power: bands are of |x|^2, else of |x|. floor: the least energy.
    coefficients: how many of the cosine transform are given instead of the bands, 0 for the bands. Sound is
    taken as -1 to 1, under a periodic Hann window.
    """

    frame: int = 480
    hop: int = 320
    fft: int = 512
    bands: int = 40
    low_hz: float = 20.0
    high_hz: float = 4000.0
    slaney: bool = False
    power: bool = False
    floor: float = 1e-6
    coefficients: int = 0

    @property
    def channels(self) -> int:
        """How many features a row has."""
        return self.coefficients or self.bands

    def problem(self) -> str:
        """Say why no such front end can be, "" if it can."""
        if not 16 <= self.hop <= self.frame <= self.fft:
            return f"steps, frames, spectra of {self.hop}, {self.frame}, {self.fft}: wanted in rising order, from 16"
        if self.fft not in (64, 128, 256, 512, 1024, 2048):
            return f"a spectrum of {self.fft} samples: wanted 64 to 2048, a power of two"
        if not 0 <= self.low_hz < self.high_hz <= RATE_HZ / 2:
            return f"bands from {self.low_hz:g} to {self.high_hz:g} Hz: wanted 0 to {RATE_HZ // 2}, in rising order"
        if not 2 <= self.bands <= 128 or not 0 <= self.coefficients <= self.bands:
            return f"{self.bands} bands, {self.coefficients} coefficients: wanted 2 to 128, and no more than bands"
        if not 1e-12 <= self.floor <= 1:
            return f"a floor of {self.floor:g}: wanted 1e-12 to 1"
        return ""

    def triangles(self) -> np.ndarray:
        """Return how much of each bin is in each band, float64 [bands, bins]."""
        axis, edges = self._axis()
        rising = (axis - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
        falling = (edges[2:, None] - axis) / (edges[2:] - edges[1:-1])[:, None]
        shares = np.maximum(0, np.minimum(rising, falling))
        if self.slaney:
            return np.asarray(shares * (2 / (edges[2:] - edges[:-2]))[:, None])
        shares[:, 0] = 0  # TensorFlow leaves the mean out
        return np.asarray(shares)

    def _axis(self) -> tuple[np.ndarray, np.ndarray]:
        """Return where bins are, and the bands + 2 edges of bands, on the scale on which bands are triangles."""
        hz = np.arange(self.fft // 2 + 1) * RATE_HZ / self.fft
        low, high = self._mel(np.array([self.low_hz, self.high_hz]))
        edges = np.linspace(low, high, self.bands + 2)
        # TensorFlow's are straight on Mel's scale, librosa's in hertz.
        return (hz, self._hertz(edges)) if self.slaney else (self._mel(hz), edges)

    def cosines(self) -> np.ndarray:
        """Return the matrix of the cosine transform (DCT-II), float64 [coefficients, bands]."""
        k, n = np.arange(self.coefficients)[:, None], np.arange(self.bands)
        rows = np.sqrt(2 / self.bands) * np.cos(np.pi / self.bands * (n + 0.5) * k)
        if self.slaney:  # orthonormal, as librosa's; TensorFlow's first row is not
            rows[:1] /= np.sqrt(2)
        return np.asarray(rows)

    def memory(self, build: Builder) -> Tensor | None:
        """Return what rows share: nothing."""
        return None

    def row(self, build: Builder, frame: Tensor, memory: Tensor | None) -> Tensor:
        """Add the way from a frame, int16 [frame], to its features, float32 [channels]."""
        scale = Tensor(build.unique("scale"), (), "int32")
        phase = 2 * np.pi / self.frame * np.arange(self.frame)
        hann = build.constant(np.round((0.5 - 0.5 * np.cos(phase)) * (1 << _WINDOW_BITS)).astype(np.int16), "window")
        bins = self.fft // 2 + 1
        shares = self.triangles()
        used = np.flatnonzero(shares.any(axis=0))
        first, last = int(used[0]), int(used[-1]) + 1
        windowed = signal(build, "Window", [frame, hann], self.frame, "int16", shift=_WINDOW_BITS)
        scaled = signal(build, "FftAutoScale", [windowed], self.frame, "int16", scale)
        none = build.binary("SUB", scale, scale, "no scale")  # a root's shift is no constant
        spectrum = signal(build, "Rfft", [scaled], self.fft + 2, "int16", fft_length=self.fft)
        energy = signal(build, "Energy", [spectrum], bins, "uint32", start_index=first, end_index=last)
        unit = self.fft / 32768  # of a spectrum's integers, which are 1 / fft of it
        if not self.power:
            ones = np.eye(bins) * (1 << 2 * _ROOT_BITS)
            wide = _bank(build, energy, ones, np.arange(bins) + 1)
            energy = signal(build, "FilterBankSquareRoot", [wide, none], bins, "uint32")
            unit /= 1 << _ROOT_BITS
        steps = shares.max() / _MOST_WEIGHT
        axis, edges = self._axis()
        sums = _bank(build, energy, np.round(shares / steps), np.searchsorted(axis, edges[1:-1], side="right"))
        roots = signal(build, "FilterBankSquareRoot", [sums, none], self.bands, "uint32")
        halves = signal(build, "FilterBankLog", [roots], self.bands, "int16", output_scale=_LOG_SCALE,
                        input_correction_bits=0)
        power = 2 if self.power else 1
        return self._features(build, halves, scale, power, float(np.log(steps * unit**power)))

    def _features(self, build: Builder, halves: Tensor, scale: Tensor, power: int, offset: float) -> Tensor:
        """Add the way from halves of logarithms of scaled bands to features."""
        def real(x: Tensor, factor: float) -> Tensor:
            return build.binary("MUL", build.add("CAST", [x], x.shape or (1,), "real", "float32"), build.scalar(factor))

        logs = build.binary("ADD", real(halves, 2 / _LOG_SCALE), build.scalar(offset))
        logs = build.binary("SUB", logs, real(build.reshape(scale, (1,)), power * float(np.log(2))))
        logs = build.binary("MAXIMUM", logs, build.scalar(float(np.log(self.floor))), "bands")
        if not self.coefficients:
            return logs
        rows = build.reshape(logs, (1, self.bands))
        made = build.dense(rows, self.cosines().astype(np.float32), None)
        return build.reshape(made, (self.coefficients,), "cepstrum")

    def _mel(self, hz: np.ndarray) -> np.ndarray:
        if not self.slaney:
            return np.asarray(1127 * np.log1p(hz / 700))
        return np.asarray(np.where(hz < 1000, 0.015 * hz, 15 + 27 * np.log(np.maximum(hz, 1000) / 1000) / np.log(6.4)))

    def _hertz(self, mels: np.ndarray) -> np.ndarray:
        """Undo Slaney's formula."""
        return np.asarray(np.where(mels < 15, mels / 0.015, 1000 * np.exp(np.log(6.4) * (mels - 15) / 27)))


def _bank(build: Builder, x: Tensor, weights: np.ndarray, tops: np.ndarray) -> Tensor:
    """Add a FilterBank by whole weights [bands, bins].

    tops: the bin behind each band's middle. Slope s, from one middle to the next, falls of band s - 1 and rises of s.
    """
    bands, bins = weights.shape
    slopes: list[tuple[int, int, int]] = []
    falling: list[np.ndarray] = []
    rising: list[np.ndarray] = []
    total, middles = 0, [0, *map(int, tops), bins]
    for s, (start, end) in enumerate(itertools.pairwise(middles)):
        pair = np.zeros((2, end - start))
        if s:
            pair[0] = weights[s - 1, start:end]
        if s < bands:
            pair[1] = weights[s, start:end]
        used = np.flatnonzero(pair.any(axis=0))
        low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 0)
        slopes.append((start + low, total, high - low))
        falling.append(pair[0, low:high])
        rising.append(pair[1, low:high])
        total += high - low
    starts, offsets, widths = np.array(slopes, np.int16).T
    tables = (np.concatenate(falling), np.concatenate(rising), starts, offsets, widths)
    inputs = [build.constant(np.asarray(t, np.int16), "bank") for t in tables]
    return signal(build, "FilterBank", [x, *inputs], bands, "uint64", num_channels=bands)
