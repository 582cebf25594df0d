# SPDX-License-Identifier: MIT
"""Custom operators' options and state tensors: what the signal-processing ops need of the host tools."""

from __future__ import annotations

import numpy as np
import pytest
from flatbuffers import flexbuffers

from midge.convert.pipeline import convert_model
from midge.errors import UnsupportedModel
from midge.fileformat.read import decode
from midge.fileformat.spec import DATA, STATE
from midge.importers.tflite.importer import read_tflite
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes


def window_model(options: dict[str, object] | bytes) -> bytes:
    x, y = FlatTensor("x", (1, 8), "int16"), FlatTensor("y", (1, 8), "int16")
    w = FlatTensor("w", data=np.arange(8, dtype=np.int16))
    return model_bytes(
        FlatGraph([x, w, y], [FlatOperator("CUSTOM:SignalWindow", ["x", "w"], ["y"], options)], ["x"], ["y"])
    )


def test_options_reach_the_node() -> None:
    options = {"shift": 12, "gain": 0.5, "flag": True, "name": "text", "nested": {"a": 1}}
    (node,) = read_tflite(window_model(options), "m").nodes
    assert node.attrs == {"shift": 12, "gain": 0.5, "flag": 1}


@pytest.mark.parametrize("options", [b"", b"\x00", b"\xff" * 40, flexbuffers.Dumps([1, 2]), flexbuffers.Dumps(7),
                                     flexbuffers.Dumps({"shift": 12})[:-1]])  # fmt: skip
def test_options_that_are_no_map_are_missing(options: bytes) -> None:
    with pytest.raises(UnsupportedModel, match=r"SignalWindow.*no option 'shift'"):
        convert_model(window_model(bytes(options)))


@pytest.mark.parametrize("shift", [-1, 32, 1 << 40])
def test_options_out_of_range(shift: int) -> None:
    with pytest.raises(UnsupportedModel, match="the option shift = "):
        convert_model(window_model({"shift": shift}))


def subtraction_model() -> bytes:
    x, y, n, f = (FlatTensor(name, (4,), "uint32") for name in ("x", "y", "n", "f"))
    f.dtype = "int32"
    options = {"num_channels": 4, "smoothing": 1, "one_minus_smoothing": 3, "alternate_smoothing": 1,
               "alternate_one_minus_smoothing": 3, "min_signal_remaining": 1, "smoothing_bits": 0,
               "spectral_subtraction_bits": 2, "clamping": False}  # fmt: skip
    ops = [FlatOperator("CUSTOM:SignalFilterBankSpectralSubtraction", ["x"], ["y", "n"], options),
           FlatOperator("CAST", ["n"], ["f"])]  # fmt: skip
    return model_bytes(FlatGraph([x, y, n, f], ops, ["x"], ["y", "f"]))


def test_the_noise_is_a_state_tensor_that_shares_no_bytes() -> None:
    file = decode(convert_model(subtraction_model()).blob)
    (state,) = (t for t in file.tensors if t.place == STATE)
    for other in (t for t in file.tensors if t.place not in (STATE, DATA)):
        same = other.offset == state.offset and other.size == state.size  # another name for the same values: its cast
        assert same or other.offset >= state.offset + state.size or other.offset + other.size <= state.offset
