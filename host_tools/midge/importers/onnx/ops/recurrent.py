# SPDX-License-Identifier: MIT
"""RNN, GRU and LSTM: a plain LSTM as one op, others a step of time after the other.

ONNX starts each run from the given states, or from zeros.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....graph import Tensor, Unsupported
from ....graph.builder import Builder
from ...recurrent_cells import CellStep, States, columns, gru, lstm, unroll, whole_lstm
from ..registry import onnx_op
from ..values import OnnxContext, OnnxNode, Value

_MAX_STEPS = 1024  # each becomes layers of its own
_FUNCTIONS = {"Sigmoid": "LOGISTIC", "Tanh": "TANH", "Relu": "RELU"}
_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_DEFAULTS = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}


@onnx_op("RNN", "GRU", "LSTM")
def recurrent(ctx: OnnxContext, node: OnnxNode) -> list[Value]:
    x = node.input(0)
    steps, batch, _ = x.shape
    if node.attrs.get("layout", 0) or (node.has(4) and node.input(4).data is None) or "clip" in node.attrs:
        raise Unsupported("batches first, lengths or clipping; export it without")
    direction = node.attrs.get("direction", "forward")
    directions = 2 if direction == "bidirectional" else 1
    hidden = node.attrs["hidden_size"]
    if _is_plain_lstm(node, directions):
        return _whole(ctx, node, directions)
    if steps > _MAX_STEPS:
        raise Unsupported(f"{steps} steps of time; at most {_MAX_STEPS} can run")
    t = ctx.plain(x)
    rows = [ctx.build.reshape(ctx.build.along(t, 0, i, i + 1), (batch, t.shape[2])) for i in range(steps)]
    outputs: list[list[Tensor]] = []
    lasts: list[States] = []
    for d in range(directions):
        order = -1 if direction == "reverse" or d == 1 else 1
        step = _step_of(ctx, node, d)
        states = [_initial(ctx, node, i, d, batch, hidden) for i in ((5, 6) if node.op == "LSTM" else (5,))]
        found, last = unroll(step, rows[::order], states)
        outputs.append(found[::order])
        lasts.append(last)
    shape = (1, 1, batch, hidden)
    parts = [ctx.build.reshape(outputs[d][i], shape) for i in range(steps) for d in range(directions)]
    whole = ctx.build.concatenate(parts, 0, node.name) if len(parts) > 1 else parts[0]
    results = [ctx.value(ctx.build.reshape(whole, (steps, directions, batch, hidden)))]
    for k in range(len(lasts[0])):
        ends = [ctx.build.reshape(s, shape[1:]) for last in lasts if (s := last[k]) is not None]
        results.append(ctx.value(ctx.build.concatenate(ends, 0, node.name) if len(ends) > 1 else ends[0]))
    return results


def _is_zero(value: Value) -> bool:
    return value.data is not None and not value.data.any()


def _functions(node: OnnxNode, d: int) -> list[str]:
    """Return the names of the activations of direction d."""
    count, names = len(_DEFAULTS[node.op]), node.attrs.get("activations", _DEFAULTS[node.op] * 2)
    return [n.decode() if isinstance(n, bytes) else n for n in names][d * count :][:count]


def _is_plain_lstm(node: OnnxNode, directions: int) -> bool:
    """Tell whether it starts from zeros and has the usual activations, as one op runs it."""
    plain = node.op == "LSTM" and all(_functions(node, d) == _DEFAULTS["LSTM"] for d in range(directions))
    return plain and not node.has(7) and all(not node.has(i) or _is_zero(node.input(i)) for i in (5, 6))


def _whole(ctx: OnnxContext, node: OnnxNode, directions: int) -> list[Value]:
    """Add one op for each direction. ONNX's gates are i, o, f, c."""
    build, x, units = ctx.build, ctx.plain(node.input(0)), node.attrs["hidden_size"]
    steps, batch, _ = x.shape
    found, ends = [], []
    for d in range(directions):
        backwards = node.attrs.get("direction", "forward") == "reverse" or d == 1
        w, r, b = _weights(node, d)
        order = np.arange(4 * units).reshape(4, units)[[0, 2, 3, 1]].reshape(-1)
        hidden, cell = whole_lstm(build, build.reverse(x, 0) if backwards else x, w[order], r[order],
                                  (b[: 4 * units] + b[4 * units :])[order], True, node.name)
        last = build.along(hidden, 0, steps - 1, steps)
        hidden = build.reverse(hidden, 0) if backwards else hidden
        found.append(build.reshape(hidden, (steps, 1, batch, units)))
        ends.append([last, build.reshape(cell, (1, batch, units))])
    whole = build.concatenate(found, 1, node.name) if directions > 1 else found[0]
    lasts = [build.concatenate(list(parts), 0, node.name) if directions > 1 else parts[0]
             for parts in zip(*ends, strict=True)]
    return [ctx.value(whole), *map(ctx.value, lasts)]


def _weights(node: OnnxNode, d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights, recurrent weights and biases of direction d. Raises Unsupported."""
    w, r = node.known(1, "weights")[d].astype(np.float32), node.known(2, "weights")[d].astype(np.float32)
    b = node.known(3, "biases")[d] if node.has(3) else np.zeros(2 * len(w))
    rows, hidden = _GATES[node.op] * node.attrs["hidden_size"], node.attrs["hidden_size"]
    states = [node.input(i).shape[-1] for i in (5, 6) if node.has(i)]
    if any(size != hidden for size in states):
        raise Unsupported(f"initial states of {states} values for {hidden} units; PyTorch exports a projection "
                          "(proj_size) so, which ONNX does not have: leave it out")
    if w.shape != (rows, node.input(0).shape[2]) or r.shape != (rows, hidden) or b.shape != (2 * rows,):
        raise Unsupported(f"weights of shapes {list(w.shape)}, {list(r.shape)} and {list(b.shape)} for {hidden} units; "
                          "PyTorch exports a projection (proj_size) so, which ONNX does not have: leave it out")
    return w, r, b.astype(np.float32)


def _initial(ctx: OnnxContext, node: OnnxNode, i: int, d: int, batch: int, hidden: int) -> Tensor | None:
    if not node.has(i) or _is_zero(node.input(i)):
        return None
    return ctx.build.reshape(ctx.build.along(ctx.plain(node.input(i)), 0, d, d + 1), (batch, hidden))


def _step_of(ctx: OnnxContext, node: OnnxNode, d: int) -> CellStep:
    """Return the step of direction d. Raises Unsupported."""
    hidden, gates, names = node.attrs["hidden_size"], _GATES[node.op], _functions(node, d)
    w, r, b = _weights(node, d)
    if any(n not in _FUNCTIONS for n in names) or node.has(7):
        raise Unsupported(f"the activations {names} or peepholes; {', '.join(_FUNCTIONS)} can run")
    wb, rb = b[: gates * hidden], b[gates * hidden :]
    cell = _Cell(ctx.build, node.name, hidden, [_FUNCTIONS[n] for n in names], w, r, wb, rb,
                 bool(node.attrs.get("linear_before_reset", 0)))
    return {"RNN": cell.rnn, "GRU": cell.gru, "LSTM": cell.lstm}[node.op]


@dataclass
class _Cell:
    """Weights [gates * units, features], recurrent weights [gates * units, units] and their biases."""

    build: Builder
    name: str
    units: int
    functions: list[str]
    w: np.ndarray
    r: np.ndarray
    wb: np.ndarray
    rb: np.ndarray
    late_reset: bool

    def activate(self, i: int, x: Tensor) -> Tensor:
        return self.build.like(self.functions[i], x, self.name)

    def product(self, h: Tensor | None, rows: slice, batch: int) -> Tensor:
        """Return recurrent weights times the state; only the bias while that is zeros."""
        if h is None:
            bias = self.rb[rows]
            return self.build.constant(np.broadcast_to(bias, (batch, len(bias))), "bias")
        return self.build.dense(h, self.r[rows], self.rb[rows], self.name)

    def sums(self, x: Tensor, h: Tensor | None, rows: slice) -> Tensor:
        """Return what gates take from input and state."""
        bias = self.wb[rows] + self.rb[rows]
        if h is None:
            return self.build.dense(x, self.w[rows], bias, self.name)
        both = self.build.concatenate([x, h], 1, self.name)
        return self.build.dense(both, np.concatenate([self.w[rows], self.r[rows]], 1), bias, self.name)

    def rnn(self, x: Tensor, states: States) -> States:
        return [self.activate(0, self.sums(x, states[0], slice(None)))]

    def gru(self, x: Tensor, states: States) -> States:
        (h,), rows = states, slice(2 * self.units, None)

        def candidate(reset: Tensor) -> Tensor:
            fresh = self.build.dense(x, self.w[rows], self.wb[rows], self.name)
            if self.late_reset:
                old = self.build.binary("MUL", reset, self.product(h, rows, x.shape[0]), self.name)
            else:
                kept = None if h is None else self.build.binary("MUL", reset, h, self.name)
                old = self.product(kept, rows, x.shape[0])
            return self.activate(1, self.build.binary("ADD", fresh, old, self.name))

        gates = self.activate(0, self.sums(x, h, slice(2 * self.units)))
        return gru(self.build, gates, candidate, h, self.name)

    def lstm(self, x: Tensor, states: States) -> States:
        h, c = states
        total = self.sums(x, h, slice(None))
        i, o, forget = (self.activate(0, columns(self.build, total, k, self.units)) for k in (0, 1, 2))
        g = self.activate(1, columns(self.build, total, 3, self.units))
        return lstm(self.build, i, forget, g, o, c, lambda x: self.activate(2, x), self.name)
