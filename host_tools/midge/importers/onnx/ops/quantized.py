# SPDX-License-Identifier: MIT
"""Quantised models: QuantizeLinear and DequantizeLinear, and the QLinear ops, which are a float op between those.

A later pass (passes/fuse_qdq.py) makes an int8 op of a float one between the two. uint8 becomes int8: all values and
zero points less 128.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ....graph import Quantization, Tensor, Unsupported
from ..registry import IMPORTS, onnx_op
from ..values import OnnxContext, OnnxNode, Value
from .elementwise import each


def _units(node: OnnxNode, scale: int, zero: int, default: type = np.uint8) -> tuple[Quantization, Any]:
    """Return scale and zero point from inputs of a node, as of int8, and the dtype that the model has."""
    scales = np.asarray(node.known(scale, "scales"), np.float32).reshape(-1)
    zeros = node.known(zero, "zero points") if node.has(zero) else np.zeros(1, default)
    if zeros.dtype not in (np.int8, np.uint8, np.int32):
        raise Unsupported(f"values of {zeros.dtype}; int8 and uint8 can run")
    shift = 128 if zeros.dtype == np.uint8 else 0
    points = np.broadcast_to(zeros.reshape(-1).astype(np.int64) - shift, scales.shape)
    return Quantization(scales, points.copy()), zeros.dtype


@onnx_op("QuantizeLinear")
def quantize(ctx: OnnxContext, node: OnnxNode) -> Value:
    x = node.input(0)
    q, dtype = _units(node, 1, 2)
    if q.per_channel:
        raise Unsupported("activations with a scale per channel; one scale can run")
    out = each(ctx, x, lambda t: ctx.build.add("QUANTIZE", [t], t.shape, node.name, "int8", q))
    out.unsigned = dtype == np.uint8
    return out


@onnx_op("DequantizeLinear")
def dequantize(ctx: OnnxContext, node: OnnxNode) -> Value:
    x = node.input(0)
    if x.data is not None:
        axis = node.attrs.get("axis", 1)
        real = ctx.constant(_real(node, x.data, 1, 2, axis), x.name)
        zeros = np.asarray(node.known(2, "zero points"), np.int64) if node.has(2) else np.zeros(1, np.int64)
        if x.data.dtype in (np.int8, np.uint8) and np.all(zeros == (128 if x.data.dtype == np.uint8 else 0)):
            q, _ = _units(node, 1, 2, x.data.dtype.type)
            real.steps = replace(q, axis=axis % x.data.ndim if q.per_channel else 0)
        return real

    def real_of(t: Tensor) -> Tensor:
        q, _ = _units(node, 1, 2, np.dtype(t.dtype).type)
        if t.dtype == "uint8":  # from outside
            t.quantization = Quantization(q.scale, q.zero_point + 128)
            t = ctx.build.add("QUANTIZE", [t], t.shape, node.name, "int8", q)
        elif t.quantization is None:
            t.quantization = q
        return ctx.build.add("DEQUANTIZE", [t], t.shape, node.name)

    return each(ctx, x, real_of)


def _real(node: OnnxNode, data: np.ndarray, scale: int, zero: int, axis: int) -> np.ndarray:
    scales = np.asarray(node.known(scale, "scales"), np.float32)
    zeros = np.asarray(node.known(zero, "zero points") if node.has(zero) else 0, np.int64)
    if scales.size > 1:
        shape = [1] * data.ndim
        shape[axis % data.ndim] = -1
        scales, zeros = scales.reshape(shape), zeros.reshape(shape) if zeros.size > 1 else zeros
    return np.asarray((data.astype(np.int64) - zeros.reshape(zeros.shape or ())) * scales, np.float32)


def _dequantized(ctx: OnnxContext, node: OnnxNode, at: int, axis: int = 0) -> Value:
    """Return inputs at, at + 1 and at + 2, which are values, their scale and zero point, as reals."""
    value = dequantize(ctx, replace(node, inputs=node.inputs[at : at + 3], attrs={"axis": axis}))
    assert isinstance(value, Value)
    return value


def _float_op(ctx: OnnxContext, node: OnnxNode, op: str, inputs: list[Value | None], out: tuple[int, int]) -> Value:
    """Add the float op on these, quantised as inputs out[0] and out[1] say."""
    result = IMPORTS[op](ctx, replace(node, op=op, inputs=inputs))
    assert not isinstance(result, list)
    value = ctx.value(result) if isinstance(result, Tensor) else result
    made = quantize(ctx, replace(node, inputs=[value, node.input(out[0]), node.inputs[out[1]]], attrs={}))
    assert isinstance(made, Value)
    return made


@onnx_op("QLinearConv")
def conv(ctx: OnnxContext, node: OnnxNode) -> Value:
    node.known(3, "weights")
    x, w = _dequantized(ctx, node, 0), _dequantized(ctx, node, 3)
    bias = None
    if node.has(8):
        scale = np.asarray(node.known(1, "scales")).reshape(-1) * np.asarray(node.known(4, "scales")).reshape(-1)
        bias = ctx.constant((node.known(8, "biases") * scale).astype(np.float32), "bias")
    return _float_op(ctx, node, "Conv", [x, w, bias], (6, 7))


@onnx_op("QLinearMatMul")
def matmul(ctx: OnnxContext, node: OnnxNode) -> Value:
    a = _dequantized(ctx, node, 0, axis=-2)
    return _float_op(ctx, node, "MatMul", [a, _dequantized(ctx, node, 3, axis=-1)], (6, 7))


@onnx_op("QLinearAdd", "QLinearMul")
def binary(ctx: OnnxContext, node: OnnxNode) -> Value:
    inputs: list[Value | None] = [_dequantized(ctx, node, 0), _dequantized(ctx, node, 3)]
    return _float_op(ctx, node, node.op[len("QLinear") :], inputs, (6, 7))


@onnx_op("QLinearAveragePool", "QLinearSoftmax", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearGlobalAveragePool")
def unary(ctx: OnnxContext, node: OnnxNode) -> Value:
    op = node.op[len("QLinear") :]
    attrs = dict(node.attrs)
    attrs.pop("opset", None)
    return _float_op(ctx, replace(node, attrs=attrs), op, [_dequantized(ctx, node, 0)], (3, 4))


@onnx_op("QLinearConcat")
def concatenate(ctx: OnnxContext, node: OnnxNode) -> Value:
    parts = [_dequantized(ctx, node, i) for i in range(2, len(node.inputs), 3)]
    return _float_op(ctx, node, "Concat", list(parts), (0, 1))
