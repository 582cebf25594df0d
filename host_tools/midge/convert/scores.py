# SPDX-License-Identifier: MIT
"""What a classifier's scores are: shares of one, which thresholds and smoothing on boards expect, or logits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import UserError
from ..graph.graph import Graph, Node, Quantization, Tensor

# What hands values on, and what ends in sums of products, without bounds.
_HANDS_ON = {"RESHAPE", "SQUEEZE", "QUANTIZE", "DEQUANTIZE"}
_SUMS = {"FULLY_CONNECTED", "CONV_2D", "BATCH_MATMUL", "ADD"}
# TFLite's quantisation specification: what SOFTMAX gives.
_SHARES = {"int8": (1 / 256, -128), "uint8": (1 / 256, 0), "int16": (1 / 32768, 0)}


def gives_logits(graph: Graph) -> bool:
    """Tell whether the first output has several scores straight from a layer of weights, as PyTorch's models do."""
    scores = graph.outputs[0]
    node = graph.producer(scores)
    while node is not None and node.op in _HANDS_ON and node.inputs[0] is not None:
        node = graph.producer(node.inputs[0])
    return scores.elements > 1 and node is not None and node.op in _SUMS


def add_softmax(graph: Graph, title: str) -> Graph:
    """Append a SOFTMAX to the first output; return the graph. Raises UserError where its scores take none."""
    logits = graph.outputs[0]
    if not logits.shape or logits.shape[-1] < 2:
        raise UserError(f"{title}: one score has no softmax; --softmax wants a classifier's scores")
    if not gives_logits(graph):
        node = graph.producer(logits)
        raise UserError(f"{title}: its scores come from {node.op if node else 'an input'}, not from a layer of "
                        "weights; leave --softmax out")
    quantization = None
    if logits.dtype != "float32":
        if logits.dtype not in _SHARES:
            raise UserError(f"{title}: scores are {logits.dtype}, wanted float32, {', '.join(_SHARES)} for --softmax")
        scale, zero_point = _SHARES[logits.dtype]
        quantization = Quantization(np.array([scale], np.float32), np.array([zero_point], np.int64))
    shares = Tensor(f"{logits.name}/softmax", logits.shape, logits.dtype, quantization, signature=logits.signature)
    graph.nodes.append(Node("SOFTMAX", [logits], [shares], {"beta": 1.0}))
    graph.outputs[0] = shares
    return graph


def doubts_on_scores(graph: Graph, labels: Sequence[str], of_folders: bool = False) -> list[str]:
    """Return what is doubtful about a classifier's scores and their names."""
    doubts = []
    if of_folders:
        doubts.append(f"labels are the names of the folders, in alphabetical order: {', '.join(labels)}; if the scores "
                      "have another order, give it with --labels")
    if labels and gives_logits(graph):
        doubts.append("the scores are logits, of any size: thresholds and smoothing on the board expect shares of 1; "
                      "--softmax makes them")
    return doubts
