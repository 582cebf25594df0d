# SPDX-License-Identifier: MIT
"""Graphs that a model calls: choices and loops of known course are unrolled, the rest is refused in one line."""

from pathlib import Path

import numpy as np
import pytest

from midge.convert.pipeline import convert
from midge.core import binding as _midge
from midge.errors import UserError
from midge.importers.tflite.writer import Graph, Operator, Tensor, model_bytes


def f32(name: str) -> Tensor:
    return Tensor(name, (2,), "float32")


def known(name: str, value: object, dtype: type) -> Tensor:
    return Tensor(name, data=np.array(value, dtype))


def run(model: bytes, *values: float) -> list[float]:
    out = bytearray(4 * len(values))
    _midge.Model(convert(model).blob).run(np.array(values, np.float32).tobytes(), out)
    return [float(v) for v in np.frombuffer(out, np.float32)]


def one_op(op: str) -> Graph:
    return Graph([f32("a"), f32("b")], [Operator(op, ["a"], ["b"])], ["a"], ["b"])


def choice(condition: bool, *bodies: Graph, then: int = 1, otherwise: int = 2) -> bytes:
    tensors = [known("c", condition, np.bool_), f32("x"), f32("y")]
    options = {"then_subgraph_index": then, "else_subgraph_index": otherwise}
    return model_bytes([Graph(tensors, [Operator("IF", ["c", "x"], ["y"], options)], ["x"], ["y"]), *bodies])


def loop(turns: int) -> bytes:
    """y = x * 2^turns, counted from 0."""
    main = Graph(
        [known("n", 0, np.int32), f32("x"), Tensor("i", (), "int32"), f32("y")],
        [Operator("WHILE", ["n", "x"], ["i", "y"], {"cond_subgraph_index": 1, "body_subgraph_index": 2})], ["x"], ["y"],
    )  # fmt: skip
    ends = [Tensor("n", (), "int32"), f32("x")]
    condition = Graph([*ends, known("end", turns, np.int32), Tensor("c", (), "bool")],
                      [Operator("LESS", ["n", "end"], ["c"])], ["n", "x"], ["c"])  # fmt: skip
    body = Graph(
        [*ends, known("one", 1, np.int32), known("two", [2.0], np.float32), Tensor("m", (), "int32"), f32("z")],
        [Operator("ADD", ["n", "one"], ["m"]), Operator("MUL", ["x", "two"], ["z"])], ["n", "x"], ["m", "z"],
    )  # fmt: skip
    return model_bytes([main, condition, body])


def test_a_choice_that_is_known() -> None:
    assert run(choice(True, one_op("NEG"), one_op("ABS")), -3, 4) == [3, -4]
    assert run(choice(False, one_op("NEG"), one_op("ABS")), -3, 4) == [3, 4]


@pytest.mark.parametrize("turns", [1, 5])
def test_a_loop_that_is_counted(turns: int) -> None:
    assert run(loop(turns), 1, -3) == [2**turns, -3 * 2**turns]


def test_the_layer_keeps_the_name_that_the_user_knows() -> None:
    assert convert(choice(True, one_op("NEG"), one_op("ABS"))).program.graph.outputs[0].name == "y"


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (choice(True, one_op("NEG"), one_op("ABS"), then=7), "calls graph 7, which is not there"),
        (choice(True, one_op("NEG"), one_op("ABS"), then=0), "calls graph 0, which is not there"),
        (choice(True, Graph([f32("a"), f32("b"), f32("d")], [Operator("ADD", ["a", "b"], ["d"])], ["a", "b"], ["d"]),
                one_op("ABS")), "graph 1 has 2 inputs and 1 outputs, its call others"),
        (choice(True, Graph([known("c", True, np.bool_), f32("a"), f32("b")], [
            Operator("IF", ["c", "a"], ["b"], {"then_subgraph_index": 1, "else_subgraph_index": 1})], ["a"], ["b"]),
            one_op("ABS")), "call one another in a circle"),
        (loop(300), "WHILE"),
    ],
)  # fmt: skip
def test_calls_that_cannot_be(model: bytes, words: str) -> None:
    with pytest.raises(UserError, match=words):
        convert(model)


def test_constants_behind_the_flatbuffer(shared: Path) -> None:
    data = (shared / "ops/litert-testdata/litert_simple_group_norm_op.tflite").read_bytes()
    assert convert(data).program.steps
    with pytest.raises(UserError, match="lies at bytes .* of a file of"):
        convert(data[:-70])
