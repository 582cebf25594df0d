# SPDX-License-Identifier: MIT
"""A network that was trained on whole windows becomes one that takes only the rows that are new.

Each layer that looks at several rows keeps the last ones that it saw in a state, and works out only what the new rows
add: a convolution those rows of its output, a pool over all of the time the mean of the rows that it has. Once the
first window has been fed, the answers are those of the windows, to the bit. Zeros that a causal layer has before its
window are real ones in a stream only before its beginning; later the rows that came before stand in their place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

from ..graph import Graph, Node, Tensor, Unsupported
from ..graph.builder import Builder
from ..graph.tflite_ops import SAME, constant

# Functions of single elements, or of what is along the last axis: they know no time.
_PLAIN = {"RELU", "RELU6", "RELU_N1_TO_1", "TANH", "LOGISTIC", "HARD_SWISH", "LEAKY_RELU", "QUANTIZE", "DEQUANTIZE",
          "ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "FULLY_CONNECTED", "SOFTMAX", "CAST", "L2_NORMALIZATION"}
_AXIS_NAMES = {1: ("h", "height"), 2: ("w", "width")}


class _Streamer:
    """Builds the streaming network, node after node."""

    def __init__(self, graph: Graph, hop: int) -> None:
        self.build = Builder(graph.name)
        self.graph = graph
        source = graph.inputs[0]
        if len(graph.inputs) != 1 or len(source.shape) < 3 or source.shape[0] != 1:
            raise Unsupported(f"the inputs {', '.join(map(str, graph.inputs))}; one of [1, time, ...] can be streamed")
        if not 1 <= hop <= source.shape[1]:
            raise Unsupported(f"{hop} new rows of a window of {source.shape[1]}; choose 1 to {source.shape[1]}")
        self.fresh = {id(source): hop}  # rows that are new, of tensors that have a time
        self.axes = {id(source): 1}  # along which they lie
        self.twins = {id(source): self._with_rows(source, 1, hop)}

    def _with_rows(self, tensor: Tensor, axis: int, rows: int) -> Tensor:
        shape = (*tensor.shape[:axis], rows, *tensor.shape[axis + 1:])
        return replace(tensor, shape=shape, name=self.build.unique(tensor.name), signature=())

    def twin(self, tensor: Tensor | None) -> Tensor | None:
        """Return what stands for a tensor of the windowed network; constants stand for themselves."""
        return None if tensor is None else self.twins.get(id(tensor), tensor)

    def timed(self, node: Node) -> tuple[Tensor, int]:
        """Return the first input, which has a time, and the axis of that. Raises Unsupported."""
        source = node.input(0)
        if source is None or id(source) not in self.fresh:
            raise Unsupported("its first input has no time")
        return source, self.axes[id(source)]

    def latest(self, source: Tensor, rows: int) -> Tensor:
        """Return the last rows of a tensor, the new ones and as many as needed from a state."""
        new = self.twins[id(source)]
        return self.build.latest(new, rows - self.fresh[id(source)], self.axes[id(source)])

    def add(self, node: Node, inputs: list[Tensor | None], axis: int, rows: int | None, **attrs: Any) -> None:
        """Add a node like one of the windowed network. rows: that it makes along an axis; None where it has no time."""
        out = node.outputs[0]
        made = out if rows is None else self._with_rows(out, axis, rows)
        self.twins[id(out)] = made
        if rows is not None:
            self.fresh[id(out)], self.axes[id(out)] = rows, axis
        self.build.nodes.append(Node(node.op, inputs, [made], node.attrs | attrs))

    def convolve(self, node: Node) -> None:
        """Add a convolution, which spans the rows of its dilated kernel."""
        (_, axis), weights = self.timed(node), node.inputs[1]
        assert weights is not None
        self._slide(node, (weights.shape[axis] - 1) * node.attrs.get(f"dilation_{_AXIS_NAMES[axis][0]}_factor", 1) + 1)

    def pool(self, node: Node) -> None:
        """Add a pool over some rows."""
        self._slide(node, node.attrs[f"filter_{_AXIS_NAMES[self.timed(node)[1]][1]}"])

    def _slide(self, node: Node, span: int) -> None:
        """Add a layer whose windows span so many rows."""
        source, axis = self.timed(node)
        out, rows, new = node.outputs[0], source.shape[axis], self.fresh[id(source)]
        stride = node.attrs.get(f"stride_{_AXIS_NAMES[axis][0]}", 1)
        before = self._zeros_before(node, axis, span, stride, rows)
        inputs = list(map(self.twin, node.inputs[1:]))
        if span == rows and out.shape[axis] == 1 and new < rows:
            self.add(node, [self.latest(source, span), *inputs], axis, 1)
            return
        if new % stride or span < stride:
            raise Unsupported(f"it takes every {stride}. row, of {new} new ones; choose a hop that is a multiple")
        if before:
            here = list(node.attrs["explicit_padding"])
            here[axis - 1] = 0
            self.add(node, [self.latest(source, span - 1 + new), *inputs], axis, new // stride,
                     explicit_padding=tuple(here))
            return
        if (rows - span) % stride:
            raise Unsupported(f"its windows of {span} rows, {stride} apart, leave {(rows - span) % stride} of {rows} "
                              "rows at the end; choose a window where none are left")
        self.add(node, [self.latest(source, span - stride + new), *inputs], axis, new // stride)

    def _zeros_before(self, node: Node, axis: int, span: int, stride: int, rows: int) -> int:
        """Return how many rows of padding a layer has, all of them before the window. Raises Unsupported."""
        made = node.outputs[0].shape[axis]
        needed = (made - 1) * stride + span - rows
        before = node.attrs["explicit_padding"][axis - 1] if "explicit_padding" in node.attrs else 0
        one_sided = before == 0 or (before == span - 1 and made == -(-rows // stride))
        if needed > before or not one_sided or ("explicit_padding" not in node.attrs and span + stride > 2
                                                and node.attrs.get("padding") == SAME):
            raise Unsupported("rows of padding around the window ('same'), which a stream has not; train it with "
                              "'valid' or 'causal'")
        return int(before)

    def reshape(self, node: Node) -> None:
        """Add a reshape that keeps the rows, or one that flattens the whole window."""
        source, axis = self.timed(node)
        out, rows = node.outputs[0].shape, source.shape[axis]
        kept = [a for a in (1, 2) if a < len(out) and out[a] == rows and prod(out[:a]) == prod(source.shape[:axis])]
        if kept and rows > 1:
            made = (*out[:kept[0]], self.fresh[id(source)], *out[kept[0] + 1:])
            self.add(node, [self.twin(source), self.build.axes(made)], kept[0], made[kept[0]], new_shape=made)
            return
        self.add(node, [self.latest(source, rows), *map(self.twin, node.inputs[1:])], axis, None)

    def average(self, node: Node) -> None:
        """Add a reduction; one over the time takes the rows of the whole window."""
        source, axis = self.timed(node)
        over = {int(a) % len(source.shape) for a in constant(node, 1, "axes").reshape(-1)}
        if axis not in over:
            if not node.attrs.get("keep_dims") and any(a < axis for a in over):
                raise Unsupported("it moves the time to another axis")
            self.add(node, list(map(self.twin, node.inputs)), axis, self.fresh[id(source)])
            return
        self.add(node, [self.latest(source, source.shape[axis]), self.twin(node.inputs[1])], axis, None)

    def plain(self, node: Node) -> None:
        """Add a function of single rows."""
        timed = [t for t in node.inputs if t is not None and id(t) in self.fresh]
        rows = {(self.axes[id(t)], self.fresh[id(t)], t.shape[self.axes[id(t)]]) for t in timed}
        axis, new, whole = next(iter(rows))
        out = node.outputs[0].shape
        if len(rows) != 1 or len(out) <= axis or out[axis] != whole:
            raise Unsupported("it mixes rows of different times")
        self.add(node, [self.twin(t) for t in node.inputs], axis, new)


_RULES: dict[str, Callable[[_Streamer, Node], None]] = {
    "CONV_2D": _Streamer.convolve, "DEPTHWISE_CONV_2D": _Streamer.convolve, "AVERAGE_POOL_2D": _Streamer.pool,
    "MAX_POOL_2D": _Streamer.pool, "MEAN": _Streamer.average, "REDUCE_MAX": _Streamer.average,
    "SUM": _Streamer.average, "RESHAPE": _Streamer.reshape, **dict.fromkeys(_PLAIN, _Streamer.plain),
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
    late = [t for t in graph.outputs if id(t) in made.fresh and t.shape[made.axes[id(t)]] > 1]
    if late:
        raise Unsupported(f"the output {late[0]} has a time; pool it over the window")
    found = made.build.graph([made.twins[id(graph.inputs[0])]], [made.twin(t) or t for t in graph.outputs])
    found.labels, found.metadata = list(graph.labels), dict(graph.metadata)
    return found
