# SPDX-License-Identifier: MIT
"""Seeds of layers with 16-bit activations."""

from __future__ import annotations

from midge.graph import Graph, Node, Tensor
from tests.fuzz.seeds import SAME, graph, known, pool, q, rng, seed, tensor


def wide(name: str, *shape: int, scale: float = 0.002) -> Tensor:
    return tensor(name, *shape, dtype="int16", scale=scale, zero_point=0)


def wide_weights(*shape: int, bias: str = "int64") -> list[Tensor]:
    return [known("weights", rng.integers(-127, 128, shape), "int8", q(0.01)),
            known("bias", rng.integers(-500, 500, shape[0]), bias)]


@seed
def conv_i16() -> Graph:
    x, y, attrs = wide("x", 1, 4, 5, 2), wide("y", 1, 2, 3, 3), {"stride_h": 2, "stride_w": 2, "padding": SAME}
    return graph([x], Node("CONV_2D", [x, *wide_weights(3, 3, 2, 2)], [y], attrs))


@seed
def transpose_conv_i16() -> Graph:
    x, y, attrs = wide("x", 1, 2, 3, 2), wide("y", 1, 4, 3, 2), {"stride_h": 2, "stride_w": 1, "padding": SAME}
    weights, bias = wide_weights(2, 3, 2, 2)
    return graph([x], Node("TRANSPOSE_CONV", [known("shape", y.shape, "int32"), weights, x, bias], [y], attrs))


@seed
def mean_16() -> Graph:
    x, t, y = wide("x", 2, 3, 4, 2), wide("t", 2, 2), wide("y", 2, 3)
    return graph([x], Node("MEAN", [x, known("axes", [1, 2], "int32")], [t]),
                 Node("FULLY_CONNECTED", [t, *wide_weights(3, 2, bias="int32")], [y]))


@seed
def gate_16() -> Graph:
    """The ops of an unrolled recurrent layer."""
    a, b, ones = wide("a", 2, 3), wide("b", 3), dict.fromkeys("stuvy", 2.0**-15)
    s, t, u, v, y = (wide(name, 2, 3, scale=scale) for name, scale in ones.items())
    return graph([a, b], Node("ADD", [a, b], [s]), Node("SUB", [s, b], [t]), Node("LOGISTIC", [t], [u]),
                 Node("TANH", [a], [v]), Node("MUL", [u, v], [y]))


@seed
def pools_16() -> Graph:
    x, t, y = wide("x", 1, 5, 4, 2), wide("t", 1, 3, 2, 2), wide("y", 1, 3, 2, 2)
    return graph([x], pool("MAX_POOL_2D", x, t, (2, 2), 2, SAME), pool("AVERAGE_POOL_2D", t, y, (2, 3), 1, SAME))


@seed
def softmax_i16() -> Graph:
    x, y = wide("x", 2, 5), wide("y", 2, 5, scale=2.0**-15)
    return graph([x], Node("SOFTMAX", [x], [y], {"beta": 1.0}))


@seed
def matmul_i16() -> Graph:
    a, b, y = wide("a", 2, 3, 4), wide("b", 1, 5, 4), wide("y", 2, 3, 5)
    return graph([a, b], Node("BATCH_MATMUL", [a, b], [y], {"adj_x": False, "adj_y": True}))


@seed
def quantize_i16() -> Graph:
    x, t, y = tensor("x", 3, 2, dtype="float32"), wide("t", 3, 2), wide("y", 3, 2)
    u, z = tensor("u", 3, 2), tensor("z", 3, 2, dtype="float32")
    g = graph([x], Node("QUANTIZE", [x], [t]), Node("LEAKY_RELU", [t], [y], {"alpha": 0.3}),
              Node("QUANTIZE", [t], [u]), Node("DEQUANTIZE", [t], [z]))
    g.outputs = [y, u, z]
    return g
