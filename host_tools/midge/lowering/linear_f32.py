# SPDX-License-Identifier: MIT
"""Convolutions and matrix products in float32. Formulas: native_module/core/kernels/linear/conv_f32.c, matmul_f32.c.

Weights are float32, or int8: then the model is a hybrid one, whose inputs the device quantises as it runs, because that
is what TFLite does and what the recorded accuracy was measured with.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph.tflite_ops import SAME, clamp_of, constant, required, same_pads, strides_of
from .elementwise_f32 import add_binary, temporary
from .program import Program
from .rules import rule, want_float
from .strides import broadcast, in_arena, pad_left, row_major, strided_copy
from .windows import dense_params, nhwc, window_params


def bias_of(node: Node, i: int, channels: int) -> np.ndarray:
    """Return the biases, zeros where input i is absent. Raises Unsupported."""
    if node.input(i) is None:
        return np.zeros(channels, np.float32)
    given = constant(node, i, "biases")
    if given.size != channels or want_float(node, i).dtype != "float32":
        raise Unsupported(f"a bias of {given.size} entries; {channels} can run")
    return given.reshape(-1)


def add_conv(program: Program, node: Node, op: str, source: Tensor, out: Tensor, shape: dict[str, int],
             weights: np.ndarray, bias: np.ndarray, asymmetric: bool = False) -> None:
    """Add a convolution of these weights, as the kernel reads them; `shape` holds its parameters."""
    low, high = clamp_of(node)
    table = np.array([low, high], "<f4").tobytes() + bias.astype("<f4").tobytes()
    window = shape["kernel_h"] * shape["kernel_w"]
    if window * shape["in_c"] > 0xFFFF and weights.dtype == np.int8:
        raise Unsupported(f"a kernel of {window * shape['in_c']} int8 taps on float32 inputs; at most 65535 can run")
    params: dict[str, Any] = {"stride_h": 1, "stride_w": 1, "dilation_h": 1, "dilation_w": 1} | shape
    if weights.dtype == np.int8:
        channels = shape["out_c"]
        sums = weights.reshape(channels, -1).sum(axis=1, dtype=np.int32)
        if op == "DEPTHWISE_CONV_2D":
            sums = weights.reshape(-1, channels).sum(axis=0, dtype=np.int32)
        table += weight_scales(node, channels).tobytes() + sums.astype("<i4").tobytes()
        params["in_zero_point"] = int(asymmetric)
        op += "_HYBRID"
    else:
        op += "_F32"
    macs = shape["batches"] * shape["out_h"] * shape["out_w"] * weights.size
    program.add(node, op, [in_arena(program, source)], params,
                {"weights_at": weights.tobytes(), "channels_at": table}, macs=macs, out=out)


def weight_scales(node: Node, channels: int) -> np.ndarray:
    """Return the scales of int8 weights, one per channel. Raises Unsupported."""
    quantization = required(node, 1).quantization
    if quantization is None or np.any(quantization.zero_point):
        raise Unsupported("int8 weights without a scale, or not symmetric; export the model again")
    if len(quantization.scale) not in (1, channels):
        raise Unsupported(f"{len(quantization.scale)} weight scales for {channels} output channels")
    return np.broadcast_to(quantization.scale, channels).astype("<f4")


def weights_of(node: Node) -> np.ndarray:
    """Return the weights, float32 or int8. Raises Unsupported."""
    data = constant(node, 1, "weights")
    if data.dtype not in (np.float32, np.int8):
        raise Unsupported(f"{required(node, 1).dtype} weights on float32 inputs; float32 and int8 ones can run")
    return data


def per_channel(node: Node) -> bool:
    """Tell whether the weights have a scale per channel."""
    quantization = required(node, 1).quantization
    return quantization is not None and quantization.per_channel


@rule("CONV_2D", dtype="float32")
def conv_2d(program: Program, node: Node) -> None:
    source, weights, out = want_float(node, 0), weights_of(node), node.outputs[0]
    in_c = nhwc(source)[3]
    if weights.ndim != 4 or weights.shape[3] != in_c:
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels; grouped convolutions cannot run")
    shape = window_params(node, source, out, (weights.shape[1], weights.shape[2]))
    # TFLite quantises the inputs of a hybrid convolution asymmetrically where weights have a scale per channel.
    add_conv(program, node, "CONV_2D", source, out, shape, weights, bias_of(node, 2, len(weights)), per_channel(node))


@rule("DEPTHWISE_CONV_2D", dtype="float32")
def depthwise_conv_2d(program: Program, node: Node) -> None:
    source, weights, out = want_float(node, 0), weights_of(node), node.outputs[0]
    in_c = nhwc(source)[3]
    if weights.ndim != 4 or weights.shape[0] != 1 or weights.shape[3] % in_c:
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels; wanted [1, KH, KW, n * {in_c}]")
    shape = window_params(node, source, out, (weights.shape[1], weights.shape[2]))
    bias = bias_of(node, 2, weights.shape[3])
    add_conv(program, node, "DEPTHWISE_CONV_2D", source, out, shape, weights, bias, asymmetric=True)


@rule("FULLY_CONNECTED", dtype="float32")
def fully_connected(program: Program, node: Node) -> None:
    """Lower to a 1x1 convolution with a batch per row, because hybrid inputs are quantised row by row."""
    source, out = want_float(node, 0), node.outputs[0]
    if node.attrs.get("weights_format", 0) != 0:
        raise Unsupported("shuffled weights; export the model for TensorFlow Lite's default format")
    if required(node, 1).data is None:
        product_of_activations(program, node)
        return
    weights = weights_of(node)
    if weights.ndim != 2 or weights.shape[1] == 0 or source.elements % weights.shape[1]:
        raise Unsupported(f"weights of shape {list(weights.shape)} on an input of shape {list(source.shape)}")
    out_c, in_c = weights.shape
    shape = rows_as_batches(source.elements // in_c, in_c, out_c)
    asymmetric = bool(node.attrs.get("asymmetric_quantize_inputs"))
    add_conv(program, node, "CONV_2D", source, out, shape, weights, bias_of(node, 2, out_c), asymmetric)


def product_of_activations(program: Program, node: Node) -> None:
    """Lower a fully connected layer whose weights are worked out while running."""
    source, weights, out = want_float(node, 0), want_float(node, 1), node.outputs[0]
    if len(weights.shape) != 2 or source.elements % weights.shape[1]:
        raise Unsupported(f"weights of shape {list(weights.shape)} on an input of shape {list(source.shape)}")
    columns, depth = weights.shape
    product = temporary(node, "product", (source.elements // depth, columns))
    add_matmul(program, node, source, weights, product, (), [], [], product.shape[0], columns, depth)
    bias = node.input(2)
    zero = Tensor(f"{node.name}/zero", (1,), "float32", data=np.zeros(1, np.float32))
    flat = Tensor(out.name, product.shape, "float32")
    program.alias(out, flat)
    add_binary(program, node, "ADD", product, zero if bias is None else bias, flat, clamp_of(node))


def add_matmul(program: Program, node: Node, a: Tensor, b: Tensor, out: Tensor, batches: tuple[int, ...],
               a_stride: list[int], b_stride: list[int], rows: int, columns: int, depth: int) -> None:
    """Add a product of matrices, the rows of `a` times those of `b`, for each of up to two broadcast dimensions."""
    if len(batches) > 2:
        raise Unsupported(f"a product of matrices over {len(batches)} broadcast dimensions; at most 2 can run")
    program.add(node, "MATMUL_F32", [in_arena(program, a), b], {
        "batches": pad_left(list(batches), 2, 1), "a_stride": pad_left(a_stride, 2, 0),
        "b_stride": pad_left(b_stride, 2, 0), "rows": rows, "columns": columns, "depth": depth,
    }, macs=math.prod(batches) * rows * columns * depth, out=out)


def transposed(program: Program, node: Node, source: Tensor) -> Tensor:
    """Return the matrices of a tensor transposed; those of a constant while converting."""
    shape = (*source.shape[:-2], source.shape[-1], source.shape[-2])
    out = temporary(node, "transposed", shape)
    if source.data is not None:
        out.data = np.ascontiguousarray(np.swapaxes(source.data, -1, -2))
        return out
    strides = row_major(source.shape)
    strided_copy(program, node, source, out, shape, (*strides[:-2], strides[-1], strides[-2]), 0,
                 row_major(shape))
    return out


@rule("BATCH_MATMUL", dtype="float32")
def batch_matmul(program: Program, node: Node) -> None:
    a, b, out = want_float(node, 0), want_float(node, 1), node.outputs[0]
    if min(len(a.shape), len(b.shape)) < 2:
        raise Unsupported(f"matrices of shape {list(a.shape)} and {list(b.shape)}")
    if node.attrs.get("adj_x"):
        a = transposed(program, node, a)
    if not node.attrs.get("adj_y"):
        b = transposed(program, node, b)
    rows, depth = a.shape[-2:]
    columns = b.shape[-2]
    if b.shape[-1] != depth or out.shape[-2:] != (rows, columns):
        raise Unsupported(f"matrices of shape {list(a.shape)} and {list(b.shape)} for {list(out.shape)}")
    dims, (a_stride, b_stride) = broadcast(out.shape[:-2], a.shape[:-2], b.shape[:-2])
    first = next((i for i, d in enumerate(dims) if d != 1), len(dims))
    add_matmul(program, node, a, b, out, tuple(dims[first:]), [s * rows * depth for s in a_stride[first:]],
               [s * columns * depth for s in b_stride[first:]], rows, columns, depth)


@rule("TRANSPOSE_CONV", dtype="float32")
def transpose_conv(program: Program, node: Node) -> None:
    """Lower to one ordinary convolution for each phase of the stride, their outputs interleaved.

    y[i] = sum of x[j] * w[k] over i + pad = j * stride + k: outputs whose i + pad leaves the same
    remainder meet every stride-th tap only, in the opposite order.
    """
    weights, source, out = constant(node, 1, "weights"), want_float(node, 2), node.outputs[0]
    if weights.dtype != np.float32 or weights.ndim != 4:
        raise Unsupported(f"{required(node, 1).dtype} weights on float32 inputs; float32 ones can run")
    n, in_h, in_w, in_c = nhwc(source)
    _, out_h, out_w, out_c = nhwc(out)
    strides = strides_of(node)
    sizes, outs = (in_h, in_w), (out_h, out_w)
    pads = [same_pads(o, k, s)[0] if node.attrs["padding"] == SAME else 0
            for o, k, s in zip(outs, weights.shape[1:3], strides, strict=True)]
    # Taps of zero where the output reaches further than the kernel.
    grow = [max(o + p - (size - 1) * s - k, s - k, 0) for o, p, size, s, k in
            zip(outs, pads, sizes, strides, weights.shape[1:3], strict=True)]
    program.room.spend(4.0 * out_c * weights.shape[3] * (weights.shape[1] + grow[0]) * (weights.shape[2] + grow[1]))
    weights = np.pad(weights, ((0, 0), (0, grow[0]), (0, grow[1]), (0, 0)))
    bias, steps = bias_of(node, 3, out_c), row_major(out.shape)
    for y in range(min(strides[0], out_h)):
        for x in range(min(strides[1], out_w)):
            remainders = [(o + p) % s for o, p, s in zip((y, x), pads, strides, strict=True)]
            taps = weights[:, remainders[0] :: strides[0], remainders[1] :: strides[1], :][:, ::-1, ::-1, :]
            shape = {"batches": n, "in_h": in_h, "in_w": in_w, "in_c": in_c, "out_h": -(-(out_h - y) // strides[0]),
                     "out_w": -(-(out_w - x) // strides[1]), "out_c": out_c, "kernel_h": taps.shape[1],
                     "kernel_w": taps.shape[2], "pad_top": taps.shape[1] - 1 - (y + pads[0]) // strides[0],
                     "pad_left": taps.shape[2] - 1 - (x + pads[1]) // strides[1]}
            phase = temporary(node, f"phase_{y}_{x}", (n, shape["out_h"], shape["out_w"], out_c))
            add_conv(program, node, "CONV_2D", source, phase, shape, np.ascontiguousarray(taps), bias)
            strided_copy(program, node, phase, out, phase.shape, row_major(phase.shape), 0,
                         (steps[0], steps[1] * strides[0], steps[2] * strides[1], 1), y * steps[1] + x * steps[2])


@rule("CONV_3D", dtype="float32")
def conv_3d(program: Program, node: Node) -> None:
    """Lower to the planes under the kernel side by side as channels, then a CONV_2D of every output plane."""
    source, weights, out = want_float(node, 0), constant(node, 1, "weights"), node.outputs[0]
    if len(source.shape) != 5 or weights.ndim != 5 or weights.dtype != np.float32:
        raise Unsupported(f"an input of shape {list(source.shape)}, weights of shape {list(weights.shape)}")
    n, in_d, in_h, in_w, in_c = source.shape
    _, out_d, out_h, out_w, out_c = out.shape
    kernel_d, kernel_h, kernel_w = weights.shape[:3]
    if weights.shape[3:] != (in_c, out_c):
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels; grouped convolutions cannot run")
    a = node.attrs
    stride, dilation = a["stride_d"], a.get("dilation_d_factor", 1)
    pad = same_pads(in_d, kernel_d, stride, dilation)[0] if a["padding"] == SAME else 0
    stacked = temporary(node, "planes", (n * out_d, in_h, in_w, kernel_d * in_c))
    steps = row_major((n, out_d, in_h * in_w, kernel_d * in_c))
    reach = row_major((n, in_d, in_h * in_w, in_c))
    for k in range(kernel_d):
        inside = [d for d in range(out_d) if 0 <= d * stride - pad + k * dilation < in_d]
        if not inside:
            continue
        strided_copy(program, node, source, stacked, (n, len(inside), in_h * in_w, in_c),
                     (reach[0], reach[1] * stride, reach[2], 1),
                     (inside[0] * stride - pad + k * dilation) * reach[1],
                     steps, inside[0] * steps[1] + k * in_c, fill_value=0 if k == 0 else None)
    flat = Tensor(out.name, (n * out_d, out_h, out_w, out_c), "float32")
    program.alias(out, flat)
    planes = weights.transpose(4, 1, 2, 0, 3).reshape(out_c, kernel_h, kernel_w, kernel_d * in_c)
    shape = window_params(node, stacked, flat, (kernel_h, kernel_w))
    add_conv(program, node, "CONV_2D", stacked, flat, shape, np.ascontiguousarray(planes), bias_of(node, 2, out_c))


def rows_as_batches(rows: int, in_c: int, out_c: int) -> dict[str, int]:
    """Return the parameters of a product of rows and a matrix, each row a batch of its own."""
    return dense_params(rows, in_c, out_c) | {"batches": rows, "in_h": 1, "out_h": 1}
