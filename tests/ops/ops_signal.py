# SPDX-License-Identifier: MIT
"""The signal-processing ops: the lengths, option values and extremes that TFLM runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from midge.importers.tflite.writer import FlatTensor
from tests.support.draws import chance, choice, integer, limits
from tests.support.op_tests import Case, op_test

INT16 = 7  # of the schema's TensorType, as the op's option T tells it


def rng_of(draw: Any) -> np.random.Generator:
    return np.random.default_rng(integer(draw, 0, 2**32 - 1))


def signal(draw: Any, count: int, dtype: str) -> np.ndarray:
    """Values of an unsigned dtype spread over the powers of two, or of int16: noise, tones, pulses and both ends."""
    rng = rng_of(draw)
    low, high = limits(dtype)
    if dtype != "int16":
        bits = rng.integers(0, high.bit_length(), count, endpoint=True)
        spread = [int(rng.integers(0, 2**63)) * 2 % (1 << int(b)) if b else 0 for b in bits]
        ends = [0, 1, 2, 3, high, high - 1, high // 2, 1 << 16, (1 << 32) - 1 & high]
        return np.array([choice_of(rng, ends) if chance(draw, 8) else v for v in spread], dtype)
    level = choice(draw, 1, 3, 40, 1000, 20000, 32767)
    style = choice(draw, "noise", "tone", "pulse", "ends", "same")
    if style == "tone":
        phase = np.arange(count) * rng.uniform(0, np.pi) + rng.uniform(0, 6)
        return np.round(level * np.sin(phase)).astype(dtype)
    if style == "pulse":
        values = np.zeros(count, dtype)
        values[rng.integers(0, count)] = choice_of(rng, [low, high, level, -level])
        return values
    if style == "ends":
        return rng.choice(np.array([low, low + 1, high], dtype), count)
    if style == "same":
        return np.full(count, choice_of(rng, [low, high, level, -level]), dtype)
    return rng.integers(-level, level, count, dtype, endpoint=True)


def choice_of(rng: np.random.Generator, options: list[int]) -> int:
    return options[int(rng.integers(0, len(options)))]


@op_test("CUSTOM:SignalWindow", dtype="int16")
def window(draw: Any) -> Case:
    size, frames = integer(draw, 1, 300), integer(draw, 1, 3)
    weights = FlatTensor("w", data=signal(draw, size, "int16"))
    x, y = (FlatTensor(name, (frames, size), "int16") for name in "xy")
    fed = signal(draw, frames * size, "int16").reshape(x.shape)
    return Case("CUSTOM:SignalWindow", [x, weights], [y], {"shift": choice(draw, 12, 15, integer(draw, 0, 31))}, [fed])


@op_test("CUSTOM:SignalFftAutoScale", dtype="int16")
def auto_scale(draw: Any) -> Case:
    size = integer(draw, 1, 300)
    x, y = (FlatTensor(name, (size,), "int16") for name in "xy")
    return Case("CUSTOM:SignalFftAutoScale", [x], [y, FlatTensor("s", (), "int32")], {}, [signal(draw, size, "int16")])


@op_test("CUSTOM:SignalRfft", dtype="int16")
def rfft(draw: Any) -> Case:
    length, frames = 1 << integer(draw, 2, 11), choice(draw, 1, 1, 2)
    size = length if draw(st.booleans()) else integer(draw, 1, length)
    x, y = FlatTensor("x", (frames, size), "int16"), FlatTensor("y", (frames, length + 2), "int16")
    fed = signal(draw, frames * size, "int16").reshape(x.shape)
    return Case("CUSTOM:SignalRfft", [x], [y], {"T": INT16, "fft_length": length}, [fed])


@op_test("CUSTOM:SignalEnergy", dtype="int16")
def energy(draw: Any) -> Case:
    bins = integer(draw, 1, 200)  # all of them: TFLM leaves the others as they were
    x, y = FlatTensor("x", (2 * bins,), "int16"), FlatTensor("y", (bins,), "uint32")
    options = {"start_index": 0, "end_index": bins}
    return Case("CUSTOM:SignalEnergy", [x], [y], options, [signal(draw, 2 * bins, "int16")])


@op_test("CUSTOM:SignalFilterBank", dtype="uint32")
def filter_bank(draw: Any) -> Case:
    channels, bins = integer(draw, 1, 12), integer(draw, 1, 80)
    rng = rng_of(draw)
    widths = rng.integers(0, min(bins, 9), channels + 1, endpoint=True)
    starts = np.array([rng.integers(0, bins - w, endpoint=True) for w in widths])
    offsets = np.concatenate([[0], np.cumsum(widths)[:-1]])
    total = max(int(widths.sum()), 1)
    low = choice(draw, 0, -4096)  # weights below 0 wrap, and make no sense
    weights, unweights = (rng.integers(low, 4096, total, endpoint=True) for _ in range(2))
    named = {"w": weights, "u": unweights, "f": starts, "o": offsets, "c": widths}
    constants = [FlatTensor(name, data=values.astype(np.int16)) for name, values in named.items()]
    x, y = FlatTensor("x", (bins,), "uint32"), FlatTensor("y", (channels,), "uint64")
    return Case("CUSTOM:SignalFilterBank", [x, *constants], [y], {"num_channels": channels},
                [signal(draw, bins, "uint32")])


@op_test("CUSTOM:SignalFilterBankSquareRoot", dtype="uint64")
def square_root(draw: Any) -> Case:
    size = integer(draw, 1, 60)
    x, s, y = FlatTensor("x", (size,), "uint64"), FlatTensor("s", (), "int32"), FlatTensor("y", (size,), "uint32")
    roots = signal(draw, size, "uint32").astype(np.uint64)
    near_squares = roots * roots + signal(draw, size, "int16").clip(-1, 2).astype(np.uint64)  # wraps, on purpose
    fed = near_squares if draw(st.booleans()) else signal(draw, size, "uint64")
    return Case("CUSTOM:SignalFilterBankSquareRoot", [x, s], [y], {}, [fed, np.array(integer(draw, 0, 31), np.int32)])


def subtraction_options(draw: Any, channels: int) -> dict[str, Any]:
    bits = integer(draw, 1, 20)
    smoothing, alternate = integer(draw, 0, 1 << bits), integer(draw, 0, 1 << bits)
    return {
        "num_channels": channels, "smoothing": smoothing, "one_minus_smoothing": (1 << bits) - smoothing,
        "alternate_smoothing": alternate, "alternate_one_minus_smoothing": (1 << bits) - alternate,
        "min_signal_remaining": integer(draw, 0, 1 << bits), "smoothing_bits": integer(draw, 0, 16),
        "spectral_subtraction_bits": bits, "clamping": draw(st.booleans()),
    }


@op_test("CUSTOM:SignalFilterBankSpectralSubtraction", dtype="uint32")
def spectral_subtraction(draw: Any) -> Case:
    size = integer(draw, 1, 40)
    x, y, noise = (FlatTensor(name, (size,), "uint32") for name in ("x", "y", "n"))
    return Case("CUSTOM:SignalFilterBankSpectralSubtraction", [x], [y, noise], subtraction_options(draw, size),
                [signal(draw, size, "uint32")])


@op_test("CUSTOM:SignalPCAN", dtype="uint32")
def pcan(draw: Any) -> Case:
    size = integer(draw, 1, 60)
    x, noise, y = (FlatTensor(name, (size,), "uint32") for name in ("x", "n", "y"))
    gains = FlatTensor("g", data=signal(draw, 125, "int16"))
    return Case("CUSTOM:SignalPCAN", [x, noise, gains], [y], {"snr_shift": integer(draw, 0, 20)},
                [signal(draw, size, "uint32"), signal(draw, size, "uint32")])


@op_test("CUSTOM:SignalFilterBankLog", dtype="uint32")
def filter_bank_log(draw: Any) -> Case:
    size = integer(draw, 1, 60)
    x, y = FlatTensor("x", (size,), "uint32"), FlatTensor("y", (size,), "int16")
    scale = choice(draw, 64, integer(draw, 1, 1 << 20))
    options = {"output_scale": scale, "input_correction_bits": integer(draw, 0, 8)}
    return Case("CUSTOM:SignalFilterBankLog", [x], [y], options, [signal(draw, size, "uint32")])
