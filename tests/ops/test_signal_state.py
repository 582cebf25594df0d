# SPDX-License-Identifier: MIT
"""What the noise reduction remembers from run to run, against TFLM."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import midge
from midge.convert.pipeline import convert_model
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from tests.ops.ops_signal import signal, subtraction_options

runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")


@given(st.data())
def test_noise_estimate_persists(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 20))
    x, y, noise = (FlatTensor(name, (size,), "uint32") for name in ("x", "y", "n"))
    op = FlatOperator("CUSTOM:SignalFilterBankSpectralSubtraction", ["x"], ["y", "n"],
                  subtraction_options(data.draw, size))
    model = model_bytes(FlatGraph([x, y, noise], [op], ["x"], ["y", "n"]))
    theirs = runtime.Interpreter.from_bytes(model)
    blob = convert_model(model).blob
    ours = midge.load(blob)
    feeds = [signal(data.draw, size, "uint32") for _ in range(6)]
    found = [bytearray(4 * size), bytearray(4 * size)]
    for fed in feeds:
        theirs.set_input(fed, 0)
        theirs.invoke()
        ours.run([fed.tobytes()], found)
        for i in range(2):
            assert np.array_equal(np.frombuffer(found[i], np.uint32), theirs.get_output(i)), f"output {i}"
    first = [bytearray(4 * size), bytearray(4 * size)]
    midge.load(blob).run([feeds[-1].tobytes()], found)
    midge.load(blob, arena=dirty(blob)).run([feeds[-1].tobytes()], first)
    assert found == first, "a new model starts with zeros, whatever lay in its arena"


def dirty(blob: bytes) -> np.ndarray:
    size = int.from_bytes(blob[20:24], "little")
    arena = np.full(size + 16, 0xA5, np.uint8)
    start = -arena.ctypes.data % 16
    return arena[start : start + size]
