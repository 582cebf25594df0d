# SPDX-License-Identifier: MIT
"""Custom operators' options and state tensors: what the signal-processing ops need of the host tools."""

from __future__ import annotations

from midge.convert.pipeline import convert_model
from midge.fileformat.read import decode
from midge.fileformat.spec import DATA, STATE
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes


def subtraction_model() -> bytes:
    x, y, n, f = (FlatTensor(name, (4,), "uint32") for name in ("x", "y", "n", "f"))
    f.dtype = "int32"
    options = {"num_channels": 4, "smoothing": 1, "one_minus_smoothing": 3, "alternate_smoothing": 1,
               "alternate_one_minus_smoothing": 3, "min_signal_remaining": 1, "smoothing_bits": 0,
               "spectral_subtraction_bits": 2, "clamping": False}
    ops = [FlatOperator("CUSTOM:SignalFilterBankSpectralSubtraction", ["x"], ["y", "n"], options),
           FlatOperator("CAST", ["n"], ["f"])]
    return model_bytes(FlatGraph([x, y, n, f], ops, ["x"], ["y", "f"]))


def test_the_noise_is_a_state_tensor_that_shares_no_bytes() -> None:
    file = decode(convert_model(subtraction_model()).blob)
    (state,) = (t for t in file.tensors if t.place == STATE)
    for other in (t for t in file.tensors if t.place not in (STATE, DATA)):
        same = other.offset == state.offset and other.size == state.size  # another name for the same values: its cast
        assert same or other.offset >= state.offset + state.size or other.offset + other.size <= state.offset
