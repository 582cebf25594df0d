# SPDX-License-Identifier: MIT
"""Many runs at once on the core."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from midge.convert.pipeline import convert_model
from midge.core.batch import to_raw
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
