# SPDX-License-Identifier: MIT
"""TensorFlow Lite Micro's audio front end as a model of its own ops: 30 ms of samples to 40 features, every 10 ms."""

from __future__ import annotations

from typing import Any

import numpy as np

from midge.graph.sound import (
    BINS,
    CHANNELS,
    FFT,
    FRAME,
    RATE_HZ,
    SUBTRACTION,
    bank,
    gains,
    used_bins,
    window,
)
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes

SCALE = 0.1  # of a small network's features
INT16 = 7  # of the schema's TensorType
HOP = RATE_HZ // 100


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
    steps: list[tuple[str, list[str], list[str], dict[str, Any]]] = [
        ("CUSTOM:SignalWindow", ["x", "window"], ["windowed"], {"shift": 12}),
        ("RESHAPE", ["windowed"], ["frame"], {"new_shape": [FRAME]}),
        ("CUSTOM:SignalFftAutoScale", ["frame"], ["scaled", "scale"], {}),
        ("CUSTOM:SignalRfft", ["scaled"], ["spectrum"], {"T": INT16, "fft_length": FFT}),
        ("CUSTOM:SignalEnergy", ["spectrum"], ["energy"], used_bins()),
        ("CUSTOM:SignalFilterBank", ["energy", *bank()], ["sums"], {"num_channels": CHANNELS}),
        ("CUSTOM:SignalFilterBankSquareRoot", ["sums", "scale"], ["roots"], {}),
        ("CUSTOM:SignalFilterBankSpectralSubtraction", ["roots"], ["signal", "noise"], SUBTRACTION),
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


def small_network(rows: int) -> bytes:
    """Return one dense layer over rows of features."""
    rng = np.random.default_rng(3)
    x = FlatTensor("x", (1, rows, CHANNELS), "int8", scale=SCALE, zero_point=-128)
    weights = FlatTensor("w", data=rng.integers(-127, 128, (5, rows * CHANNELS)).astype(np.int8), scale=0.01)
    bias = FlatTensor("b", data=rng.integers(-9000, 9000, 5).astype(np.int32), scale=0.01 * SCALE)
    y = FlatTensor("y", (1, 5), "int8", scale=0.8, zero_point=3)
    node = FlatOperator("FULLY_CONNECTED", ["x", "w", "b"], ["y"], {})
    return model_bytes(FlatGraph([x, weights, bias, y], [node], ["x"], ["y"]))
