# SPDX-License-Identifier: MIT
"""Convolutions and matrix products in float32. Formulas: native_module/core/kernels/{conv,matmul}_f32.c.

Weights are float32, or int8: then the model is a hybrid one, whose inputs the device quantises as it
runs, because that is what TFLite does and what the recorded accuracy was measured with.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph.tflite_ops import ACTIVATIONS, SAME, constant, required, same_padding, window_padding
from .elementwise_f32 import activation, add_binary, floats, in_arena, part, temporary
from .elementwise_i8 import broadcast
from .linear_i8 import nhwc
from .program import Program
from .rules import pad_left, row_major, rule, strided_copy


def bias_of(node: Node, i: int, channels: int) -> np.ndarray:
    if node.input(i) is None:
        return np.zeros(channels, np.float32)
    given = constant(node, i, "biases")
    if given.size != channels or floats(node, i).dtype != "float32":
        raise Unsupported(f"a bias of {given.size} entries; {channels} can run")
    return given.reshape(-1)


def add_conv(program: Program, node: Node, op: str, source: Tensor, out: Tensor, shape: dict[str, int],
             weights: np.ndarray, bias: np.ndarray, asymmetric: bool = False) -> None:  # fmt: skip
    """A convolution of these weights as the kernel reads them; `shape` holds its parameters."""
    low, high = activation(node)
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
    program.add(part(node, [source], out), op, [in_arena(program, source)], params,
                {"weights_at": weights.tobytes(), "channels_at": table}, macs=macs)


def weight_scales(node: Node, channels: int) -> np.ndarray:
    quantization = required(node, 1).quantization
    if quantization is None or np.any(quantization.zero_point):
        raise Unsupported("int8 weights without a scale, or not symmetric; export the model again")
    if len(quantization.scale) not in (1, channels):
        raise Unsupported(f"{len(quantization.scale)} weight scales for {channels} output channels")
    return np.broadcast_to(quantization.scale, channels).astype("<f4")


def weights_of(node: Node) -> np.ndarray:
    data = constant(node, 1, "weights")
    if data.dtype not in (np.float32, np.int8):
        raise Unsupported(f"{required(node, 1).dtype} weights on float32 inputs; float32 and int8 ones can run")
    return data


def per_channel(node: Node) -> bool:
    quantization = required(node, 1).quantization
    return quantization is not None and quantization.per_channel


def window_shape(node: Node, source: Tensor, out: Tensor, kernel: tuple[int, int]) -> dict[str, int]:
    n, in_h, in_w, in_c = nhwc(node, source)
    _, out_h, out_w, out_c = nhwc(node, out)
    a = node.attrs
    return {
        "batches": n, "in_h": in_h, "in_w": in_w, "in_c": in_c, "out_h": out_h, "out_w": out_w, "out_c": out_c,
        "kernel_h": kernel[0], "kernel_w": kernel[1], "stride_h": a["stride_h"], "stride_w": a["stride_w"],
        "dilation_h": a.get("dilation_h_factor", 1), "dilation_w": a.get("dilation_w_factor", 1),
        **window_padding(node, (in_h, in_w), kernel),
    }  # fmt: skip


@rule("CONV_2D", dtype="float32")
def conv_2d(program: Program, node: Node) -> None:
    source, weights, out = floats(node, 0), weights_of(node), node.outputs[0]
    in_c = nhwc(node, source)[3]
    if weights.ndim != 4 or weights.shape[3] != in_c:
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels; grouped convolutions cannot run")
    shape = window_shape(node, source, out, (weights.shape[1], weights.shape[2]))
    # TFLite quantises the inputs of a hybrid convolution asymmetrically where weights have a scale a channel.
    add_conv(program, node, "CONV_2D", source, out, shape, weights, bias_of(node, 2, len(weights)), per_channel(node))


@rule("DEPTHWISE_CONV_2D", dtype="float32")
def depthwise_conv_2d(program: Program, node: Node) -> None:
    source, weights, out = floats(node, 0), weights_of(node), node.outputs[0]
    in_c = nhwc(node, source)[3]
    if weights.ndim != 4 or weights.shape[0] != 1 or weights.shape[3] % in_c:
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels; wanted [1, KH, KW, n * {in_c}]")
    shape = window_shape(node, source, out, (weights.shape[1], weights.shape[2]))
    bias = bias_of(node, 2, weights.shape[3])
    add_conv(program, node, "DEPTHWISE_CONV_2D", source, out, shape, weights, bias, asymmetric=True)


@rule("FULLY_CONNECTED", dtype="float32")
def fully_connected(program: Program, node: Node) -> None:
    """A 1x1 convolution, a batch a row, for hybrid inputs are quantised row by row."""
    source, out = floats(node, 0), node.outputs[0]
    if node.attrs.get("weights_format", 0) != 0:
        raise Unsupported("shuffled weights; export the model for TensorFlow Lite's default format")
    if required(node, 1).data is None:
        return multiply_by_rows(program, node)
    weights = weights_of(node)
    if weights.ndim != 2 or weights.shape[1] == 0 or source.elements % weights.shape[1]:
        raise Unsupported(f"weights of shape {list(weights.shape)} on an input of shape {list(source.shape)}")
    out_c, in_c = weights.shape
    rows = source.elements // in_c
    if max(out_c, in_c, rows) > 65535:
        raise Unsupported(f"{in_c} inputs and {out_c} outputs; at most 65535 can run")
    shape = {"batches": rows, "in_h": 1, "in_w": 1, "in_c": in_c, "out_h": 1, "out_w": 1, "out_c": out_c,
             "kernel_h": 1, "kernel_w": 1}  # fmt: skip
    asymmetric = bool(node.attrs.get("asymmetric_quantize_inputs"))
    add_conv(program, node, "CONV_2D", source, out, shape, weights, bias_of(node, 2, out_c), asymmetric)
    return None


def multiply_by_rows(program: Program, node: Node) -> None:
    """FULLY_CONNECTED whose weights are worked out while running."""
    source, weights, out = floats(node, 0), floats(node, 1), node.outputs[0]
    if len(weights.shape) != 2 or source.elements % weights.shape[1]:
        raise Unsupported(f"weights of shape {list(weights.shape)} on an input of shape {list(source.shape)}")
    columns, depth = weights.shape
    product = temporary(node, "product", (source.elements // depth, columns))
    add_matmul(program, node, source, weights, product, (), [], [], product.shape[0], columns, depth)
    bias = node.input(2)
    zero = Tensor(f"{node.name}/zero", (1,), "float32", data=np.zeros(1, np.float32))
    flat = Tensor(out.name, product.shape, "float32")
    program.alias(out, flat)
    add_binary(program, node, "ADD", product, zero if bias is None else bias, flat, activation(node))


def add_matmul(program: Program, node: Node, a: Tensor, b: Tensor, out: Tensor, batches: tuple[int, ...],
               a_stride: list[int], b_stride: list[int], rows: int, columns: int, depth: int) -> None:  # fmt: skip
    if len(batches) > 2:
        raise Unsupported(f"a product of matrices over {len(batches)} broadcast dimensions; at most 2 can run")
    program.add(part(node, [a, b], out), "MATMUL_F32", [in_arena(program, a), b], {
        "batches": pad_left(list(batches), 2, 1), "a_stride": pad_left(a_stride, 2, 0),
        "b_stride": pad_left(b_stride, 2, 0), "rows": rows, "columns": columns, "depth": depth,
    }, macs=math.prod(batches) * rows * columns * depth)  # fmt: skip


def transposed(program: Program, node: Node, source: Tensor) -> Tensor:
    """The matrices of a tensor laid the other way; a constant's while converting."""
    shape = (*source.shape[:-2], source.shape[-1], source.shape[-2])
    out = temporary(node, "transposed", shape)
    if source.data is not None:
        out.data = np.ascontiguousarray(np.swapaxes(source.data, -1, -2))
        return out
    strides = row_major(source.shape)
    strided_copy(program, part(node, [source], out), source, shape, (*strides[:-2], strides[-1], strides[-2]), 0,
                 row_major(shape), 0)
    return out


@rule("BATCH_MATMUL", dtype="float32")
def batch_matmul(program: Program, node: Node) -> None:
    a, b, out = floats(node, 0), floats(node, 1), node.outputs[0]
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
    batches = Tensor("", out.shape[:-2], "float32")
    outer = broadcast(Tensor("", a.shape[:-2], "float32"), Tensor("", b.shape[:-2], "float32"), batches)
    first = next((i for i, d in enumerate(outer["dims"]) if d != 1), len(outer["dims"]))
    add_matmul(program, node, a, b, out, tuple(outer["dims"][first:]),
               [s * rows * depth for s in outer["a_stride"][first:]],
               [s * columns * depth for s in outer["b_stride"][first:]], rows, columns, depth)
    return None


@rule("TRANSPOSE_CONV", dtype="float32")
def transpose_conv(program: Program, node: Node) -> None:
    """One ordinary convolution for each phase of the stride, their outputs interleaved.

    y[i] = sum of x[j] * w[k] over i + pad = j * stride + k: outputs whose i + pad leaves the same rest
    meet every stride-th tap only, in the opposite order.
    """
    weights, source, out = constant(node, 1, "weights"), floats(node, 2), node.outputs[0]
    if weights.dtype != np.float32 or weights.ndim != 4:
        raise Unsupported(f"{required(node, 1).dtype} weights on float32 inputs; float32 ones can run")
    n, in_h, in_w, in_c = nhwc(node, source)
    _, out_h, out_w, out_c = nhwc(node, out)
    strides = (node.attrs["stride_h"], node.attrs["stride_w"])
    sizes, outs = (in_h, in_w), (out_h, out_w)
    pads = [same_padding(o, k, s, 1) if node.attrs["padding"] == SAME else 0
            for o, k, s in zip(outs, weights.shape[1:3], strides, strict=True)]  # fmt: skip
    # Taps of zero where the output reaches further than the kernel.
    grow = [max(o + p - (size - 1) * s - k, s - k, 0) for o, p, size, s, k in
            zip(outs, pads, sizes, strides, weights.shape[1:3], strict=True)]  # fmt: skip
    weights = np.pad(weights, ((0, 0), (0, grow[0]), (0, grow[1]), (0, 0)))
    bias, steps = bias_of(node, 3, out_c), row_major(out.shape)
    for y in range(min(strides[0], out_h)):
        for x in range(min(strides[1], out_w)):
            rests = [(o + p) % s for o, p, s in zip((y, x), pads, strides, strict=True)]
            taps = weights[:, rests[0] :: strides[0], rests[1] :: strides[1], :][:, ::-1, ::-1, :]
            shape = {"batches": n, "in_h": in_h, "in_w": in_w, "in_c": in_c, "out_h": -(-(out_h - y) // strides[0]),
                     "out_w": -(-(out_w - x) // strides[1]), "out_c": out_c, "kernel_h": taps.shape[1],
                     "kernel_w": taps.shape[2], "pad_top": taps.shape[1] - 1 - (y + pads[0]) // strides[0],
                     "pad_left": taps.shape[2] - 1 - (x + pads[1]) // strides[1]}  # fmt: skip
            phase = temporary(node, f"phase_{y}_{x}", (n, shape["out_h"], shape["out_w"], out_c))
            add_conv(program, node, "CONV_2D", source, phase, shape, np.ascontiguousarray(taps), bias)
            strided_copy(program, part(node, [phase], out), phase, phase.shape, row_major(phase.shape), 0,
                         (steps[0], steps[1] * strides[0], steps[2] * strides[1], 1), y * steps[1] + x * steps[2])


@rule("CONV_3D", dtype="float32")
def conv_3d(program: Program, node: Node) -> None:
    """The planes under the kernel side by side as channels, then a CONV_2D of every output plane."""
    source, weights, out = floats(node, 0), constant(node, 1, "weights"), node.outputs[0]
    if len(source.shape) != 5 or weights.ndim != 5 or weights.dtype != np.float32:
        raise Unsupported(f"an input of shape {list(source.shape)}, weights of shape {list(weights.shape)}")
    n, in_d, in_h, in_w, in_c = source.shape
    _, out_d, out_h, out_w, out_c = out.shape
    kernel_d, kernel_h, kernel_w = weights.shape[:3]
    if weights.shape[3:] != (in_c, out_c):
        raise Unsupported(f"weights of shape {list(weights.shape)} on {in_c} channels; grouped convolutions cannot run")
    a = node.attrs
    stride, dilation = a["stride_d"], a.get("dilation_d_factor", 1)
    pad = same_padding(in_d, kernel_d, stride, dilation) if a["padding"] == SAME else 0
    stacked = temporary(node, "planes", (n * out_d, in_h, in_w, kernel_d * in_c))
    steps = row_major((n, out_d, in_h * in_w, kernel_d * in_c))
    reach = row_major((n, in_d, in_h * in_w, in_c))
    for k in range(kernel_d):
        inside = [d for d in range(out_d) if 0 <= d * stride - pad + k * dilation < in_d]
        if not inside:
            continue
        strided_copy(program, part(node, [source], stacked), source, (n, len(inside), in_h * in_w, in_c),
                     (reach[0], reach[1] * stride, reach[2], 1),
                     (inside[0] * stride - pad + k * dilation) * reach[1],
                     steps, inside[0] * steps[1] + k * in_c, fill_value=0 if k == 0 else None)
    flat = Tensor(out.name, (n * out_d, out_h, out_w, out_c), "float32")
    program.alias(out, flat)
    planes = weights.transpose(4, 1, 2, 0, 3).reshape(out_c, kernel_h, kernel_w, kernel_d * in_c)
    shape = window_shape(node, stacked, flat, (kernel_h, kernel_w))
    add_conv(program, node, "CONV_2D", stacked, flat, shape, np.ascontiguousarray(planes), bias_of(node, 2, out_c))


_EXTRAS = {"peephole connections": (9, 10, 11), "a projection": (16, 17), "layer normalisation": (20, 21, 22, 23)}


@rule("UNIDIRECTIONAL_SEQUENCE_LSTM", "LSTM", dtype="float32")
def lstm(program: Program, node: Node) -> None:
    """What the gates take from the input for all steps at once, then the recurrence."""
    source, out, a = floats(node, 0), node.outputs[0], node.attrs
    extras = [name for name, used in _EXTRAS.items() if any(node.input(i) is not None for i in used)]
    if len(node.inputs) < 20:
        extras.append("the inputs of TFLite's basic kernel")
    elif node.input(1) is None:
        extras.append("a coupled input gate")
    if a.get("fused_activation_function", 4) != 4:
        extras.append(f"the activation {ACTIVATIONS.get(a['fused_activation_function'], 'unknown')}")
    if extras:
        raise Unsupported(f"an LSTM with {' and '.join(extras)}; the plain one, as Keras makes it, can run")
    hidden, cell = floats(node, 18), floats(node, 19)
    if not (hidden.is_state and cell.is_state):
        raise Unsupported("an LSTM whose states are no variables; export the model again")
    time_major = bool(a.get("time_major")) or len(source.shape) == 2
    steps, batches = (1, *source.shape)[-3:-1] if time_major else source.shape[1::-1]
    inputs, units = source.shape[-1], hidden.shape[-1]
    rows = steps * batches
    if max(rows, 4 * units, inputs) > 65535 or {hidden.elements, cell.elements} != {batches * units}:
        raise Unsupported(f"an LSTM of {units} units on {list(source.shape)}, states of {list(hidden.shape)}")
    weights = np.concatenate([matrix(node, i, units, inputs) for i in (1, 2, 3, 4)])
    recurrent = np.concatenate([matrix(node, i, units, units) for i in (5, 6, 7, 8)])
    bias = np.concatenate([bias_of(node, i, units) for i in (12, 13, 14, 15)])
    shape = {"batches": rows, "in_h": 1, "in_w": 1, "in_c": inputs, "out_h": 1, "out_w": 1, "out_c": 4 * units,
             "kernel_h": 1, "kernel_w": 1}  # fmt: skip
    gates = temporary(node, "gates", (rows, 4 * units))
    plain = Node(node.op, node.inputs, [gates])  # the activation is no clamp of this product
    add_conv(program, plain, "CONV_2D", source, gates, shape, weights, bias)
    program.add(part(node, [gates], out), "LSTM_F32", [gates], {
        "batches": batches, "steps": steps, "units": units, "time_major": int(time_major),
        "clip": a.get("cell_clip", 0.0) or math.inf,
    }, {"recurrent_at": recurrent.tobytes()}, macs=rows * 4 * units * units)  # fmt: skip
    program.steps[-1].outputs += [hidden, cell]


def matrix(node: Node, i: int, *shape: int) -> np.ndarray:
    data = constant(node, i, "weights")
    if data.dtype != np.float32 or data.shape != shape:
        raise Unsupported(f"{data.dtype} weights of shape {list(data.shape)}; float32 {list(shape)} can run")
    return data
