# SPDX-License-Identifier: MIT
"""Work done while converting: values that do not depend on the input, and paddings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..ir import Graph, Node, Tensor
from ..lower import Unsupported
from ..lowerings.linear import SAME, window_padding
from ..lowerings.movement import slice_of
from .arithmetic import ARITHMETIC

Values = list[np.ndarray]


def _shape(node: Node) -> np.ndarray:
    source = node.inputs[0]
    assert source is not None
    return np.array(source.shape)


def _strided_slice(node: Node) -> np.ndarray:
    source = node.inputs[0]
    assert source is not None and source.data is not None
    return source.data[tuple(slice_of(node, source.shape))]


def _dequantize(node: Node) -> np.ndarray:
    """float16 widened, or scale * (q - zero_point) in float32.

    TFLM dequantises with one scale; of several it takes the first, and so does Midge.
    """
    source = node.inputs[0]
    assert source is not None and source.data is not None
    if source.dtype == "float16":
        return source.data
    q = source.quantization
    if q is None or source.dtype not in ("int8", "uint8", "int16", "int32"):
        raise Unsupported(f"{source.dtype} constants without a scale")
    shifted = source.data.astype(np.int64) - q.zero_point[0]
    return np.asarray(shifted.astype(np.float32) * q.scale[0])


# How to work out a node from the values of its inputs. SHAPE needs only the shape.
EVALUATORS: dict[str, Callable[[Node, Values], np.ndarray]] = {
    **ARITHMETIC,
    "SHAPE": lambda node, values: _shape(node),
    "STRIDED_SLICE": lambda node, values: _strided_slice(node),
    "PACK": lambda node, values: np.stack(values, axis=node.attrs["axis"]),
    "RESHAPE": lambda node, values: values[0].reshape(node.outputs[0].shape),
    "SQUEEZE": lambda node, values: values[0].reshape(node.outputs[0].shape),
    "EXPAND_DIMS": lambda node, values: values[0].reshape(node.outputs[0].shape),
    "DEQUANTIZE": lambda node, values: _dequantize(node),
    "CAST": lambda node, values: values[0].astype(node.outputs[0].dtype),
}


def fold_constants(graph: Graph) -> Graph:
    """Work out nodes whose inputs are all known: the shape arithmetic that exporters leave behind."""
    graph.nodes = [node for node in graph.nodes if not fold_node(node)]
    return graph


def fold_node(node: Node) -> bool:
    """Make a node's output a constant where it can be worked out; then the node is needed no more."""
    known = all(t is None or t.is_constant for t in node.inputs)
    evaluate = EVALUATORS.get(node.op)
    if evaluate is None or len(node.outputs) != 1 or not (known or node.op == "SHAPE"):
        return False
    out = node.outputs[0]
    try:
        value = evaluate(node, [t.data for t in node.inputs if t is not None and t.data is not None])
        out.data = np.array(value).astype(out.dtype).reshape(out.shape)
    except (ValueError, TypeError, KeyError, Unsupported):
        return False  # the lowering will say what is wrong with this node
    return True


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
    dilation = (conv.attrs.get("dilation_h_factor", 1), conv.attrs.get("dilation_w_factor", 1))
    if conv.attrs["padding"] == SAME and any(window_padding(conv, padded.shape[1:3], kernel).values()):
        return False
    reach = [(k - 1) * d for k, d in zip(kernel, dilation, strict=True)]
    # What a window hangs over behind needs no parameter: taps outside read the zero point.
    return n == n2 == c == c2 == 0 and top <= reach[0] and left <= reach[1] and _last_window_inside(conv, pad)


def _last_window_inside(conv: Node, pad: Node) -> bool:
    """Whether every window touches the unpadded input, as the kernel demands."""
    source, paddings, out = pad.inputs[0], pad.inputs[1], conv.outputs[0]
    assert source is not None and paddings is not None and paddings.data is not None
    before = paddings.data.reshape(-1, 2)[1:3, 0]
    strides = (conv.attrs["stride_h"], conv.attrs["stride_w"])
    return all(
        (out.shape[i + 1] - 1) * strides[i] - int(before[i]) < source.shape[i + 1] for i in range(2)
    )


def _same_quantization(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and (a.scale, a.zero_point) == (b.scale, b.zero_point)
