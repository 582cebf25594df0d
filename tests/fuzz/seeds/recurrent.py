# SPDX-License-Identifier: MIT
"""Seeds of layers with state."""

from __future__ import annotations

import numpy as np

from midge.graph import Graph, Node, Tensor
from tests.fuzz.seeds import graph, known, q, real, rng, seed, tensor, weights


@seed
def float_lstm() -> Graph:
    x, y, h, c = real("x", 2, 3, 2), real("y", 2, 3, 2), real("h", 2, 2), real("c", 2, 2)
    h.is_state = c.is_state = True
    known_ones = [weights(2, 2) for _ in range(8)]
    biases = [weights(2) for _ in range(4)]
    inputs = [x, *known_ones, None, None, None, *biases, None, None, h, c]
    return graph([x], Node("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [y], {"cell_clip": 1.0}))


@seed
def state() -> Graph:
    """A state with an initial value: y = state + x, and that is the next state."""
    s, x, y = tensor("s", 4), tensor("x", 4), tensor("y", 4)
    s.is_state, s.initial = True, np.array([1, -2, 3, -4], np.int8)
    r, z = tensor("r", 4), tensor("z", 4)
    g = graph([x], Node("READ_VARIABLE", [s], [r]), Node("ADD", [r, x], [y]), Node("ASSIGN_VARIABLE", [y], [s]),
              Node("ADD", [y, x], [z]))
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
