# SPDX-License-Identifier: MIT
"""Small ONNX models, made node by node, and their comparison with onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import midge
from midge.convert.pipeline import Conversion, convert_model

NEWEST = 23  # of those that onnxruntime promises to support
BOTH = (13, NEWEST)


def weights(*shape: int) -> np.ndarray:
    """Small numbers, the same every time for a shape."""
    return np.random.default_rng(len(shape) * 1000 + sum(shape)).normal(0, 0.5, shape).astype(np.float32)


def make(
    nodes: Sequence[onnx.NodeProto], inputs: dict[str, Sequence[int | str]], constants: dict[str, np.ndarray],
    outputs: Sequence[str] = ("y",), opset: int = NEWEST, dtype: int = TensorProto.FLOAT,
    kinds: dict[str, int] | None = None,
) -> onnx.ModelProto:
    """A model of one graph; the outputs' shapes are left to those who run it."""
    graph = helper.make_graph(
        list(nodes), "made",
        [helper.make_tensor_value_info(n, dtype, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, (kinds or {}).get(n, dtype), None) for n in outputs],
        [numpy_helper.from_array(v, n) for n, v in constants.items()],
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=10)


def node(op: str, inputs: str, outputs: str = "y", **attrs: Any) -> onnx.NodeProto:
    """node("Conv", "x w b"); '-' for an input that is absent. Microsoft's ops are those that onnx does not know."""
    domain = "com.microsoft" if op.startswith(("QLinear", "QGemm")) and not onnx.defs.has(op) else ""
    names = ["" if n == "-" else n for n in inputs.split()]
    return helper.make_node(op, names, outputs.split(), name=f"layer_{outputs.split()[0]}", domain=domain, **attrs)


def chain(text: str) -> list[onnx.NodeProto]:
    """Nodes without attributes: "Div x two > d, Erf d > e"."""
    parts = [part.split(">") for part in text.split(",")]
    return [node(left.split()[0], " ".join(left.split()[1:]), right) for left, right in parts]


def save(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "made.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def compare(model: onnx.ModelProto, folder: Path, step: float = 0.0, **options: Any) -> Conversion:
    """Run a model here and in onnxruntime on random inputs; it may be off by `step`, or 1e-4 of the numbers.

    On processors without VNNI onnxruntime saturates sums of products of uint8 and int8 at 16 bits. So what is quantised
    is worked out by ONNX's own reference.
    """
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int32)": np.int32,
             "tensor(int64)": np.int64, "tensor(uint8)": np.uint8, "tensor(int8)": np.int8}
    rng, feeds = np.random.default_rng(7), {}
    for end in session.get_inputs():
        shape = options.get("shapes", {}).get(end.name, end.shape)
        values = rng.normal(0, 1.5, shape)
        if kinds[end.type] in (np.uint8, np.int8):
            values = rng.integers(*((0, 256) if kinds[end.type] == np.uint8 else (-128, 128)), shape)
        elif np.issubdtype(kinds[end.type], np.integer):
            values = rng.integers(0, 3, shape)
        feeds[end.name] = np.asarray(values, kinds[end.type])
    quantised = {n.op_type for n in model.graph.node} & {"QLinearConv", "QLinearMatMul", "QuantizeLinear"}
    wanted = ReferenceEvaluator(model).run(None, feeds) if quantised else session.run(None, feeds)
    conversion = convert_model(save(model, folder), **options)
    graph = conversion.program.graph
    file = midge.load(conversion.blob)
    assert [t.name for t in graph.outputs] == [o.name for o in session.get_outputs()]

    def raw(name: str, dtype: str) -> bytes:
        values = feeds[name]
        values = values.transpose(graph.layouts[name]) if name in graph.layouts else values
        return np.ascontiguousarray(values, dtype).tobytes()

    outs = [bytearray(t.size) for t in graph.outputs]
    ins = [raw(t.name, t.dtype) for t in graph.inputs]
    file.run(ins if len(ins) > 1 else ins[0], out=outs if len(outs) > 1 else outs[0])
    for t, out, want in zip(graph.outputs, outs, wanted, strict=True):
        want = want.transpose(graph.layouts[t.name]) if t.name in graph.layouts else want
        assert t.shape == want.shape
        got = np.frombuffer(out, t.dtype).reshape(t.shape)
        np.testing.assert_allclose(got.astype(np.float64), want.astype(np.float64), 1e-3 if step else 1e-4,
                                   1.01 * step or 2e-5)
    return conversion


def ops_of(conversion: Conversion) -> list[str]:
    return [step.source for step in conversion.program.steps]


def units(name: str, scale: float | np.ndarray, zero: int | np.ndarray, dtype: type) -> dict[str, np.ndarray]:
    return {f"{name}_s": np.asarray(scale, np.float32), f"{name}_z": np.asarray(zero, dtype)}


def around(source: str, name: str, target: str) -> list[onnx.NodeProto]:
    """QuantizeLinear and DequantizeLinear."""
    return [node("QuantizeLinear", f"{source} {name}_s {name}_z", f"{target}_q"),
            node("DequantizeLinear", f"{target}_q {name}_s {name}_z", target)]


CONV = node("Conv", "x w", "c", pads=[1, 1, 1, 1])
CONV_WEIGHTS = {"w": weights(4, 2, 3, 3)}
IMAGE = {"x": [1, 2, 6, 5]}


def i64(*values: int) -> np.ndarray:
    return np.array(values, np.int64)
