# SPDX-License-Identifier: MIT
"""LSTM and SVDF over several runs, state and all, against TFLM."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from midge.convert.pipeline import convert_model
from midge.core import binding as _midge
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from tests.support.oracle import tflm_in_steps

RUNS = 6


def compare(tensors: list[FlatTensor], operator: FlatOperator, feeds: list[np.ndarray]) -> None:
    pytest.importorskip("tflite_micro")
    model = model_bytes(FlatGraph(tensors, [operator], ["x"], ["y"]))
    expected = tflm_in_steps(model, feeds)
    runner = _midge.Model(convert_model(model).blob)
    for values, wanted in zip(feeds, expected, strict=True):
        out = bytearray(wanted.nbytes)
        runner.run([values.tobytes()], [out])
        np.testing.assert_array_equal(np.frombuffer(out, wanted.dtype).reshape(wanted.shape), wanted)


def whole(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    info = np.iinfo(dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_lstm(dtype: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    batches, steps, inputs, units = (int(rng.integers(1, n)) for n in (3, 5, 9, 8))
    time_major = bool(rng.integers(2))
    lead = (steps, batches) if time_major else (batches, steps)
    wide = dtype == "int16"

    def zero_point() -> int:
        return 0 if wide else int(rng.integers(-128, 128))

    def scale(low: float, high: float) -> float:
        return float(np.float32(2.0 ** rng.uniform(low, high)))

    x = FlatTensor(
        "x", (*lead, inputs), dtype, scale=scale(-15, -10) if wide else scale(-8, -5), zero_point=zero_point()
    )
    hidden = FlatTensor("hidden", (batches, units), dtype, scale=2.0**-15 if wide else scale(-8, -6),
                    zero_point=zero_point(), is_variable=True)
    cell = FlatTensor("cell", (batches, units), "int16", scale=2.0 ** int(rng.integers(-15, -7)), is_variable=True)
    y = FlatTensor("y", (*lead, units), dtype, scale=hidden.scale, zero_point=hidden.zero_point)
    tensors, names = [x, hidden, cell, y], ["x"]
    for i in range(8):
        shape = (units, inputs if i < 4 else units)
        weights = FlatTensor(f"w{i}", data=whole(rng, shape, "int8"), scale=scale(-10, -6))
        tensors.append(weights)
        names.append(weights.name)
    names += [None] * 3
    for i in range(4):
        bias = rng.integers(-20000, 20000, units).astype("int64" if wide else "int32")
        tensors.append(FlatTensor(f"b{i}", data=bias, scale=2.0**-16))
        names.append(f"b{i}")
    names += [None, None, "hidden", "cell", None, None, None, None]
    options = {"fused_activation_function": "TANH", "cell_clip": float(rng.choice([0.0, 1.0, 10.0])),
               "time_major": time_major}
    operator = FlatOperator("UNIDIRECTIONAL_SEQUENCE_LSTM", names, ["y"], options)
    compare(tensors, operator, [whole(rng, x.shape, dtype) for _ in range(RUNS)])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("state_dtype", ["int8", "int16"])
def test_svdf(state_dtype: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    batches, inputs, units, rank, memory = (int(rng.integers(1, n)) for n in (3, 20, 6, 4, 9))
    filters = units * rank

    def tensor(name: str, shape: tuple[int, ...], dtype: str, power: float, **rest: Any) -> FlatTensor:
        return FlatTensor(name, shape, dtype, scale=float(np.float32(2.0 ** (power + rng.uniform(-1, 1)))), **rest)

    x = tensor("x", (batches, inputs), "int8", -6, zero_point=int(rng.integers(-128, 128)))
    power = -5 if state_dtype == "int8" else -13
    state = tensor("state", (batches, filters * memory), state_dtype, power, is_variable=True,
                   zero_point=int(rng.integers(-128, 128)) if state_dtype == "int8" else 0)
    feature = FlatTensor("feature", data=whole(rng, (filters, inputs), "int8"), scale=2.0**-9)
    time = FlatTensor("time", data=whole(rng, (filters, memory), state_dtype), scale=float(2.0**power))
    bias = FlatTensor(
        "bias", data=rng.integers(-9000, 9000, units).astype(np.int32), scale=float(state.scale * time.scale)
    )
    y = tensor("y", (batches, units), "int8", -5, zero_point=int(rng.integers(-128, 128)))
    operator = FlatOperator("SVDF", ["x", "feature", "time", "bias", "state"], ["y"],
                        {"rank": rank, "fused_activation_function": "RELU"})
    compare([x, feature, time, bias, state, y], operator, [whole(rng, x.shape, "int8") for _ in range(RUNS)])
