# SPDX-License-Identifier: MIT
"""Many runs at once on the core."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midge.convert.pipeline import convert_model
from midge.core.batch import Engine, to_raw
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=50), st.sampled_from(["int8", "int16"]))
def test_inputs_are_quantised_as_the_core_does(values: list[float], dtype: str) -> None:
    from midge import load

    scale, zero_point = 0.0370370373, (5 if dtype == "int8" else 0)
    model = model_bytes(FlatGraph(
        [FlatTensor("x", (1, len(values)), dtype, scale=scale, zero_point=zero_point),
         FlatTensor("shape", data=np.array([len(values)], np.int32)),
         FlatTensor("y", (len(values),), dtype, scale=scale, zero_point=zero_point)],
        [FlatOperator("RESHAPE", ["x", "shape"], ["y"], {"new_shape": [len(values)]})], ["x"], ["y"]))
    core = load(convert_model(model).blob)
    core._core.write(values)
    core._core.run()
    raw = np.empty(len(values), dtype)
    core._core.run(None, raw)
    np.testing.assert_array_equal(raw, to_raw(np.array(values, np.float32), dtype, np.float32(scale), zero_point))


@pytest.mark.parametrize("threads", [1, 3])
def test_samples_in_several_goes_are_those_of_single_runs(
    threads: int, monkeypatch: pytest.MonkeyPatch, wand_tflite: Path
) -> None:
    from midge import load

    monkeypatch.setattr("midge.core.batch.MOST_AT_ONCE", 700)  # two windows of 288 values
    blob, told = convert_model(wand_tflite).blob, []
    x = np.random.default_rng(3).normal(0, 1, (11, 288)).astype(np.float32)
    (scores,) = Engine(blob, threads=threads).run([x], told.append)
    model = load(blob)
    np.testing.assert_array_equal(scores.reshape(11, -1), [model(row.tolist()).scores for row in x])
    assert sum(told) == 11 and max(told) == 2
    (none,) = Engine(blob).run([x[:0]])
    assert len(none) == 0
