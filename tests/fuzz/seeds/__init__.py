# SPDX-License-Identifier: MIT
"""What seeds are made of: tensors, constants, and the layers that many have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from midge.graph import Graph, Node, Quantization, Tensor

SAME, VALID = 0, 1
RELU = 1
rng = np.random.default_rng(1)

Seed = Callable[[], Graph]
SEEDS: dict[str, Seed] = {}


def seed(function: Seed) -> Seed:
    """Register a seed under its function's name."""
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
                {"stride_h": 1, "stride_w": 1, "padding": VALID} | attrs)


def dense(source: Tensor, out: Tensor) -> Node:
    weights = known("weights", rng.integers(-127, 128, (out.shape[-1], source.shape[-1])), "int8", q(0.01))
    return Node("FULLY_CONNECTED", [source, weights], [out])


def pool(op: str, source: Tensor, out: Tensor, kernel: tuple[int, int], stride: int, padding: int) -> Node:
    return Node(op, [source], [out], {"filter_height": kernel[0], "filter_width": kernel[1], "stride_h": stride,
                                      "stride_w": stride, "padding": padding})


def plain(name: str, dtype: str, *shape: int) -> Tensor:
    """A tensor without quantisation."""
    return Tensor(name, shape, dtype)


def real(name: str, *shape: int) -> Tensor:
    return tensor(name, *shape, dtype="float32")


def weights(*shape: int) -> Tensor:
    return known("weights", rng.uniform(-1, 1, shape), "float32")
