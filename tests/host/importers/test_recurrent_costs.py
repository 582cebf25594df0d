# SPDX-License-Identifier: MIT
"""Recurrent layers of ONNX, as PyTorch exports them: what they answer, what they cost, and in eight bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import numpy_helper

from midge import api
from midge.convert.pipeline import convert_model
from midge.errors import UserError
from tests.support.onnx_models import compare, i64, make, node, ops_of, save, weights

GATES = {"GRU": 3, "LSTM": 4}


def recurrent(op: str, *units: int, features: int = 6, steps: int = 16, directions: int = 1) -> onnx.ModelProto:
    """Layers one on the other over [1, steps, features], of which the last step's state goes on to three classes."""
    nodes, constants = [node("Transpose", "x", "t0", perm=[1, 0, 2])], {"last": i64(-1)}
    for k, n in enumerate(units):
        d = {"direction": "bidirectional"} if directions == 2 else {}
        more = {"linear_before_reset": 1} if op == "GRU" else {}
        nodes.append(node(op, f"t{k} w{k} r{k} b{k} - h{k}", f"y{k}", hidden_size=n, **d, **more))
        wide = GATES[op] * n
        constants |= {f"w{k}": weights(directions, wide, features), f"r{k}": weights(directions, wide, n),
                      f"b{k}": weights(directions, 2 * wide), f"h{k}": np.zeros((directions, 1, n), np.float32)}
        shape = i64(steps, 1, directions * n)
        nodes += [node("Transpose", f"y{k}", f"z{k}", perm=[0, 2, 1, 3]), node("Reshape", f"z{k} s{k}", f"t{k + 1}")]
        constants[f"s{k}"] = shape
        features = directions * n
    nodes += [node("Gather", f"t{len(units)} last", "e", axis=0), node("Squeeze", "e zero", "f"),
              node("Gemm", "f m", "y", transB=1)]
    constants |= {"m": weights(3, features), "zero": i64(0)}
    return make(nodes, {"x": [1, steps, 6]}, constants)


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize(("op", "units"), [("GRU", (5,)), ("LSTM", (5,)), ("LSTM", (5, 4)), ("GRU", (3, 4))])
def test_stacked(op: str, units: tuple[int, ...], directions: int, tmp_path: Path) -> None:
    compare(recurrent(op, *units, directions=directions), tmp_path)


def test_a_gru_takes_little_memory(tmp_path: Path) -> None:
    made = compare(recurrent("GRU", 20), tmp_path)
    assert made.plan.arena_size <= 1100 and made.peak[0] <= made.plan.arena_size


def test_an_lstm_is_little_more_than_its_weights(tmp_path: Path) -> None:
    made = compare(recurrent("LSTM", 20, 10), tmp_path)
    assert len(made.blob) <= 16_000 and ops_of(made).count("UNIDIRECTIONAL_SEQUENCE_LSTM") == 4


def test_each_run_starts_from_zeros(tmp_path: Path) -> None:
    model, x = api.convert(save(recurrent("LSTM", 8), tmp_path)), weights(4, 16, 6)
    again = np.concatenate([api.convert(save(recurrent("LSTM", 8), tmp_path)).run(row[None]) for row in x])
    assert np.array_equal(model.run(x), again)


def test_in_eight_bits(tmp_path: Path) -> None:
    path, x = save(recurrent("LSTM", 20, 10), tmp_path), np.random.default_rng(3).normal(0, 1, (128, 16, 6))
    x = x.astype(np.float32)
    made = api.convert(path, calibrate=x[:100])
    assert len(made.blob) <= 8_000
    assert made.report is not None and not made.report.float_ops
    wanted = api.convert(path).run(x[100:])
    noise = made.run(x[100:]) - wanted
    assert 10 * np.log10(np.mean(wanted**2) / np.mean(noise**2)) > 25
    states = {s.outputs[1].dtype for s in made.conversion.program.steps if s.op.name == "LSTM"}
    assert states == {"int8"}


def test_a_part_and_the_whole_of_it_in_one_product(tmp_path: Path) -> None:
    """The product may not be written over what it still reads."""
    nodes = [node("Relu", "x", "r"), node("Slice", "r zero one zero", "a"), node("Mul", "r a", "y")]
    compare(make(nodes, {"x": [2, 20]}, {"zero": i64(0), "one": i64(1)}), tmp_path)


@given(at=st.integers(0, 3), data=st.data())
def test_parts_of_concatenations_are_read_where_they_were_made(at: int, data: st.DataObject, tmp_path_factory: object
                                                               ) -> None:
    folder = tmp_path_factory.mktemp("parts")  # type: ignore[attr-defined]
    end = data.draw(st.integers(at + 1, 4))
    parts = [node(op, "x", op.lower()) for op in ("Relu", "Abs", "Neg", "Tanh")]
    nodes = [*parts, node("Concat", "relu abs neg tanh", "c", axis=0), node("Slice", "c from to zero", "y")]
    made = compare(make(nodes, {"x": [1, 6]}, {"from": i64(at), "to": i64(end), "zero": i64(0)}), folder)
    if end == at + 1:
        assert len(made.program.steps) <= 2


def test_a_projection_is_no_layer_of_fewer_units(tmp_path: Path) -> None:
    """PyTorch's exporter says a projected LSTM has as many units as it projects to, with all rows of its weights."""
    model = recurrent("LSTM", 5)
    model.graph.node[1].attribute[0].i = 3
    with pytest.raises(UserError, match="LSTM.*proj_size"):
        convert_model(save(model, tmp_path))


def test_states_of_another_size(tmp_path: Path) -> None:
    """Nor with the weights cut to those units, and a state of the cells before the projection."""
    model = recurrent("LSTM", 3)
    model.graph.initializer.append(numpy_helper.from_array(np.zeros((1, 1, 5), np.float32), "c"))
    model.graph.node[1].input.append("c")
    with pytest.raises(UserError, match="LSTM.*states of .3, 5. values for 3 units"):
        convert_model(save(model, tmp_path))


def test_more_steps_than_can_be_unrolled(tmp_path: Path) -> None:
    assert convert_model(save(recurrent("LSTM", 4, steps=1500), tmp_path)).program.steps
    with pytest.raises(UserError, match="1500 steps of time; at most 1024 can run"):
        convert_model(save(recurrent("GRU", 4, steps=1500), tmp_path))
