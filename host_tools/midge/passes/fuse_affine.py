# SPDX-License-Identifier: MIT
"""What can go into the layer before: factors and shifts of channels (normalisation, as exporters leave it), relu."""

from __future__ import annotations

import numpy as np

from ..graph import Graph, Node, Tensor
from ..graph.tflite_ops import WEIGHTED, Activation, activation_of

_AFFINE = ("MUL", "DIV", "ADD", "SUB")
_CLAMPS = ("RELU", "RELU_N1_TO_1", "RELU6")  # those that a layer can have fused


def fuse_clamps(graph: Graph) -> Graph:
    """Let a float32 layer apply the relu after it."""
    for relu in list(graph.nodes):
        if relu.op in _CLAMPS and relu.inputs[0] is not None and relu.outputs[0].dtype == "float32":
            layer = _layer_before(graph, relu.inputs[0], (*WEIGHTED, "ADD", "SUB", "MUL"))
            if layer is not None:
                layer.attrs["fused_activation_function"] = Activation[relu.op]
                _leave_out(graph, relu, relu.inputs[0])
    return graph


def fuse_affine(graph: Graph) -> Graph:
    """Make (w * x + b) * scale + shift (w * scale) * x + (b * scale + shift), in float32 layers."""
    for node in list(graph.nodes):
        found = _operands(node) if node.op in _AFFINE else None
        layer = _layer_before(graph, found[0], tuple(WEIGHTED)) if found is not None else None
        if found is None or layer is None or not _has_float_weights(layer):
            continue
        x, row = found
        _scale(layer, *_factors(node.op, row))
        layer.attrs["fused_activation_function"] = activation_of(node)
        _leave_out(graph, node, x)
    return graph


def _leave_out(graph: Graph, node: Node, x: Tensor) -> None:
    """Let x, which has no other reader, be what a node gave."""
    maker = graph.producer(x)
    assert maker is not None
    maker.outputs = [node.outputs[0] if t is x else t for t in maker.outputs]
    graph.nodes = [n for n in graph.nodes if n is not node]


def _operands(node: Node) -> tuple[Tensor, np.ndarray] | None:
    """Return the activation, and the constant as a number for each of its channels; None for any other node."""
    a, b = node.inputs[:2]
    if a is None or b is None or node.outputs[0].dtype != "float32" or a.is_constant == b.is_constant:
        return None
    x, c = (a, b) if b.is_constant else (b, a)
    if (c is a and node.op in ("SUB", "DIV")) or c.data is None or not x.shape or x.shape != node.outputs[0].shape:
        return None
    if c.data.size != 1 and (c.data.size != x.shape[-1] or c.shape[-1] != c.data.size):
        return None
    row = np.broadcast_to(c.data.reshape(-1).astype(np.float64), (x.shape[-1],))
    return None if node.op == "DIV" and not row.all() else (x, row)


def _factors(op: str, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return scale and shift."""
    if op in ("MUL", "DIV"):
        return (row if op == "MUL" else 1 / row), np.zeros_like(row)
    return np.ones_like(row), (row if op == "ADD" else -row)


def _layer_before(graph: Graph, x: Tensor, ops: tuple[str, ...]) -> Node | None:
    """Return the float32 layer without an activation whose channels are x's, if nothing else reads what is between."""
    while True:
        node = graph.producer(x)
        if node is None or graph.is_output(x) or len(graph.consumers(x)) != 1 or x.dtype != "float32":
            return None
        if node.op in ops:
            return None if activation_of(node) else node
        source = node.input(0)
        if node.op not in ("RESHAPE", "STRIDED_SLICE") or source is None or source.shape[-1:] != x.shape[-1:]:
            return None
        steps = node.input(3) if node.op == "STRIDED_SLICE" else None
        if steps is not None and (steps.data is None or steps.data.min() < 0):
            return None
        x = source


def _has_float_weights(layer: Node) -> bool:
    place = WEIGHTED[layer.op]
    weights, bias = layer.input(place.weights), layer.input(place.bias)
    if weights is None or weights.data is None or weights.dtype != "float32":
        return False
    if bias is not None and (bias.data is None or bias.dtype != "float32"):
        return False
    return weights.shape[place.axis] == layer.outputs[0].shape[-1]


def _scale(layer: Node, scale: np.ndarray, shift: np.ndarray) -> None:
    place = WEIGHTED[layer.op]
    weights, bias = layer.inputs[place.weights], layer.input(place.bias)
    assert weights is not None and weights.data is not None
    shape = [1] * len(weights.shape)
    shape[place.axis] = -1
    data = (weights.data * scale.reshape(shape)).astype(np.float32)
    old = bias.data.reshape(-1) if bias is not None and bias.data is not None else np.zeros(len(scale))
    shifted = (old * scale + shift).astype(np.float32)
    layer.inputs += [None] * (place.bias + 1 - len(layer.inputs))
    layer.inputs[place.weights] = Tensor(weights.name, weights.shape, "float32", None, data)
    layer.inputs[place.bias] = Tensor(weights.name + "_bias", shifted.shape, "float32", None, shifted)
