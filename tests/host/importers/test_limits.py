# SPDX-License-Identifier: MIT
"""Small files that ask for gigabytes, for hours, or for the death of a library: one line, soon; `--trust` lifts it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from midge.convert.pipeline import convert_model
from midge.errors import UnsupportedModel, UserError
from midge.graph import Graph, Node, Tensor
from midge.graph.evaluate import fold_node
from midge.importers.apart import read_apart
from midge.importers.source import Source
from midge.limits import MOST_OPERATORS, Exceeded, Room, limits
from tests.support.command import midge, refusal
from tests.support.onnx_models import make, node, save

SMALL = Source(b"a small file", "net.onnx", ".onnx")
DOUBLINGS = 24


def nothing() -> None: ...


def same(source: Source, seen: str) -> Graph:
    return Graph(f"{source.title} {seen}", [], [], [])


def refuse(source: Source) -> Graph:
    raise UnsupportedModel(source.title, [("Odd", "layer", "a reason"), ("Odd", "other", "a reason")])


def die(source: Source) -> Graph:
    os.abort()


def leave(source: Source) -> Graph:
    os._exit(7)


def fail(source: Source) -> Graph:
    raise KeyError("what a library says of hostile bytes")


def grow(source: Source) -> Graph:
    while True:
        held.append(np.empty(1 << 25))


def spin(source: Source) -> Graph:
    while True:
        pass


held: list[np.ndarray] = []


def test_a_child_answers() -> None:
    print("noise of a library must not be in the answer")
    assert read_apart(nothing, same, SMALL, "by a child").name == "net.onnx by a child"


def test_a_childs_refusal_is_the_same() -> None:
    with pytest.raises(UnsupportedModel) as caught:
        read_apart(nothing, refuse, SMALL)
    with pytest.raises(UnsupportedModel) as wanted:
        refuse(SMALL)
    assert str(caught.value) == str(wanted.value) and caught.value.items == wanted.value.items


@pytest.mark.parametrize(("read", "says"), [
    (die, r"died \(SIGABRT\)"), (leave, r"died \(exit code -?7\)"),
    pytest.param(grow, "over 1,073,742,016 B of memory", marks=pytest.mark.skipif(
        sys.platform != "linux", reason="others have no limit on memory")),
])
def test_the_death_of_a_library_is_one_line(read: object, says: str) -> None:
    with pytest.raises(Exceeded, match=says) as caught:
        read_apart(nothing, read, SMALL)  # type: ignore[arg-type]
    assert "midge --trust" in str(caught.value) and "\n" not in str(caught.value)


def test_an_error_of_a_library_is_one_line() -> None:
    with pytest.raises(UserError, match=r"^net\.onnx: damaged, or not understood \(KeyError: .*\); export it again"):
        read_apart(nothing, fail, SMALL)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the processor's time")
def test_time_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Room, "seconds", 1)
    monkeypatch.setattr(Room, "__reduce__", lambda self: (_room_of_a_second, ()))
    with pytest.raises(Exceeded, match="takes over 1 s"):
        read_apart(nothing, spin, SMALL)


def _room_of_a_second() -> Room:
    Room.seconds = 1  # type: ignore[assignment, method-assign]
    return Room(1)


def doubling() -> onnx.ModelProto:
    """A constant that is put after itself again and again: 2^24 times as much of a few bytes."""
    nodes = [node("Concat", f"c{i} c{i}", f"c{i + 1}", axis=0) for i in range(DOUBLINGS)]
    return make([*nodes, node("ReduceSum", f"c{DOUBLINGS}", "s", keepdims=0), node("Mul", "x s", "y")], {"x": (1, 4)},
                {"c0": np.ones(4, np.float32)}, outputs=("y",))


def expanding(op: str, *inputs: np.ndarray, **attributes: object) -> onnx.ModelProto:
    names = [f"i{i}" for i in range(len(inputs))]
    return make([node(op, " ".join(names), "c", **attributes), node("ReduceMax", "c", "m", keepdims=0),
                 node("Cast", "m", "f", to=1), node("Mul", "x f", "y")], {"x": (1, 4)},
                dict(zip(names, inputs, strict=True)), outputs=("y",))


@pytest.mark.parametrize("model", [
    doubling(),
    expanding("ConstantOfShape", np.array([2**14, 2**14])),
    expanding("Expand", np.ones(1, np.float32), np.array([2**14, 2**14])),
    expanding("Tile", np.ones((4, 4), np.float32), np.array([2**13, 2**13])),
    expanding("Range", np.array(0), np.array(2**28), np.array(1)),
    expanding("Add", np.ones((2**13, 1), np.float32), np.ones((1, 2**13), np.float32)),
    expanding("MatMul", np.ones((2**13, 1), np.float32), np.ones((1, 2**13), np.float32)),
    expanding("Upsample", np.ones((1, 1, 1, 1), np.float32), np.array([1, 1, 60000, 60000], np.float32)),
], ids=lambda model: model.graph.node[0].op_type)
def test_constants_that_grow(model: onnx.ModelProto, tmp_path: Path) -> None:
    start = time.process_time()
    with pytest.raises(UserError, match=r"constants of [\d,]+ B from a file of [\d,]+ B; .*--trust"):
        convert_model(save(model, tmp_path))
    assert time.process_time() - start < 5


def test_trust_lifts_it(tmp_path: Path) -> None:
    path = save(expanding("ConstantOfShape", np.array([2**12, 2**11])), tmp_path)
    assert "constants of" in refusal("convert", path)
    done = midge("--trust", "convert", path)
    assert done.returncode == 0, done.stderr


def test_too_many_operators(tmp_path: Path) -> None:
    nodes = [node("Relu", f"r{i}" if i else "x", f"r{i + 1}") for i in range(MOST_OPERATORS + 1)]
    path = save(make(nodes, {"x": (1, 4)}, {}, outputs=(nodes[-1].output[0],)), tmp_path)
    with pytest.raises(UserError, match=r"10,001 operators; .*--trust"):
        convert_model(path)


@pytest.mark.parametrize("body", ["g", "f"])
def test_functions_in_a_circle(body: str, tmp_path: Path) -> None:
    model = make([helper.make_node("f", ["x"], ["y"], domain="loc")], {"x": (1, 4)}, {}, outputs=("y",))
    opsets = [helper.make_opsetid("loc", 1)]
    for name, calls in (("f", body), ("g", "f")):
        model.functions.append(helper.make_function("loc", name, ["a"], ["b"], [
            helper.make_node(calls, ["a"], ["b"], domain="loc")], opsets))
    model.opset_import.extend(opsets)
    with pytest.raises(UserError, match=r"damaged .onnx file") as caught:
        convert_model(save(model, tmp_path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("op", "inputs", "dtype"), [
    ("TILE", [np.ones((4, 4), np.int32), np.array([2**13, 2**13], np.int32)], "int32"),
    ("FILL", [np.array([2**15, 2**15], np.int32), np.array(1, np.int32)], "int32"),
    ("RANGE", [np.array(0, np.int32), np.array(2**30, np.int32), np.array(1, np.int32)], "int32"),
    ("GATHER", [np.ones((1, 2**14), np.int8), np.zeros(2**14, np.int32)], "int8"),
    ("ADD", [np.ones((2**14, 1), np.int32), np.ones((1, 2**14), np.int32)], "int32"),
    ("BROADCAST_TO", [np.ones(1, np.int32), np.array([2**15, 2**15], np.int32)], "int32"),
])
def test_folded_constants_that_grow(op: str, inputs: list[np.ndarray], dtype: str) -> None:
    """What the file says of the result's size need not be true."""
    for shape in ((2**14, 2**14), (1,)) if op != "BROADCAST_TO" else ((2**15, 2**15),):
        tensors: list[Tensor | None] = [Tensor("c", v.shape, str(v.dtype), data=v) for v in inputs]
        room = Room(sum(v.nbytes for v in inputs))
        with pytest.raises(Exceeded, match="constants of"):
            fold_node(Node(op, tensors, [Tensor("y", shape, dtype)], {"axis": 0}), room)


def test_limits_end_with_the_block() -> None:
    with limits(trusted=True):
        Room(0).spend(1e30)
    with pytest.raises(Exceeded):
        Room(0).spend(1e30)
