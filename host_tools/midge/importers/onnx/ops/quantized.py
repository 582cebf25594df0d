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
from ..attributes import Attributes
from ..registry import IMPORTS, onnx_op
from ..values import OnnxContext, OnnxNode, Value, identity
from .elementwise import each, order_of


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
        centred = bool(np.all(zeros == (128 if x.data.dtype == np.uint8 else 0)))
        if x.data.dtype in (np.int8, np.uint8) and centred and not node.attrs.get("block_size", 0):
            q, _ = _units(node, 1, 2, x.data.dtype.type)
            real.steps = replace(q, axis=axis % x.data.ndim if q.per_channel else 0)
        return real

    scales = node.known(1, "scales")
    if scales.size > 1:
        return _real_per_axis(ctx, node, x, scales)

    def real_of(t: Tensor) -> Tensor:
        q, _ = _units(node, 1, 2, np.dtype(t.dtype).type)
        if t.quantization is not None and t.dtype != "uint8" and not _same(t.quantization, q):
            raise Unsupported("values read with another scale or zero point than they were quantised with; use one "
                              "scale and zero point for both")
        if t.dtype == "uint8":  # from outside
            t.quantization = Quantization(q.scale, q.zero_point + 128)
            t = ctx.build.add("QUANTIZE", [t], t.shape, node.name, "int8", q)
        elif t.quantization is None:
            t.quantization = q
        return ctx.build.add("DEQUANTIZE", [t], t.shape, node.name)

    return each(ctx, x, real_of)


def _same(a: Quantization, b: Quantization) -> bool:
    return np.array_equal(a.scale, b.scale) and np.array_equal(a.zero_point, b.zero_point)


def _real(node: OnnxNode, data: np.ndarray, scale: int, zero: int, axis: int) -> np.ndarray:
    """Return what integers stand for: with one scale, one per entry of an axis, or one per block along it."""
    scales = np.asarray(node.known(scale, "scales"), np.float32)
    zeros = np.asarray(node.known(zero, "zero points") if node.has(zero) else 0, np.int64)
    block = node.attrs.get("block_size", 0)
    return np.asarray((data.astype(np.int64) - _spread(zeros, data.shape, axis, block))
                      * _spread(scales, data.shape, axis, block), np.float32)


def _spread(values: np.ndarray, shape: tuple[int, ...], axis: int, block: int) -> np.ndarray:
    """Return scales or zero points in a shape that broadcasts to that of the values they belong to."""
    if values.size == 1:
        return values.reshape(())
    if block == 0:
        return values.reshape([-1 if i == axis % len(shape) else 1 for i in range(len(shape))])
    if values.ndim != len(shape):
        raise Unsupported(f"blocks of {block} with scales of shape {list(values.shape)} for values of {list(shape)}")
    whole = np.repeat(values, min(block, shape[axis]), axis)
    return whole[tuple(slice(0, d) for d in shape)]


def _real_per_axis(ctx: OnnxContext, node: OnnxNode, x: Value, scales: np.ndarray) -> Value:
    """Add the arithmetic of scales per entry of an axis in float, for values that are no constants."""
    if node.attrs.get("block_size", 0) or scales.ndim != 1:
        raise Unsupported("activations with scales per block; one scale, or one per entry of an axis, can run")
    rank, axis = len(x.shape), node.attrs.get("axis", 1) % len(x.shape)
    zeros = node.known(2, "zero points").astype(np.float32) if node.has(2) else np.zeros_like(scales, np.float32)
    order = order_of(x) if x.flat is None else identity(rank)
    t = ctx.arranged(x, order)
    if t.quantization is not None:
        raise Unsupported("values that one scale quantised, read with a scale per axis; use the same for both")
    real = ctx.build.add("CAST", [t], t.shape, node.name, "float32")

    def along(values: np.ndarray) -> Tensor:
        shape = [len(values) if a == axis else 1 for a in order]
        return ctx.build.constant(values.astype(np.float32).reshape(shape))

    shifted = ctx.build.binary("SUB", real, along(zeros), node.name)
    return ctx.value(ctx.build.binary("MUL", shifted, along(scales), node.name), order)


def _dequantized(ctx: OnnxContext, node: OnnxNode, at: int, axis: int = 0) -> Value:
    """Return inputs at, at + 1 and at + 2, which are values, their scale and zero point, as reals."""
    value = dequantize(ctx, replace(node, inputs=node.inputs[at : at + 3], attrs=Attributes({"axis": axis})))
    assert isinstance(value, Value)
    return value


def _float_op(ctx: OnnxContext, node: OnnxNode, op: str, inputs: list[Value | None], out: tuple[int, int]) -> Value:
    """Add the float op on these, quantised as inputs out[0] and out[1] say."""
    result = IMPORTS[op](ctx, replace(node, op=op, inputs=inputs))
    assert not isinstance(result, list)
    value = ctx.value(result) if isinstance(result, Tensor) else result
    made = quantize(ctx, replace(node, inputs=[value, node.input(out[0]), node.inputs[out[1]]], attrs=Attributes({})))
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


@onnx_op("QGemm")
def gemm(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Add onnxruntime's Gemm, whose biases are multiples of alpha times both scales, and whose result may be real."""
    a, w = _dequantized(ctx, node, 0), _dequantized(ctx, node, 3, axis=0 if node.attrs.get("transB", 0) else 1)
    bias = None
    if node.has(6):
        scale = np.asarray(node.known(1, "scales")).reshape(-1) * np.asarray(node.known(4, "scales")).reshape(-1)
        scale = scale * np.float32(node.attrs.get("alpha", 1.0))
        bias = ctx.constant((node.known(6, "biases") * scale).astype(np.float32), "bias")
    if node.has(7):
        return _float_op(ctx, node, "Gemm", [a, w, bias], (7, 8))
    result = IMPORTS["Gemm"](ctx, replace(node, op="Gemm", inputs=[a, w, bias]))
    assert not isinstance(result, list)
    return ctx.value(result) if isinstance(result, Tensor) else result


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
    if node.attrs.get("channels_last", 0):
        raise Unsupported("channels last, which onnxruntime's own optimiser makes; export the model before it")
    return _float_op(ctx, node, node.op[len("QLinear") :], [_dequantized(ctx, node, 0)], (3, 4))


@onnx_op("QLinearConcat")
def concatenate(ctx: OnnxContext, node: OnnxNode) -> Value:
    parts = [_dequantized(ctx, node, i) for i in range(2, len(node.inputs), 3)]
    return _float_op(ctx, node, "Concat", list(parts), (0, 1))
