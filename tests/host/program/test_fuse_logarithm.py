# SPDX-License-Identifier: MIT
"""The quantiser after an audio front end is one step with the logarithm, where that is the same function."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import midge
from midge.convert.pipeline import Conversion, convert_model
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from midge.program.fuse_logarithm import LOGARITHMS, affine, affine_of
from tests.support.int8_models import ops

CHANNELS = 40
LOG = FlatOperator("CUSTOM:SignalFilterBankLog", ["x"], ["log"], {"output_scale": 64, "input_correction_bits": 3})


def value(name: str, dtype: str) -> FlatTensor:
    return FlatTensor(name, (CHANNELS,), dtype)


def converted(
    tensors: list[FlatTensor], steps: list[FlatOperator], logarithm: bool, outputs: tuple[str, ...] = ("y",)
) -> Conversion:
    """Convert steps from `log` to `y`, behind a logarithm, or fed with logarithms themselves."""
    own = [value("x", "uint32")] if logarithm else []
    graph = FlatGraph([*own, value("log", "int16"), *tensors], [LOG, *steps] if logarithm else steps,
                      ["x" if logarithm else "log"], list(outputs))
    return convert_model(model_bytes(graph))


def in_floats(scale: float, zero_point: int) -> tuple[list[FlatTensor], list[FlatOperator]]:
    """Return what front ends with float features do: log / 25.6, quantised to a network's input."""
    tensors = [value("real", "float32"), FlatTensor("factor", data=np.array(1 / 25.6, np.float32)),
               value("feature", "float32"), FlatTensor("y", (CHANNELS,), "int8", scale=scale, zero_point=zero_point)]
    return tensors, [FlatOperator("CAST", ["log"], ["real"]), FlatOperator("MUL", ["real", "factor"], ["feature"]),
                     FlatOperator("QUANTIZE", ["feature"], ["y"])]


def in_integers(low: int) -> tuple[list[FlatTensor], list[FlatOperator]]:
    """Return (256 max(log, low) + 333) / 666 - 128, at most 127."""
    numbers = {"low": low, "256": 256, "333": 333, "666": 666, "128": 128, "127": 127}
    names = ["wide", "above", "times", "plus", "by", "less", "most"]
    tensors = [FlatTensor(n, data=np.array(v, np.int32)) for n, v in numbers.items()]
    tensors += [value(name, "int32") for name in names] + [value("y", "int8")]
    chain = [("MAXIMUM", "low"), ("MUL", "256"), ("ADD", "333"), ("DIV", "666"), ("SUB", "128"), ("MINIMUM", "127")]
    steps = [FlatOperator("CAST", ["log"], ["wide"])]
    steps += [FlatOperator(op, [names[i], number], [names[i + 1]]) for i, (op, number) in enumerate(chain)]
    return tensors, [*steps, FlatOperator("CAST", ["most"], ["y"])]


def answers_of(tensors: list[FlatTensor], steps: list[FlatOperator]) -> np.ndarray:
    """Return what the unfused steps make of each logarithm, int8 [32768]."""
    model = midge.load(converted(tensors, steps, logarithm=False).blob)
    logs = np.arange(-(-LOGARITHMS // CHANNELS) * CHANNELS).clip(max=LOGARITHMS - 1).astype(np.int16)
    answers, out = [], bytearray(CHANNELS)
    for part in logs.reshape(-1, CHANNELS):
        model.run([part.tobytes()], [out])
        answers.append(np.frombuffer(bytes(out), np.int8))
    return np.concatenate(answers)[:LOGARITHMS]


@pytest.mark.parametrize("chain", [in_floats(26 / 255, -128), in_floats(0.1, -128), in_floats(0.2, 3), in_integers(0)],
                         ids=["float", "float 0.1", "float 0.2", "int32"])
def test_what_quantises_a_logarithm_is_part_of_it(chain: tuple[list[FlatTensor], list[FlatOperator]]) -> None:
    found = converted(*chain, logarithm=True)
    assert ops(found) == {"LOG_TABLE_I8": 1}
    assert found.program.graph.notes[-1] == "1 quantisation of logarithms taken into these"
    step = found.program.steps[0]
    given = affine(np.arange(LOGARITHMS), *(step.params[key] for key in ("multiplier", "offset", "shift")))
    assert np.array_equal(given, answers_of(*chain))
    assert step.outputs[0].name == "y"


def test_what_is_no_affine_function_stays() -> None:
    assert ops(converted(*in_integers(300), logarithm=True))["LOG_TABLE"] == 1


def test_a_logarithm_that_somebody_else_reads_stays() -> None:
    assert ops(converted(*in_integers(0), logarithm=True, outputs=("y", "log")))["LOG_TABLE"] == 1


@given(st.integers(1, 60000), st.integers(-(2**24), 2**24), st.integers(0, 17))
def test_every_affine_function_is_found(multiplier: int, offset: int, shift: int) -> None:
    wanted = affine(np.arange(LOGARITHMS), multiplier, offset, shift)
    assume(wanted[0] != wanted[-1] and multiplier * LOGARITHMS + abs(offset) < 2**31)
    found = affine_of(wanted.astype(np.int8))
    assert found is not None
    assert np.array_equal(affine(np.arange(LOGARITHMS), *found), wanted)


@pytest.mark.parametrize("values", [[0] * 9, [3, 2, 1], [0, 0, 1, 5, 6, 50], [0, 1, 2, 2, 2, 2, 3, 4, 5]])
def test_what_is_no_affine_function_is_none(values: list[int]) -> None:
    assert affine_of(np.array(values, np.int8)) is None
