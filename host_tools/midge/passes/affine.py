# SPDX-License-Identifier: MIT
"""Factors and shifts of channels behind a layer with weights go into it: normalisation, as exporters leave it."""

from __future__ import annotations

import numpy as np

from ..ir import Graph, Node, Tensor

# Ops with weights: their places among the inputs, the bias's, and the axis of output channels.
WEIGHTED = {"CONV_2D": (1, 2, 0), "DEPTHWISE_CONV_2D": (1, 2, 3), "FULLY_CONNECTED": (1, 2, 0),
            "TRANSPOSE_CONV": (1, 3, 0)}  # fmt: skip
_AFFINE = ("MUL", "DIV", "ADD", "SUB")


def fold_affine(graph: Graph) -> Graph:
    """(w * x + b) * scale + shift = (w * scale) * x + (b * scale + shift), in float32 layers."""
    for node in list(graph.nodes):
        found = _operands(node) if node.op in _AFFINE else None
        layer = _layer_before(graph, found[0]) if found is not None else None
        if found is None or layer is None:
            continue
        x, row = found
        _scale(layer, *_factors(node.op, row))
        layer.attrs["fused_activation_function"] = node.attrs.get("fused_activation_function", 0)
        graph.nodes = [n for n in graph.nodes if n is not node]
        graph.replace(node.outputs[0], x)
        if graph.is_output(x):
            x.name = node.name
    return graph


def _operands(node: Node) -> tuple[Tensor, np.ndarray] | None:
    """The activation, and the constant as a number for each of its channels; None where it is no such thing."""
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
    """Scale and shift."""
    if op in ("MUL", "DIV"):
        return (row if op == "MUL" else 1 / row), np.zeros_like(row)
    return np.ones_like(row), (row if op == "ADD" else -row)


def _layer_before(graph: Graph, x: Tensor) -> Node | None:
    """The float32 layer whose channels are x's, where nothing else reads what lies between."""
    while True:
        node = graph.producer(x)
        if node is None or graph.is_output(x) or len(graph.consumers(x)) != 1:
            return None
        if node.op in WEIGHTED:
            break
        source = node.input(0)
        if node.op not in ("RESHAPE", "STRIDED_SLICE") or source is None or source.shape[-1:] != x.shape[-1:]:
            return None
        steps = node.input(3) if node.op == "STRIDED_SLICE" else None
        if steps is not None and (steps.data is None or steps.data.min() < 0):
            return None
        x = source
    at, bias_at, axis = WEIGHTED[node.op]
    weights, bias = node.input(at), node.input(bias_at)
    if weights is None or weights.data is None or weights.dtype != "float32" or node.attrs["fused_activation_function"]:
        return None
    if bias is not None and (bias.data is None or bias.dtype != "float32"):
        return None
    return node if weights.shape[axis] == x.shape[-1] and node.outputs[0].dtype == "float32" else None


def _scale(layer: Node, scale: np.ndarray, shift: np.ndarray) -> None:
    at, bias_at, axis = WEIGHTED[layer.op]
    weights, bias = layer.inputs[at], layer.input(bias_at)
    assert weights is not None and weights.data is not None
    shape = [1] * len(weights.shape)
    shape[axis] = -1
    data = (weights.data * scale.reshape(shape)).astype(np.float32)
    old = bias.data.reshape(-1) if bias is not None and bias.data is not None else np.zeros(len(scale))
    shifted = (old * scale + shift).astype(np.float32)
    layer.inputs += [None] * (bias_at + 1 - len(layer.inputs))
    layer.inputs[at] = Tensor(weights.name, weights.shape, "float32", None, data)
    layer.inputs[bias_at] = Tensor(weights.name + "_bias", shifted.shape, "float32", None, shifted)
