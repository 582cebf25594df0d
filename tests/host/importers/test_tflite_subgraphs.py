# SPDX-License-Identifier: MIT
"""Graphs that a model calls: choices and loops of known course are unrolled, the rest is refused in one line."""

from pathlib import Path

import numpy as np
import pytest

from midge.convert.pipeline import convert_model
from midge.core import binding as _midge
from midge.errors import UserError
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes


def f32(name: str) -> FlatTensor:
    return FlatTensor(name, (2,), "float32")


def known(name: str, value: object, dtype: type) -> FlatTensor:
    return FlatTensor(name, data=np.array(value, dtype))


def run(model: bytes, *values: float) -> list[float]:
    out = bytearray(4 * len(values))
    _midge.Model(convert_model(model).blob).run(np.array(values, np.float32).tobytes(), out)
    return [float(v) for v in np.frombuffer(out, np.float32)]


def one_op(op: str) -> FlatGraph:
    return FlatGraph([f32("a"), f32("b")], [FlatOperator(op, ["a"], ["b"])], ["a"], ["b"])


def choice(condition: bool, *bodies: FlatGraph, then: int = 1, otherwise: int = 2) -> bytes:
    tensors = [known("c", condition, np.bool_), f32("x"), f32("y")]
    options = {"then_subgraph_index": then, "else_subgraph_index": otherwise}
    return model_bytes([FlatGraph(tensors, [FlatOperator("IF", ["c", "x"], ["y"], options)], ["x"], ["y"]), *bodies])


def loop(turns: int) -> bytes:
    """y = x * 2^turns, counted from 0."""
    main = FlatGraph(
        [known("n", 0, np.int32), f32("x"), FlatTensor("i", (), "int32"), f32("y")],
        [FlatOperator("WHILE", ["n", "x"], ["i", "y"], {"cond_subgraph_index": 1, "body_subgraph_index": 2})],
        ["x"], ["y"],
    )
    ends = [FlatTensor("n", (), "int32"), f32("x")]
    condition = FlatGraph([*ends, known("end", turns, np.int32), FlatTensor("c", (), "bool")],
                      [FlatOperator("LESS", ["n", "end"], ["c"])], ["n", "x"], ["c"])
    body = FlatGraph(
        [*ends, known("one", 1, np.int32), known("two", [2.0], np.float32), FlatTensor("m", (), "int32"), f32("z")],
        [FlatOperator("ADD", ["n", "one"], ["m"]), FlatOperator("MUL", ["x", "two"], ["z"])], ["n", "x"], ["m", "z"],
    )
    return model_bytes([main, condition, body])


def list_loop(turns: int) -> bytes:
    """Row i of a list becomes x * 2^(i + 1), as Keras's RNN layers with return_sequences write theirs."""
    open_rows = FlatTensor("rows", (turns, 2), "float32")
    main = FlatGraph(
        [known("n", 0, np.int32), f32("x"), known("zeros", np.zeros((turns, 2)), np.float32),
         FlatTensor("i", (), "int32"), f32("y"), open_rows],
        [FlatOperator("WHILE", ["n", "x", "zeros"], ["i", "y", "rows"],
                      {"cond_subgraph_index": 1, "body_subgraph_index": 2})],
        ["x"], ["rows"],
    )
    ends = [FlatTensor("n", (), "int32"), f32("x"), FlatTensor("list", (1, 1), "float32", shape_signature=(-1, -1))]
    condition = FlatGraph([*ends, known("end", turns, np.int32), FlatTensor("c", (), "bool")],
                      [FlatOperator("LESS", ["n", "end"], ["c"])], ["n", "x", "list"], ["c"])
    parts = [FlatTensor(name, (1, 1), "float32", shape_signature=(-1, -1)) for name in ("before", "after", "whole")]
    body = FlatGraph(
        [*ends, *parts, known("one", 1, np.int32), known("two", [2.0], np.float32), FlatTensor("m", (), "int32"),
         known("zero", 0, np.int32), known("all", -1, np.int32), known("row", [1, 2], np.int32), f32("z"),
         *(FlatTensor(name, (2,), "int32") for name in ("start", "count", "next", "rest")), FlatTensor("item", (1, 2))],
        [FlatOperator("ADD", ["n", "one"], ["m"]), FlatOperator("MUL", ["x", "two"], ["z"]),
         FlatOperator("PACK", ["zero", "zero"], ["start"], {"axis": 0, "values_count": 2}),
         FlatOperator("PACK", ["n", "all"], ["count"], {"axis": 0, "values_count": 2}),
         FlatOperator("PACK", ["m", "zero"], ["next"], {"axis": 0, "values_count": 2}),
         FlatOperator("PACK", ["all", "all"], ["rest"], {"axis": 0, "values_count": 2}),
         FlatOperator("SLICE", ["list", "start", "count"], ["before"]),
         FlatOperator("SLICE", ["list", "next", "rest"], ["after"]),
         FlatOperator("RESHAPE", ["z", "row"], ["item"]),
         FlatOperator("CONCATENATION", ["before", "item", "after"], ["whole"], {"axis": 0})],
        ["n", "x", "list"], ["m", "z", "whole"],
    )
    return model_bytes([main, condition, body])


@pytest.mark.parametrize("turns", [1, 2, 5])
def test_a_loop_that_writes_a_list(turns: int) -> None:
    """At both ends the rows before and after are none; what a turn's slice of zeros holds depends on the turn."""
    out = bytearray(8 * turns)
    _midge.Model(convert_model(list_loop(turns)).blob).run(np.array([1, -3], np.float32).tobytes(), out)
    powers = 2.0 ** np.arange(1, turns + 1)
    assert np.array_equal(np.frombuffer(out, np.float32).reshape(turns, 2), np.outer(powers, [1, -3]))


def test_a_choice_that_is_known() -> None:
    assert run(choice(True, one_op("NEG"), one_op("ABS")), -3, 4) == [3, -4]
    assert run(choice(False, one_op("NEG"), one_op("ABS")), -3, 4) == [3, 4]


@pytest.mark.parametrize("turns", [1, 5])
def test_a_loop_that_is_counted(turns: int) -> None:
    assert run(loop(turns), 1, -3) == [2**turns, -3 * 2**turns]


def test_the_layer_keeps_the_name_that_the_user_knows() -> None:
    assert convert_model(choice(True, one_op("NEG"), one_op("ABS"))).program.graph.outputs[0].name == "y"


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (choice(True, one_op("NEG"), one_op("ABS"), then=7), "calls graph 7, which is not there"),
        (choice(True, one_op("NEG"), one_op("ABS"), then=0), "calls graph 0, which is not there"),
        (choice(True, FlatGraph([f32("a"), f32("b"), f32("d")], [FlatOperator("ADD", ["a", "b"], ["d"])],
                                ["a", "b"], ["d"]),
                one_op("ABS")), "graph 1 has 2 inputs and 1 outputs, its call others"),
        (choice(True, FlatGraph([known("c", True, np.bool_), f32("a"), f32("b")], [
            FlatOperator("IF", ["c", "a"], ["b"], {"then_subgraph_index": 1, "else_subgraph_index": 1})], ["a"], ["b"]),
            one_op("ABS")), "call one another in a circle"),
        (loop(300), "WHILE"),
    ],
)
def test_calls_that_cannot_be(model: bytes, words: str) -> None:
    with pytest.raises(UserError, match=words):
        convert_model(model)


def test_constants_behind_the_flatbuffer(shared: Path) -> None:
    data = (shared / "ops/litert-testdata/litert_simple_group_norm_op.tflite").read_bytes()
    assert convert_model(data).program.steps
    with pytest.raises(UserError, match="is at bytes .* of a file of"):
        convert_model(data[:-70])
