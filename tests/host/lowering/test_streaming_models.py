# SPDX-License-Identifier: MIT
"""Wake words that keep their past in variables, step by step and over a reset, in every layout, against TFLM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from midge.convert.pipeline import convert_model
from midge.core import binding as _midge
from tests.support import SHARED
from tests.support.oracle import tflm_in_steps

STEPS = 60
MODELS = sorted((SHARED / "models/microwakeword").glob("v2_*.tflite"))
TARGETS = [None, "cortex-m0plus", "cortex-m4", "cortex-m55", "rv32"]  # one of each layout


def without_head(model: bytes) -> bytes:
    """Return the network up to what its last dense layer reads, since that layer's output says little."""
    flatbuffers = pytest.importorskip("flatbuffers")
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
    whole = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    graph, dense = whole.subgraphs[0], schema.BuiltinOperator.FULLY_CONNECTED
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in whole.operatorCodes]
    last = max(i for i, operator in enumerate(graph.operators) if codes[operator.opcodeIndex] == dense)
    graph.outputs = [int(graph.operators[last].inputs[0])]
    graph.operators = graph.operators[:last]
    whole.signatureDefs = None
    builder = flatbuffers.Builder(len(model))
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.skipif(not MODELS, reason=f"no {SHARED}/models/microwakeword; set SHARED=<dir>")
@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_wake_word(path: Path, tmp_path: Path) -> None:
    pytest.importorskip("tflite_micro")
    model = without_head(path.read_bytes())
    file = tmp_path / path.name
    file.write_bytes(model)
    runners = [_midge.Model(convert_model(file, target=target).blob) for target in TARGETS]
    rng, shape = np.random.default_rng(3), runners[0].input(0)[2]
    steps = rng.integers(-128, 128, (STEPS, *shape)).astype(np.int8)
    backwards = steps[::-1]  # after a reset
    expected = tflm_in_steps(model, steps) + tflm_in_steps(model, backwards)
    assert len({bytes(answer) for answer in expected}) > STEPS
    for target, runner in zip(TARGETS, runners, strict=True):
        out, found = bytearray(expected[0].nbytes), []
        for run in (steps, backwards):
            for values in run:
                runner.run([values.tobytes()], [out])
                found.append(bytes(out))
            runner.reset()
        assert found == [wanted.tobytes() for wanted in expected], target
