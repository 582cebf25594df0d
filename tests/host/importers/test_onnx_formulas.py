# SPDX-License-Identifier: MIT
"""ONNX ops that become formulas of others, and indices that are worked out while running, against onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from midge.convert.pipeline import convert_model
from midge.errors import UserError
from tests.support.onnx_models import compare, i64, make, node, save, weights

# A function, and what of x it is asked of: scaled to where it is defined.
FUNCTIONS = {"Tan": 0.2, "Atan": 5.0, "Asin": 0.15, "Acos": 0.15, "Sinh": 1.0, "Cosh": 1.0, "Asinh": 3.0, "Atanh": 0.15,
             "Erf": 1.0}


@pytest.mark.parametrize("op", FUNCTIONS)
def test_functions(op: str, tmp_path: Path) -> None:
    nodes = [node("Mul", "x scale", "z"), node(op, "z", "y")]
    compare(make(nodes, {"x": [3, 50]}, {"scale": np.float32(FUNCTIONS[op])}), tmp_path)


def test_acosh(tmp_path: Path) -> None:
    nodes = [node("Abs", "x", "a"), node("Add", "a one", "z"), node("Acosh", "z", "y")]
    compare(make(nodes, {"x": [3, 50]}, {"one": np.float32(1)}), tmp_path)


@pytest.mark.parametrize("op", ["IsNaN", "IsInf"])
def test_what_is_no_number(op: str, tmp_path: Path) -> None:
    """log of negative numbers is NaN; of what is cut off at 0, -inf."""
    nodes = [node("Log", "x", "n"), node("Relu", "x", "r"), node("Log", "r", "i"), node("Concat", "n i", "c", axis=0),
             node(op, "c", "b"), node("Cast", "b", "y", to=TensorProto.FLOAT)]
    compare(make(nodes, {"x": [3, 10]}, {}), tmp_path)


@pytest.mark.parametrize("op", ["Less", "LessOrEqual", "Equal", "Greater", "GreaterOrEqual"])
def test_nothing_is_said_of_nan(op: str, tmp_path: Path) -> None:
    """Of the logarithms of negative numbers none is less than, greater than or equal to anything."""
    nodes = [node("Log", "x", "n"), node(op, "n z", "b"), node("Cast", "b", "y", to=TensorProto.FLOAT)]
    compare(make(nodes, {"x": [3, 10], "z": [3, 10]}, {}), tmp_path)


@pytest.mark.parametrize(("negative", "positive"), [(0, 1), (1, 0)])
def test_one_infinity(negative: int, positive: int, tmp_path: Path) -> None:
    nodes = [node("Relu", "x", "r"), node("Log", "r", "i"), node("Neg", "i", "j"), node("Concat", "i j", "c", axis=0),
             node("IsInf", "c", "b", detect_negative=negative, detect_positive=positive),
             node("Cast", "b", "y", to=TensorProto.FLOAT)]
    compare(make(nodes, {"x": [3, 10]}, {}), tmp_path)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_gather_elements(axis: int, tmp_path: Path) -> None:
    nodes = [node("ArgMax", "x", "k", axis=axis, keepdims=1), node("GatherElements", "x k", "y", axis=axis)]
    compare(make(nodes, {"x": [3, 4, 5]}, {}), tmp_path)


def test_gather_elements_of_fewer_rows(tmp_path: Path) -> None:
    places = np.array([[[2, 0], [1, 1]]])
    compare(make([node("GatherElements", "x k", "y", axis=1)], {"x": [3, 4, 5]}, {"k": places}), tmp_path)


def test_gather_nd(tmp_path: Path) -> None:
    places = np.array([[0, 1], [2, 3], [1, 0]])
    compare(make([node("GatherND", "x k", "y")], {"x": [3, 4, 5]}, {"k": places}), tmp_path)


def test_sums_over_axes_that_an_input_names(tmp_path: Path) -> None:
    """The axes are int64, but nothing is calculated with them."""
    nodes = [node("ReduceSum", "x axes", "s", keepdims=1), node("ReduceProd", "s last", "y", keepdims=0)]
    compare(make(nodes, {"x": [2, 3, 4]}, {"axes": i64(1), "last": i64(-1)}), tmp_path)


def test_strings_are_not_searched(tmp_path: Path) -> None:
    """A regular expression on a text of the file's own might take for ever."""
    nodes = [onnx.helper.make_node("RegexFullMatch", ["text"], ["b"], pattern="(a+)+$"),
             node("Cast", "b", "f", to=TensorProto.FLOAT), node("Add", "x f", "y")]
    model = make(nodes, {"x": [1, 3]}, {"f0": weights(1)})
    model.graph.initializer.append(onnx.helper.make_tensor("text", TensorProto.STRING, [1], [b"a" * 40 + b"b"]))
    with pytest.raises(UserError, match="RegexFullMatch"):
        convert_model(save(model, tmp_path))
