# SPDX-License-Identifier: MIT
"""Legacy uint8 models, rewritten to int8: every byte xor 0x80, every zero point minus 128. Exact.

The model's inputs and outputs stay uint8 for its user, with a table in between. Nodes remember where they come from
(`legacy_uint8`), because TFLite rounds some uint8 ops differently: lowerings ask requantization.is_legacy.
"""

from __future__ import annotations

import numpy as np

from ..graph import Graph, Node, Quantization, Tensor

_BETWEEN = {"QUANTIZE", "DEQUANTIZE", "CAST", "CUSTOM:TFLite_Detection_PostProcess"}  # take uint8 as it is
_MOVES = {"RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "STRIDED_SLICE", "SLICE", "SPLIT", "SPLIT_V", "PACK",
          "UNPACK", "GATHER", "GATHER_ND", "TILE", "BROADCAST_TO", "REVERSE_V2", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE",
          "MIRROR_PAD", "RESIZE_NEAREST_NEIGHBOR"}  # take any dtype


def uint8_to_int8(graph: Graph) -> Graph:
    """Rewrite all quantised uint8 tensors, if any op computes with them."""
    if not any(_computes(node) and node.op not in _MOVES for node in graph.nodes):
        return graph
    for i, tensor in enumerate(graph.inputs):
        if _is_legacy(tensor):
            inner = Tensor(tensor.name, tensor.shape, "uint8", tensor.quantization)
            graph.replace(tensor, inner)
            graph.nodes.insert(0, Node("QUANTIZE", [tensor], [inner]))
            graph.outputs = [tensor if t is inner else t for t in graph.outputs]
            graph.inputs[i] = tensor
    for i, tensor in enumerate(graph.outputs):
        if _is_legacy(tensor) and not any(t is tensor for t in graph.inputs):
            outer = Tensor(tensor.name, tensor.shape, "uint8", tensor.quantization)
            graph.nodes.append(Node("QUANTIZE", [tensor], [outer]))
            graph.outputs[i] = outer
    outside = {id(t) for t in [*graph.inputs, *graph.outputs]}
    for node in graph.nodes:
        if _computes(node):
            node.attrs["legacy_uint8"] = True
    for tensor in graph.tensors():
        if _is_legacy(tensor) and id(tensor) not in outside:
            _rewrite(tensor)
    return graph


def _is_legacy(tensor: Tensor | None) -> bool:
    return tensor is not None and tensor.dtype == "uint8" and tensor.quantization is not None


def _computes(node: Node) -> bool:
    return node.op not in _BETWEEN and any(_is_legacy(t) for t in [*node.inputs, *node.outputs])


def _rewrite(tensor: Tensor) -> None:
    assert tensor.quantization is not None
    q = tensor.quantization
    tensor.dtype = "int8"
    tensor.quantization = Quantization(q.scale, q.zero_point - 128, q.axis)
    if tensor.data is not None:
        tensor.data = (tensor.data ^ np.uint8(0x80)).view(np.int8)
