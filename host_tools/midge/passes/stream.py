# SPDX-License-Identifier: MIT
"""A network that was trained on whole windows becomes one that takes only the rows that are new.

Each layer that looks at several rows keeps the last ones that it saw in a state, and works out only what the new rows
add: a convolution those rows of its output, a pool over all of the time the mean of the rows that it has. Once the
first window has been fed, the answers are those of the windows, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..graph import Graph, Node, Tensor, Unsupported
from ..graph.builder import Builder
from ..graph.tflite_ops import VALID, constant

TIME = 1  # the axis of rows, in tensors of the network that have one

# Functions of single elements, or of what is along the last axis: they know no time.
_PLAIN = {"RELU", "RELU6", "RELU_N1_TO_1", "TANH", "LOGISTIC", "HARD_SWISH", "LEAKY_RELU", "QUANTIZE", "DEQUANTIZE",
          "ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "FULLY_CONNECTED", "SOFTMAX", "CAST", "L2_NORMALIZATION"}


class _Streamer:
    """Builds the streaming network, node after node."""

    def __init__(self, graph: Graph, hop: int) -> None:
        self.build = Builder(graph.name)
        self.graph = graph
        source = graph.inputs[0]
        if len(graph.inputs) != 1 or len(source.shape) < 3 or source.shape[0] != 1:
            raise Unsupported(f"the inputs {', '.join(map(str, graph.inputs))}; one of [1, time, ...] can be streamed")
        self.fresh = {id(source): hop}  # rows that are new, of tensors that have a time
        self.twins = {id(source): self._with_rows(source, hop)}

    def _with_rows(self, tensor: Tensor, rows: int) -> Tensor:
        shape = (*tensor.shape[:TIME], rows, *tensor.shape[TIME + 1:])
        return replace(tensor, shape=shape, name=self.build.unique(tensor.name), signature=())

    def twin(self, tensor: Tensor | None) -> Tensor | None:
        """Return what stands for a tensor of the windowed network; constants stand for themselves."""
        return None if tensor is None else self.twins.get(id(tensor), tensor)

    def timed(self, node: Node) -> Tensor:
        """Return the first input, which has a time. Raises Unsupported."""
        source = node.input(0)
        if source is None or id(source) not in self.fresh:
            raise Unsupported("its first input has no time")
        return source

    def latest(self, source: Tensor, rows: int) -> Tensor:
        """Return the last rows of a tensor, the new ones and as many as needed from a state."""
        new = self.twins[id(source)]
        return self.build.latest(new, rows - self.fresh[id(source)], TIME)

    def add(self, node: Node, inputs: list[Tensor | None], rows: int | None) -> None:
        """Add a node like one of the windowed network. rows: that it makes; None where its output has no time."""
        out = node.outputs[0]
        made = out if rows is None else self._with_rows(out, rows)
        self.twins[id(out)] = made
        if rows is not None:
            self.fresh[id(out)] = rows
        self.build.nodes.append(Node(node.op, inputs, [made], dict(node.attrs)))

    def convolve(self, node: Node) -> None:
        source, weights = self.timed(node), node.inputs[1]
        assert weights is not None
        attrs = node.attrs
        span = (weights.shape[1] - 1) * attrs.get("dilation_h_factor", 1) + 1
        self._slide(node, source, span, attrs)

    def pool(self, node: Node) -> None:
        self._slide(node, self.timed(node), node.attrs["filter_height"], node.attrs)

    def _slide(self, node: Node, source: Tensor, span: int, attrs: dict[str, Any]) -> None:
        """Add a layer whose windows span so many rows."""
        stride, rows, new = attrs.get("stride_h", 1), source.shape[TIME], self.fresh[id(source)]
        if attrs.get("padding") != VALID and (span > 1 or stride > 1):
            raise Unsupported("rows of padding around the window ('same'), which a stream has not; train it with "
                              "'valid', or 'causal' with the zeros put before the window")
        if span == rows and node.outputs[0].shape[TIME] == 1 and new < rows:
            self.add(node, [self.latest(source, span), *map(self.twin, node.inputs[1:])], 1)
            return
        if new % stride or span < stride:
            raise Unsupported(f"it takes every {stride}. row, of {new} new ones; choose a hop that is a multiple")
        if (rows - span) % stride:
            raise Unsupported(f"its windows of {span} rows, {stride} apart, leave {(rows - span) % stride} of {rows} "
                              "rows at the end; choose a window where none are left")
        self.add(node, [self.latest(source, span - stride + new), *map(self.twin, node.inputs[1:])], new // stride)

    def average(self, node: Node) -> None:
        source = self.timed(node)
        axes = {int(a) % len(source.shape) for a in constant(node, 1, "axes").reshape(-1)}
        if TIME not in axes:
            self.plain(node)
            return
        self.add(node, [self.latest(source, source.shape[TIME]), self.twin(node.inputs[1])],
                 1 if node.attrs.get("keep_dims") else None)
        if node.attrs.get("keep_dims"):
            del self.fresh[id(node.outputs[0])]

    def plain(self, node: Node) -> None:
        timed = [t for t in node.inputs if t is not None and id(t) in self.fresh]
        rows = {(self.fresh[id(t)], t.shape[TIME]) for t in timed}
        out = node.outputs[0].shape
        if len(rows) != 1 or len(out) <= TIME or out[TIME] != timed[0].shape[TIME]:
            raise Unsupported("it mixes rows of different times")
        self.add(node, [self.twin(t) for t in node.inputs], rows.pop()[0])


_RULES: dict[str, Callable[[_Streamer, Node], None]] = {
    "CONV_2D": _Streamer.convolve, "DEPTHWISE_CONV_2D": _Streamer.convolve, "AVERAGE_POOL_2D": _Streamer.pool,
    "MAX_POOL_2D": _Streamer.pool, "MEAN": _Streamer.average, "REDUCE_MAX": _Streamer.average,
    "SUM": _Streamer.average, **dict.fromkeys(_PLAIN, _Streamer.plain),
}


def stream(graph: Graph, hop: int) -> Graph:
    """Return a network that takes `hop` new rows [1, hop, ...] in place of a whole window [1, time, ...].

    graph: floats or integers, after the passes or quantised; it stays as it is. Raises Unsupported, which names the
    layer, for what has no streaming form: padded layers, rows of different times, windows that leave rows over.
    """
    made = _Streamer(graph, hop)
    for node in graph.nodes:
        if not any(t is not None and id(t) in made.fresh for t in node.inputs):
            made.build.nodes.append(replace(node, inputs=[made.twin(t) for t in node.inputs]))
            continue
        rule = _RULES.get(node.op)
        try:
            if rule is None:
                raise Unsupported("it has no streaming form")
            rule(made, node)
        except Unsupported as error:
            raise Unsupported(f"{node.op} '{node.name}' cannot be streamed: {error}") from error
    late = [t for t in graph.outputs if id(t) in made.fresh and t.shape[TIME] > 1]
    if late:
        raise Unsupported(f"the output {late[0]} has a time; pool it over the window")
    found = made.build.graph([made.twins[id(graph.inputs[0])]], [made.twin(t) or t for t in graph.outputs])
    found.labels, found.metadata = list(graph.labels), dict(graph.metadata)
    return found
