# SPDX-License-Identifier: MIT
"""SimpleRNN, GRU and LSTM, a step of time after the other, and layers around other layers.

Each run starts from zeros, or from the states that the model gives. What the steps take from the inputs is one product
for all of them; the weights of a step are one constant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ....graph import Tensor, Unsupported
from ...recurrent_cells import gru_state, lstm_states
from ..importer import Call, Importer, Result, layer
from .activations import apply

States = list[Tensor | None]
Step = Callable[[Tensor, States], States]


@layer("SimpleRNN", "GRU", "LSTM", "RNN")
def _recurrent(imp: Importer, call: Call) -> Result:
    op, x, build = call.op, call.x, imp.build
    if op.stateful:
        raise Unsupported("stateful=True; save it with stateful=False, or run it a whole sequence at a time")
    cell = op.cell
    steps = {"SimpleRNNCell": _simple_step, "GRUCell": _gru_step, "LSTMCell": _lstm_step}
    if type(cell).__name__ not in steps or not type(cell).__module__.startswith("keras."):
        raise Unsupported(f"the cell {type(cell).__name__}; {', '.join(steps)} can run")
    batch, length, _ = x.shape
    kernel, bias = imp.weights(cell.kernel), None if cell.bias is None else np.atleast_2d(imp.weights(cell.bias))
    seen = build.dense(x, kernel.T, None if bias is None else bias[0], call.name)
    step = steps[type(cell).__name__](imp, call, bias)
    states = _initial(call, 2 if type(cell).__name__ == "LSTMCell" else 1)
    found: list[Tensor] = []
    for i in range(length)[:: -1 if op.go_backwards else 1]:
        row = build.reshape(build.along(seen, 1, i, i + 1), (batch, kernel.shape[1]))
        states = step(row, states)
        assert states[0] is not None
        found.append(states[0])
    result = found[-1]
    if op.return_sequences:
        rows = [build.reshape(h, (batch, 1, cell.units)) for h in found]
        result = build.concatenate(rows, 1, call.name) if length > 1 else rows[0]
    return [result, *(s for s in states if s is not None)] if op.return_state else result


def _initial(call: Call, count: int) -> States:
    """The states that the model gives, else None for zeros."""
    given = call.kwargs.get("initial_state", call.args[1] if len(call.args) > 1 else None)
    if given is None:
        return [None] * count
    states = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(states) != count or not all(isinstance(s, Tensor) for s in states):
        raise Unsupported("initial states that do not come from the graph; leave them out for zeros")
    return states


def _recall(imp: Importer, call: Call, h: Tensor | None, weights: Tensor, bias: Tensor | None = None) -> Tensor | None:
    """What a step takes from the last one's state: nothing, at the start, but the bias."""
    if h is None:
        return bias if bias is None else imp.build.constant(bias.data[None])  # type: ignore[index]
    return imp.build.add("FULLY_CONNECTED", [h, weights, bias], (h.shape[0], weights.shape[0]), call.name,
                         keep_num_dims=True, fused_activation_function=0)  # fmt: skip


def _cut(imp: Importer, x: Tensor, start: int, end: int) -> Tensor:
    """Some columns."""
    if x.data is not None:
        return imp.build.constant(x.data[:, start:end], x.name)
    return imp.build.along(x, 1, start, end)


def _sum(imp: Importer, call: Call, a: Tensor, b: Tensor | None) -> Tensor:
    return a if b is None else imp.build.binary("ADD", a, b, call.name)


def _simple_step(imp: Importer, call: Call, bias: np.ndarray | None) -> Step:
    cell, weights = call.op.cell, imp.build.constant(imp.weights(call.op.cell.recurrent_kernel).T, "recurrent")

    def step(x: Tensor, states: States) -> States:
        total = _sum(imp, call, x, _recall(imp, call, states[0], weights))
        return [apply(imp, cell.activation, total, call.name)]

    return step


def _gru_step(imp: Importer, call: Call, bias: np.ndarray | None) -> Step:
    """z, r = gates; h' = z h + (1 - z) f(x + r (W h + b)), or with reset_after=False f(x + W (r h))"""
    cell, build, n = call.op.cell, imp.build, call.op.cell.units
    kernel = imp.weights(cell.recurrent_kernel).T
    late = cell.reset_after
    more = build.constant(bias[1], "bias") if late and bias is not None else None
    gates = build.constant(kernel if late else kernel[: 2 * n], "recurrent")
    fresh = build.constant(kernel[2 * n :], "recurrent")

    def step(x: Tensor, states: States) -> States:
        h = states[0]
        inner = _recall(imp, call, h, gates, more)
        old = inner and _cut(imp, inner, 0, 2 * n)
        gate = apply(imp, cell.recurrent_activation, _sum(imp, call, build.along(x, 1, 0, 2 * n), old), call.name)
        z, r = build.along(gate, 1, 0, n), build.along(gate, 1, n, 2 * n)
        if late:
            part = inner and build.binary("MUL", r, _cut(imp, inner, 2 * n, 3 * n), call.name)
        else:
            part = h and _recall(imp, call, build.binary("MUL", r, h, call.name), fresh)
        total = _sum(imp, call, build.along(x, 1, 2 * n, 3 * n), part)
        candidate = apply(imp, cell.activation, total, call.name)
        return [gru_state(build, z, candidate, h, call.name)]

    return step


def _lstm_step(imp: Importer, call: Call, bias: np.ndarray | None) -> Step:
    """i, f, g, o = gates; c' = f c + i g, h' = o act(c')"""
    cell, build, n = call.op.cell, imp.build, call.op.cell.units
    weights = build.constant(imp.weights(cell.recurrent_kernel).T, "recurrent")

    def step(x: Tensor, states: States) -> States:
        h, c = states
        total = _sum(imp, call, x, _recall(imp, call, h, weights))
        early = apply(imp, cell.recurrent_activation, build.along(total, 1, 0, 2 * n), call.name)
        i, forget = build.along(early, 1, 0, n), build.along(early, 1, n, 2 * n)
        g = apply(imp, cell.activation, build.along(total, 1, 2 * n, 3 * n), call.name)
        o = apply(imp, cell.recurrent_activation, build.along(total, 1, 3 * n, 4 * n), call.name)
        return lstm_states(build, i, forget, g, o, c, lambda x: apply(imp, cell.activation, x, call.name), call.name)

    return step


@layer("Bidirectional")
def _bidirectional(imp: Importer, call: Call) -> Result:
    op, x, build = call.op, call.x, imp.build
    if op.return_state or call.kwargs or len(call.args) > 1:
        raise Unsupported("states that come in or go out; leave return_state and initial_state out")
    forward, back = (imp.call(inner, [x]) for inner in (op.forward_layer, op.backward_layer))
    assert isinstance(forward, Tensor) and isinstance(back, Tensor)
    if op.return_sequences:
        back = build.add("REVERSE_V2", [back, build.axes([1])], back.shape, call.name)
    match op.merge_mode:
        case "concat":
            return build.concatenate([forward, back], len(back.shape) - 1, call.name)
        case "sum":
            return build.binary("ADD", forward, back, call.name)
        case "mul":
            return build.binary("MUL", forward, back, call.name)
        case "ave":
            return build.binary("MUL", build.binary("ADD", forward, back, call.name), build.scalar(0.5), call.name)
        case _:
            return [forward, back]


@layer("TimeDistributed")
def _time_distributed(imp: Importer, call: Call) -> Result:
    """The layer on all steps of time at once, as on a batch of samples."""
    x, build = call.x, imp.build
    inner: Any = call.op.layer
    found = imp.call(inner, [build.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))])
    if not isinstance(found, Tensor):
        if len(found) != 1:
            raise Unsupported("a layer of several outputs")
        found = found[0]
    return build.reshape(found, (*x.shape[:2], *found.shape[1:]), call.name)
