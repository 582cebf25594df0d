# SPDX-License-Identifier: MIT
"""SimpleRNN, GRU and LSTM: a plain LSTM as one op, others a step of time after the other; layers around layers.

Each run starts from zeros, or from the states that the model gives. All steps share their
weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....graph import Tensor, Unsupported
from ...recurrent_cells import CellStep, States, columns, gru, lstm, unroll, whole_lstm
from ..registry import Call, KerasContext, Result, layer
from .activations import apply


@layer("SimpleRNN", "GRU", "LSTM", "RNN")
def _recurrent(ctx: KerasContext, call: Call) -> Result:
    op, x, build = call.op, call.x, ctx.build
    if op.stateful:
        raise Unsupported("stateful=True; save it with stateful=False, or run it a whole sequence at a time")
    cell = op.cell
    steps = {"SimpleRNNCell": _simple_step, "GRUCell": _gru_step, "LSTMCell": _lstm_step}
    if type(cell).__name__ not in steps or not type(cell).__module__.startswith("keras."):
        raise Unsupported(f"the cell {type(cell).__name__}; {', '.join(steps)} can run")
    batch, length, _ = x.shape
    kernel, bias = ctx.weights(cell.kernel), None if cell.bias is None else np.atleast_2d(ctx.weights(cell.bias))
    step = steps[type(cell).__name__](ctx, call, bias)
    states = _initial(call, 2 if type(cell).__name__ == "LSTMCell" else 1)
    if _is_plain_lstm(cell) and states == [None, None]:
        return _whole(ctx, call, kernel, bias)
    weights, shift = build.weights(kernel.T), None if bias is None else build.constant(bias[0], "bias")
    rows = (build.add("FULLY_CONNECTED", [build.reshape(build.along(x, 1, i, i + 1), (batch, x.shape[2])), weights,
                                          shift], (batch, kernel.shape[1]), call.name, keep_num_dims=True)
            for i in range(length)[:: -1 if op.go_backwards else 1])
    found, states = unroll(step, rows, states)
    result = found[-1]
    if op.return_sequences:
        parts = [build.reshape(h, (batch, 1, cell.units)) for h in found]
        result = build.concatenate(parts, 1, call.name) if length > 1 else parts[0]
    return [result, *(s for s in states if s is not None)] if op.return_state else result


def _is_plain_lstm(cell: Any) -> bool:
    """Tell whether it has the usual activations, as one op runs it."""
    names = [getattr(f, "__name__", "") for f in (cell.activation, getattr(cell, "recurrent_activation", None))]
    return type(cell).__name__ == "LSTMCell" and names == ["tanh", "sigmoid"]


def _whole(ctx: KerasContext, call: Call, kernel: np.ndarray, bias: np.ndarray | None) -> Result:
    """Add one op for all steps."""
    op, x, build, units = call.op, call.x, ctx.build, call.op.cell.units
    x = build.reverse(x, 1) if op.go_backwards else x
    shift = np.zeros(4 * units, np.float32) if bias is None else bias[0]
    recurrent = ctx.weights(op.cell.recurrent_kernel).T
    hidden, state = whole_lstm(build, x, kernel.T, recurrent, shift, False, call.name)
    last = build.reshape(build.along(hidden, 1, x.shape[1] - 1, x.shape[1]), (x.shape[0], units))
    result = hidden if op.return_sequences else last
    return [result, last, state] if op.return_state else result


def _initial(call: Call, count: int) -> States:
    """Return the states that the model gives, else None for zeros. Raises Unsupported."""
    given = call.kwargs.get("initial_state", call.args[1] if len(call.args) > 1 else None)
    if given is None:
        return [None] * count
    states = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(states) != count or not all(isinstance(s, Tensor) for s in states):
        raise Unsupported("initial states that do not come from the graph; leave them out for zeros")
    return states


def _recall(
    ctx: KerasContext, call: Call, h: Tensor | None, weights: Tensor, bias: Tensor | None = None
) -> Tensor | None:
    """Return what a step takes from the last one's state: nothing, at the start, but the bias."""
    if h is None:
        return bias if bias is None else ctx.build.constant(bias.data[None])  # type: ignore[index]
    return ctx.build.add("FULLY_CONNECTED", [h, weights, bias], (h.shape[0], weights.shape[0]), call.name,
                         keep_num_dims=True)


def _cut(ctx: KerasContext, x: Tensor, first: int, units: int, count: int) -> Tensor:
    """Return the columns of some gates, of a constant as well."""
    if x.data is not None:
        return ctx.build.constant(x.data[:, first * units : (first + count) * units], x.name)
    return columns(ctx.build, x, first, units, count)


def _sum(ctx: KerasContext, call: Call, a: Tensor, b: Tensor | None) -> Tensor:
    return a if b is None else ctx.build.binary("ADD", a, b, call.name)


def _simple_step(ctx: KerasContext, call: Call, bias: np.ndarray | None) -> CellStep:
    cell, weights = call.op.cell, ctx.build.constant(ctx.weights(call.op.cell.recurrent_kernel).T, "recurrent")

    def step(x: Tensor, states: States) -> States:
        total = _sum(ctx, call, x, _recall(ctx, call, states[0], weights))
        return [apply(ctx, cell.activation, total, call.name)]

    return step


def _gru_step(ctx: KerasContext, call: Call, bias: np.ndarray | None) -> CellStep:
    """z, r = gates; h' = z h + (1 - z) f(x + r (W h + b)), or with reset_after=False f(x + W (r h))"""
    cell, build, n = call.op.cell, ctx.build, call.op.cell.units
    kernel = ctx.weights(cell.recurrent_kernel).T
    late = cell.reset_after
    more = build.constant(bias[1], "bias") if late and bias is not None else None
    gates = build.constant(kernel if late else kernel[: 2 * n], "recurrent")
    fresh = build.constant(kernel[2 * n :], "recurrent")

    def step(x: Tensor, states: States) -> States:
        h = states[0]
        inner = _recall(ctx, call, h, gates, more)

        def candidate(r: Tensor) -> Tensor:
            if late:
                part = inner and build.binary("MUL", r, _cut(ctx, inner, 2, n, 1), call.name)
            else:
                part = h and _recall(ctx, call, build.binary("MUL", r, h, call.name), fresh)
            return apply(ctx, cell.activation, _sum(ctx, call, columns(build, x, 2, n), part), call.name)

        old = inner and _cut(ctx, inner, 0, n, 2)
        total = _sum(ctx, call, columns(build, x, 0, n, 2), old)
        return gru(build, apply(ctx, cell.recurrent_activation, total, call.name), candidate, h, call.name)

    return step


def _lstm_step(ctx: KerasContext, call: Call, bias: np.ndarray | None) -> CellStep:
    """i, f, g, o = gates; c' = f c + i g, h' = o act(c')"""
    cell, build, n = call.op.cell, ctx.build, call.op.cell.units
    weights = build.constant(ctx.weights(cell.recurrent_kernel).T, "recurrent")

    def step(x: Tensor, states: States) -> States:
        h, c = states
        total = _sum(ctx, call, x, _recall(ctx, call, h, weights))
        early = apply(ctx, cell.recurrent_activation, columns(build, total, 0, n, 2), call.name)
        i, forget = columns(build, early, 0, n), columns(build, early, 1, n)
        g = apply(ctx, cell.activation, columns(build, total, 2, n), call.name)
        o = apply(ctx, cell.recurrent_activation, columns(build, total, 3, n), call.name)
        return lstm(build, i, forget, g, o, c, lambda x: apply(ctx, cell.activation, x, call.name), call.name)

    return step


@layer("Bidirectional")
def _bidirectional(ctx: KerasContext, call: Call) -> Result:
    op, x, build = call.op, call.x, ctx.build
    if op.return_state or call.kwargs or len(call.args) > 1:
        raise Unsupported("states that come in or go out; leave return_state and initial_state out")
    forward, back = (ctx.call(inner, [x]) for inner in (op.forward_layer, op.backward_layer))
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
def _time_distributed(ctx: KerasContext, call: Call) -> Result:
    """Apply the layer to all steps of time at once, as to a batch of samples."""
    x, build = call.x, ctx.build
    inner: Any = call.op.layer
    found = ctx.call(inner, [build.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))])
    if not isinstance(found, Tensor):
        if len(found) != 1:
            raise Unsupported("a layer of several outputs")
        found = found[0]
    return build.reshape(found, (*x.shape[:2], *found.shape[1:]), call.name)
