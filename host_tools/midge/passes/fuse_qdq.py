# SPDX-License-Identifier: MIT
"""An int8 op of a float one between DEQUANTIZE and QUANTIZE: how quantised ONNX models are written.

What has no int8 kernel in these units stays float between the two, which is exact as well.
"""

from __future__ import annotations

import numpy as np

from ..graph import Graph, Node, Quantization, Tensor
from ..graph.tflite_ops import WEIGHTED

# Ops that move or choose values, whose result is the same before a conversion as after it; and others that keep units.
_MOVES = frozenset(("RESHAPE", "TRANSPOSE", "STRIDED_SLICE", "PAD", "MAX_POOL_2D", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH",
                    "RESIZE_NEAREST_NEIGHBOR"))
_SAME_UNITS = frozenset(("CONCATENATION", "AVERAGE_POOL_2D"))
_OTHERS = frozenset(("ADD", "MUL", "SUB", "MEAN", "RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH"))
_FIXED = {"SOFTMAX": (1 / 256, -128), "LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def fuse_qdq(graph: Graph) -> Graph:
    """Replace float nodes between conversions by int8 ones, in the graph's order."""
    if not any(n.op == "DEQUANTIZE" for n in graph.nodes):
        return graph
    _sink_dequantize(graph)
    _raise_quantize(graph)
    made = {id(t): n for n in graph.nodes for t in n.outputs}
    for node in list(graph.nodes):
        out = node.outputs[0] if node.outputs else None
        if out is None or out.dtype != "float32":
            continue
        target = _target(graph, node)
        if not _known(node) or target is None:
            continue
        inputs = [_source(made, t) for t in node.inputs]
        if any(t is not None and t.dtype == "float32" and not t.is_constant and s is None
               for t, s in zip(node.inputs, inputs, strict=True)):
            continue
        _replace(graph, node, target, inputs)
        made[id(node.outputs[0])] = node
    _join_conversions(graph, made)
    _drop_unread(graph)
    return graph


def _sink_dequantize(graph: Graph) -> None:
    """Dequantise after a move what is dequantised before it."""
    made = {id(t): n for n in graph.nodes for t in n.outputs}
    nodes: list[Node] = []
    for node in graph.nodes:
        source = _source(made, node.inputs[0]) if node.op in _MOVES else None
        nodes.append(node)
        if source is None or source.quantization is None or source.quantization.per_channel:
            continue
        out = node.outputs[0]
        node.inputs[0] = source
        node.outputs = [Tensor(out.name + "_int8", out.shape, "int8", source.quantization)]
        nodes.append(Node("DEQUANTIZE", [node.outputs[0]], [out]))
        made[id(out)] = nodes[-1]
    graph.nodes = nodes


def _raise_quantize(graph: Graph) -> None:
    """Quantise before a move what is quantised after it."""
    for node in reversed(list(graph.nodes)):
        x, target = node.inputs[0] if node.inputs else None, None
        if node.op in _MOVES and x is not None and x.dtype == "float32" and not x.is_constant:
            target = _target(graph, node)
        if target is None or x is None:
            continue
        out = target.outputs[0]
        between = Tensor(x.name + "_int8", x.shape, "int8", out.quantization)
        node.inputs[0], node.outputs = between, [out]
        graph.nodes = [n for n in graph.nodes if n is not target]
        graph.nodes.insert(next(i for i, n in enumerate(graph.nodes) if n is node),
                           Node("QUANTIZE", [x], [between]))


def _join_conversions(graph: Graph, made: dict[int, Node]) -> None:
    """Turn int8 to float and back to int8 into a change of units."""
    for node in graph.nodes:
        if node.op == "QUANTIZE" and node.outputs[0].dtype == "int8":
            source = _source(made, node.inputs[0])
            node.inputs[0] = node.inputs[0] if source is None else source


def _known(node: Node) -> bool:
    return any(node.op in ops for ops in (_WEIGHTED, _SAME_UNITS, _OTHERS, _FIXED))


def _source(made: dict[int, Node], tensor: Tensor | None) -> Tensor | None:
    """Return the int8 tensor that a float one was dequantised from."""
    node = made.get(id(tensor))
    if node is None or node.op != "DEQUANTIZE" or node.inputs[0] is None or node.inputs[0].dtype != "int8":
        return None
    return node.inputs[0]


def _target(graph: Graph, node: Node) -> Node | None:
    """Return the QUANTIZE that alone reads a node's output."""
    readers = graph.consumers(node.outputs[0])
    if len(readers) != 1 or readers[0].op != "QUANTIZE" or graph.is_output(node.outputs[0]):
        return None
    return readers[0] if readers[0].outputs[0].dtype == "int8" else None


def _replace(graph: Graph, node: Node, target: Node, inputs: list[Tensor | None]) -> None:
    """Make a node an int8 one that writes what the QUANTIZE after it wrote, where that can be."""
    out = target.outputs[0]
    if out.quantization is None or any(s is not None and s.quantization is None for s in inputs):
        return
    if node.op in _FIXED and (not np.isclose(out.scale, _FIXED[node.op][0]) or out.zero_point != _FIXED[node.op][1]):
        return
    sources = [s for s in inputs if s is not None]
    if not sources:
        return
    if node.op in _SAME_UNITS and any((s.scale, s.zero_point) != (out.scale, out.zero_point) for s in sources):
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
    """Return weights and bias in integers; the importer has noted the steps that float weights are multiples of."""
    weights, bias = node.input(1), node.input(2)
    if weights is None or weights.data is None or (bias is not None and bias.data is None):
        return None
    steps, axis = weights.quantization, WEIGHTED[node.op].axis
    if steps is None or weights.dtype != "float32":
        return None
    scales = np.broadcast_to(steps.scale.astype(np.float64), (weights.shape[axis],))
    shape = [1] * len(weights.shape)
    shape[axis] = -1
    data = np.rint(weights.data / scales.reshape(shape))
    if np.abs(data).max(initial=0) > 128 or data.max(initial=0) > 127:
        return None
    q = Quantization(scales.astype(np.float32), np.zeros(len(scales), np.int64), axis)
    units = scales * source.scale
    values = np.zeros(len(scales)) if bias is None or bias.data is None else bias.data.reshape(-1)
    integers = np.clip(np.rint(values / units), -(2**31), 2**31 - 1).astype(np.int32)
    bias_units = Quantization(units.astype(np.float32), q.zero_point)
    return [
        Tensor(weights.name, weights.shape, "int8", q, data.astype(np.int8)),
        Tensor(weights.name + "_bias", integers.shape, "int32", bias_units, integers),
    ]


def _constant(t: Tensor) -> Tensor:
    """Return a constant operand in the finest int8 units that hold it."""
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
