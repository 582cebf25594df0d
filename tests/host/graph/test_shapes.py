# SPDX-License-Identifier: MIT
"""Open shapes: fixed by the user for inputs, worked out for the rest; each mistake one line."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from midge.cli.convert import convert as command
from midge.convert.pipeline import convert_model
from midge.core import binding as _midge
from midge.errors import UserError
from midge.graph import graph as ir
from midge.graph.shapes import RULES, fix_shapes
from midge.importers.tflite.importer import read_tflite
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes


def open_model(*, second: bool = False) -> bytes:
    """x [-1, -1, -1, 2] -> conv 3x3 -> mean over its pixels -> dense; its own shapes say 1 for what is open."""
    rng = np.random.default_rng(3)
    tensors = [
        FlatTensor("x", (1, 1, 1, 2), "int8", scale=0.1, shape_signature=(-1, -1, -1, 2)),
        FlatTensor("w", data=rng.integers(-127, 128, (4, 3, 3, 2), np.int8), scale=0.01),
        FlatTensor("b", data=np.arange(4, dtype=np.int32), scale=0.001),
        FlatTensor("c", (1, 1, 1, 4), "int8", scale=0.2, shape_signature=(-1, -1, -1, 4)),
        FlatTensor("axes", data=np.array([1, 2], np.int32)),
        FlatTensor("m", (1, 4), "int8", scale=0.2, shape_signature=(-1, 4)),
        FlatTensor("v", data=rng.integers(-127, 128, (3, 4), np.int8), scale=0.01),
        FlatTensor("y", (1, 3), "int8", scale=0.1, shape_signature=(-1, 3)),
    ]
    conv = {"padding": "SAME", "stride_h": 2, "stride_w": 2}
    operators = [
        FlatOperator("CONV_2D", ["x", "w", "b"], ["c"], conv, 3),
        FlatOperator("MEAN", ["c", "axes"], ["m"], {"keep_dims": False}, 2),
        FlatOperator("FULLY_CONNECTED", ["m", "v", None], ["y"], {}, 4),
    ]
    inputs = ["x"]
    if second:
        tensors += [FlatTensor("z", (1, 1), "int8", scale=0.1, shape_signature=(-1, -1)),
                    FlatTensor("r", (1, 1), "int8", scale=0.1, shape_signature=(-1, -1))]
        operators.append(FlatOperator("RELU", ["z"], ["r"]))
        inputs.append("z")
    return model_bytes(FlatGraph(tensors, operators, inputs, ["y", "r"] if second else ["y"]))


def test_the_shape_is_asked_for() -> None:
    with pytest.raises(UserError, match=r"'x' has the dynamic shape .*; give one: midge convert --shape 1,N,N,2$"):
        convert_model(open_model())
    with pytest.raises(UserError, match=r"give one: midge convert --shape x=1,N,N,2$"):
        convert_model(open_model(second=True))


@pytest.mark.parametrize("shape", [(1, 5, 6, 2), (2, 3, 4, 2), (1, 1, 1, 2)])
def test_answers_are_those_of_a_model_of_that_shape(shape: tuple[int, ...]) -> None:
    from tflite_micro import runtime

    n, h, w, _ = shape
    fixed = {"x": shape, "c": (n, -(-h // 2), -(-w // 2), 4), "m": (n, 4), "y": (n, 3)}
    blob = convert_model(open_model(), shapes=shape).blob
    x, y = np.random.default_rng(5).integers(-128, 128, shape, np.int8), bytearray(3 * n)
    _midge.Model(blob).run(x.tobytes(), y)
    reference = runtime.Interpreter.from_bytes(closed(open_model(), fixed))
    reference.set_input(x, 0)
    reference.invoke()
    assert y == reference.get_output(0).tobytes()


def closed(model: bytes, shapes: Mapping[str, Sequence[int]]) -> bytes:
    """The open model again, its shapes in the file."""
    graph = read_tflite(model, "open")
    tensors = [
        FlatTensor(t.name, tuple(shapes.get(t.name, t.shape)), t.dtype, data=t.data, scale=t.scale or None)
        for t in graph.tensors()
    ]
    operators = [
        FlatOperator("CONV_2D", ["x", "w", "b"], ["c"], {"padding": "SAME", "stride_h": 2, "stride_w": 2}, 3),
        FlatOperator("MEAN", ["c", "axes"], ["m"], {"keep_dims": False}, 2),
        FlatOperator("FULLY_CONNECTED", ["m", "v", None], ["y"], {}, 4),
    ]
    return model_bytes(FlatGraph(tensors, operators, ["x"], ["y"]))


def test_several_inputs_by_name(tmp_path: Path) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(open_model(second=True))
    done = CliRunner().invoke(command, [str(model), "--shape", "x=1,8,8,2", "--shape", "z=1,7"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "[1, 8, 8, 2]" in done.output and "[1, 7]" in done.output
    with pytest.raises(UserError, match=r"'z' has the dynamic shape \[-1, -1\]; give one: .* --shape z=1,N"):
        convert_model(model, shapes={"x": (1, 8, 8, 2)})


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ({"q": (1, 2)}, "no input 'q'; the inputs are x: --shape x="),
        ((1, 5, 6, 3), r"input 'x' is \[-1, -1, -1, 2\].*\[1, 5, 6, 3\] does not fit"),
        ((1, 5, 6), "does not fit"),
        ((1, 0, 6, 2), "dimensions are 1 or more"),
        ((1, 2**20, 2**20, 2), "cannot have the shape"),
    ],
)
def test_mistakes(shapes: object, words: str) -> None:
    with pytest.raises(UserError, match=words) as refusal:
        convert_model(open_model(), shapes=shapes)  # type: ignore[arg-type]
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["x=1,b", "", "x", "1;2"])
def test_a_shape_that_is_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match="give numbers, as in --shape 1,96,96,3"):
        CliRunner().invoke(command, [str(tmp_path / "a.tflite"), "--shape", text], catch_exceptions=False)


def test_rules_agree_with_the_shapes_in_real_files(shared: Path) -> None:
    """Forget every shape but those of the inputs, and work them out again."""
    checked: set[str] = set()
    for path in [*sorted((shared / "models").rglob("*.tflite")), *sorted((shared / "ops").rglob("*.tflite"))]:
        if path.stat().st_size > 2_000_000 or "negative" in path.parts:
            continue
        try:
            graph = read_tflite(path.read_bytes(), path.name)
        except UserError:
            continue
        wanted = {id(t): t.shape for t in graph.tensors()}
        if any(d < 1 for shape in wanted.values() for d in shape):
            continue
        for t in graph.inputs:
            t.signature = t.shape and (*t.shape[:1], *(-1 for _ in t.shape[1:]))
        if not any(d < 0 for t in graph.inputs for d in t.signature):
            continue
        for node in graph.nodes:
            for t in node.outputs:
                known = node.op in RULES and not t.is_state and t.dtype != "resource"
                t.signature = tuple(-1 for _ in t.shape) if known and all(t.shape) else ()
        nodes = list(graph.nodes)
        try:
            fix_shapes(graph, {t.name: t.shape for t in graph.inputs}, path.name)
        except UserError as error:
            assert "worked out while running" in str(error)
            continue
        for node in nodes:
            for t in node.outputs:
                assert t.shape == wanted[id(t)] or not wanted[id(t)], f"{path}: {node.op} {t}"
            checked.add(node.op)
    alone = {op for op, *_ in SELDOM}
    untested = set(RULES.values()) - {RULES[op] for op in checked | alone if op in RULES}
    assert not untested, {op for op, rule in RULES.items() if rule in untested}


SELDOM = [
    ("EXPAND_DIMS", [(2, 3), [1]], {}, [(2, 1, 3)]),
    ("FILL", [[2, 5], ()], {}, [(2, 5)]),
    ("SQUEEZE", [(2, 1, 3, 1)], {"squeeze_dims": [1]}, [(2, 3, 1)]),
    ("SQUEEZE", [(2, 1, 3, 1)], {"squeeze_dims": []}, [(2, 3)]),
    ("TRANSPOSE_CONV", [[1, 8, 6, 4], (4, 3, 3, 2), (1, 4, 3, 2)], {}, [(1, 8, 6, 4)]),
    ("TILE", [(2, 3), [2, 5]], {}, [(4, 15)]),
    ("UNPACK", [(2, 3, 4)], {"axis": 1}, [(2, 4)] * 3),
]


@pytest.mark.parametrize(("op", "inputs", "attrs", "shapes"), SELDOM)
def test_rules_of_ops_that_are_seldom(
    op: str, inputs: list[tuple[int, ...] | list[int]], attrs: dict[str, object], shapes: list[tuple[int, ...]]
) -> None:
    tensors = [ir.Tensor("x", x, "int8") if isinstance(x, tuple)
               else ir.Tensor("x", (len(x),), "int32", data=np.array(x, np.int32)) for x in inputs]
    node = ir.Node(op, [*tensors], [ir.Tensor("y", (), "int8") for _ in shapes], attrs)
    assert [tuple(int(d) for d in shape) for shape in RULES[op](node)] == shapes
