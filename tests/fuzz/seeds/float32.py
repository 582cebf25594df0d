# SPDX-License-Identifier: MIT
"""Seeds of float32 layers, and of those with int8 weights."""

from __future__ import annotations

import numpy as np

from midge.graph import Graph, Node, Quantization
from tests.fuzz.seeds import RELU, SAME, VALID, graph, known, pool, q, real, rng, seed, weights


@seed
def float_convolutions() -> Graph:
    x, t, y = real("x", 1, 4, 5, 2), real("t", 1, 2, 2, 3), real("y", 1, 2, 2, 6)
    attrs = {"stride_h": 1, "stride_w": 1, "padding": VALID, "fused_activation_function": RELU}
    same = attrs | {"padding": SAME}
    dilated = attrs | {"dilation_h_factor": 2, "dilation_w_factor": 3}
    return graph([x], Node("CONV_2D", [x, weights(3, 2, 2, 2)], [t], dilated),
                 Node("DEPTHWISE_CONV_2D", [t, weights(1, 3, 2, 6)], [y], same))


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
    return graph([x], Node("RESIZE_BILINEAR", [x, known("size", [4, 3], "int32")], [y], {"half_pixel_centers": True}))
