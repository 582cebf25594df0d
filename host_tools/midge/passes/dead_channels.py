# SPDX-License-Identifier: MIT
"""Remove dead channels: those that never change, and those that every reader multiplies by zero.

Pruned and over-regularised networks have many. A channel of a convolution whose weights are all zero is constant; what
it adds to the layers after it is a constant as well and goes into their biases, exactly in integers.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..graph import Graph, Node, Quantization, Tensor, Unsupported
from ..graph import fixedpoint as fp
from ..graph.requantization import activation_range, is_legacy, multipliers, symmetric_weights
from ..graph.tflite_ops import dilations_of, pads_before, strides_of

Constants = dict[int, int]  # channel -> its value

_MOST_CHANNELS = 65535  # more cannot run; damaged files claim billions
_DENSE = ("CONV_2D", "FULLY_CONNECTED")
_POOLS = ("MAX_POOL_2D", "AVERAGE_POOL_2D")
_RESHAPES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


def drop_dead_channels(graph: Graph) -> Graph:
    """Remove constant and unread channels between convolutions, pools and fully connected layers."""
    nodes = [n for n in graph.nodes if _understood(n)]
    known = {id(n) for n in nodes}
    constants: dict[int, Constants] = {}
    for node in nodes:
        constants[id(node.outputs[0])] = _constant_channels(node, constants)
    unread: dict[int, set[int]] = {}
    for node in reversed(nodes):
        source = node.inputs[0]
        assert source is not None
        readers = graph.consumers(source)
        if len(readers) == 1 and not graph.is_output(source):
            unread[id(source)] = _unread_channels(node, constants, unread)
    dropped: dict[int, set[int]] = {}
    count = 0
    for node in nodes:
        out = node.outputs[0]
        drop = _droppable(node, unread.get(id(out), set()), dropped)
        readers = graph.consumers(out)
        if not drop or len(readers) != 1 or id(readers[0]) not in known:
            drop = set()
        if len(drop) == out.shape[-1]:
            drop = drop - {min(drop)}  # a layer keeps one channel
            if node.op not in _DENSE:
                drop = set()
        dropped[id(out)] = drop
    _keep_whole_chains(nodes, dropped)
    for node in nodes:
        count += _apply(node, constants, dropped)
    for node in nodes:
        _shrink(node.outputs[0], dropped)
    if count:
        graph.notes.append(f"{count} channels that never change left out")
    return graph


def _understood(node: Node) -> bool:
    """Tell whether a node is one that channels can be followed through."""
    source, out = node.input(0), node.outputs[0] if node.outputs else None
    if source is None or out is None or source.is_constant or {source.dtype, out.dtype} != {"int8"}:
        return False
    if not source.shape or not out.shape or source.quantization is None or out.quantization is None:
        return False
    if max(source.shape[-1], out.shape[-1]) > _MOST_CHANNELS:
        return False
    if node.op in _RESHAPES:
        return _features_per_channel(node) > 0
    if node.op in _POOLS:
        return len(source.shape) == len(out.shape) == 4
    if node.op not in (*_DENSE, "DEPTHWISE_CONV_2D") or len(node.outputs) != 1:
        return False
    weights, bias = node.input(1), node.input(2)
    if weights is None or weights.data is None or (bias is not None and bias.data is None):
        return False
    try:
        if is_legacy(node):
            return False
        symmetric_weights(node)
        multipliers(node, out.shape[-1], node.op == "FULLY_CONNECTED")
        activation_range(node)
    except (Unsupported, ValueError, LookupError):
        return False
    if node.op == "DEPTHWISE_CONV_2D":
        return len(weights.shape) == 4 and weights.shape[3] % source.shape[-1] == 0
    return weights.shape[-1] == source.shape[-1] and weights.shape[0] == out.shape[-1]


def _features_per_channel(node: Node) -> int:
    """Return how many entries of a reshape's last axis a channel becomes; 0 where channels do not stay together."""
    source, out = node.inputs[0], node.outputs[0]
    assert source is not None
    pixels = source.elements // max(source.shape[-1], 1)
    if out.shape[-1] == source.shape[-1]:
        return 1
    return pixels if out.shape[-1] == out.elements == source.elements else 0


def _by_channel(node: Node) -> np.ndarray:
    """Return weights as int64 [out channels, taps, in channels]; depthwise [out channels, taps, 1]."""
    weights = symmetric_weights(node).astype(np.int64)
    if node.op == "DEPTHWISE_CONV_2D":
        return weights.reshape(-1, weights.shape[3]).T[:, :, None]
    return weights.reshape(weights.shape[0], -1, weights.shape[-1])


def _bias(node: Node) -> np.ndarray:
    tensor = node.input(2)
    if tensor is None or tensor.data is None:
        return np.zeros(node.outputs[0].shape[-1], np.int64)
    return tensor.data.reshape(-1).astype(np.int64)


def _hangs_over(node: Node) -> bool:
    """Tell whether windows reach beyond the input, where they read its zero point."""
    source, weights = node.inputs[0], node.inputs[1]
    assert source is not None and weights is not None
    if node.op == "FULLY_CONNECTED":
        return False
    kernel = (weights.shape[-3], weights.shape[-2])
    before = pads_before(node, source.shape[1:3], kernel)
    sizes = zip(node.outputs[0].shape[1:3], strides_of(node), kernel, dilations_of(node), strict=True)
    reach = [(out - 1) * stride + (k - 1) * dilation for out, stride, k, dilation in sizes]
    return any(p > 0 for p in before) or any(reach[i] - before[i] >= source.shape[i + 1] for i in range(2))


def _usable(node: Node, constants: dict[int, Constants]) -> Constants:
    """Return the input's constant channels whose contribution is the same at every position."""
    source = node.inputs[0]
    assert source is not None
    found = constants.get(id(source), {})
    if not _hangs_over(node):
        return found
    return {c: v for c, v in found.items() if v == source.zero_point}


def _constant_channels(node: Node, constants: dict[int, Constants]) -> Constants:
    """Return which channels of a node's output never change, and their values."""
    source, out = node.inputs[0], node.outputs[0]
    assert source is not None
    given = constants.get(id(source), {})
    if node.op in _RESHAPES:
        return {image: v for c, v in given.items() for image in _images(node, c)}
    limits = activation_range(node)
    if node.op in _POOLS:
        return {c: fp.clamp(v, limits["act_min"], limits["act_max"]) for c, v in given.items()}
    usable = _usable(node, constants)
    weights, bias = _by_channel(node), _bias(node)
    pairs = multipliers(node, out.shape[-1], node.op == "FULLY_CONNECTED")
    found: Constants = {}
    for c in range(out.shape[-1]):
        if node.op == "DEPTHWISE_CONV_2D":
            inputs: Iterable[int] = [c // (out.shape[-1] // source.shape[-1])]
            sums = weights[c].sum(axis=0)
            live = [k for i, k in enumerate(inputs) if weights[c].any() and k not in usable]
        else:
            inputs = range(source.shape[-1])
            sums = weights[c].sum(axis=0)
            live = [k for k in np.flatnonzero(weights[c].any(axis=0)).tolist() if k not in usable]
        if live:
            continue
        total = int(bias[c]) + sum(
            int(sums[i]) * (usable[k] - source.zero_point) for i, k in enumerate(inputs) if k in usable
        )
        value = fp.requantize(fp.wrap32(total), *pairs[c]) + out.zero_point
        found[c] = fp.clamp(value, limits["act_min"], limits["act_max"])
    return found


def _unread_channels(node: Node, constants: dict[int, Constants], unread: dict[int, set[int]]) -> set[int]:
    """Return which channels of its input a node can do without."""
    source, out = node.inputs[0], node.outputs[0]
    assert source is not None
    channels = source.shape[-1]
    needless = unread.get(id(out), set())
    if node.op == "DEPTHWISE_CONV_2D":
        # A constant output needs no input; but its own channel must go as well.
        needless = needless & set(constants[id(out)])
    if node.op not in _DENSE:
        return {c for c in range(channels) if _images(node, c) <= needless}
    unweighed = set(np.flatnonzero(~_by_channel(node).any(axis=(0, 1))).tolist())
    return set(_usable(node, constants)) | unweighed


def _droppable(node: Node, unread: set[int], dropped: dict[int, set[int]]) -> set[int]:
    """Return which unread channels of its output a node can leave out."""
    source = node.inputs[0]
    assert source is not None
    if node.op in _DENSE:
        return set(unread)
    return {image for c in dropped.get(id(source), set()) for image in _images(node, c)} & unread


def _keep_whole_chains(nodes: list[Node], dropped: dict[int, set[int]]) -> None:
    """Let a channel go from a depthwise layer, pool or reshape exactly where it goes from its input."""
    for node in reversed(nodes):
        if node.op in _DENSE:
            continue
        source, out = node.inputs[0], node.outputs[0]
        assert source is not None
        gone = dropped.get(id(out), set())
        kept = {c for c in dropped.get(id(source), set()) if _images(node, c) <= gone}
        dropped[id(source)] = kept
        dropped[id(out)] = {image for c in kept for image in _images(node, c)}


def _images(node: Node, channel: int) -> set[int]:
    """Return which channels of a depthwise layer's, pool's or reshape's output come from a channel of its input."""
    source, out = node.inputs[0], node.outputs[0]
    assert source is not None
    channels = source.shape[-1]
    copies = out.shape[-1] // channels
    if node.op == "DEPTHWISE_CONV_2D":
        return {channel * copies + i for i in range(copies)}
    return {channel + i * channels for i in range(copies)}


def _apply(node: Node, constants: dict[int, Constants], dropped: dict[int, set[int]]) -> int:
    """Take the channels out of a node's weights, biases and scales. Returns how many of its output went."""
    source, out = node.inputs[0], node.outputs[0]
    assert source is not None
    gone_in, gone_out = dropped.get(id(source), set()), dropped.get(id(out), set())
    if node.op in (*_RESHAPES, *_POOLS) or not (gone_in or gone_out):
        return 0
    weights, bias = node.inputs[1], _bias(node)
    assert weights is not None and weights.data is not None
    keep_out = [c for c in range(out.shape[-1]) if c not in gone_out]
    data = symmetric_weights(node)
    if node.op == "DEPTHWISE_CONV_2D":
        data = data[..., keep_out]
    else:
        sums = _by_channel(node).sum(axis=1)
        for k in gone_in:
            bias = bias + sums[:, k] * (constants[id(source)].get(k, source.zero_point) - source.zero_point)
        keep_in = [k for k in range(source.shape[-1]) if k not in gone_in]
        data = data[keep_out][..., keep_in]
    wrapped = np.array([fp.wrap32(int(b)) for b in bias[keep_out]], np.int32)
    node.inputs = [source, _like(weights, data, keep_out), Tensor(f"{node.name}/bias", wrapped.shape, "int32",
                                                                 data=wrapped)]
    return len(gone_out)


def _like(weights: Tensor, data: np.ndarray, channels: list[int]) -> Tensor:
    quantization = weights.quantization
    assert quantization is not None
    if quantization.per_channel:
        quantization = Quantization(quantization.scale[channels], np.zeros(len(channels), np.int64), quantization.axis)
    else:
        quantization = Quantization(quantization.scale, np.zeros(1, np.int64), quantization.axis)
    return Tensor(weights.name, data.shape, "int8", quantization, np.ascontiguousarray(data))


def _shrink(tensor: Tensor, dropped: dict[int, set[int]]) -> None:
    gone = len(dropped.get(id(tensor), ()))
    if gone:
        tensor.shape = (*tensor.shape[:-1], tensor.shape[-1] - gone)
