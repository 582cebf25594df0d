# SPDX-License-Identifier: MIT
"""RNN, GRU and LSTM, a step of time after the other. ONNX starts each run from the given states, or from zeros."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ....graph import Tensor
from ...recurrent_cells import gru_state, lstm_states
from ..importer import CannotImport, Importer, OnnxNode, Value, onnx_op

_MAX_STEPS = 1024  # each becomes layers of its own
_FUNCTIONS = {"Sigmoid": "LOGISTIC", "Tanh": "TANH", "Relu": "RELU"}
_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_DEFAULTS = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}
Step = Callable[[Tensor, list[Tensor | None]], "list[Tensor | None]"]


@onnx_op("RNN", "GRU", "LSTM")
def recurrent(imp: Importer, node: OnnxNode) -> list[Value]:
    x = node.input(0)
    steps, batch, _ = x.shape
    if node.attrs.get("layout", 0) or (node.has(4) and node.input(4).data is None) or "clip" in node.attrs:
        raise CannotImport("batches first, lengths or clipping; export it without")
    if steps > _MAX_STEPS:
        raise CannotImport(f"{steps} steps of time; at most {_MAX_STEPS} can run")
    direction = node.attrs.get("direction", "forward")
    directions = 2 if direction == "bidirectional" else 1
    hidden = node.attrs["hidden_size"]
    t = imp.plain(x)
    rows = [imp.build.reshape(imp.build.along(t, 0, i, i + 1), (batch, t.shape[2])) for i in range(steps)]
    outputs: list[list[Tensor]] = []
    lasts: list[list[Tensor | None]] = []
    for d in range(directions):
        back = direction == "reverse" or d == 1
        step = _step(imp, node, d, hidden)
        state = [_initial(imp, node, i, d, batch, hidden) for i in ((5, 6) if node.op == "LSTM" else (5,))]
        found: list[Tensor] = []
        for row in reversed(rows) if back else rows:
            state = step(row, state)
            assert state[0] is not None
            found.append(state[0])
        outputs.append(found[::-1] if back else found)
        lasts.append(state)
    shape = (1, 1, batch, hidden)
    parts = [imp.build.reshape(outputs[d][i], shape) for i in range(steps) for d in range(directions)]
    whole = imp.build.concatenate(parts, 0, node.name) if len(parts) > 1 else parts[0]
    results = [imp.value(imp.build.reshape(whole, (steps, directions, batch, hidden)))]
    for k in range(len(lasts[0])):
        ends = [imp.build.reshape(s, shape[1:]) for last in lasts if (s := last[k]) is not None]
        results.append(imp.value(imp.build.concatenate(ends, 0, node.name) if len(ends) > 1 else ends[0]))
    return results


def _initial(imp: Importer, node: OnnxNode, i: int, d: int, batch: int, hidden: int) -> Tensor | None:
    if not node.has(i):
        return None
    return imp.build.reshape(imp.build.along(imp.plain(node.input(i)), 0, d, d + 1), (batch, hidden))


def _step(imp: Importer, node: OnnxNode, d: int, hidden: int) -> Step:
    """What turns an input [batch, features] and the states into the next states."""
    build, gates = imp.build, _GATES[node.op]
    w, r = node.known(1, "weights")[d].astype(np.float32), node.known(2, "weights")[d].astype(np.float32)
    b = node.known(3, "biases")[d] if node.has(3) else np.zeros(2 * gates * hidden)
    wb, rb = b[: gates * hidden].astype(np.float32), b[gates * hidden :].astype(np.float32)
    names = node.attrs.get("activations", _DEFAULTS[node.op] * 2)
    names = [n.decode() if isinstance(n, bytes) else n for n in names]
    names = names[d * len(_DEFAULTS[node.op]) :][: len(_DEFAULTS[node.op])]
    if any(n not in _FUNCTIONS for n in names) or node.has(7):
        raise CannotImport(f"the activations {names} or peepholes; {', '.join(_FUNCTIONS)} can run")
    f = [_FUNCTIONS[n] for n in names]

    def cut(t: Tensor, i: int) -> Tensor:
        return build.along(t, 1, i * hidden, (i + 1) * hidden)

    def product(h: Tensor | None, weights: np.ndarray, bias: np.ndarray, batch: int) -> Tensor:
        """weights times the state; only the bias while that is zeros."""
        if h is None:
            return build.constant(np.broadcast_to(bias, (batch, len(bias))), "bias")
        return build.dense(h, weights, bias, node.name)

    def sums(x: Tensor, h: Tensor | None, rows: slice) -> Tensor:
        if h is None:
            return build.dense(x, w[rows], wb[rows] + rb[rows], node.name)
        both = build.concatenate([x, h], 1, node.name)
        return build.dense(both, np.concatenate([w[rows], r[rows]], 1), wb[rows] + rb[rows], node.name)

    def rnn(x: Tensor, state: list[Tensor | None]) -> list[Tensor | None]:
        return [build.like(f[0], sums(x, state[0], slice(None)), node.name)]

    def gru(x: Tensor, state: list[Tensor | None]) -> list[Tensor | None]:
        h = state[0]
        gate = build.like(f[0], sums(x, h, slice(2 * hidden)), node.name)
        z, reset = cut(gate, 0), cut(gate, 1)
        rows = slice(2 * hidden, None)
        fresh = build.dense(x, w[rows], wb[rows], node.name)
        if node.attrs.get("linear_before_reset", 0):
            old = build.binary("MUL", reset, product(h, r[rows], rb[rows], x.shape[0]), node.name)
        else:
            kept = None if h is None else build.binary("MUL", reset, h, node.name)
            old = product(kept, r[rows], rb[rows], x.shape[0])
        candidate = build.like(f[1], build.binary("ADD", fresh, old, node.name), node.name)
        return [gru_state(build, z, candidate, h, node.name)]

    def lstm(x: Tensor, state: list[Tensor | None]) -> list[Tensor | None]:
        h, c = state
        total = sums(x, h, slice(None))
        i, o, forget = (build.like(f[0], cut(total, k), node.name) for k in (0, 1, 2))
        g = build.like(f[1], cut(total, 3), node.name)
        return lstm_states(build, i, forget, g, o, c, lambda x: build.like(f[2], x, node.name), node.name)

    return {"RNN": rnn, "GRU": gru, "LSTM": lstm}[node.op]
