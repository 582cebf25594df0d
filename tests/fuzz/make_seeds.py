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

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "host_tools"))

from midge.convert import Conversion, convert, convert_graph
from midge.ir import Graph, Node, Quantization, Tensor
from midge.opset import ops

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
    for model in sys.argv[2:]:
        (folder / f"{Path(model).stem}.midge").write_bytes(convert(model).blob)


if __name__ == "__main__":
    main()
