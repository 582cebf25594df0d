# SPDX-License-Identifier: MIT
"""Convolutions that were fitted, as int8 layers of a network whose samples are int16."""

from __future__ import annotations

import numpy as np

from .. import quantize
from ..graph import Graph, Node, Tensor
from ..graph.builder import Builder
from .convolutions import Convolutions

MOST_SEEN = 256  # windows that ranges are taken from


def add_convolutions(
    build: Builder, counts: Tensor, head: Convolutions, factor: float, seen: np.ndarray
) -> Tensor:
    """Add int8 layers behind int16 counts [samples, columns]; return factor * the scores, int8 [1, classes].

    seen: int16 windows [n, samples, columns] like those that it will see.
    """
    step = counts.scale
    some = seen[np.unique(np.linspace(0, len(seen) - 1, min(len(seen), MOST_SEEN)).astype(int))]
    inside = (some * np.float32(step)).astype(np.float32)[:, None, :, None, :]
    options = quantize.Options(bias_correction=True, equalize=False)
    made = quantize.quantize(_in_floats(head, factor, step, counts), [inside], options).graph
    (x,), (logits,) = made.inputs, made.outputs
    build.nodes.append(Node("QUANTIZE", [build.reshape(counts, x.shape)], [x]))
    build.nodes += made.nodes
    return logits


def _in_floats(head: Convolutions, factor: float, step: float, counts: Tensor) -> Graph:
    """Return the network in floats, of samples in units of counts * step."""
    build = Builder("convolutions")
    samples, columns = counts.shape
    first = x = Tensor("window", (1, samples, 1, columns), "float32")
    for i, layer in enumerate(head.layers):
        strides, pads = (layer.stride, 1), ((0, 0), (0, 0))
        if layer.filters is not None:
            filters = layer.filters.T[:, :, None, None].astype(np.float32)
            x = build.conv(x, filters, None, strides, pads, groups=x.shape[3], name=f"depthwise {i}")
            matrix, strides = layer.matrix[None], (1, 1)
        else:
            matrix = layer.matrix.reshape(layer.kernel, -1, layer.matrix.shape[1]) / (1.0 if i else step)
        weights = np.ascontiguousarray(matrix.transpose(2, 0, 1)[:, :, None], np.float32)
        x = build.like("RELU", build.conv(x, weights, layer.bias.astype(np.float32), strides, pads, name=f"conv {i}"))
    pooled = build.reduce("MEAN", x, [1, 2], False, "mean over time")
    logits = build.dense(pooled, (factor * head.matrix).T.astype(np.float32), (factor * head.bias).astype(np.float32),
                         "logits")
    return build.graph([first], [logits])
