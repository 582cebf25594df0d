# SPDX-License-Identifier: MIT
"""Models whose cost is watched: typical layers of small networks, the sound front end, and the gesture wand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from tests.support import WAND_MODEL
from tests.support.front_end import front_end

RANDOM_SEED = 7
SCALE_X, SCALE_W, SCALE_Y = 0.05, 0.01, 0.1


def _model(
    op: str, shape: tuple[int, ...], out: tuple[int, ...], options: dict[str, Any],
    constants: Sequence[FlatTensor] = (),
    inputs: int = 1, scale: float = SCALE_Y, zero_point: int = -3,
) -> bytes:
    """A model of one int8 operator."""
    xs = [FlatTensor(f"x{i}", shape, "int8", scale=SCALE_X * (i + 1), zero_point=5 * i - 2) for i in range(inputs)]
    y = FlatTensor("y", out, "int8", scale=scale, zero_point=zero_point)
    names = [t.name for t in [*xs, *constants]]
    node = FlatOperator(op, names, ["y"], options)
    return model_bytes(FlatGraph([*xs, *constants, y], [node], [x.name for x in xs], ["y"]))


def _weights(shape: tuple[int, ...], channels: int, axis: int) -> list[FlatTensor]:
    draw = np.random.default_rng(RANDOM_SEED)
    scales = (SCALE_W * draw.uniform(0.5, 1, channels)).astype(np.float32)
    bias = draw.integers(-1000, 1000, channels).astype(np.int32)
    return [
        FlatTensor("w", data=draw.integers(-127, 128, shape).astype(np.int8), scale=scales,
               zero_point=np.zeros(channels, np.int64), quantized_dimension=axis),
        FlatTensor("b", data=bias, scale=SCALE_X * scales, zero_point=np.zeros(channels, np.int64)),
    ]


def _out(size: int, stride: int) -> int:
    return -(-size // stride)


def conv(h: int, w: int, c: int, n: int, kernel: tuple[int, int], stride: int = 1) -> bytes:
    options = {"padding": "SAME", "stride_h": stride, "stride_w": stride, "fused_activation_function": "RELU"}
    out = (1, _out(h, stride), _out(w, stride), n)
    return _model("CONV_2D", (1, h, w, c), out, options, _weights((n, *kernel, c), n, 0))


def depthwise(h: int, w: int, c: int, kernel: int, stride: int = 1) -> bytes:
    options = {"padding": "SAME", "stride_h": stride, "stride_w": stride, "fused_activation_function": "RELU",
               "depth_multiplier": 1}
    out = (1, _out(h, stride), _out(w, stride), c)
    return _model("DEPTHWISE_CONV_2D", (1, h, w, c), out, options, _weights((1, kernel, kernel, c), c, 3))


def stream(rows: int, c: int) -> bytes:
    """One output over the last rows of time, as networks that stream have it."""
    options = {"padding": "VALID", "stride_h": 1, "stride_w": 1, "fused_activation_function": "RELU",
               "depth_multiplier": 1}
    return _model("DEPTHWISE_CONV_2D", (1, rows, 1, c), (1, 1, 1, c), options, _weights((1, rows, 1, c), c, 3))


def lstm(steps: int, inputs: int, units: int) -> bytes:
    draw = np.random.default_rng(RANDOM_SEED)
    weights = [
        FlatTensor(f"w{i}", data=draw.integers(-127, 128, (units, inputs if i < 4 else units)).astype(np.int8),
                   scale=2.0**-8)
        for i in range(8)
    ]
    biases = [
        FlatTensor(f"b{i}", data=draw.integers(-1000, 1000, units).astype(np.int32), scale=2.0**-14) for i in range(4)
    ]
    x = FlatTensor("x", (1, steps, inputs), "int8", scale=2.0**-6, zero_point=5)
    hidden = FlatTensor("hidden", (1, units), "int8", scale=2.0**-7, zero_point=-2, is_variable=True)
    cell = FlatTensor("cell", (1, units), "int16", scale=2.0**-12, is_variable=True)
    y = FlatTensor("y", (1, steps, units), "int8", scale=hidden.scale, zero_point=hidden.zero_point)
    names = ["x", *(w.name for w in weights), *[None] * 3, *(b.name for b in biases), None, None, "hidden", "cell"]
    options = {"fused_activation_function": "TANH", "cell_clip": 0.0, "time_major": False}
    node = FlatOperator("UNIDIRECTIONAL_SEQUENCE_LSTM", [*names, *[None] * 4], ["y"], options)
    return model_bytes(FlatGraph([x, hidden, cell, *weights, *biases, y], [node], ["x"], ["y"]))


def fully_connected(k: int, n: int) -> bytes:
    draw = np.random.default_rng(RANDOM_SEED)
    constants = [
        FlatTensor("w", data=draw.integers(-127, 128, (n, k)).astype(np.int8), scale=SCALE_W),
        FlatTensor("b", data=draw.integers(-1000, 1000, n).astype(np.int32), scale=SCALE_X * SCALE_W),
    ]
    return _model("FULLY_CONNECTED", (1, k), (1, n), {}, constants)


def max_pool(h: int, w: int, c: int) -> bytes:
    options = {"padding": "VALID", "stride_h": 2, "stride_w": 2, "filter_height": 2, "filter_width": 2}
    return _model("MAX_POOL_2D", (1, h, w, c), (1, h // 2, w // 2, c), options, scale=SCALE_X, zero_point=-2)


def add(h: int, w: int, c: int) -> bytes:
    return _model("ADD", (1, h, w, c), (1, h, w, c), {}, inputs=2)


def floats(op: str, x: tuple[int, ...], y: tuple[int, ...], weights: tuple[int, ...], **options: Any) -> bytes:
    """A layer in float32."""
    draw = np.random.default_rng(RANDOM_SEED)
    tensors = [
        FlatTensor("x", x), FlatTensor("w", data=draw.uniform(-1, 1, weights).astype(np.float32)),
        FlatTensor("b", data=draw.uniform(-1, 1, y[-1]).astype(np.float32)), FlatTensor("y", y),
    ]
    if len(y) == 4:
        options |= {"padding": "SAME", "stride_h": 1, "stride_w": 1}
    node = FlatOperator(op, ["x", "w", "b"], ["y"], options | {"fused_activation_function": "RELU"})
    return model_bytes(FlatGraph(tensors, [node], ["x"], ["y"]))


def softmax(n: int) -> bytes:
    return _model("SOFTMAX", (1, n), (1, n), {"beta": 1.0}, scale=1 / 256, zero_point=-128)


MODELS: dict[str, Callable[[], bytes]] = {
    "conv 3x3 16x16x16 to 32": partial(conv, 16, 16, 16, 32, (3, 3)),
    "conv 3x3 8x8x64 to 64": partial(conv, 8, 8, 64, 64, (3, 3)),
    "conv 3x3 32x32x3 to 16": partial(conv, 32, 32, 3, 16, (3, 3)),
    "conv 10x4 /2 49x10x1 to 64": partial(conv, 49, 10, 1, 64, (10, 4), 2),
    "conv 1x1 25x5x64 to 64": partial(conv, 25, 5, 64, 64, (1, 1)),
    "conv 1x1 24x24x16 to 32": partial(conv, 24, 24, 16, 32, (1, 1)),
    "conv 1x1 48x48x8 to 16": partial(conv, 48, 48, 8, 16, (1, 1)),
    "depthwise 3x3 25x5x64": partial(depthwise, 25, 5, 64, 3),
    "depthwise 3x3 /2 24x24x32": partial(depthwise, 24, 24, 32, 3, 2),
    "depthwise 5x5 12x12x64": partial(depthwise, 12, 12, 64, 5),
    "depthwise 23x1 64 to one output": partial(stream, 23, 64),
    "depthwise 5x1 32 to one output": partial(stream, 5, 32),
    "lstm 28 steps of 28 to 20": partial(lstm, 28, 28, 20),
    "fully connected 640 to 128": partial(fully_connected, 640, 128),
    "max pool 2x2 32x32x16": partial(max_pool, 32, 32, 16),
    "add 16x16x16": partial(add, 16, 16, 16),
    "softmax 128": partial(softmax, 128),
    "float conv 3x3 8x8x16 to 16": partial(floats, "CONV_2D", (1, 8, 8, 16), (1, 8, 8, 16), (16, 3, 3, 16)),
    "float conv 1x1 25x5x64 to 64": partial(floats, "CONV_2D", (1, 25, 5, 64), (1, 25, 5, 64), (64, 1, 1, 64)),
    "float conv 1x1 24x24x8 to 16": partial(floats, "CONV_2D", (1, 24, 24, 8), (1, 24, 24, 16), (16, 1, 1, 8)),
    "float depthwise 3x3 25x5x64": partial(
        floats, "DEPTHWISE_CONV_2D", (1, 25, 5, 64), (1, 25, 5, 64), (1, 3, 3, 64), depth_multiplier=1),
    "float fully connected 640 to 32": partial(floats, "FULLY_CONNECTED", (1, 640), (1, 32), (32, 640)),
    "sound front end, a frame": partial(front_end, True),
    "wand": WAND_MODEL.read_bytes,
}
