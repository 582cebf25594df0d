# SPDX-License-Identifier: MIT
"""Nodes that turn sound into features: TensorFlow Lite Micro's audio front end, "micro", hop by hop.

30 ms of samples at 16 kHz become the energies of 40 bands of Mel's scale, less the noise, evened out (PCAN), as
logarithms. Parameters are those of micro_speech and microWakeWord; tables are by the formulas of the C library that
came first (tensorflow/lite/experimental/microfrontend/lib), in float32 where that has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np

from .builder import Builder
from .graph import Node, Quantization, Tensor

RATE_HZ, FRAME, FFT, CHANNELS = 16000, 480, 512, 40
BINS = FFT // 2 + 1
LOG_UNIT = 0.0390625  # of the logarithms that come out, in the units that networks are trained on: 1 / 25.6
_LOW_HZ, _HIGH_HZ = 125.0, 7500.0
_F32 = np.float32
SUBTRACTION = {"num_channels": CHANNELS, "smoothing": 409, "one_minus_smoothing": 16384 - 409,
               "alternate_smoothing": 983, "alternate_one_minus_smoothing": 16384 - 983, "min_signal_remaining": 819,
               "smoothing_bits": 10, "spectral_subtraction_bits": 14, "clamping": False}


def _q12(values: np.ndarray) -> np.ndarray:
    whole: np.ndarray = np.floor(values * _F32(4096) + _F32(0.5)).astype(np.int16)
    return whole


@cache
def window() -> np.ndarray:
    """Return a Hann window in Q12, int16 [FRAME]."""
    phase = _F32(2 * np.pi / FRAME) * (np.arange(FRAME, dtype=_F32) + _F32(0.5))
    return _q12(_F32(0.5) - _F32(0.5) * np.cos(phase, dtype=_F32))


def _mel(hz: np.ndarray) -> np.ndarray:
    mels: np.ndarray = _F32(1127) * np.log1p(hz.astype(_F32) / _F32(700), dtype=_F32)
    return mels


@cache
def bank() -> dict[str, np.ndarray]:
    """Return the filter bank: weights, unweights, first bins, first weights and widths of 41 slopes, all int16."""
    low, high = _mel(np.array([_LOW_HZ, _HIGH_HZ]))
    centres = low + (high - low) / _F32(CHANNELS + 1) * np.arange(1, CHANNELS + 2, dtype=_F32)
    hz_per_bin = _F32(RATE_HZ / 2) / _F32(BINS - 1)
    mels = _mel(np.arange(BINS, dtype=_F32) * hz_per_bin)
    at, slopes, weights = int(1.5 + _LOW_HZ / hz_per_bin), [], []
    total = 0
    for channel, centre in enumerate(centres):
        end = int(np.searchsorted(mels, centre, side="right"))
        start = at // 2 * 2  # words of two weights
        width = -(-(end - start) // 4) * 4
        before = low if channel == 0 else centres[channel - 1]
        share = np.zeros(width, _F32)
        share[at - start : end - start] = (centre - mels[at:end]) / (centre - before)
        inside = np.zeros(width, bool)
        inside[at - start : end - start] = True
        pair = [np.where(inside, _q12(part), 0) for part in (share, _F32(1) - share)]
        weights.append(np.stack(pair))
        slopes.append((start, total, width))
        total += width
        at = end
    both = np.concatenate(weights, axis=1).astype(np.int16)
    starts, offsets, widths = np.array(slopes, np.int16).T
    return {"weights": both[0], "unweights": both[1], "starts": starts, "offsets": offsets, "widths": widths}


@cache
def gains() -> np.ndarray:
    """Return the gains of PCAN, int16 [125]: a quadratic in each octave of the noise."""

    def gain(noise: int) -> int:
        return int(min(_F32(1 << 21) * _F32(noise / 2**7 + 80.0) ** _F32(-0.95), _F32(32767)) + _F32(0.5))

    points = [gain(0), gain(1)]
    for octave in range(2, 33):
        low = 1 << (octave - 1)
        y0, y1, y2 = gain(low), gain(low + low // 2), gain(2 * low if octave < 32 else 2 * low - 1)
        a1 = 4 * (y1 - y0) - (y2 - y0)
        points += [0] * (4 * octave - 6 - len(points)) + [y0, a1, y2 - y0 - a1]
    return np.array(points, np.int16)


def used_bins() -> dict[str, int]:
    """Return which energies the filter bank reads, as options of SignalEnergy."""
    starts, widths = bank()["starts"], bank()["widths"]
    return {"start_index": int(starts[0]), "end_index": int(starts[-1] + widths[-1])}


def signal(build: Builder, op: str, inputs: list[Tensor], size: int, dtype: str, *more: Tensor, **attrs: Any) -> Tensor:
    """Add one of TFLM's signal ops; return its first output."""
    out = Tensor(build.unique(op.lower()), (size,), dtype)
    build.nodes.append(Node(f"CUSTOM:Signal{op}", [*inputs], [out, *more], attrs))
    return out


class FrontEnd(Protocol):
    """What makes rows of features of sound."""

    @property
    def frame(self) -> int:
        """Samples that a row looks at."""

    @property
    def hop(self) -> int:
        """Samples from one row to the next."""

    @property
    def channels(self) -> int:
        """Features of a row."""

    def memory(self, build: Builder) -> Tensor | None:
        """Return the state that rows share, if any."""

    def row(self, build: Builder, frame: Tensor, memory: Tensor | None) -> Tensor:
        """Add the way from a frame, int16 [frame], to its features, float32 [channels]."""


@dataclass(frozen=True)
class Micro:
    """TFLM's front end. hop: from one frame to the next, 160 samples for microWakeWord's second version, 320 before."""

    hop: int = 160
    frame: int = FRAME
    channels: int = CHANNELS

    def memory(self, build: Builder) -> Tensor:
        """Return the estimate of the noise."""
        return Tensor(build.unique("noise"), (CHANNELS,), "uint32", is_state=True)

    def row(self, build: Builder, frame: Tensor, memory: Tensor | None) -> Tensor:
        """Add the way from a frame to its features."""
        assert memory is not None
        log = logarithms(build, frame, memory)
        return build.binary("MUL", build.add("CAST", [log], log.shape, "log"), build.scalar(LOG_UNIT), "features")


def logarithms(build: Builder, frame: Tensor, noise: Tensor) -> Tensor:
    """Add the way of one frame, int16 [FRAME], to the logarithms of its bands, int16 [CHANNELS], in units of LOG_UNIT.

    noise: uint32 [CHANNELS], the state that holds the estimate of it; frames that follow one another share it.
    """
    scale = Tensor(build.unique("scale"), (), "int32")
    hann, gain_table = build.constant(window(), "window"), build.constant(gains(), "gains")
    slopes = [build.constant(values, name) for name, values in bank().items()]
    windowed = signal(build, "Window", [frame, hann], FRAME, "int16", shift=12)
    scaled = signal(build, "FftAutoScale", [windowed], FRAME, "int16", scale)
    spectrum = signal(build, "Rfft", [scaled], FFT + 2, "int16", fft_length=FFT)
    energy = signal(build, "Energy", [spectrum], BINS, "uint32", **used_bins())
    sums = signal(build, "FilterBank", [energy, *slopes], CHANNELS, "uint64", num_channels=CHANNELS)
    roots = signal(build, "FilterBankSquareRoot", [sums, scale], CHANNELS, "uint32")
    left = signal(build, "FilterBankSpectralSubtraction", [roots], CHANNELS, "uint32", noise, **SUBTRACTION)
    even = signal(build, "PCAN", [left, noise, gain_table], CHANNELS, "uint32", snr_shift=6)
    return signal(build, "FilterBankLog", [even], CHANNELS, "int16", output_scale=64, input_correction_bits=3)


def features(
    build: Builder, x: Tensor, front: FrontEnd, units: Quantization | None, dtype: str, rows: int | None = None
) -> Tensor:
    """Add a front end: new samples to features, after the frames of samples that came before.

    x: int16 [n], a multiple of the front end's hop. units: what the features are quantised to; None for real ones.
    dtype: int8, int16, uint8 or float32. rows: how many rows of features, the last of them new, are wanted; by default
    just the new ones.
    Return [rows, channels]. Before the first samples there was silence. Raises ValueError.
    """
    new, rest = divmod(x.shape[0], front.hop)
    if rest or not 1 <= new <= (rows or new):
        raise ValueError(f"{x.shape[0]} samples in steps of {front.hop} for {rows or new} rows of features")
    sound, memory = build.latest(x, front.frame - front.hop, 0, "sound"), front.memory(build)
    made = []
    for i in range(new):
        real = front.row(build, build.along(sound, 0, i * front.hop, i * front.hop + front.frame), memory)
        row = real if dtype == "float32" else build.add("QUANTIZE", [real], real.shape, "features", dtype, units)
        made.append(build.reshape(row, (1, front.channels)))
    latest = made[0] if new == 1 else build.concatenate(made, 0, "features")
    latest.quantization = units
    return build.latest(latest, (rows or new) - new, 0, "past features")
