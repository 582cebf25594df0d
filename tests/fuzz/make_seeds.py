#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write tiny .midge files that together use every device op: seeds for the fuzzer and for tests/core.

    make_seeds.py FOLDER [MODEL.tflite ...]

Each seed is one or two layers of a few hundred bytes, so that tests can alter every bit of it. Models
named behind the folder are converted and put beside them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from midge.convert.pipeline import Conversion, convert_graph, convert_model
from midge.fileformat.opset import ops
from midge.graph import Graph, Node, Quantization, Tensor

SAME, VALID = 0, 1
RELU = 1
rng = np.random.default_rng(1)

Seed = Callable[[], Graph]
SEEDS: dict[str, Seed] = {}


def seed(function: Seed) -> Seed:
    SEEDS[function.__name__] = function
    return function


def q(scale: float, zero_point: int = 0) -> Quantization:
    return Quantization(np.array([scale], np.float32), np.array([zero_point], np.int64))


def tensor(name: str, *shape: int, dtype: str = "int8", scale: float = 0.05, zero_point: int = 3) -> Tensor:
    return Tensor(name, shape, dtype, None if dtype == "float32" else q(scale, zero_point))


def known(name: str, value: Any, dtype: str, quantization: Quantization | None = None) -> Tensor:
    data = np.asarray(value, dtype)
    return Tensor(name, data.shape, dtype, quantization, data)


def graph(inputs: list[Tensor], *nodes: Node) -> Graph:
    return Graph("seed", inputs, list(nodes[-1].outputs), list(nodes))


def conv(source: Tensor, out: Tensor, kernel: tuple[int, int], **attrs: int) -> Node:
    """A convolution with random weights, one scale a channel."""
    channels, taps = out.shape[3], (*kernel, source.shape[3])
    scales = Quantization(rng.uniform(0.001, 0.02, channels).astype(np.float32), np.zeros(channels, np.int64))
    weights = known("weights", rng.integers(-127, 128, (channels, *taps)), "int8", scales)
    bias = known("bias", rng.integers(-500, 500, channels), "int32")
    return Node("CONV_2D", [source, weights, bias], [out], {"stride_h": 1, "stride_w": 1, "padding": VALID} | attrs)


def depthwise(source: Tensor, out: Tensor, kernel: tuple[int, int], **attrs: int) -> Node:
    channels = out.shape[3]
    weights = known("weights", rng.integers(-127, 128, (1, *kernel, channels)), "int8", q(0.01))
    bias = known("bias", rng.integers(-500, 500, channels), "int32")
    return Node("DEPTHWISE_CONV_2D", [source, weights, bias], [out],
                {"stride_h": 1, "stride_w": 1, "padding": VALID} | attrs)  # fmt: skip


def dense(source: Tensor, out: Tensor) -> Node:
    weights = known("weights", rng.integers(-127, 128, (out.shape[-1], source.shape[-1])), "int8", q(0.01))
    return Node("FULLY_CONNECTED", [source, weights], [out])


def pool(op: str, source: Tensor, out: Tensor, kernel: tuple[int, int], stride: int, padding: int) -> Node:
    return Node(op, [source], [out], {"filter_height": kernel[0], "filter_width": kernel[1], "stride_h": stride,
                                      "stride_w": stride, "padding": padding})  # fmt: skip


@seed
def conv_same() -> Graph:
    x, y = tensor("x", 1, 4, 5, 3), tensor("y", 1, 2, 3, 5, scale=0.4, zero_point=-7)
    attrs = {"stride_h": 2, "stride_w": 2, "padding": SAME, "fused_activation_function": RELU}
    return graph([x], conv(x, y, (3, 3), **attrs))


@seed
def conv_dilated() -> Graph:
    x, y = tensor("x", 2, 5, 4, 2), tensor("y", 2, 3, 2, 2, scale=0.3)
    return graph([x], conv(x, y, (2, 2), dilation_h_factor=2, dilation_w_factor=2))


@seed
def conv_1x1() -> Graph:
    x, y = tensor("x", 1, 4, 3, 6), tensor("y", 1, 2, 2, 5, scale=0.3)
    return graph([x], conv(x, y, (1, 1), stride_h=2, stride_w=2))


@seed
def fully_connected() -> Graph:
    x, y = tensor("x", 2, 7), tensor("y", 2, 5, scale=0.3)
    return graph([x], dense(x, y))


@seed
def conv_int4() -> Graph:
    x, t, y = tensor("x", 1, 3, 4, 3), tensor("t", 1, 3, 4, 3, scale=0.2), tensor("y", 1, 2, 3, 5, scale=0.2)
    g = graph([x], depthwise(x, t, (2, 2), padding=SAME), conv(t, y, (2, 2)))
    for node in g.nodes:
        weights = node.inputs[1]
        assert weights is not None and weights.data is not None
        weights.data = weights.data >> 4
    return g


@seed
def depthwise_same() -> Graph:
    x, y = tensor("x", 1, 3, 4, 3), tensor("y", 1, 3, 4, 6, scale=0.3)
    return graph([x], depthwise(x, y, (3, 2), padding=SAME))


@seed
def depthwise_1x1() -> Graph:
    x, y = tensor("x", 1, 3, 2, 5), tensor("y", 1, 3, 2, 5, scale=0.2)
    return graph([x], depthwise(x, y, (1, 1)))


@seed
def max_pool() -> Graph:
    x, y = tensor("x", 1, 5, 4, 3), tensor("y", 1, 3, 2, 3)
    return graph([x], pool("MAX_POOL_2D", x, y, (2, 2), 2, SAME))


@seed
def average_pool() -> Graph:
    x, y = tensor("x", 1, 4, 5, 2), tensor("y", 1, 4, 5, 2)
    return graph([x], pool("AVERAGE_POOL_2D", x, y, (3, 3), 1, SAME))


@seed
def add_broadcast() -> Graph:
    a, b, y = tensor("a", 2, 3, 4), tensor("b", 3, 1, scale=0.1), tensor("y", 2, 3, 4, scale=0.12, zero_point=-1)
    return graph([a, b], Node("ADD", [a, b], [y], {"fused_activation_function": RELU}))


@seed
def add_constant_in_place() -> Graph:
    x, t, y = tensor("x", 3, 5), tensor("t", 3, 5), tensor("y", 3, 5, scale=0.1)
    b = known("b", rng.integers(-128, 128, (3, 5)), "int8", q(0.03))
    return graph([x], Node("ADD", [x, b], [t]), Node("ADD", [t, b], [y]))


@seed
def mul() -> Graph:
    a, b, y = tensor("a", 2, 5), tensor("b", 2, 5), tensor("y", 2, 5, scale=0.1)
    return graph([a, b], Node("MUL", [a, b], [y]))


@seed
def softmax() -> Graph:
    x, y = tensor("x", 2, 7, scale=0.1), tensor("y", 2, 7, scale=1 / 256, zero_point=-128)
    return graph([x], Node("SOFTMAX", [x], [y], {"beta": 1.0}))


@seed
def mean() -> Graph:
    x, y = tensor("x", 2, 3, 4, 2), tensor("y", 2, 2)
    return graph([x], Node("MEAN", [x, known("axes", [1, 2], "int32")], [y]))


@seed
def transpose() -> Graph:
    x, y = tensor("x", 2, 3, 4), tensor("y", 4, 2, 3)
    return graph([x], Node("TRANSPOSE", [x, known("order", [2, 0, 1], "int32")], [y]))


@seed
def pad() -> Graph:
    x, y = tensor("x", 2, 3, 2), tensor("y", 4, 3, 5)
    return graph([x], Node("PAD", [x, known("paddings", [[1, 1], [0, 0], [2, 1]], "int32")], [y]))


@seed
def pad_int16() -> Graph:
    x, y = tensor("x", 3, 2, dtype="int16", zero_point=0), tensor("y", 4, 3, dtype="int16", zero_point=0)
    return graph([x], Node("PAD", [x, known("paddings", [[1, 0], [0, 1]], "int32")], [y]))


@seed
def reverse_float() -> Graph:
    x, y = tensor("x", 5, 3, dtype="float32"), tensor("y", 3, 3, dtype="float32")
    bounds = (known(name, value, "int32") for name, value in (("b", [4, 0]), ("e", [-6, 3]), ("s", [-2, 1])))
    masks = dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    return graph([x], Node("STRIDED_SLICE", [x, *bounds], [y], masks))


@seed
def concatenation() -> Graph:
    a, b, y = tensor("a", 2, 3), tensor("b", 2, 2), tensor("y", 2, 5)
    return graph([a, b], Node("CONCATENATION", [a, b], [y], {"axis": 1}))


@seed
def logistic() -> Graph:
    x, y = tensor("x", 9), tensor("y", 9, scale=1 / 256, zero_point=-128)
    return graph([x], Node("LOGISTIC", [x], [y]))


@seed
def quantize_dequantize() -> Graph:
    x, t, y = tensor("x", 3, 2, dtype="float32"), tensor("t", 3, 2), tensor("y", 3, 2, dtype="float32")
    return graph([x], Node("QUANTIZE", [x], [t]), Node("DEQUANTIZE", [t], [y]))


def plain(name: str, dtype: str, *shape: int) -> Tensor:
    """A tensor without quantisation."""
    return Tensor(name, shape, dtype)


@seed
def audio() -> Graph:
    """Samples to log-mel features, as TFLM's audio preprocessors do it."""
    x, w, a = plain("x", "int16", 1, 12), plain("w", "int16", 1, 12), plain("a", "int16", 1, 12)
    s, f, e = plain("s", "int32"), plain("f", "int16", 1, 18), plain("e", "uint32", 9)
    r = plain("r", "int16", 18)
    weights, unweights = (rng.integers(0, 4096, 8) for _ in range(2))
    bank = {"w": weights, "u": unweights, "f": [1, 3, 6], "o": [0, 2, 5], "c": [2, 3, 3]}
    sums, roots = plain("sums", "uint64", 2), plain("roots", "uint32", 2)
    rest, noise = plain("rest", "uint32", 2), plain("noise", "uint32", 2)
    gained, log = plain("gained", "uint32", 2), plain("log", "int16", 2)
    options = {"num_channels": 2, "smoothing": 409, "one_minus_smoothing": 15975, "alternate_smoothing": 983,
               "alternate_one_minus_smoothing": 15401, "min_signal_remaining": 819, "smoothing_bits": 10,
               "spectral_subtraction_bits": 14, "clamping": 0}  # fmt: skip
    return graph(
        [x],
        Node("CUSTOM:SignalWindow", [x, known("hann", rng.integers(0, 4096, 12), "int16")], [w], {"shift": 12}),
        Node("CUSTOM:SignalFftAutoScale", [w], [a, s]),
        Node("CUSTOM:SignalRfft", [a], [f], {"fft_length": 16}),
        Node("RESHAPE", [f], [r]),
        Node("CUSTOM:SignalEnergy", [r], [e], {"start_index": 1, "end_index": 8}),
        Node("CUSTOM:SignalFilterBank", [e, *(known(k, v, "int16") for k, v in bank.items())], [sums],
             {"num_channels": 2}),
        Node("CUSTOM:SignalFilterBankSquareRoot", [sums, s], [roots]),
        Node("CUSTOM:SignalFilterBankSpectralSubtraction", [roots], [rest, noise], options),
        Node("CUSTOM:SignalPCAN", [rest, noise, known("g", rng.integers(-32768, 32767, 125), "int16")], [gained],
             {"snr_shift": 6}),
        Node("CUSTOM:SignalFilterBankLog", [gained], [log], {"output_scale": 64, "input_correction_bits": 3}),
    )  # fmt: skip


@seed
def spectrum_of_8() -> Graph:
    """Twice a power of 4, so with a stage of 2; two frames."""
    x, y = plain("x", "int16", 2, 7), plain("y", "int16", 2, 18)
    return graph([x], Node("CUSTOM:SignalRfft", [x], [y], {"fft_length": 16}))


@seed
def arithmetic_and_cast() -> Graph:
    x, a, b = plain("x", "int16", 3, 2), plain("a", "int32", 3, 2), plain("b", "int32", 3, 2)
    c, r, y = plain("c", "int32", 3, 2), plain("r", "float32", 3, 2), plain("y", "int8", 3, 2)
    return graph([x], Node("CAST", [x], [a]), Node("MUL", [a, known("seven", 7, "int32")], [b]),
                 Node("DIV", [b, known("by", [3, -1], "int32")], [c]), Node("CAST", [c], [r]),
                 Node("CAST", [r], [y]))  # fmt: skip


@seed
def detection() -> Graph:
    boxes, scores = tensor("boxes", 1, 3, 4, dtype="uint8"), tensor("scores", 1, 3, 3, dtype="uint8")
    anchors = known("anchors", rng.uniform(0.1, 1, (3, 4)), "float32")
    outs = [plain("y", "float32", 1, 2, 4), plain("c", "float32", 1, 2), plain("p", "float32", 1, 2),
            plain("n", "float32", 1)]  # fmt: skip
    options = {"max_detections": 2, "num_classes": 2, "max_classes_per_detection": 1, "use_regular_nms": 1,
               "nms_score_threshold": 0.1, "nms_iou_threshold": 0.5, "y_scale": 10.0, "x_scale": 10.0,
               "h_scale": 5.0, "w_scale": 5.0}  # fmt: skip
    return graph([boxes, scores], Node("CUSTOM:TFLite_Detection_PostProcess", [boxes, scores, anchors], outs, options))


def real(name: str, *shape: int) -> Tensor:
    return tensor(name, *shape, dtype="float32")


def weights(*shape: int) -> Tensor:
    return known("weights", rng.uniform(-1, 1, shape), "float32")


@seed
def float_convolutions() -> Graph:
    x, t, y = real("x", 1, 4, 5, 2), real("t", 1, 2, 2, 3), real("y", 1, 2, 2, 6)
    attrs = {"stride_h": 1, "stride_w": 1, "padding": VALID, "fused_activation_function": RELU}
    same = attrs | {"padding": SAME}
    dilated = attrs | {"dilation_h_factor": 2, "dilation_w_factor": 3}
    return graph([x], Node("CONV_2D", [x, weights(3, 2, 2, 2)], [t], dilated),
                 Node("DEPTHWISE_CONV_2D", [t, weights(1, 3, 2, 6)], [y], same))  # fmt: skip


@seed
def hybrid_convolutions() -> Graph:
    x, t, y = real("x", 2, 3, 3, 2), real("t", 2, 2, 2, 3), real("y", 2, 2, 2, 3)
    attrs = {"stride_h": 1, "stride_w": 1, "padding": VALID}
    scales = Quantization(np.full(3, 0.01, np.float32), np.zeros(3, np.int64), 3)
    w = known("w", rng.integers(-127, 128, (3, 2, 2, 2)), "int8", q(0.01))
    d = known("d", rng.integers(-127, 128, (1, 2, 2, 3)), "int8", scales)
    same = attrs | {"padding": SAME}
    return graph([x], Node("CONV_2D", [x, w], [t], attrs), Node("DEPTHWISE_CONV_2D", [t, d], [y], same))


@seed
def float_pools() -> Graph:
    x, t, y = real("x", 1, 4, 5, 2), real("t", 1, 2, 3, 2), real("y", 1, 1, 2, 2)
    return graph([x], pool("MAX_POOL_2D", x, t, (3, 2), 2, SAME), pool("AVERAGE_POOL_2D", t, y, (2, 2), 1, VALID))


@seed
def float_elementwise() -> Graph:
    a, b, t, y = real("a", 2, 3), real("b", 3), real("t", 2, 3), real("y", 2, 3)
    return graph([a, b], Node("SUB", [a, b], [t], {"fused_activation_function": RELU}), Node("TANH", [t], [y]))


@seed
def float_reductions() -> Graph:
    x, t, y = real("x", 2, 3, 4, 2), real("t", 3, 2), real("y", 3, 2)
    return graph([x], Node("SUM", [x, known("axes", [0, 2], "int32")], [t]), Node("LOG_SOFTMAX", [t], [y]))


@seed
def float_matmul() -> Graph:
    a, b, y = real("a", 2, 3, 4), real("b", 1, 5, 4), real("y", 2, 3, 5)
    return graph([a, b], Node("BATCH_MATMUL", [a, b], [y], {"adj_y": True}))


@seed
def float_resize() -> Graph:
    x, y = real("x", 1, 2, 3, 2), real("y", 1, 4, 3, 2)
    return graph([x], Node("RESIZE_BILINEAR", [x], [y], {"half_pixel_centers": True}))


@seed
def float_lstm() -> Graph:
    x, y, h, c = real("x", 2, 3, 2), real("y", 2, 3, 2), real("h", 2, 2), real("c", 2, 2)
    h.is_state = c.is_state = True
    known_ones = [weights(2, 2) for _ in range(8)]
    biases = [weights(2) for _ in range(4)]
    inputs = [x, *known_ones, None, None, None, *biases, None, None, h, c]
    return graph([x], Node("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [y], {"cell_clip": 1.0}))


@seed
def compare_select() -> Graph:
    """MAP's functions, quantised and plain, with a broadcast operand; a where a < b, else a - b."""
    a, b, c = tensor("a", 2, 3, scale=0.04), tensor("b", 3), tensor("c", 2, 3, dtype="bool")
    d, y = tensor("d", 2, 3), tensor("y", 2, 3)
    return graph([a, b], Node("LESS", [a, b], [c]), Node("SUB", [a, b], [d]), Node("SELECT_V2", [c, a, d], [y]))


@seed
def int32_quotient() -> Graph:
    a, b, y = (Tensor(name, (4,), "int32") for name in "aby")
    return graph([a, b], Node("FLOOR_MOD", [a, b], [y]))


@seed
def quantized_quotient() -> Graph:
    a, b, y = tensor("a", 4), tensor("b", 4), tensor("y", 4)
    return graph([a, b], Node("DIV", [a, b], [y]))


@seed
def extremes() -> Graph:
    x, m = tensor("x", 2, 3, 4), tensor("m", 2, 4)
    i, v = Tensor("i", (2,), "int32"), tensor("v", 2, 2)
    k = Tensor("k", (2, 2), "int32")
    g = graph([x], Node("REDUCE_MAX", [x, known("axes", [1], "int32")], [m]),
              Node("ARG_MAX", [m, known("axis", 1, "int32")], [i]),
              Node("TOPK_V2", [m, known("count", 2, "int32")], [v, k]))  # fmt: skip
    g.outputs = [i, v, k]
    return g


@seed
def gather() -> Graph:
    x, i, y = tensor("x", 2, 3, 4), Tensor("i", (2, 2), "int32"), tensor("y", 2, 2, 4)
    return graph([x, i], Node("GATHER", [x, i], [y], {"axis": 1, "batch_dims": 1}))


@seed
def cumsum_l2() -> Graph:
    x, s, y = tensor("x", 2, 5), tensor("s", 2, 5, scale=0.2), tensor("y", 2, 5, scale=1 / 128, zero_point=0)
    return graph([x], Node("CUMSUM", [x, known("axis", 1, "int32")], [s]), Node("L2_NORMALIZATION", [s], [y]))


@seed
def bilinear() -> Graph:
    x, y = tensor("x", 1, 2, 3, 2), tensor("y", 1, 5, 4, 2)
    return graph([x], Node("RESIZE_BILINEAR", [x, known("size", [5, 4], "int32")], [y], {"half_pixel_centers": True}))


@seed
def bilinear_legacy() -> Graph:
    x, y = tensor("x", 1, 2, 3, 2), tensor("y", 1, 5, 4, 2)
    return graph([x], Node("RESIZE_BILINEAR", [x, known("size", [5, 4], "int32")], [y],
                           {"half_pixel_centers": True, "legacy_uint8": True}))  # fmt: skip


@seed
def matmul() -> Graph:
    a, b, y = tensor("a", 2, 2, 3), tensor("b", 3, 4), tensor("y", 2, 2, 4)
    return graph([a, b], Node("BATCH_MATMUL", [a, b], [y], {"adj_x": False, "adj_y": False}))


@seed
def dense_of_activations() -> Graph:
    a, b, y = tensor("a", 2, 3), tensor("b", 4, 3), tensor("y", 2, 4)
    return graph([a, b], Node("FULLY_CONNECTED", [a, b, known("bias", [1, 2, 3, 4], "int32")], [y]))


@seed
def state() -> Graph:
    """A state with an initial value: y = state + x, and that is the next state."""
    s, x, y = tensor("s", 4), tensor("x", 4), tensor("y", 4)
    s.is_state, s.initial = True, np.array([1, -2, 3, -4], np.int8)
    r, z = tensor("r", 4), tensor("z", 4)
    g = graph([x], Node("READ_VARIABLE", [s], [r]), Node("ADD", [r, x], [y]), Node("ASSIGN_VARIABLE", [y], [s]),
              Node("ADD", [y, x], [z]))  # fmt: skip
    return g


@seed
def legacy_pool() -> Graph:
    """uint8 at the ends, weights with a zero point, halves rounded up."""
    x, t, y = (tensor(name, 1, n, n, 2, dtype="uint8", zero_point=100) for name, n in (("x", 3), ("t", 3), ("y", 2)))
    weights = known("weights", rng.integers(0, 256, (2, 2, 2, 2)), "uint8", q(0.01, 60))
    pooled = pool("AVERAGE_POOL_2D", t, y, (2, 2), 1, VALID)
    return graph([x], Node("CONV_2D", [x, weights], [t], {"padding": SAME, "stride_h": 1, "stride_w": 1}), pooled)


@seed
def network() -> Graph:
    """Everything that a small classifier has, in one file with labels."""
    x, t = tensor("x", 1, 6, 6, 2), tensor("t", 1, 6, 6, 4, scale=0.3)
    u, v = tensor("u", 1, 3, 3, 4, scale=0.3), tensor("v", 1, 3, 3, 4, scale=0.3)
    w, m = tensor("w", 1, 3, 3, 4, scale=0.4), tensor("m", 1, 4, scale=0.4)
    s, y = tensor("s", 1, 3, scale=0.2), tensor("y", 1, 3, scale=1 / 256, zero_point=-128)
    g = graph([x], conv(x, t, (3, 3), padding=SAME), depthwise(t, u, (3, 3), stride_h=2, stride_w=2, padding=SAME),
              pool("MAX_POOL_2D", u, v, (2, 2), 1, SAME), Node("ADD", [u, v], [w]),
              Node("MEAN", [w, known("axes", [1, 2], "int32")], [m]), dense(m, s),
              Node("SOFTMAX", [s], [y], {"beta": 1.0}))  # fmt: skip
    g.labels, g.metadata = ["idle", "circle", "wave"], {"source": "tests/fuzz"}
    return g


def wide(name: str, *shape: int, scale: float = 0.002) -> Tensor:
    return tensor(name, *shape, dtype="int16", scale=scale, zero_point=0)


def wide_weights(*shape: int, bias: str = "int64") -> list[Tensor]:
    return [known("weights", rng.integers(-127, 128, shape), "int8", q(0.01)),
            known("bias", rng.integers(-500, 500, shape[0]), bias)]


@seed
def conv_16() -> Graph:
    x, y, attrs = wide("x", 1, 4, 5, 2), wide("y", 1, 2, 3, 3), {"stride_h": 2, "stride_w": 2, "padding": SAME}
    return graph([x], Node("CONV_2D", [x, *wide_weights(3, 3, 2, 2)], [y], attrs))


@seed
def transpose_conv_16() -> Graph:
    x, y, attrs = wide("x", 1, 2, 3, 2), wide("y", 1, 4, 3, 2), {"stride_h": 2, "stride_w": 1, "padding": SAME}
    weights, bias = wide_weights(2, 3, 2, 2)
    return graph([x], Node("TRANSPOSE_CONV", [known("shape", y.shape, "int32"), weights, x, bias], [y], attrs))


@seed
def mean_16() -> Graph:
    x, t, y = wide("x", 2, 3, 4, 2), wide("t", 2, 2), wide("y", 2, 3)
    return graph([x], Node("MEAN", [x, known("axes", [1, 2], "int32")], [t]),
                 Node("FULLY_CONNECTED", [t, *wide_weights(3, 2, bias="int32")], [y]))  # fmt: skip


@seed
def gate_16() -> Graph:
    """The ops of an unrolled recurrent layer."""
    a, b, ones = wide("a", 2, 3), wide("b", 3), dict.fromkeys("stuvy", 2.0**-15)
    s, t, u, v, y = (wide(name, 2, 3, scale=scale) for name, scale in ones.items())
    return graph([a, b], Node("ADD", [a, b], [s]), Node("SUB", [s, b], [t]), Node("LOGISTIC", [t], [u]),
                 Node("TANH", [a], [v]), Node("MUL", [u, v], [y]))  # fmt: skip


@seed
def pools_16() -> Graph:
    x, t, y = wide("x", 1, 5, 4, 2), wide("t", 1, 3, 2, 2), wide("y", 1, 3, 2, 2)
    return graph([x], pool("MAX_POOL_2D", x, t, (2, 2), 2, SAME), pool("AVERAGE_POOL_2D", t, y, (2, 3), 1, SAME))


@seed
def softmax_16() -> Graph:
    x, y = wide("x", 2, 5), wide("y", 2, 5, scale=2.0**-15)
    return graph([x], Node("SOFTMAX", [x], [y], {"beta": 1.0}))


@seed
def matmul_16() -> Graph:
    a, b, y = wide("a", 2, 3, 4), wide("b", 1, 5, 4), wide("y", 2, 3, 5)
    return graph([a, b], Node("BATCH_MATMUL", [a, b], [y], {"adj_x": False, "adj_y": True}))


@seed
def quantize_16() -> Graph:
    x, t, y = tensor("x", 3, 2, dtype="float32"), wide("t", 3, 2), wide("y", 3, 2)
    u, z = tensor("u", 3, 2), tensor("z", 3, 2, dtype="float32")
    g = graph([x], Node("QUANTIZE", [x], [t]), Node("LEAKY_RELU", [t], [y], {"alpha": 0.3}),
              Node("QUANTIZE", [t], [u]), Node("DEQUANTIZE", [t], [z]))  # fmt: skip
    g.outputs = [y, u, z]
    return g


def kept(name: str, *shape: int, dtype: str = "int8", scale: float = 0.05, zero_point: int = 3) -> Tensor:
    found = tensor(name, *shape, dtype=dtype, scale=scale, zero_point=zero_point)
    found.is_state = True
    return found


def recurrent(dtype: str, bias: str) -> Graph:
    zero = 0 if dtype == "int16" else 3
    x, y = (tensor(name, 2, 2, n, dtype=dtype, zero_point=zero) for name, n in (("x", 3), ("y", 4)))
    weights = [known(f"w{i}", rng.integers(-127, 128, (4, 3 if i < 4 else 4)), "int8", q(0.01)) for i in range(8)]
    biases = [known(f"b{i}", rng.integers(-500, 500, 4), bias) for i in range(4)]
    states = [kept("h", 2, 4, dtype=dtype, zero_point=zero),
              kept("s", 2, 4, dtype="int16", scale=2.0**-11, zero_point=0)]
    inputs = [x, *weights, None, None, None, *biases, None, None, *states]
    return graph([x], Node("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [y], {"cell_clip": 10.0}))


@seed
def lstm() -> Graph:
    return recurrent("int8", "int32")


@seed
def lstm_16() -> Graph:
    return recurrent("int16", "int64")


@seed
def svdf() -> Graph:
    x, y, past = tensor("x", 1, 5), tensor("y", 1, 2), kept("past", 1, 12, dtype="int16", zero_point=0)
    features = known("features", rng.integers(-127, 128, (4, 5)), "int8", q(0.01))
    time = known("time", rng.integers(-9999, 9999, (4, 3)), "int16", q(0.001))
    bias = known("bias", rng.integers(-500, 500, 2), "int32")
    return graph([x], Node("SVDF", [x, features, time, bias, past], [y], {"rank": 2}))


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    unused = set(ops())
    for name, make in SEEDS.items():
        g = make()
        found: Conversion = convert_graph(g, g.labels, name, 0)
        unused -= {step.op.name for step in found.program.steps}
        (folder / f"{name}.midge").write_bytes(found.blob)
    if unused:
        sys.exit(f"make_seeds: no seed uses {', '.join(sorted(unused))}; add one")
    for name in ("conv_same", "conv_1x1", "depthwise_same"):  # packed, for what the checks of layouts refuse
        g = SEEDS[name]()
        found = convert_graph(g, g.labels, name, 0, "cortex-m55")
        (folder / f"{name}_m55.midge").write_bytes(found.blob)
    for model in sys.argv[2:]:
        (folder / f"{Path(model).stem}.midge").write_bytes(convert_model(model).blob)


if __name__ == "__main__":
    main()
