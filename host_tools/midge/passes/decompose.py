# SPDX-License-Identifier: MIT
"""Ops that are exactly several simpler ones: grouped and transposed int8 convolutions."""

from __future__ import annotations

import numpy as np

from ..graph import Graph, Node, Quantization, Tensor, Unsupported
from ..graph.tflite_ops import VALID, activation_of, same_pads, strides_of

_DTYPES = ("int8",)  # others have kernels of their own


def decompose(graph: Graph) -> Graph:
    """Replace such nodes; those that do not fit stay as they are, for the lowering to name."""
    nodes: list[Node] = []
    for node in graph.nodes:
        parts: list[Node] | None = None
        if node.outputs and node.outputs[0].dtype in _DTYPES:
            try:
                if node.op == "TRANSPOSE_CONV":
                    parts = _by_phases(node)
                elif node.op == "CONV_2D":
                    parts = _by_groups(node)
            except (ValueError, LookupError, ArithmeticError, Unsupported):
                parts = None
        nodes += parts if parts is not None else [node]
    graph.nodes = nodes
    return graph


def _by_groups(node: Node) -> list[Node] | None:
    """Return a convolution for each group of channels; a group for each channel is a depthwise convolution."""
    source, weights, bias, out = node.input(0), node.input(1), node.input(2), node.outputs[0]
    if source is None or weights is None or weights.data is None or len(source.shape) != 4:
        return None
    groups = source.shape[3] // weights.shape[3] if weights.shape[3] else 0
    if groups < 2 or source.shape[3] != groups * weights.shape[3] or out.shape[3] % groups:
        return None
    filters = out.shape[3] // groups
    if weights.shape[3] == 1:
        data = np.ascontiguousarray(weights.data.transpose(3, 1, 2, 0))
        q = weights.quantization
        turned = Tensor(weights.name, data.shape, weights.dtype, q and Quantization(q.scale, q.zero_point, 3), data)
        attrs = {**node.attrs, "depth_multiplier": filters}
        attrs.pop("quantized_bias_type", None)  # which this op does not have
        return [Node("DEPTHWISE_CONV_2D", [source, turned, *node.inputs[2:]], [out], attrs)]
    strides = tuple(range(groups))
    axis = Tensor("axis", (), "int32", None, np.array(3, np.int32))
    cuts = [Tensor(f"{node.name}_{g}", (*source.shape[:3], weights.shape[3]), source.dtype, source.quantization)
            for g in strides]
    results = [Tensor(f"{node.name}_out{g}", (*out.shape[:3], filters), out.dtype, out.quantization) for g in strides]
    parts = [Node("SPLIT", [axis, source], list(cuts))]
    for g in strides:
        rows = slice(g * filters, (g + 1) * filters)
        inputs = [cuts[g], _rows(weights, rows), _rows(bias, rows)]
        parts.append(Node("CONV_2D", inputs, [results[g]], dict(node.attrs)))
    return [*parts, Node("CONCATENATION", list(results), [out], {"axis": 3})]


def _rows(tensor: Tensor | None, rows: slice) -> Tensor | None:
    """Return some output channels of weights or of a bias."""
    if tensor is None or tensor.data is None:
        return tensor
    q = tensor.quantization
    if q is not None and q.per_channel:
        q = Quantization(q.scale[rows], q.zero_point[rows], q.axis)
    data = np.ascontiguousarray(tensor.data[rows])
    return Tensor(tensor.name, data.shape, tensor.dtype, q, data)


def _by_phases(node: Node) -> list[Node] | None:
    """Return a transposed convolution as stride_h * stride_w ordinary ones, whose outputs interleave.

    out[y] = sum of w[k] * in[i] over y + pad = i * stride + k: for all y of one residue of y + pad the same taps
    k = residue, residue + stride, ... take part, in falling order.
    """
    weights, source, bias, out = node.input(1), node.input(2), node.input(3), node.outputs[0]
    if source is None or weights is None or weights.data is None or weights.quantization is None:
        return None
    strides = strides_of(node)
    kernel = weights.data.shape[1:3]
    pads = [0, 0] if node.attrs["padding"] == VALID else [
        same_pads(out.shape[i + 1], kernel[i], strides[i])[0] for i in range(2)]
    attrs = {"padding": VALID, "stride_h": 1, "stride_w": 1, "dilation_h_factor": 1, "dilation_w_factor": 1,
             "fused_activation_function": activation_of(node)}
    parts: list[Node] = []
    places: list[tuple[int, int]] = []
    for first in np.ndindex(min(strides[0], out.shape[1]), min(strides[1], out.shape[2])):
        taps, before, counts = [], [], []
        for i in range(2):
            residue = (first[i] + pads[i]) % strides[i]
            phase = list(range(residue, kernel[i], strides[i]))[::-1]
            start = (first[i] + pads[i] - residue) // strides[i] - (len(phase) - 1) if phase else 0
            count = -(-(out.shape[i + 1] - first[i]) // strides[i])
            if start > 0 or start + count - 1 >= source.shape[i + 1]:
                return None
            taps.append(phase)
            before.append(-start)
            counts.append(count)
        if not taps[0] or not taps[1]:  # only the bias comes here
            shape = (weights.shape[0], max(len(taps[0]), 1), max(len(taps[1]), 1), source.shape[3])
            data = np.full(shape, weights.zero_point, weights.data.dtype)
        else:
            data = np.ascontiguousarray(weights.data[:, taps[0]][:, :, taps[1]])
        result = Tensor(f"{node.name}_{first[0]}_{first[1]}", (out.shape[0], *counts, out.shape[3]), out.dtype,
                        out.quantization)
        kernel_part = Tensor(weights.name, data.shape, weights.dtype, weights.quantization, data)
        parts.append(Node("CONV_2D", [source, kernel_part, bias], [result],
                          {**attrs, "explicit_padding": (before[0], before[1])}))
        places.append((int(first[0]), int(first[1])))
    results: list[Tensor | None] = [part.outputs[0] for part in parts]
    return [*parts, Node("INTERLEAVE", results, [out], {"places": places, "strides": strides})]
