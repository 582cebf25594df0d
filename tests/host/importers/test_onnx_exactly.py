# SPDX-License-Identifier: MIT
"""What an ONNX model says is what runs: scales per axis and block, wide integers, attributes. Else it is refused."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

import midge
from midge.convert.pipeline import convert_model
from midge.errors import UserError
from midge.importers.onnx.attributes import HARMLESS
from midge.importers.onnx.reader import OLDEST
from tests.support.onnx_models import CONV, CONV_WEIGHTS, IMAGE, compare, i64, make, node, save, weights
from tests.support.tables.onnx import IMPORTS


def refusal(model: onnx.ModelProto, folder: Path) -> str:
    with pytest.raises(UserError) as error:
        convert_model(save(model, folder))
    return str(error.value)


SCALES = np.array([2, 4, 0.5], np.float32)


@pytest.mark.parametrize(("kind", "zeros"), [
    (TensorProto.UINT8, np.array([84, 24, 196], np.uint8)), (TensorProto.INT8, np.array([-84, 24, 0], np.int8))])
@pytest.mark.parametrize("behind", [[], ["Relu"], ["GlobalAveragePool"]])
def test_scales_per_axis_of_activations(kind: int, zeros: np.ndarray, behind: list[str], tmp_path: Path) -> None:
    names = ["d" if behind else "y", *("y" for _ in behind)]
    nodes = [node("DequantizeLinear", "x s z", names[0], axis=1), *(node(op, "d") for op in behind)]
    model = make(nodes, {"x": [1, 3, 2, 4]}, {"s": SCALES, "z": zeros}, dtype=kind, kinds={"y": TensorProto.FLOAT})
    compare(model, tmp_path)


@pytest.mark.parametrize(("axis", "block", "shape"), [(0, 2, (4, 4)), (0, 4, (2, 4)), (1, 2, (8, 2)), (0, 3, (3, 4))])
@pytest.mark.parametrize("zero", [False, True])
def test_scales_per_block_of_weights(axis: int, block: int, shape: tuple[int, int], zero: bool, tmp_path: Path) -> None:
    w = np.random.default_rng(1).integers(-128, 128, (8, 4)).astype(np.int8)
    constants = {"w": w, "s": np.abs(weights(*shape)) / 8}
    if zero:
        constants["z"] = np.random.default_rng(2).integers(-9, 9, shape).astype(np.int8)
    nodes = [node("DequantizeLinear", "w s z" if zero else "w s", "wf", axis=axis, block_size=block),
             node("MatMul", "x wf")]
    compare(make(nodes, {"x": [1, 8]}, constants, opset=21), tmp_path)


def test_quantised_and_read_with_other_scales(tmp_path: Path) -> None:
    zero = {"z": np.int8(0)}
    nodes = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q t z")]
    other = make(nodes, {"x": [1, 4]}, {"s": np.float32(0.1), "t": np.float32(0.2), **zero})
    assert "another scale" in refusal(other, tmp_path)
    axis = make(nodes, {"x": [1, 3, 4]}, {"s": np.float32(0.1), "t": SCALES, "z": np.zeros(3, np.int8)})
    assert "QuantizeLinear" in refusal(axis, tmp_path) or "scale per axis" in refusal(axis, tmp_path)
    per_channel = make([node("QuantizeLinear", "x s z", axis=1)], {"x": [1, 3, 2, 2]},
                       {"s": SCALES, "z": np.zeros(3, np.int8)}, kinds={"y": TensorProto.INT8})
    assert "scale per channel" in refusal(per_channel, tmp_path)


# int64


@pytest.mark.parametrize("nodes", [
    [node("Cast", "x", "i", to=TensorProto.INT64), node("Mul", "i big", "p"), node("Cast", "p", to=TensorProto.FLOAT)],
    [node("Cast", "x", "i", to=TensorProto.INT64), node("Reshape", "i flat", "r"), node("Add", "r r", "p"),
     node("Cast", "p", to=TensorProto.FLOAT)],
    [node("Cast", "x", "i", to=TensorProto.INT64), node("ReduceSum", "i", "p"),
     node("Cast", "p", to=TensorProto.FLOAT)],
    [node("Cast", "x", "i", to=TensorProto.INT64), node("Mul", "i big", "p"), node("Div", "p four", "q"),
     node("Cast", "q", to=TensorProto.FLOAT)],
])
def test_int64_that_may_not_fit(nodes: list[onnx.NodeProto], tmp_path: Path) -> None:
    model = make(nodes, {"x": [2, 2]}, {"big": i64(20), "flat": i64(4), "four": i64(4)})
    assert "more than 32 bits" in refusal(model, tmp_path)


def test_int64_that_fits(tmp_path: Path) -> None:
    nodes = [node("ArgMax", "x", "i", axis=1, keepdims=0), node("Mul", "i k", "m"), node("Add", "m k")]
    compare(make(nodes, {"x": [3, 9]}, {"k": i64(1000)}, kinds={"y": TensorProto.INT64}), tmp_path)


@pytest.mark.parametrize(("m", "d"), [(20, 2**24), (-57, 2**24), (1000, 1001), (3, 7)])
def test_a_product_that_only_a_division_reads(m: int, d: int, tmp_path: Path) -> None:
    nodes = [node("Mul", "x m", "p"), node("Div", "p d")]
    model = make(nodes, {"x": [1, 6]}, {"m": i64(m), "d": i64(d)}, dtype=TensorProto.INT64)
    x = np.array([[2**31 - 1, -(2**31), 123456789, -123456789, -1, 0]], np.int64)
    wanted = (np.sign(x) * np.sign(m) * (np.abs(x) * abs(m) // d))[0]
    found = midge.load(convert_model(save(model, tmp_path)).blob)
    out = np.zeros(6, np.int32)
    found.run(x.astype(np.int32), out=out)
    assert out.tolist() == wanted.tolist()


def test_rounding_to_float16(tmp_path: Path) -> None:
    nodes = [node("Cast", "x", "h", to=TensorProto.FLOAT16), node("Cast", "h", to=TensorProto.FLOAT)]
    assert "float16" in refusal(make(nodes, {"x": [1, 4]}, {}), tmp_path)


# Attributes


@pytest.mark.parametrize(("made", "what"), [
    (node("ArgMax", "x", select_last_index=1), "select_last_index = 1"),
    (node("LSTM", "x w r", "y", hidden_size=2, input_forget=1), "input_forget = 1"),
    (node("GRU", "x w r", "y", hidden_size=2, activation_alpha=[0.1, 0.2]), "activation_alpha"),
    (node("Relu", "x", surprise=3), "surprise = 3"),
])
def test_unknown_attributes_are_refused(made: onnx.NodeProto, what: str, tmp_path: Path) -> None:
    gates = {"LSTM": 8, "GRU": 6}.get(made.op_type, 0)
    constants = {"w": weights(1, gates, 3), "r": weights(1, gates, 2)} if gates else {}
    kind = TensorProto.INT64 if made.op_type == "ArgMax" else TensorProto.FLOAT
    assert f"the attribute {what}" in refusal(make([made], {"x": [2, 1, 3]}, constants, kinds={"y": kind}), tmp_path)


def test_attributes_that_say_what_is_so_anyway(tmp_path: Path) -> None:
    made = node("LSTM", "x w r", "y", hidden_size=2, input_forget=0)
    compare(make([made], {"x": [2, 1, 3]}, {"w": weights(1, 8, 3), "r": weights(1, 8, 2)}), tmp_path)
    conv = onnx.helper.make_node("Conv", list(CONV.input), ["y"], kernel_shape=CONV_WEIGHTS["w"].shape[2:])
    compare(make([conv], IMAGE, CONV_WEIGHTS), tmp_path)


def test_what_is_harmless_exists() -> None:
    """Each entry of the list is an attribute of a version of its op; what stands for any op is of several."""
    schemas = [s for s in onnx.defs.get_all_schemas_with_history() if s.domain == ""]
    for op, name in HARMLESS:
        if op:
            assert op in IMPORTS and any(s.name == op and name in s.attributes for s in schemas), (op, name)


@pytest.mark.parametrize("op", sorted({s.name for s in onnx.defs.get_all_schemas_with_history() if s.domain == ""}
                                      & set(IMPORTS)))
def test_every_attribute_is_known(op: str) -> None:
    """Each attribute of each supported op, in any version of it, is asked for by its function's file, or harmless."""
    import midge.importers.onnx.ops as ops

    text = "".join(path.read_text() for path in Path(ops.__path__[0]).glob("*.py"))
    text += Path(ops.__path__[0]).parent.joinpath("constants.py").read_text()
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.name == op and schema.domain == "" and schema.since_version >= _since(op):
            for name in schema.attributes:
                known = (op, name) in HARMLESS or ("", name) in HARMLESS or re.search(f"[\"']{name}[\"']", text)
                assert known or (op, name) in REFUSED, f"{op} of opset {schema.since_version}: {name}"


def _since(op: str) -> int:
    """Return the version of an op that the oldest opset which can be read has."""
    try:
        return onnx.defs.get_schema(op, OLDEST).since_version
    except onnx.defs.SchemaError:
        return OLDEST


# Never asked for: a node that has another value than the default is refused (see check_all_read).
REFUSED = {
    ("ArgMax", "select_last_index"), ("ArgMin", "select_last_index"), ("BatchNormalization", "spatial"),
    ("Cast", "round_mode"), ("DequantizeLinear", "output_dtype"), ("QuantizeLinear", "output_dtype"),
    ("LSTM", "input_forget"), ("QuantizeLinear", "precision"), ("Resize", "antialias"),
    ("Resize", "keep_aspect_ratio_policy"), ("Upsample", "height_scale"), ("Upsample", "width_scale"),
    *((op, name) for op in ("GRU", "LSTM", "RNN")
      for name in ("activation_alpha", "activation_beta", "output_sequence")),
}
