# SPDX-License-Identifier: MIT
"""Work done while converting: values that do not depend on the input, and paddings."""

from __future__ import annotations

from ..graph import Graph, Node, Tensor
from ..graph.evaluate import fold_node
from ..graph.tflite_ops import SAME, dilations_of, pads_before, strides_of


def fold_constants(graph: Graph) -> Graph:
    """Work out nodes whose inputs are all known: the shape arithmetic that exporters leave. Raises Exceeded."""
    room = graph.room()
    graph.nodes = [node for node in graph.nodes if not fold_node(node, room)]
    return graph


def fold_padding(graph: Graph) -> Graph:
    """Let a convolution pad for itself where a PAD of zeros stands before it."""
    for conv in list(graph.nodes):
        if conv.op not in ("CONV_2D", "DEPTHWISE_CONV_2D") or "explicit_padding" in conv.attrs:
            continue
        padded = conv.input(0)
        pad = graph.producer(padded) if padded is not None else None
        if pad is None or pad.op != "PAD" or len(graph.consumers(pad.outputs[0])) != 1:
            continue
        if graph.is_output(pad.outputs[0]) or not _foldable(conv, pad):
            continue
        paddings = pad.input(1)
        assert paddings is not None and paddings.data is not None
        before = paddings.data.reshape(-1, 2)[1:3, 0]
        conv.attrs["explicit_padding"] = (int(before[0]), int(before[1]))
        conv.inputs[0] = pad.inputs[0]
        graph.nodes = [n for n in graph.nodes if n is not pad]
    return graph


def _foldable(conv: Node, pad: Node) -> bool:
    source, padded, weights, paddings = pad.input(0), pad.outputs[0], conv.input(1), pad.input(1)
    if source is None or weights is None or paddings is None or paddings.data is None:
        return False
    if len(padded.shape) != 4 or len(weights.shape) != 4 or paddings.data.size != 8:
        return False
    if not _same_quantization(source, padded):
        return False
    (n, n2), (top, _), (left, _), (c, c2) = paddings.data.reshape(-1, 2).tolist()
    kernel = (weights.shape[1], weights.shape[2])
    if conv.attrs["padding"] == SAME and any(pads_before(conv, padded.shape[1:3], kernel)):
        return False
    reach = [(k - 1) * d for k, d in zip(kernel, dilations_of(conv), strict=True)]
    # What a window hangs over after the image needs no parameter: taps outside read the zero point.
    return n == n2 == c == c2 == 0 and top <= reach[0] and left <= reach[1] and _last_window_inside(conv, pad)


def _last_window_inside(conv: Node, pad: Node) -> bool:
    """Tell whether every window touches the unpadded input, as the kernel demands."""
    source, paddings, out = pad.inputs[0], pad.inputs[1], conv.outputs[0]
    assert source is not None and paddings is not None and paddings.data is not None
    before = paddings.data.reshape(-1, 2)[1:3, 0]
    strides = strides_of(conv)
    return all(
        (out.shape[i + 1] - 1) * strides[i] - int(before[i]) < source.shape[i + 1] for i in range(2)
    )


def _same_quantization(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and (a.scale, a.zero_point) == (b.scale, b.zero_point)
