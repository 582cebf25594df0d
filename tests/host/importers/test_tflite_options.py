# SPDX-License-Identifier: MIT
"""Options of custom operators."""

from __future__ import annotations

import numpy as np
import pytest
from flatbuffers import flexbuffers

from midge.convert.pipeline import convert_model
from midge.errors import UnsupportedModel
from midge.importers.tflite.importer import read_tflite
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes


def window_model(options: dict[str, object] | bytes) -> bytes:
    x, y = FlatTensor("x", (1, 8), "int16"), FlatTensor("y", (1, 8), "int16")
    w = FlatTensor("w", data=np.arange(8, dtype=np.int16))
    window = FlatOperator("CUSTOM:SignalWindow", ["x", "w"], ["y"], options)
    return model_bytes(FlatGraph([x, w, y], [window], ["x"], ["y"]))


def test_options_reach_the_node() -> None:
    options = {"shift": 12, "gain": 0.5, "flag": True, "name": "text", "nested": {"a": 1}}
    (node,) = read_tflite(window_model(options), "m").nodes
    assert node.attrs == {"shift": 12, "gain": 0.5, "flag": 1}


@pytest.mark.parametrize("options", [b"", b"\x00", b"\xff" * 40, flexbuffers.Dumps([1, 2]), flexbuffers.Dumps(7),
                                     flexbuffers.Dumps({"shift": 12})[:-1]])
def test_options_that_are_no_map_are_missing(options: bytes) -> None:
    with pytest.raises(UnsupportedModel, match=r"SignalWindow.*no option 'shift'"):
        convert_model(window_model(bytes(options)))


@pytest.mark.parametrize("shift", [-1, 32, 1 << 40])
def test_options_out_of_range(shift: int) -> None:
    with pytest.raises(UnsupportedModel, match="the option shift = "):
        convert_model(window_model({"shift": shift}))
