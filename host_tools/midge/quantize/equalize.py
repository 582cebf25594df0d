# SPDX-License-Identifier: MIT
"""Cross-layer equalisation: move scale between layers, so that the channels of a tensor use its integers alike.

Where a relu or nothing stands between two layers, channel c of the tensor between them may be divided by any s_c > 0
if the first layer's weights and bias of that channel are divided by it and the second's multiplied: the network stays
what it is. Idea: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019. Here
the ranges of activations are measured, as the scales of output channels cost nothing when weights have one each.
"""

from __future__ import annotations

import numpy as np

from ..graph import Graph, Node, Tensor
from ..graph.tflite_ops import WEIGHTED, Activation, activation_of
from .observe import Observation
from .prepare import Known

_LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_BETWEEN = ("MAX_POOL_2D", "AVERAGE_POOL_2D", "RELU", "LEAKY_RELU")  # a scaled input gives a scaled output
_HOMOGENEOUS = (Activation.NONE, Activation.RELU)  # of a scaled value they are the scaled ones
_MOST = 64.0  # the largest factor


def equalize(graph: Graph, seen: Observation, known: Known) -> tuple[Graph, Known, int]:
    """Return a copy of the float graph with its pairs of layers equalised, and how many pairs there were."""
    copied, twins = graph.copied()
    originals = {id(twins[id(t)]): t for t in graph.tensors()}
    kept = {id(twins[key]): units for key, units in known.items() if key in twins}
    count = 0
    for first in copied.nodes:
        second = _partner(copied, first)
        if second is None:
            continue
        statistics = seen.of(originals[id(first.outputs[0])])
        if statistics is None or statistics.channel_low is None or statistics.channel_high is None:
            continue
        reach = np.maximum(np.abs(statistics.channel_low), np.abs(statistics.channel_high)).astype(np.float64)
        factors = _factors(reach, second)
        if factors is None or len(factors) != first.outputs[0].shape[-1]:
            continue
        _scale_outputs(first, 1 / factors)
        _scale_inputs(second, factors)
        count += 1
    return copied, kept, count


def _partner(graph: Graph, first: Node) -> Node | None:
    """Return the layer after a layer, if it alone reads what that gives."""
    if not _is_layer(first) or activation_of(first) not in _HOMOGENEOUS:
        return None
    node, channels = first, first.outputs[0].shape[-1:]
    while True:
        out = node.outputs[0]
        readers = graph.consumers(out)
        if len(readers) != 1 or graph.is_output(out):
            return None
        node = readers[0]
        if node.op in _BETWEEN and activation_of(node) in _HOMOGENEOUS:
            continue
        source = node.input(0)
        ready = _is_layer(node) and source is not None and source.shape[-1:] == channels
        return node if ready and _in_channels(node) == channels[0] else None


def _is_layer(node: Node) -> bool:
    weights, bias = node.input(1), node.input(2)
    return (node.op in _LAYERS and weights is not None and weights.data is not None and weights.dtype == "float32"
            and (bias is None or bias.data is not None) and bool(node.outputs[0].shape))


def _in_channels(node: Node) -> int:
    weights, source = node.inputs[1], node.inputs[0]
    assert weights is not None and source is not None
    return source.shape[-1] if node.op == "DEPTHWISE_CONV_2D" else weights.shape[-1]


def _factors(reach: np.ndarray, second: Node) -> np.ndarray | None:
    """Return by what to divide each channel.

    A depthwise layer takes any factor for nothing; a dense one has to hold it in the spread of its weights, so there
    the burden is shared.
    """
    weights = second.inputs[1]
    assert weights is not None and weights.data is not None
    top = reach.max() if reach.size else 0.0
    if top <= 0:
        return None
    alive = reach > top * 1e-4
    factors = reach / top
    if second.op != "DEPTHWISE_CONV_2D":
        spread = np.abs(weights.data).reshape(-1, weights.shape[-1]).max(axis=0).astype(np.float64)
        alive &= spread > spread.max() * 1e-4
        factors = np.sqrt(factors / np.maximum(spread / max(spread.max(), 1e-30), 1e-30))
    usable = factors[alive]
    if not usable.size:
        return None
    middle = float(np.exp(np.log(usable).mean()))
    return np.where(alive, np.clip(factors / middle, 1 / _MOST, _MOST), 1.0)


def _constant(old: Tensor, data: np.ndarray) -> Tensor:
    return Tensor(old.name, old.shape, old.dtype, None, np.ascontiguousarray(data, np.float32))


def _scale_outputs(node: Node, factors: np.ndarray) -> None:
    weights, bias = node.inputs[1], node.input(2)
    assert weights is not None and weights.data is not None
    shape = [1] * weights.data.ndim
    shape[WEIGHTED[node.op].axis] = len(factors)
    node.inputs[1] = _constant(weights, weights.data * factors.reshape(shape))
    if bias is not None and bias.data is not None:
        node.inputs[2] = _constant(bias, bias.data * factors.reshape(bias.shape))


def _scale_inputs(node: Node, factors: np.ndarray) -> None:
    weights = node.inputs[1]
    assert weights is not None and weights.data is not None
    if node.op == "DEPTHWISE_CONV_2D":
        factors = np.repeat(factors, weights.shape[3] // len(factors))
    node.inputs[1] = _constant(weights, weights.data * factors)
