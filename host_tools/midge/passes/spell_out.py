# SPDX-License-Identifier: MIT
"""Ops of which no device op does all, as several that do: float LSTMs with extras, blocks put at places that are worked
out, sums of int32.

The LSTM's formula is that of TensorFlow Lite's documentation: with layer normalisation, a gate's sum is normalised,
multiplied, and only then given its bias; peepholes of the output gate see the new cell state.
"""

from __future__ import annotations

from math import prod

import numpy as np

from ..graph import Graph, Node, Tensor, Unsupported
from ..graph.builder import Builder
from ..graph.tflite_ops import Activation, activation_of, constant, required

_LSTMS = ("LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM")
_GATES = {"input": 0, "forget": 1, "cell": 2, "output": 3}
_INPUT_WEIGHTS, _HIDDEN_WEIGHTS, _PEEPHOLES, _BIASES, _NORMS = 1, 5, 9, 12, 20  # the first of each, in that order
_PROJECTION, _PROJECTION_BIAS, _HIDDEN, _CELL = 16, 17, 18, 19
_FUNCTIONS = {Activation.TANH: "TANH", Activation.RELU: "RELU", Activation.RELU6: "RELU6"}
_EPSILON = 1e-8  # of the variance
_MOST_STEPS = 256
_FOLDED = {"SUM": "ADD", "REDUCE_PROD": "MUL"}


def spell_out(graph: Graph) -> Graph:
    """Replace such nodes; those that do not fit stay as they are, for the lowering to name."""
    nodes: list[Node] = []
    for node in graph.nodes:
        build = Builder(node.name)
        try:
            out = _spelt(build, node)
        except (ValueError, LookupError, ArithmeticError, Unsupported):
            out = None
        if out is None:
            nodes.append(node)
            continue
        node.outputs[0].shape = out.shape
        maker = build.producer(out)
        assert maker is not None
        maker.outputs[0] = node.outputs[0]
        nodes += build.nodes
    graph.nodes = nodes
    return graph


def _spelt(build: Builder, node: Node) -> Tensor | None:
    """Return what a node gives, of nodes that are added; None for one that stays. Raises ValueError, Unsupported."""
    if node.op in _LSTMS and _has_extras(node):
        return _Lstm(build, node).run()
    if node.op == "DYNAMIC_UPDATE_SLICE" and _moves(node):
        return _put(build, node)
    if node.op in _FOLDED and node.outputs[0].dtype == "int32":
        return _folded(build, node)
    return None


# LSTMs


def _has_extras(node: Node) -> bool:
    """Tell whether a float LSTM with variables is not the plain one, which the device has."""
    tensors = [node.input(i) for i in range(len(node.inputs))]
    hidden, cell = node.input(_HIDDEN), node.input(_CELL)
    extras = [*range(_PEEPHOLES, _PEEPHOLES + 3), _PROJECTION, *range(_NORMS, _NORMS + 4)]
    return (hidden is not None and cell is not None and hidden.is_state and cell.is_state
            and all(t is None or t.dtype == "float32" for t in tensors)
            and all(t is None or t.is_state or t.data is not None for t in tensors[1:])
            and activation_of(node, Activation.TANH) in _FUNCTIONS
            and (node.input(1) is None or any(node.input(i) is not None for i in extras)))


class _Lstm:
    """A float LSTM, step by step."""

    def __init__(self, build: Builder, node: Node) -> None:
        self.build, self.node, self.name = build, node, node.name
        self.function = _FUNCTIONS[activation_of(node, Activation.TANH)]
        self.units = constant(node, _INPUT_WEIGHTS + _GATES["forget"], "weights").shape[0]

    def run(self) -> Tensor | None:
        """Return the hidden states of all steps; None where there are too many."""
        build, x = self.build, required(self.node, 0)
        states = [required(self.node, i) for i in (_HIDDEN, _CELL)]
        time = 0 if self.node.attrs.get("time_major") else 1
        steps = x.shape[time] if len(x.shape) == 3 else 1
        if steps > _MOST_STEPS:
            return None
        h, c = (build.add("READ_VARIABLE", [state], state.shape, self.name) for state in states)
        outputs = []
        for k in range(steps):
            row = x if len(x.shape) == 2 else build.reshape(
                build.along(x, time, k, k + 1), (x.shape[1 - time], x.shape[2]))
            h, c = self.step(row, h, c)
            outputs.append(h)
        build.nodes += [Node("ASSIGN_VARIABLE", [after], [state]) for after, state in zip((h, c), states, strict=True)]
        if len(x.shape) == 2:
            return build.add("RESHAPE", [h, build.axes(h.shape)], h.shape, self.name)  # apart from what the state takes
        shape = (h.shape[0], 1, h.shape[1]) if time else (1, *h.shape)
        return build.concatenate([build.reshape(out, shape) for out in outputs], time, self.name)

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        build, a = self.build, self.node.attrs
        forget = build.like("LOGISTIC", self.gate("forget", x, h, c))
        if self.node.input(_INPUT_WEIGHTS) is None:  # coupled
            enter = build.binary("SUB", build.scalar(1.0), forget)
        else:
            enter = build.like("LOGISTIC", self.gate("input", x, h, c))
        new = build.like(self.function, self.gate("cell", x, h, None))
        c = build.binary("ADD", build.binary("MUL", forget, c), build.binary("MUL", enter, new))
        c = self.clipped(c, a.get("cell_clip", 0.0))
        leave = build.like("LOGISTIC", self.gate("output", x, h, c))
        h = build.binary("MUL", leave, build.like(self.function, c))
        if self.node.input(_PROJECTION) is not None:
            bias = self.node.input(_PROJECTION_BIAS)
            h = build.dense(h, constant(self.node, _PROJECTION, "weights"), None if bias is None else bias.data)
            h = self.clipped(h, a.get("proj_clip", 0.0))
        return h, c

    def gate(self, gate: str, x: Tensor, h: Tensor, c: Tensor | None) -> Tensor:
        """Return the sum that a gate takes its function of. c: what its peephole sees."""
        build, node, place = self.build, self.node, _GATES[gate]
        bias, norm = node.input(_BIASES + place), node.input(_NORMS + place)
        early = bias.data if bias is not None and norm is None else None
        out = build.binary("ADD", build.dense(x, constant(node, _INPUT_WEIGHTS + place, "weights"), early),
                           build.dense(h, constant(node, _HIDDEN_WEIGHTS + place, "weights")))
        peephole = None if c is None else node.input(_PEEPHOLES + (0, 1, 0, 2)[place])
        if peephole is not None and c is not None:
            out = build.binary("ADD", out, build.binary("MUL", c, peephole))
        if norm is None:
            return out
        out = build.binary("MUL", build.normalize(out, [1], _EPSILON), norm)
        return out if bias is None else build.binary("ADD", out, bias)

    def clipped(self, x: Tensor, limit: float) -> Tensor:
        return self.build.clip(x, -limit, limit) if limit else x


# Blocks at places


def _moves(node: Node) -> bool:
    """Tell whether the place of a block is worked out while running."""
    source, part, start = (node.input(i) for i in range(3))
    return (source is not None and part is not None and start is not None and start.data is None
            and source.dtype == part.dtype and start.dtype == "int32" and source.elements > 0
            and len(source.shape) == len(part.shape) == start.elements)


def _put(build: Builder, node: Node) -> Tensor:
    """Return the operand with a block in it: each element is taken from its place in the one or the other."""
    source, part, start = (required(node, i) for i in range(3))
    rank, whole = len(source.shape), source.elements
    both = build.concatenate([build.reshape(source, (whole,)), build.reshape(part, (part.elements,))], 0)
    room = np.array(source.shape, np.int32) - np.array(part.shape, np.int32)
    first = build.binary("MINIMUM", build.binary("MAXIMUM", build.reshape(start, (rank,)), _whole(build, 0)),
                         build.constant(room))
    place: Tensor = build.constant(np.arange(whole, dtype=np.int32).reshape(source.shape), "places")
    from_part, inside = _whole(build, whole), None
    for axis, (size, length) in enumerate(zip(source.shape, part.shape, strict=True)):
        shape = [size if i == axis else 1 for i in range(rank)]
        at = build.constant(np.arange(size, dtype=np.int32).reshape(shape), "places")
        at = build.binary("SUB", at, build.reshape(build.along(first, 0, axis, axis + 1), [1] * rank))
        step = _whole(build, prod(part.shape[axis + 1:]))
        from_part = build.binary("ADD", build.binary("MUL", at, step), from_part)
        for op, limit in (("GREATER_EQUAL", 0), ("LESS", length)):
            here = build.binary(op, at, _whole(build, limit), dtype="bool")
            inside = here if inside is None else build.binary("LOGICAL_AND", inside, here)
    chosen = build.add("SELECT_V2", [inside, from_part, place], source.shape, node.name, "int32")
    return build.add("GATHER", [both, chosen], source.shape, node.name, source.dtype, source.quantization, axis=0,
                     batch_dims=0)


def _whole(build: Builder, value: int) -> Tensor:
    return build.constant(np.array(value, np.int32), "whole")


# Whole numbers


def _folded(build: Builder, node: Node) -> Tensor:
    """Return a reduction as halves that are added, or multiplied, until one is left."""
    x = required(node, 0)
    for axis in {int(a) % len(x.shape) for a in constant(node, 1, "axes").reshape(-1)}:
        while x.shape[axis] > 1:
            half = x.shape[axis] // 2
            both = build.binary(_FOLDED[node.op], build.along(x, axis, 0, half), build.along(x, axis, half, 2 * half))
            left = [build.along(x, axis, 2 * half, x.shape[axis])] if x.shape[axis] % 2 else []
            x = build.concatenate([both, *left], axis) if left else both
    shape = node.outputs[0].shape
    return build.add("RESHAPE", [x, build.axes(shape)], shape, node.name, x.dtype)
