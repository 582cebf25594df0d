# SPDX-License-Identifier: MIT
"""ONNX ops that become several of Midge's: Einsum, TopK, masks and groups, against onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from onnx.reference import ReferenceEvaluator

import midge
from midge.convert.pipeline import convert_model
from midge.errors import UserError
from tests.support.onnx_models import compare, i64, make, node, save, weights


@pytest.mark.parametrize(("equation", "shapes"), [
    ("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)]), ("ij,jk", [(3, 4), (4, 2)]),
    ("bhqd,bhkd->bhqk", [(1, 2, 3, 4), (1, 2, 5, 4)]), ("bqhd,bkhd->bhqk", [(1, 3, 2, 4), (1, 5, 2, 4)]),
    ("ij->ji", [(3, 4)]), ("ij->", [(3, 4)]), ("ijk->ik", [(2, 3, 4)]),
    ("i,j->ij", [(3,), (4,)]), ("bi,bi->b", [(2, 5), (2, 5)]), ("ij,ij->ij", [(2, 5), (2, 5)]),
    ("nctv,vw->nctw", [(1, 2, 3, 4), (4, 5)]), ("ijk,kl,lm->im", [(2, 3, 4), (4, 5), (5, 2)]),
    ("abc,cd->dab", [(2, 3, 4), (4, 5)]),
])
@pytest.mark.parametrize("known", [False, True])
def test_sums_of_products(equation: str, shapes: list[tuple[int, ...]], known: bool, tmp_path: Path) -> None:
    names = ["x", "y", "z"][: len(shapes)]
    made = node("Einsum", " ".join(names), "out", equation=equation)
    constants = {n: weights(*s) for n, s in zip(names[1:], shapes[1:], strict=True)} if known else {}
    inputs = {n: list(s) for n, s in zip(names, shapes, strict=True) if n not in constants}
    compare(make([made], inputs, constants, ["out"]), tmp_path)


@pytest.mark.parametrize(("equation", "words"), [
    ("...ij,jk->...ik", "write them out"), ("ii->i", "a diagonal"), ("ij,jk,kl->il", "does not fit its inputs"),
])
def test_sums_of_products_that_cannot_run(equation: str, words: str, tmp_path: Path) -> None:
    made = node("Einsum", "x w", equation=equation) if "," in equation else node("Einsum", "x", equation=equation)
    with pytest.raises(UserError, match=words):
        convert_model(save(make([made], {"x": [4, 4]}, {"w": weights(4, 4)} if "," in equation else {}), tmp_path))


@pytest.mark.parametrize("shapes", [([2, 3], [3, 4]), ([1, 2, 5, 3], [1, 2, 3, 4]), ([3], [3, 2]), ([2, 3], [3])])
@pytest.mark.parametrize("known", [False, True])
def test_products_of_whole_numbers(shapes: tuple[list[int], list[int]], known: bool, tmp_path: Path) -> None:
    large = {"large": np.array(3e4, np.float32)}  # so that products are no float32
    nodes = [node("Mul", "a large", "a0"), node("Cast", "a0", "a1", to=TensorProto.INT32)]
    nodes += [] if known else [node("Mul", "b large", "b0"), node("Cast", "b0", "b1", to=TensorProto.INT32)]
    nodes += [node("MatMul", "a1 b1", "p"), node("Cast", "p", "out", to=TensorProto.FLOAT)]
    constants = large | ({"b1": (3e4 * weights(*shapes[1])).astype(np.int32)} if known else {})
    compare(make(nodes, {"a": shapes[0]} | ({} if known else {"b": shapes[1]}), constants, ["out"]), tmp_path)


@pytest.mark.parametrize("op", ["ReduceSum", "ReduceProd"])
@pytest.mark.parametrize("axes", [[0], [1, 2], [-1], [0, 1, 2]])
@pytest.mark.parametrize("keep", [0, 1])
def test_sums_of_whole_numbers(op: str, axes: list[int], keep: int, tmp_path: Path) -> None:
    nodes = [node("Mul", "a large", "a0"), node("Cast", "a0", "a1", to=TensorProto.INT32),
             node(op, "a1 axes", "p", keepdims=keep), node("Cast", "p", "out", to=TensorProto.FLOAT)]
    constants = {"large": np.array(3e7 if op == "ReduceSum" else 3, np.float32), "axes": i64(*axes)}
    compare(make(nodes, {"a": [2, 3, 7]}, constants, ["out"], opset=18), tmp_path)


@pytest.mark.parametrize("attrs", [{}, {"axis": 0}, {"largest": 0}, {"axis": 1, "largest": 0}])
@pytest.mark.parametrize("count", [1, 3])
def test_the_largest(attrs: dict[str, int], count: int, tmp_path: Path) -> None:
    made = node("TopK", "x k", "y places", **attrs)
    compare(make([made], {"x": [3, 4]}, {"k": i64(count)}, ["y"]), tmp_path)
    places = [made, node("Cast", "places", "where", to=TensorProto.FLOAT)]
    compare(make(places, {"x": [3, 4]}, {"k": i64(count)}, ["y", "where"]), tmp_path)


def test_more_of_the_largest_than_can_run(tmp_path: Path) -> None:
    model = make([node("TopK", "x k", "y places")], {"x": [1, 50]}, {"k": i64(40)})
    with pytest.raises(UserError, match="the 40 largest of 50 values; 1 to 32 can run"):
        convert_model(save(model, tmp_path))


@pytest.mark.parametrize("made", [
    node("Trilu", "x"), node("Trilu", "x", upper=0), node("Trilu", "x one"), node("Trilu", "x minus", upper=0)])
def test_triangles(made: onnx.NodeProto, tmp_path: Path) -> None:
    constants = {"one": np.int64(1), "minus": np.int64(-1)}
    compare(make([made], {"x": [2, 4, 5]}, {k: v for k, v in constants.items() if k in made.input}), tmp_path)


@pytest.mark.parametrize("axis", [-1, 0, 1])
def test_classes_as_vectors(axis: int, tmp_path: Path) -> None:
    nodes = [node("ArgMax", "x", "n", axis=1, keepdims=0), node("OneHot", "n depth values", axis=axis)]
    constants = {"depth": np.int64(4), "values": np.array([-1, 2], np.float32)}
    compare(make(nodes, {"x": [3, 4]}, constants), tmp_path)


@pytest.mark.parametrize("opset", [20, 21])
@pytest.mark.parametrize("shape", [[1, 6, 4, 5], [1, 6, 7]])
def test_normalized_groups(opset: int, shape: list[int], tmp_path: Path) -> None:
    count = 6 if opset > 20 else 3
    made = node("GroupNormalization", "x s b", num_groups=3, epsilon=1e-3)
    compare(make([made], {"x": shape}, {"s": weights(count), "b": weights(count + 1)[:count]}, opset=opset), tmp_path)


def test_swish(tmp_path: Path) -> None:
    """An op of opset 24, which onnxruntime does not run yet."""
    made = make([node("Swish", "x", alpha=1.5)], {"x": [3, 4]}, {}, opset=24)
    x, out = weights(3, 4), bytearray(48)
    midge.load(convert_model(save(made, tmp_path)).blob).run(x.tobytes(), out=out)
    want = ReferenceEvaluator(made).run(None, {"x": x})[0]
    np.testing.assert_allclose(np.frombuffer(out, np.float32).reshape(3, 4), want, 1e-5, 1e-6)
