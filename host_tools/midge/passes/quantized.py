# SPDX-License-Identifier: MIT
"""An int8 op of a float one between DEQUANTIZE and QUANTIZE: how quantised ONNX models are written.

What has no int8 kernel in these units stays float between the two, which is exact as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..ir import Graph, Node, Quantization, Tensor

# Ops with weights: where these are, where the bias is, and along which axis the weights have a scale each.
_WEIGHTED = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}
# Ops that move or choose values: input and output have the same units.
_MOVES = frozenset(("RESHAPE", "TRANSPOSE", "STRIDED_SLICE", "CONCATENATION", "PAD", "MAX_POOL_2D", "AVERAGE_POOL_2D",
                    "DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "RESIZE_NEAREST_NEIGHBOR"))  # fmt: skip
_OTHERS = frozenset(("ADD", "MUL", "SUB", "MEAN", "RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH"))
_FIXED = {"SOFTMAX": (1 / 256, -128), "LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}


def fuse_quantized(graph: Graph) -> Graph:
    """Replace float nodes between conversions by int8 ones, in the graph's order."""
    made = {id(t): n for n in graph.nodes for t in n.outputs}
    for node in list(graph.nodes):
        out = node.outputs[0] if node.outputs else None
        if out is None or out.dtype != "float32" or not _known(node):
            continue
        target = _target(graph, node)
        if target is None:
            continue
        inputs = [_source(made, t) for t in node.inputs]
        if any(t is not None and t.dtype == "float32" and not t.is_constant and s is None
               for t, s in zip(node.inputs, inputs, strict=True)):  # fmt: skip
            continue
        _replace(graph, node, target, inputs)
        made[id(node.outputs[0])] = node
    _drop_unread(graph)
    return graph


def _known(node: Node) -> bool:
    return node.op in _WEIGHTED or node.op in _MOVES or node.op in _OTHERS or node.op in _FIXED


def _source(made: dict[int, Node], tensor: Tensor | None) -> Tensor | None:
    """The int8 tensor that a float one was dequantised from."""
    node = made.get(id(tensor))
    if node is None or node.op != "DEQUANTIZE" or node.inputs[0] is None or node.inputs[0].dtype != "int8":
        return None
    return node.inputs[0]


def _target(graph: Graph, node: Node) -> Node | None:
    """The QUANTIZE that alone reads a node's output."""
    readers = graph.consumers(node.outputs[0])
    if len(readers) != 1 or readers[0].op != "QUANTIZE" or graph.is_output(node.outputs[0]):
        return None
    return readers[0] if readers[0].outputs[0].dtype == "int8" else None


def _replace(graph: Graph, node: Node, target: Node, inputs: list[Tensor | None]) -> None:
    out = target.outputs[0]
    if out.quantization is None or any(s is not None and s.quantization is None for s in inputs):
        return
    if node.op in _FIXED and (not np.isclose(out.scale, _FIXED[node.op][0]) or out.zero_point != _FIXED[node.op][1]):
        return
    sources = [s for s in inputs if s is not None]
    if node.op in _MOVES and any((s.scale, s.zero_point) != (out.scale, out.zero_point) for s in sources):
        if len(sources) != 1 or node.op == "CONCATENATION":
            return
        between = Tensor(out.name + "_moved", out.shape, "int8", sources[0].quantization)
        node.inputs = [inputs[0], *node.inputs[1:]]
        node.outputs = [between]
        target.inputs = [between]
        return
    new: list[Tensor | None] = [s if s is not None else t for s, t in zip(inputs, node.inputs, strict=True)]
    if node.op in _WEIGHTED:
        weighted = _weights(node, sources[0])
        if weighted is None:
            return
        new = [sources[0], *weighted]
    else:
        for i, t in enumerate(new):
            if t is not None and t.is_constant and t.dtype == "float32":
                new[i] = _constant(t)
    node.inputs, node.outputs = new, [out]
    graph.nodes = [n for n in graph.nodes if n is not target]


def _weights(node: Node, source: Tensor) -> list[Tensor] | None:
    """Weights and bias in integers, the weights on the grid that they already lie on."""
    weights, bias = node.input(1), node.input(2)
    if weights is None or weights.data is None or (bias is not None and bias.data is None):
        return None
    axis = _WEIGHTED[node.op]
    rows = np.moveaxis(weights.data, axis, 0).reshape(weights.shape[axis], -1).astype(np.float64)
    scales = np.array([_grid(row) for row in rows])
    if not np.all(scales):
        return None
    shape: list[Any] = [1] * len(weights.shape)
    shape[axis] = -1
    data = np.rint(weights.data / scales.reshape(shape))
    q = Quantization(scales.astype(np.float32), np.zeros(len(scales), np.int64), axis)
    units = scales * source.scale
    values = np.zeros(len(scales)) if bias is None or bias.data is None else bias.data.reshape(-1)
    integers = np.clip(np.rint(values / units), -(2**31), 2**31 - 1).astype(np.int32)
    bias_units = Quantization(units.astype(np.float32), q.zero_point)
    return [
        Tensor(weights.name, weights.shape, "int8", q, data.astype(np.int8)),
        Tensor(weights.name + "_bias", integers.shape, "int32", bias_units, integers),
    ]


def _grid(row: np.ndarray) -> float:
    """The largest step of which all values are multiples of at most 127 either way; 0 where there is none."""
    largest = float(np.abs(row).max())
    if largest == 0:
        return 1.0
    for steps in range(1, 128):
        whole = row * (steps / largest)
        if np.abs(whole - np.rint(whole)).max() < 1e-3:
            return largest / steps
    return 0.0


def _constant(t: Tensor) -> Tensor:
    """A constant operand in the finest int8 units that hold it."""
    assert t.data is not None
    low, high = min(float(t.data.min()), 0.0), max(float(t.data.max()), 0.0)
    scale = max(high - low, 1e-9) / 255
    zero = int(np.clip(np.rint(-128 - low / scale), -128, 127))
    data = np.clip(np.rint(t.data / scale) + zero, -128, 127).astype(np.int8)
    return Tensor(t.name, t.shape, "int8", Quantization(np.array([scale], np.float32), np.array([zero])), data)


def _drop_unread(graph: Graph) -> None:
    while True:
        read = {id(t) for n in graph.nodes for t in n.inputs} | {id(t) for t in graph.outputs}
        kept = [n for n in graph.nodes if n.op != "DEQUANTIZE" or id(n.outputs[0]) in read]
        if len(kept) == len(graph.nodes):
            return
        graph.nodes = kept
