# SPDX-License-Identifier: MIT
"""ONNX models, made here, give what onnxruntime gives: the importer, the order of axes, what it folds.
tests/conformance runs real ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from onnx import TensorProto

from midge.convert.pipeline import convert_model
from tests.support.onnx_models import (
    BOTH,
    CONV,
    CONV_WEIGHTS,
    IMAGE,
    NEWEST,
    chain,
    compare,
    i64,
    make,
    node,
    ops_of,
    save,
    weights,
)
from tests.support.tables.onnx import IMPORTS

# Convolutions


@given(data=st.data())
def test_convolutions(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    axes = data.draw(st.sampled_from((1, 2)))
    groups = data.draw(st.sampled_from((1, 2, 3)))
    in_c, out_c = groups * data.draw(st.integers(1, 3)), groups * data.draw(st.integers(1, 3))
    ints = lambda low, high: data.draw(st.lists(st.integers(low, high), min_size=axes, max_size=axes))  # noqa: E731
    sizes, kernel, strides, dilations = ints(5, 9), ints(1, 3), ints(1, 2), ints(1, 2)
    attrs: dict[str, Any] = {"group": groups, "strides": strides, "dilations": dilations}
    auto = data.draw(st.sampled_from(("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")))
    if auto == "NOTSET":
        attrs["pads"] = ints(0, 2) + ints(0, 2)
    else:
        attrs["auto_pad"] = auto
        assume(auto == "VALID" or dilations == [1] * axes)  # onnxruntime does not pad dilated ones this way
    constants = {"w": weights(out_c, in_c // groups, *kernel), "b": weights(out_c)}
    model = make([node("Conv", "x w b", **attrs)], {"x": [1, in_c, *sizes]}, constants,
                 opset=data.draw(st.sampled_from(BOTH)))
    compare(model, tmp_path_factory.mktemp("conv"))


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("attrs", [
    {}, {"strides": 2}, {"strides": 2, "pads": 1}, {"strides": 2, "pads": 1, "output_padding": 1}, {"strides": 3},
])
def test_transposed_convolutions(axes: int, attrs: dict[str, int], tmp_path: Path) -> None:
    spread = {k: [v] * (2 * axes if k == "pads" else axes) for k, v in attrs.items()}
    constants = {"w": weights(3, 4, *[3] * axes), "b": weights(4)}
    compare(make([node("ConvTranspose", "x w b", **spread)], {"x": [1, 3, *[5] * axes]}, constants), tmp_path)
    constants = {"w": weights(6, 2, *[3] * axes), "b": weights(6)}
    compare(make([node("ConvTranspose", "x w b", group=3, **spread)], {"x": [1, 6, *[5] * axes]}, constants), tmp_path)


@given(data=st.data())
def test_pools(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    axes, op = data.draw(st.sampled_from((1, 2))), data.draw(st.sampled_from(("MaxPool", "AveragePool")))
    ints = lambda low, high: data.draw(st.lists(st.integers(low, high), min_size=axes, max_size=axes))  # noqa: E731
    kernel = ints(2, 3)
    attrs: dict[str, Any] = {"kernel_shape": kernel, "strides": ints(1, 3)}
    auto = data.draw(st.sampled_from(("NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")))
    if auto == "NOTSET":
        attrs |= {"pads": ints(0, 1) + ints(0, 1), "ceil_mode": data.draw(st.integers(0, 1))}
    else:
        attrs["auto_pad"] = auto
    if op == "AveragePool":
        attrs["count_include_pad"] = data.draw(st.integers(0, 1))
    compare(make([node(op, "x", **attrs)], {"x": [1, 2, *ints(4, 9)]}, {}), tmp_path_factory.mktemp("pool"))


@pytest.mark.parametrize("op", ["GlobalAveragePool", "GlobalMaxPool"])
@pytest.mark.parametrize("shape", [(1, 3, 8), (1, 3, 5, 6)])
def test_global_pools(op: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    compare(make([node(op, "x")], {"x": shape}, {}), tmp_path)


NORM = {n: np.abs(weights(4 + i)[:4]) + 0.1 for i, n in enumerate(("scale", "shift", "mean", "variance"))}


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize(("op", "attrs"), [("Conv", {}), ("Conv", {"group": 2}), ("Conv", {"group": 4}),
                                           ("ConvTranspose", {})])
def test_batch_normalization_goes_into_the_layer(op: str, attrs: dict[str, int], axes: int, tmp_path: Path) -> None:
    w = weights(4, 4 // attrs.get("group", 1), *[3] * axes)
    nodes = [node(op, "x w", "c", **attrs), node("BatchNormalization", "c scale shift mean variance")]
    found = ops_of(compare(make(nodes, {"x": [1, 4, *[6] * axes]}, {"w": w, **NORM}), tmp_path))
    assert attrs.get("group") == 2 or not {"MUL", "ADD"} & set(found)


def test_batch_normalization_stays_where_the_layer_is_read_elsewhere(tmp_path: Path) -> None:
    nodes = [node("Conv", "x w", "c"), node("Identity", "c", "same"),
             node("BatchNormalization", "c scale shift mean variance", "n"), node("Add", "n same")]
    found = ops_of(compare(make(nodes, {"x": [1, 4, 6, 6]}, {"w": weights(4, 4, 1, 1), **NORM}), tmp_path))
    assert found.count("ADD") == 2


def test_a_layer_that_is_an_output_is_not_scaled(tmp_path: Path) -> None:
    nodes = [node("Conv", "x w", "c"), node("Mul", "c scale")]
    constants = {"w": weights(4, 4, 1, 1), "scale": weights(4, 1, 1)}
    compare(make(nodes, {"x": [1, 4, 6, 6]}, constants, outputs=("c", "y")), tmp_path)


@pytest.mark.parametrize(("op", "order"), [
    ("Mul", "c k"), ("Mul", "k c"), ("Add", "c k"), ("Add", "k c"), ("Sub", "c k"), ("Sub", "k c"), ("Div", "c k"),
])
@pytest.mark.parametrize("shape", [(1, 4, 1, 1), (4, 1, 1), (1,), (6,), (6, 1)])
def test_constants_behind_a_convolution(op: str, shape: tuple[int, ...], order: str, tmp_path: Path) -> None:
    nodes = [node("Conv", "x w", "c", pads=[1, 1, 1, 1]), node(op, order)]
    constants = {"w": weights(4, 2, 3, 3), "k": weights(*shape)}
    compare(make(nodes, {"x": [1, 2, 6, 6]}, constants), tmp_path)


# Matrices


@pytest.mark.parametrize("attrs", [
    {}, {"transB": 1}, {"transA": 1}, {"alpha": 0.5, "beta": 2.0}, {"transA": 1, "transB": 1, "alpha": 2.0},
])
@pytest.mark.parametrize("c", [None, (5,), (1, 5), (1,), (3, 5), (3, 1)])
@pytest.mark.parametrize("constant", [True, False])
def test_gemm(attrs: dict[str, Any], c: tuple[int, ...] | None, constant: bool, tmp_path: Path) -> None:
    a = (4, 3) if attrs.get("transA") else (3, 4)
    b = (5, 4) if attrs.get("transB") else (4, 5)
    constants = {} if c is None else {"c": weights(*c)}
    inputs: dict[str, Sequence[int]] = {"a": a}
    if constant:
        constants["b"] = weights(*b)
    else:
        inputs["b"] = b
    compare(make([node("Gemm", "a b" + (" c" if c else ""), **attrs)], inputs, constants), tmp_path)


@pytest.mark.parametrize(("a", "b"), [
    ((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((1, 2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)), ((3, 4), (4,)),
    ((4,), (4, 5)), ((2, 3, 4), (1, 4, 5)),
])
@pytest.mark.parametrize("constant", [True, False])
def test_matmul(a: tuple[int, ...], b: tuple[int, ...], constant: bool, tmp_path: Path) -> None:
    inputs = {"a": a} if constant else {"a": a, "b": b}
    constants = {"b": weights(*b)} if constant else {}
    compare(make([node("MatMul", "a b")], inputs, constants), tmp_path)


# The order of axes


@pytest.mark.parametrize("flat", ["Flatten", "Reshape", "Reshape0"])
@pytest.mark.parametrize("opset", BOTH)
def test_a_flattened_image_is_not_turned(flat: str, opset: int, tmp_path: Path) -> None:
    """The rows of the matrix are, while converting."""
    made = node("Flatten", "c", "f") if flat == "Flatten" else node("Reshape", "c shape", "f")
    constants = {**CONV_WEIGHTS, "m": weights(120, 3), "shape": i64(1, -1) if flat == "Reshape" else i64(0, 120)}
    model = make([CONV, made, node("Gemm", "f m")], IMAGE, constants, opset=opset)
    assert "TRANSPOSE" not in ops_of(compare(model, tmp_path))


def test_a_network_for_images_has_no_transpose(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "x w", "c1", pads=[1, 1, 1, 1]),
        *chain("BatchNormalization c1 scale shift mean variance > n1, Relu n1 > r1"),
        node("Conv", "r1 dw", "c2", group=4, pads=[1, 1, 1, 1]),
        *chain("Clip c2 zero six > r2, Conv r2 pw > c3, Add c3 r1 > a"),
        node("MaxPool", "a", "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Concat", "p p", "cc", axis=1), node("GlobalAveragePool", "cc", "g"), node("Flatten", "g", "f"),
        node("Gemm", "f m", "s", transB=1), node("Softmax", "s"),
    ]
    constants = {"w": weights(4, 2, 3, 3), **NORM, "dw": weights(4, 1, 3, 3), "pw": weights(4, 4, 1, 1),
                 "m": weights(3, 8), "zero": np.float32(0), "six": np.float32(6)}
    conversion = compare(make(nodes, IMAGE, constants), tmp_path)
    assert not {"TRANSPOSE", "MUL", "PAD"} & set(ops_of(conversion))
    assert conversion.program.graph.inputs[0].shape == (1, 6, 5, 2)
    names = {step.name for step in conversion.program.steps}
    assert names <= {o for n in nodes for o in n.output}, "layers are called as in the model"


@pytest.mark.parametrize("behind", [
    [node("Reshape", "c k", "y")],
    [node("Reshape", "c k", "r"), node("Relu", "r")],
    [node("Reshape", "c k", "r"), node("Softmax", "r", axis=-1)],
    [node("Transpose", "c", perm=[0, 2, 3, 1])],
    [node("Transpose", "c", perm=[3, 1, 0, 2])],
    [node("Transpose", "c", "t", perm=[0, 2, 1, 3]), node("Reshape", "t k")],
    [node("Transpose", "c", "t", perm=[0, 1, 3, 2]), node("MatMul", "t c")],
    [node("Slice", "c starts ends axes")],
    [node("Slice", "c starts ends axes steps")],
    [node("Split", "c", "y z", axis=1, num_outputs=2)],
    [node("Split", "c parts", "y z", axis=3)],
    [node("Gather", "c one", axis=1)],
    [node("Gather", "c one", axis=2)],
    [node("Gather", "c two", axis=1)],
    [node("Gather", "c two", axis=3)],
    [node("Concat", "c c", axis=1)],
    [node("Concat", "c c", axis=-1)],
    [node("Concat", "c k5", axis=2)],
    [node("Add", "c row")],
    [node("Mul", "c column")],
    [node("Mul", "row c")],
    [node("PRelu", "c slope")],
    [node("ReduceMean", "c axes2", keepdims=0)],
    [node("ReduceMean", "c axes2", keepdims=1)],
    [node("ReduceMax", "c axis1", keepdims=0)],
    [node("ReduceSum", "c", keepdims=0)],
    [node("ReduceL2", "c axis1")],
    [node("ArgMax", "c", axis=1)],
    [node("ArgMax", "c", axis=1, keepdims=0)],
    [node("Squeeze", "c axis0")],
    [node("Unsqueeze", "c axis0")],
    [node("Expand", "c to")],
    [node("Tile", "c twice")],
    [node("Pad", "c pads")],
    [node("Pad", "c pads one_f")],
    [node("Pad", "c pads", mode="reflect")],
    [node("Pad", "c pads", mode="edge")],
    [node("Pad", "c pads", mode="wrap")],
    [node("Pad", "c crop")],
    [node("DepthToSpace", "c", blocksize=2)],
    [node("DepthToSpace", "c", blocksize=2, mode="CRD")],
    [node("LayerNormalization", "c row row")],
    [node("InstanceNormalization", "c four four")],
    [node("Softmax", "c", axis=1)],
    [node("Softmax", "c", axis=2)],
    [node("LogSoftmax", "c", axis=3)],
    [node("MatMul", "c m")],
    [node("MatMul", "m2 c")],
    [node("Relu", "c", "y"), node("Transpose", "c", "z", perm=[0, 1, 3, 2])],
    [node("Identity", "c", "y"), node("Identity", "c", "z")],
    [node("Flatten", "c", "y", axis=2)],
    [node("Flatten", "c", "f", axis=3), node("MatMul", "f m")],
])
def test_behind_a_convolution(behind: list[onnx.NodeProto], tmp_path: Path) -> None:
    """[1, 4, 6, 5] that lies with channels last."""
    constants = {
        **CONV_WEIGHTS, "k": i64(4, 30), "k5": weights(1, 4, 2, 5), "row": weights(5), "column": weights(6, 1),
        "slope": weights(4, 1, 1), "starts": i64(1, 4), "ends": i64(3, -9), "axes": i64(1, 2), "steps": i64(1, -2),
        "parts": i64(2, 3), "one": np.int64(1), "two": i64(2, 0), "axes2": i64(2, 3), "axis1": i64(1), "axis0": i64(0),
        "to": i64(2, 4, 6, 5), "twice": i64(1, 2, 1, 2), "pads": i64(0, 1, 2, 0, 0, 0, 1, 3),
        "crop": i64(0, 0, -1, 0, 0, 0, -2, 1), "one_f": np.float32(1.5), "four": weights(4), "m": weights(5, 3),
        "m2": weights(1, 4, 2, 6),
    }
    if behind[0].op_type == "Slice" and len(behind[0].input) == 4:
        constants["starts"], constants["ends"] = i64(1, 0), i64(3, 4)
    outputs = [o for o in ("y", "z") if any(o in n.output for n in behind)]
    used = {i for n in behind for i in n.input} | {"w"}
    kinds = {"y": TensorProto.INT64} if behind[0].op_type == "ArgMax" else {}
    constants = {k: v for k, v in constants.items() if k in used}
    compare(make([CONV, *behind], IMAGE, constants, outputs, kinds=kinds), tmp_path)


def test_an_image_with_channels_last_in_the_model_stays(tmp_path: Path) -> None:
    """As exporters from TensorFlow write it."""
    nodes = [node("Transpose", "x", "t", perm=[0, 3, 1, 2]), node("Conv", "t w", "c"),
             node("Transpose", "c", perm=[0, 2, 3, 1])]
    conversion = compare(make(nodes, {"x": [1, 6, 5, 2]}, CONV_WEIGHTS), tmp_path)
    assert ops_of(conversion) == ["CONV_2D"] and not conversion.program.graph.layouts


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("opset", [11, *BOTH])
@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1, -2])
def test_softmax(op: str, opset: int, axis: int | None, tmp_path: Path) -> None:
    attrs = {} if axis is None else {"axis": axis}
    compare(make([node(op, "x", **attrs)], {"x": [2, 3, 4]}, {}, opset=opset), tmp_path)


@pytest.mark.parametrize(("mode", "where", "scales"), [
    ("nearest", "asymmetric", (1, 1, 2, 3)), ("nearest", "half_pixel", (1, 1, 2, 2)),
    ("linear", "half_pixel", (1, 1, 2, 2)), ("linear", "asymmetric", (1, 1, 2, 3)),
    ("linear", "align_corners", (1, 1, 2, 2)), ("linear", "pytorch_half_pixel", (1, 1, 3, 2)),
])
@pytest.mark.parametrize("by_size", [True, False])
def test_resize(mode: str, where: str, scales: tuple[int, ...], by_size: bool, tmp_path: Path) -> None:
    attrs = {"mode": mode, "coordinate_transformation_mode": where}
    attrs |= {"nearest_mode": "floor"} if where == "asymmetric" else {}
    made = node("Resize", "x - - size" if by_size else "x - scales", **attrs)
    constants = {"size": i64(*(a * b for a, b in zip((1, 2, 4, 5), scales, strict=True)))} if by_size else {
        "scales": np.array(scales, np.float32)}
    compare(make([made], {"x": [1, 2, 4, 5]}, constants), tmp_path)


# Single elements


@pytest.mark.parametrize("made", [
    *(node(op, "x") for op in (
        "Relu", "Sigmoid", "Tanh", "Exp", "Abs", "Neg", "Floor", "Ceil", "Sin", "Cos", "Sign", "HardSwish", "Softplus",
        "Softsign", "HardSigmoid", "Elu", "LeakyRelu", "Identity", "Reciprocal", "Round", "Dropout", "Sum", "Max",
        "Selu", "Celu", "Mish", "ThresholdedRelu", "Mean")),
    node("ThresholdedRelu", "x", alpha=0.3), node("Mean", "x row x"),
    node("Selu", "x", alpha=1.5, gamma=0.5), node("Celu", "x", alpha=0.5), node("CumSum", "x last"),
    node("CumSum", "x last", exclusive=1), node("CumSum", "x last", reverse=1),
    node("CumSum", "x first", exclusive=1, reverse=1), node("ReduceLogSumExp", "x"),
    node("ReduceLogSumExp", "x lasts", keepdims=0), node("ReduceLogSumExp", "x lasts"),
    node("Elu", "x", alpha=0.5), node("LeakyRelu", "x", alpha=0.2), node("HardSigmoid", "x", alpha=0.3, beta=0.4),
    node("Gelu", "x"), node("Gelu", "x", approximate="tanh"), node("Clip", "x low high"), node("Clip", "x low"),
    node("Clip", "x - high"), node("Max", "x x"), node("Min", "x row"), node("Pow", "x two"), node("Pow", "x three"),
])
def test_functions(made: onnx.NodeProto, tmp_path: Path) -> None:
    constants = {"low": np.float32(-0.5), "high": np.float32(0.75), "row": weights(4), "two": np.float32(2),
                 "three": np.float32(3), "last": np.int64(-1), "first": np.int64(0), "lasts": i64(-1)}
    used = {k: v for k, v in constants.items() if k in made.input}
    compare(make([made], {"x": [3, 4]}, used, opset=NEWEST), tmp_path)


def test_large_numbers_overflow_nothing(tmp_path: Path) -> None:
    compare(make([node("Mul", "x big", "m"), node("Softplus", "m"), node("Mish", "m", "z")], {"x": [3, 4]},
                 {"big": np.float32(1000)}, ["y", "z"]), tmp_path)


@pytest.mark.parametrize("text", [
    "Abs x > a, Log a > y", "Abs x > a, Sqrt a > y", "Sum x row x > y", "Where c x row > y",
        "Less x row > l, Where l x row > y", "Greater x row > g, Not g > n, Where n x row > y",
    "LessOrEqual x row > l, GreaterOrEqual x two > g, Or l g > o, Where o x row > y",
    "Equal x x > e, Less x two > l, And e l > o, Where o x row > y", "ReduceMin x > y", "ReduceProd x > y",
    "Abs x > a, Pow a half3 > y", "ReduceSumSquare x > y", "Size x > s, Reshape x flat > r, Softmax r > y",
])
def test_chains(text: str, tmp_path: Path) -> None:
    constants = {"row": weights(4), "two": np.float32(2), "flat": i64(12), "c": weights(4) > 0,
                 "half3": np.float32(1.5)}
    nodes = chain(text)
    compare(make(nodes, {"x": [3, 4]}, {k: v for k, v in constants.items() if k in text.split()}), tmp_path)


@pytest.mark.parametrize(("made", "kind"), [
    (node("Cast", "x", to=TensorProto.INT32), TensorProto.INT32), (node("ArgMin", "x", axis=1), TensorProto.INT64),
])
def test_integers_come_out(made: onnx.NodeProto, kind: int, tmp_path: Path) -> None:
    compare(make([made], {"x": [3, 4]}, {}, kinds={"y": kind}), tmp_path)


def test_space_to_depth_and_upsample(tmp_path: Path) -> None:
    compare(make([node("SpaceToDepth", "x", blocksize=2)], {"x": [1, 2, 6, 4]}, {}), tmp_path)
    scales = {"scales": np.array([1, 1, 2, 2], np.float32)}
    compare(make([node("Upsample", "x scales")], {"x": [1, 2, 6, 4]}, scales, opset=9), tmp_path)


def test_every_op_is_tested() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_onnx*.py"))
    assert IMPORTS
    assert not [op for op in IMPORTS if not re.search(rf"[\" ,]{op}[\" ]", source)]


ROOT2, HALF, ONE = np.float32(2**0.5), np.float32(0.5), np.float32(1)


@pytest.mark.parametrize("text", [
    "Div x root2 > d, Erf d > e, Add e one > a, Mul x a > m, Mul m half > y",
    "Mul x half > h, Div x root2 > d, Erf d > e, Add one e > a, Mul h a > y",
    "Mul inverse x > d, Erf d > e, Add e one > a, Mul a half > g, Mul x g > y",
    "Div x root2 > d, Erf d > e, Add e one > a, Mul a x > m, Div m two > y",
])
def test_gelu_written_out(text: str, tmp_path: Path) -> None:
    """As PyTorch exports it below opset 20."""
    constants = {"root2": ROOT2, "half": HALF, "one": ONE, "inverse": 1 / ROOT2, "two": np.float32(2)}
    assert ops_of(compare(make(chain(text), {"x": [3, 4]}, constants, opset=17), tmp_path)) == ["GELU"]


@pytest.mark.parametrize("nodes", [
    [node("HardSigmoid", "x", "h", alpha=1 / 6, beta=0.5), node("Mul", "x h")],
    chain("Add x three > a, Clip a zero six > c, Mul x c > m, Div m six > y"),
    chain("Add x three > a, Clip a zero six > c, Div c six > d, Mul d x > y"),
])
def test_hard_swish_written_out(nodes: list[onnx.NodeProto], tmp_path: Path) -> None:
    constants = {"three": np.float32(3), "six": np.float32(6), "zero": np.float32(0)}
    assert ops_of(compare(make(nodes, {"x": [3, 4]}, constants), tmp_path)) == ["HARD_SWISH"]


def test_something_like_gelu_is_no_gelu(tmp_path: Path) -> None:
    """x * (erf(z / sqrt(2)) + 1) / 2 of another z must not be taken for it."""
    nodes = chain("Div z root2 > d, Erf d > e, Add e one > a, Mul x a > m, Mul m half > y")
    model = make(nodes, {"x": [3, 4], "z": [3, 4]}, {"root2": ROOT2, "half": HALF, "one": ONE})
    assert "ERF" in ops_of(compare(model, tmp_path))


def test_layer_normalization_written_out(tmp_path: Path) -> None:
    nodes = [node("ReduceMean", "x", "m", axes=[-1]), node("Sub", "x m", "d"), node("Pow", "d two", "p"),
             node("ReduceMean", "p", "v", axes=[-1]), node("Add", "v eps", "ve"), node("Sqrt", "ve", "s"),
             node("Div", "d s", "n"), node("Mul", "n g", "ng"), node("Add", "ng b")]
    constants = {"two": np.float32(2), "eps": np.float32(1e-5), "g": weights(8), "b": weights(8)}
    compare(make(nodes, {"x": [1, 5, 8]}, constants, opset=13), tmp_path)


def test_attention(tmp_path: Path) -> None:
    """Two heads of four channels each, over six places."""
    nodes = [
        *(n for k in "qkv" for n in (node("MatMul", f"x w{k}", f"{k}0"), node("Reshape", f"{k}0 heads", f"{k}1"),
                                     node("Transpose", f"{k}1", k, perm=[0, 2, 3, 1] if k == "k" else [0, 2, 1, 3]))),
        node("MatMul", "q k", "qk"), node("Mul", "qk scale", "s"), node("Softmax", "s", "p", axis=-1),
        node("MatMul", "p v", "o"), node("Transpose", "o", "ot", perm=[0, 2, 1, 3]), node("Reshape", "ot whole"),
    ]
    constants = {**{f"w{k}": weights(8, 8) + i for i, k in enumerate("qkv")}, "heads": i64(1, 6, 2, 4),
                 "whole": i64(1, 6, 8), "scale": HALF}
    compare(make(nodes, {"x": [1, 6, 8]}, constants), tmp_path)


def test_clip_goes_into_the_convolution(tmp_path: Path) -> None:
    nodes = [CONV, node("Clip", "c zero six")]
    conversion = compare(make(nodes, IMAGE, {**CONV_WEIGHTS, "zero": np.float32(0), "six": np.float32(6)}), tmp_path)
    assert "PAD" not in ops_of(conversion)


def test_float16(tmp_path: Path) -> None:
    """Calculated in float32; onnxruntime rounds after each layer."""
    nodes = [CONV, *chain("Relu c > r, Mul r k > m, GlobalAveragePool m > g, Flatten g > y")]
    constants = {"w": CONV_WEIGHTS["w"].astype(np.float16), "k": weights(4, 1, 1).astype(np.float16)}
    compare(make(nodes, IMAGE, constants, dtype=TensorProto.FLOAT16), tmp_path, step=5e-3)


def test_constants_are_worked_out(tmp_path: Path) -> None:
    """Shape arithmetic as PyTorch leaves it."""
    nodes = [CONV, node("Shape", "c", "s"), node("Gather", "s zero", "n"), node("Unsqueeze", "n zeros", "n1"),
             node("Concat", "n1 rest", "to", axis=0), node("Reshape", "c to")]
    compare(make(nodes, IMAGE, {**CONV_WEIGHTS, "zero": np.int64(0), "zeros": i64(0), "rest": i64(-1)}), tmp_path)


# Recurrent layers


@pytest.mark.parametrize(("op", "reset"), [("RNN", 0), ("GRU", 0), ("GRU", 1), ("LSTM", 0)])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("start", [False, True])
def test_recurrent(op: str, direction: str, start: bool, reset: int, tmp_path: Path) -> None:
    d, hidden, gates = (2 if direction == "bidirectional" else 1), 4, {"RNN": 1, "GRU": 3, "LSTM": 4}[op]
    constants = {"w": weights(d, gates * hidden, 3), "r": weights(d, gates * hidden, hidden),
                 "b": weights(d, 2 * gates * hidden)}
    inputs: dict[str, Sequence[int]] = {"x": [5, 1, 3]}
    names = "x w r b"
    if start:
        inputs["h"] = [d, 1, hidden]
        names += " - h"
        if op == "LSTM":
            constants["c0"] = weights(d, 1, hidden)
            names += " c0"
    attrs = {"linear_before_reset": reset} if op == "GRU" else {}
    outputs = ["y", "y_h", "y_c"] if op == "LSTM" else ["y", "y_h"]
    made = node(op, names, " ".join(outputs), hidden_size=hidden, direction=direction, **attrs)
    compare(make([made], inputs, constants, outputs), tmp_path)


# Shapes and constants from outside


def test_open_batch_and_given_shape(tmp_path: Path) -> None:
    model = make([CONV, node("Relu", "c")], {"x": ["N", 2, 6, 5]}, CONV_WEIGHTS)
    compare(model, tmp_path, shapes={"x": (1, 2, 6, 5)})
    model = make([CONV, node("Relu", "c")], {"x": ["N", 2, "H", "W"]}, CONV_WEIGHTS)
    compare(model, tmp_path, shapes={"x": (1, 2, 7, 9)})


def test_frozen_inputs(tmp_path: Path) -> None:
    path = save(make([node("Conv", "x w")], {"x": [1, 2, 6, 6], "w": [4, 2, 3, 3]}, {}), tmp_path)
    conversion = convert_model(path, frozen={"w": CONV_WEIGHTS["w"].astype(np.float64)})
    assert [t.name for t in conversion.program.graph.inputs] == ["x"]
