# SPDX-License-Identifier: MIT
"""Recurrent layers: a plain LSTM as one op, others unrolled, a step of time after another. What the importers share.

A step turns a row [batch, ...] and the states into the next states, the hidden one first. A state of None is zeros,
with which every run starts unless the model gives others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from ..graph import Tensor
from ..graph.builder import Builder
from ..graph.tflite_ops import Activation

States = list[Tensor | None]
CellStep = Callable[[Tensor, States], States]
Function = Callable[[Tensor], Tensor]


def unroll(step: CellStep, rows: Iterable[Tensor], states: States) -> tuple[list[Tensor], States]:
    """Return the hidden state after each row, in the order of the rows, and the last states."""
    hidden: list[Tensor] = []
    for row in rows:
        states = step(row, states)
        assert states[0] is not None
        hidden.append(states[0])
    return hidden, states


def columns(build: Builder, x: Tensor, first: int, units: int, count: int = 1) -> Tensor:
    """Return those of x [batch, gates * units] that belong to `count` gates from gate `first` on."""
    return build.along(x, 1, first * units, (first + count) * units)


def gru(build: Builder, gates: Tensor, candidate_of: Function, h: Tensor | None, name: str) -> States:
    """Return h' = (1 - z) n + z h as n + z (h - n), of n = candidate(r); gates [batch, 2 * units] holds z and r."""
    units = gates.shape[1] // 2
    z, r = columns(build, gates, 0, units), columns(build, gates, 1, units)
    new = candidate_of(r)
    if h is None:
        return [build.binary("SUB", new, build.binary("MUL", z, new, name), name)]
    return [build.binary("ADD", new, build.binary("MUL", z, build.binary("SUB", h, new, name), name), name)]


def lstm(
    build: Builder, i: Tensor, forget: Tensor, g: Tensor, o: Tensor, c: Tensor | None, activate: Function, name: str
) -> States:
    """Return h' = o activate(c') and c' = forget c + i g."""
    new = build.binary("MUL", i, g, name)
    state = new if c is None else build.binary("ADD", new, build.binary("MUL", forget, c, name), name)
    return [build.binary("MUL", o, activate(state), name), state]


def whole_lstm(
    build: Builder, x: Tensor, weights: np.ndarray, recurrent: np.ndarray, bias: np.ndarray, time_major: bool, name: str
) -> tuple[Tensor, Tensor]:
    """Add an LSTM that starts each run from zeros; return its hidden states after each step, and its last cell state.

    x: [batch, steps, features], with time_major [steps, batch, features]. weights [4 units, features], recurrent
    [4 units, units], bias [4 units]: of the gates i, f, c, o. Activations are sigmoid and tanh.
    """
    units, batch = recurrent.shape[1], x.shape[1 if time_major else 0]
    parts = [[build.constant(part, "lstm") for part in np.split(m, 4)] for m in (weights, recurrent, bias)]
    inputs = [x, *parts[0], *parts[1], None, None, None, *parts[2], None, None, None, None]
    hidden = build.add("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, (*x.shape[:2], units), name, time_major=time_major,
                       fused_activation_function=int(Activation.TANH), from_zeros=True)
    cell = Tensor(build.unique(f"{name}/cell"), (batch, units), "float32")
    build.nodes[-1].outputs.append(cell)
    return hidden, cell
