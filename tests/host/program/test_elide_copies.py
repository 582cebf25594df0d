# SPDX-License-Identifier: MIT
"""Parts of a value that lie in one piece are not copied."""

from collections import Counter

import numpy as np

from midge import load
from midge.convert.pipeline import Conversion, convert_model
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from tests.support.int8_models import quantised


def parts(ops: list[FlatOperator], tensors: list[FlatTensor], inputs: list[str], outputs: list[str]) -> Conversion:
    return convert_model(model_bytes(FlatGraph(tensors, ops, inputs, outputs)))


def test_parts_that_lie_in_one_piece_are_not_copied() -> None:
    """split -> relu of each part -> concatenation, all along the outermost axis: no copy is left."""
    tensors = [quantised("x", 1, 6, 4), FlatTensor("axis", data=np.array(1, np.int32)),
               *(quantised(n, 1, 3, 4) for n in ("a", "b", "p", "q")), quantised("y", 1, 6, 4)]
    ops = [FlatOperator("SPLIT", ["axis", "x"], ["a", "b"], {"num_splits": 2}), FlatOperator("RELU", ["a"], ["p"]),
           FlatOperator("RELU", ["b"], ["q"]),
           FlatOperator("CONCATENATION", ["q", "p"], ["y"], {"axis": 1})]
    found = parts(ops, tensors, ["x"], ["y"])
    assert Counter(s.op.name for s in found.program.steps) == {"LUT": 2}
    model = load(found.blob)
    x, out = np.arange(-12, 12, dtype=np.int8), np.zeros(24, np.int8)
    model.run(x, out=out)
    relu = np.maximum(x, 3)
    assert out.tolist() == [*relu[12:], *relu[:12]]


def test_a_part_that_stands_in_two_places_is_copied_once() -> None:
    tensors = [quantised("x", 1, 4), quantised("a", 1, 4), quantised("y", 2, 4)]
    ops = [FlatOperator("RELU", ["x"], ["a"]), FlatOperator("CONCATENATION", ["a", "a"], ["y"], {"axis": 0})]
    found = parts(ops, tensors, ["x"], ["y"])
    model, out = load(found.blob), np.zeros(8, np.int8)
    model.run(np.array([-5, 0, 5, 9], np.int8), out=out)
    assert out.tolist() == [3, 3, 5, 9] * 2
