# SPDX-License-Identifier: MIT
"""The table of ops: every op that anything reads or makes has a row, and `verify` compares nodes with it."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest
import tflite

from midge.graph import Graph, GraphError, Node, Tensor, verify
from midge.graph.evaluate import EVALUATORS
from midge.graph.shapes import RULES as SHAPE_RULES
from midge.graph.tflite_ops import ATTRIBUTES, SCHEMAS, WEIGHTED, Activation, MirrorMode, Padding, Weighted
from midge.importers.tflite.writer import option_fields
from midge.lowering import rules
from tests.support import ROOT

ROOMS = [ROOT / "host_tools/midge" / room for room in ("graph", "importers", "passes", "lowering", "quantize")]
BUILTIN = {name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}
# Names that mean something else: a kind of op, an op of ONNX's and Keras's, and one that the importer replaces.
NOT_IN_GRAPHS = {"CUSTOM", "RNN", "STABLEHLO_COMPOSITE"}


def named_ops() -> set[str]:
    """Return every op that the sources of the converter name in a string, alone or in a list of names."""
    found: set[str] = set()
    for path in (p for room in ROOMS for p in room.rglob("*.py") if p.name not in ("tflite_ops.py", "writer.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isupper():
                found |= {word for word in node.value.split() if word in BUILTIN}
    return found - NOT_IN_GRAPHS


def test_every_op_has_its_row() -> None:
    lowered = {key.split()[0] for key in rules.RULES}
    used = lowered | set(EVALUATORS) | set(SHAPE_RULES) | named_ops()
    assert len(lowered) > 100 and len(named_ops()) > 80
    assert used - set(SCHEMAS) == set()


def test_rows_know_the_options_of_the_schema() -> None:
    """Attributes are those of TFLite's option tables, but for a few that passes and importers add."""
    ours = {"legacy_uint8", "explicit_padding", "graph", "container", "shared_name", "from_zeros"}
    for op, schema in SCHEMAS.items():
        if op in BUILTIN and schema.attributes is not None:
            assert set(schema.attributes) <= set(option_fields(op)) | ours, op
        assert set(schema.attributes or ()) <= set(ATTRIBUTES), op


@pytest.mark.parametrize("ours, theirs", [(Padding, tflite.Padding), (Activation, tflite.ActivationFunctionType),
                                          (MirrorMode, tflite.MirrorPadMode)])
def test_enumerations_are_those_of_the_schema(ours: Any, theirs: Any) -> None:
    assert {member.name: member.value for member in ours} == {
        name: value for name, value in vars(theirs).items() if isinstance(value, int)
    }


def test_weighted_ops() -> None:
    assert {
        "CONV_2D": Weighted(0, 1, 2, 0),
        "DEPTHWISE_CONV_2D": Weighted(0, 1, 2, 3),
        "FULLY_CONNECTED": Weighted(0, 1, 2, 0),
        "TRANSPOSE_CONV": Weighted(2, 1, 3, 0),
    } == WEIGHTED


def graph_of(op: str, inputs: list[Tensor | None], outputs: list[Tensor], **attrs: Any) -> Graph:
    given = [t for t in inputs if t is not None and not t.is_constant]
    return Graph("net", given, outputs, [Node(op, inputs, outputs, attrs)])


def t(name: str, dtype: str = "float32") -> Tensor:
    return Tensor(name, (1, 4, 4, 2), dtype)


AXES = Tensor("axes", (1,), "int32", data=np.array([1], np.int32))
CONV = {"padding": Padding.SAME, "stride_h": 1, "stride_w": 2}


@pytest.mark.parametrize("graph", [
    graph_of("ADD", [t("a"), t("b")], [t("y")], fused_activation_function=1),
    graph_of("CONV_2D", [t("x"), t("w")], [t("y")], **CONV),
    graph_of("CONV_2D", [t("x"), t("w"), None], [t("y")], **CONV, legacy_uint8=True),
    graph_of("MEAN", [t("x"), AXES], [t("y")], keep_dims=np.bool_(True)),
    graph_of("CONCATENATION", [t("a"), t("b"), t("c")], [t("y")], axis=np.int64(3)),
    graph_of("SVDF", [t("x"), t("f"), t("t"), None, t("s")], [t("y")], rank=1),
    graph_of("CUSTOM:SignalWindow", [t("x", "int16"), t("w", "int16")], [t("y", "int16")], shift=3, more=4),
    graph_of("UNKNOWN_TO_MIDGE", [t("a")], [t("y"), t("z")], anything="goes"),
])
def test_sound_nodes(graph: Graph) -> None:
    assert verify(graph) is graph


@pytest.mark.parametrize("graph, said", [
    (graph_of("ADD", [t("a")], [t("y")]), r"ADD 'y' has 1 input, wanted 2 \(a, b\): ADD\(a float32\[.*\]\) -> y"),
    (graph_of("ADD", [t("a"), None], [t("y")]), "lacks its input 1, b: .*none"),
    (graph_of("ADD", [t("a"), t("b")], [t("y"), t("z")]), "has 2 outputs, wanted 1"),
    (graph_of("CONV_2D", [t("x"), t("w"), None, t("z")], [t("y")], **CONV), "has 4 inputs, wanted 2 to 3"),
    (graph_of("CONV_2D", [t("x"), t("w")], [t("y")], padding=0, stride_h=1), "lacks the attribute stride_w"),
    (graph_of("CONV_2D", [t("x"), t("w")], [t("y")], **{**CONV, "padding": 2}), "padding = 2; wanted SAME or VALID"),
    (graph_of("CONV_2D", [t("x"), t("w")], [t("y")], **{**CONV, "stride_h": 1.5}), "stride_h = 1.5; wanted Integral"),
    (graph_of("ADD", [t("a"), t("b")], [t("y")], fused_activation_function=9), "= 9; wanted NONE or RELU or"),
    (graph_of("LEAKY_RELU", [t("a")], [t("y")], alpha=0.1, slope=1.0), "attribute slope, which its op does not know"),
    (graph_of("MEAN", [t("x"), t("axes")], [t("y")]), "input 1, axes, of float32; wanted int8 or"),
    (graph_of("LESS", [t("a"), t("b")], [t("y")]), "output 0, y, of float32; wanted bool"),
    (graph_of("SVDF", [t("x"), t("f"), t("t"), None], [t("y")], rank=1), "has 4 inputs, wanted 5"),
    (graph_of("RESHAPE", [t("x")], [t("y")], new_shape=3), "new_shape = 3; wanted tuple"),
])
def test_nodes_that_cannot_be(graph: Graph, said: str) -> None:
    with pytest.raises(GraphError, match=said):
        verify(graph)


def test_the_order_of_nodes() -> None:
    x, y, z = t("x"), t("y"), t("z")
    with pytest.raises(GraphError, match="RELU 'z' reads y float32.*, which nothing has written"):
        verify(Graph("net", [x], [z], [Node("RELU", [y], [z]), Node("RELU", [x], [y])]))
    with pytest.raises(GraphError, match="writes y .* a second time"):
        verify(Graph("net", [x], [y], [Node("RELU", [x], [y]), Node("ABS", [x], [y])]))
    with pytest.raises(GraphError, match="output z .* is never written"):
        verify(Graph("net", [x], [z], [Node("RELU", [x], [y])]))
