# SPDX-License-Identifier: MIT
"""Quantised ONNX models: conversions around layers, and layers that are quantised themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from tests.support.onnx_models import (
    IMAGE,
    around,
    compare,
    make,
    node,
    ops_of,
    units,
)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("per_channel", [True, False])
@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("activation", ["", "Relu"])
def test_qdq_network(dtype: type, per_channel: bool, axes: int, activation: str, tmp_path: Path) -> None:
    """Convolution, pool and a matrix between conversions become integer layers."""
    zero = 3 if dtype == np.int8 else 131
    scales = np.linspace(0.01, 0.03, 4) if per_channel else 0.02
    wq = np.random.default_rng(1).integers(-128, 128, (4, 2, *[3] * axes)).astype(np.int8)
    mq = np.random.default_rng(2).integers(-127, 128, (3, 4 * 6**axes)).astype(np.int8)
    constants = {"w": wq, "m": mq, **units("x", 0.03, zero, dtype), **units("c", 0.2, zero, dtype),
                 **units("y", 0.5, zero, dtype), **units("w", scales, np.zeros(np.shape(scales), np.int8), np.int8),
                 **units("m", 0.01, 0, np.int8)}
    nodes = [
        *around("x", "x", "x1"), node("DequantizeLinear", "w w_s w_z", "wf", axis=0),
        node("Conv", "x1 wf", "c0", pads=[1] * 2 * axes), *([node(activation, "c0", "c1")] if activation else []),
        *around("c1" if activation else "c0", "c", "c2"), node("DequantizeLinear", "m m_s m_z", "mf"),
        node("Flatten", "c2", "f"), *around("f", "c", "f1"), node("Gemm", "f1 mf", "g", transB=1),
        *around("g", "y", "y"),
    ]
    conversion = compare(make(nodes, {"x": [1, 2, *[6] * axes]}, constants), tmp_path, step=0.5)
    assert not any(s.op.name in ("CONV_2D_F32", "COPY") for s in conversion.program.steps), ops_of(conversion)


def test_qdq_weights_that_are_turned(tmp_path: Path) -> None:
    """DequantizeLinear, Transpose, MatMul: as PyTorch exports a quantised Linear."""
    mq = np.random.default_rng(2).integers(-127, 128, (3, 8)).astype(np.int8)
    constants = {"m": mq, **units("x", 0.03, 0, np.int8), **units("y", 0.05, 1, np.int8),
                 **units("m", np.linspace(0.01, 0.02, 3), np.zeros(3), np.int8)}
    nodes = [*around("x", "x", "x1"), node("DequantizeLinear", "m m_s m_z", "mf", axis=0),
             node("Transpose", "mf", "mt", perm=[1, 0]), node("MatMul", "x1 mt", "g"),
             *around("g", "y", "y")]
    conversion = compare(make(nodes, {"x": [1, 8]}, constants), tmp_path, step=0.05)
    assert "CONV_2D_F32" not in [s.op.name for s in conversion.program.steps]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("per_channel", [True, False])
def test_qlinear_conv(dtype: type, per_channel: bool, tmp_path: Path) -> None:
    zero = 3 if dtype == np.int8 else 131
    scales = np.linspace(0.01, 0.03, 4) if per_channel else 0.02
    wq = np.random.default_rng(1).integers(-127, 128, (4, 2, 3, 3)).astype(np.int8)
    constants = {"w": wq, "b": np.array([-50, 100, 0, 7], np.int32), **units("x", 0.03, zero, dtype),
                 **units("w", scales, np.zeros(np.shape(scales)), np.int8), **units("y", 0.2, zero, dtype)}
    kind = TensorProto.INT8 if dtype == np.int8 else TensorProto.UINT8
    made = node("QLinearConv", "x x_s x_z w w_s w_z y_s y_z b", pads=[1, 1, 1, 1])
    model = make([made], IMAGE, constants, dtype=kind)
    conversion = compare(model, tmp_path, step=1)
    assert "CONV_2D_F32" not in [s.op.name for s in conversion.program.steps]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_qlinear_matmul(dtype: type, tmp_path: Path) -> None:
    zero = 3 if dtype == np.int8 else 131
    mq = np.random.default_rng(1).integers(-127, 128, (8, 3)).astype(np.int8)
    constants = {"m": mq, **units("x", 0.03, zero, dtype), **units("m", 0.01, 0, np.int8),
                 **units("y", 0.05, zero, dtype)}
    kind = TensorProto.INT8 if dtype == np.int8 else TensorProto.UINT8
    model = make([node("QLinearMatMul", "x x_s x_z m m_s m_z y_s y_z")], {"x": [2, 8]}, constants, dtype=kind)
    conversion = compare(model, tmp_path, step=1)
    assert "CONV_2D_F32" not in [s.op.name for s in conversion.program.steps]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("turned", [0, 1])
@pytest.mark.parametrize("scales", [0.01, [0.01, 0.02, 0.005]])
def test_qgemm(dtype: type, turned: int, scales: object, tmp_path: Path) -> None:
    """With biases, whose scale is the product of the others."""
    zero = 3 if dtype == np.int8 else 131
    mq = np.random.default_rng(1).integers(-127, 128, (3, 8) if turned else (8, 3)).astype(np.int8)
    constants = {"m": mq, "c": np.array([-500, 100, 900], np.int32), **units("x", 0.03, zero, dtype),
                 **units("m", scales, np.zeros(np.shape(scales)), np.int8), **units("y", 0.05, zero, dtype)}
    kind = TensorProto.INT8 if dtype == np.int8 else TensorProto.UINT8
    made = node("QGemm", "x x_s x_z m m_s m_z c y_s y_z", transB=turned)
    conversion = compare(make([made], {"x": [1, 8]}, constants, dtype=kind), tmp_path, step=1)
    assert "CONV_2D_F32" not in [s.op.name for s in conversion.program.steps]


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("op", ["QLinearAdd", "QLinearMul", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearConcat",
                                "QLinearSoftmax", "QLinearAveragePool", "QLinearGlobalAveragePool"])
def test_microsoft_qlinear(op: str, dtype: type, tmp_path: Path) -> None:
    zero = 3 if dtype == np.int8 else 131
    sigmoid = (1 / 256, -128 if dtype == np.int8 else 0)
    out = sigmoid if op in ("QLinearSigmoid", "QLinearSoftmax") else (0.1, zero)
    constants = {**units("x", 0.03, zero, dtype), **units("k", 0.05, zero - 1, dtype), **units("y", *out, dtype)}
    names = {"QLinearAdd": "x x_s x_z z k_s k_z y_s y_z", "QLinearMul": "x x_s x_z z k_s k_z y_s y_z",
             "QLinearConcat": "y_s y_z x x_s x_z z k_s k_z"}.get(op, "x x_s x_z y_s y_z")
    attrs: dict[str, Any] = {"QLinearConcat": {"axis": 1}, "QLinearLeakyRelu": {"alpha": 0.1},
                             "QLinearSoftmax": {"axis": -1, "opset": 13},
                             "QLinearAveragePool": {"kernel_shape": [2, 2]},
                             "QLinearGlobalAveragePool": {"channels_last": 0}}.get(op, {})
    inputs = {"x": [1, 2, 6, 5], **({"z": [1, 2, 6, 5]} if " z " in names else {})}
    kind = TensorProto.INT8 if dtype == np.int8 else TensorProto.UINT8
    compare(make([node(op, names, **attrs)], inputs, constants, dtype=kind), tmp_path, step=1)
