# SPDX-License-Identifier: MIT
"""TensorFlow Lite Micro's audio front end as a model: 30 ms of samples to 40 features, every 10 ms.

The parameters are those of its micro_speech example and of microWakeWord. Tables by the formulas of the C library that
came first (tensorflow/lite/experimental/microfrontend/lib), in float32 where that has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes

RATE, HOP, FRAME, FFT, CHANNELS = 16000, 160, 480, 512, 40
BINS = FFT // 2 + 1
LOW_HZ, HIGH_HZ = 125.0, 7500.0
INT16 = 7  # of the schema's TensorType
F32 = np.float32


def _q12(values: np.ndarray) -> np.ndarray:
    return np.floor(values * F32(4096) + F32(0.5)).astype(np.int16)


def window() -> np.ndarray:
    """Return a Hann window in Q12."""
    phase = F32(2 * np.pi / FRAME) * (np.arange(FRAME, dtype=F32) + F32(0.5))
    return _q12(F32(0.5) - F32(0.5) * np.cos(phase, dtype=F32))


def _mel(hz: np.ndarray) -> np.ndarray:
    return F32(1127) * np.log1p(hz.astype(F32) / F32(700), dtype=F32)


def bank() -> dict[str, np.ndarray]:
    """Return the filter bank: weights, unweights, first bins, first weights and widths of 41 slopes."""
    low, high = _mel(np.array([LOW_HZ, HIGH_HZ]))
    centres = low + (high - low) / F32(CHANNELS + 1) * np.arange(1, CHANNELS + 2, dtype=F32)
    hz_per_bin = F32(RATE / 2) / F32(BINS - 1)
    mels = _mel(np.arange(BINS, dtype=F32) * hz_per_bin)
    at, slopes, weights = int(1.5 + LOW_HZ / hz_per_bin), [], []
    total = 0
    for channel, centre in enumerate(centres):
        end = int(np.searchsorted(mels, centre, side="right"))
        start = at // 2 * 2  # words of two weights
        width = -(-(end - start) // 4) * 4
        before = low if channel == 0 else centres[channel - 1]
        share = np.zeros(width, F32)
        share[at - start : end - start] = (centre - mels[at:end]) / (centre - before)
        inside = np.zeros(width, bool)
        inside[at - start : end - start] = True
        pair = [np.where(inside, _q12(part), 0) for part in (share, F32(1) - share)]
        weights.append(np.stack(pair))
        slopes.append((start, total, width))
        total += width
        at = end
    both = np.concatenate(weights, axis=1).astype(np.int16)
    starts, offsets, widths = np.array(slopes, np.int16).T
    return {"weights": both[0], "unweights": both[1], "starts": starts, "offsets": offsets, "widths": widths}


def gains() -> np.ndarray:
    """Return the gains of PCAN: a quadratic in each octave of the noise."""

    def gain(noise: int) -> int:
        return int(min(F32(1 << 21) * F32(noise / 2**7 + 80.0) ** F32(-0.95), F32(32767)) + F32(0.5))

    points = [gain(0), gain(1)]
    for octave in range(2, 33):
        low = 1 << (octave - 1)
        y0, y1, y2 = gain(low), gain(low + low // 2), gain(2 * low if octave < 32 else 2 * low - 1)
        a1 = 4 * (y1 - y0) - (y2 - y0)
        points += [0] * (4 * octave - 6 - len(points)) + [y0, a1, y2 - y0 - a1]
    return np.array(points, np.int16)


def front_end(quantised: bool) -> bytes:
    """Return the front end as a .tflite model.

    quantised: its output is int8 as microWakeWord feeds it to its networks, (256 log + 333) / 666 - 128; otherwise the
    logarithm, int16.
    """
    tensors = [FlatTensor("x", (1, FRAME), "int16"), FlatTensor("window", data=window())]
    tensors += [FlatTensor("gains", data=gains())]
    tensors += [FlatTensor(name, data=values) for name, values in bank().items()]
    shapes: dict[str, tuple[tuple[int, ...], str]] = {
        "windowed": ((1, FRAME), "int16"), "frame": ((FRAME,), "int16"), "scaled": ((FRAME,), "int16"),
        "scale": ((), "int32"), "spectrum": ((FFT + 2,), "int16"), "energy": ((BINS,), "uint32"),
        "sums": ((CHANNELS,), "uint64"),
        **dict.fromkeys(("roots", "signal", "noise", "gained"), ((CHANNELS,), "uint32")),
        "log": ((CHANNELS,), "int16"),
    }
    reduction = {"num_channels": CHANNELS, "smoothing": 409, "one_minus_smoothing": 16384 - 409,
                 "alternate_smoothing": 983, "alternate_one_minus_smoothing": 16384 - 983, "min_signal_remaining": 819,
                 "smoothing_bits": 10, "spectral_subtraction_bits": 14, "clamping": False}
    starts = bank()["starts"]
    used = {"start_index": int(starts[0]), "end_index": int(starts[-1] + bank()["widths"][-1])}
    steps: list[tuple[str, list[str], list[str], dict[str, Any]]] = [
        ("CUSTOM:SignalWindow", ["x", "window"], ["windowed"], {"shift": 12}),
        ("RESHAPE", ["windowed"], ["frame"], {"new_shape": [FRAME]}),
        ("CUSTOM:SignalFftAutoScale", ["frame"], ["scaled", "scale"], {}),
        ("CUSTOM:SignalRfft", ["scaled"], ["spectrum"], {"T": INT16, "fft_length": FFT}),
        ("CUSTOM:SignalEnergy", ["spectrum"], ["energy"], used),
        ("CUSTOM:SignalFilterBank", ["energy", *bank()], ["sums"], {"num_channels": CHANNELS}),
        ("CUSTOM:SignalFilterBankSquareRoot", ["sums", "scale"], ["roots"], {}),
        ("CUSTOM:SignalFilterBankSpectralSubtraction", ["roots"], ["signal", "noise"], reduction),
        ("CUSTOM:SignalPCAN", ["signal", "noise", "gains"], ["gained"], {"snr_shift": 6}),
        ("CUSTOM:SignalFilterBankLog", ["gained"], ["log"], {"output_scale": 64, "input_correction_bits": 3}),
    ]
    out = "log"
    if quantised:
        tensors += [FlatTensor(str(value), data=np.array(value, np.int32)) for value in (256, 333, 666, 128)]
        tensors += [FlatTensor(str(value), data=np.array(value, np.int32)) for value in (-128, 127)]
        shapes |= dict.fromkeys(("wide", "times", "plus", "by", "less", "low", "high"), ((CHANNELS,), "int32"))
        shapes["y"] = ((CHANNELS,), "int8")
        steps += [("CAST", ["log"], ["wide"], {}), ("MUL", ["wide", "256"], ["times"], {}),
                  ("ADD", ["times", "333"], ["plus"], {}), ("DIV", ["plus", "666"], ["by"], {}),
                  ("SUB", ["by", "128"], ["less"], {}), ("MAXIMUM", ["less", "-128"], ["low"], {}),
                  ("MINIMUM", ["low", "127"], ["high"], {}), ("CAST", ["high"], ["y"], {})]
        out = "y"
    tensors += [FlatTensor(name, shape, dtype) for name, (shape, dtype) in shapes.items()]
    operators = [FlatOperator(*step) for step in steps]
    return model_bytes(FlatGraph(tensors, operators, ["x"], [out], name="front_end"))
