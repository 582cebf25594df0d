# SPDX-License-Identifier: MIT
"""Write a graph as a .tflite file, which other tools and `midge convert` read again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...errors import UserError
from ...graph import Graph, Node, Tensor
from ...graph.tflite_ops import SAME, VALID, dilations_of, pool_window, same_pads, strides_of
from .writer import FlatGraph, FlatOperator, FlatTensor, model_bytes, option_fields


def tflite_bytes(graph: Graph, title: str) -> bytes:
    """Return a graph as the bytes of a .tflite file. Raises UserError for what the format has no words for."""
    names = dict(_names(graph))
    try:
        operators = [
            FlatOperator(node.op, [None if t is None else names[id(t)] for t in node.inputs],
                         [names[id(t)] for t in node.outputs], _options(node.op, _with_padding(node)))
            for node in graph.nodes
        ]
        tensors = [_flat(tensor, names[id(tensor)]) for tensor in graph.tensors()]
        return model_bytes(FlatGraph(tensors, operators, [names[id(t)] for t in graph.inputs],
                                     [names[id(t)] for t in graph.outputs], graph.name))
    except ValueError as error:
        raise UserError(f"{title}: cannot be written as .tflite ({error}); write a .midge file") from error


def _names(graph: Graph) -> Iterator[tuple[int, str]]:
    """Yield the id of each tensor and a name that no other one has."""
    taken: set[str] = set()
    for tensor in graph.tensors():
        name, count = tensor.name, 1
        while name in taken:
            name, count = f"{tensor.name}_{count}", count + 1
        taken.add(name)
        yield id(tensor), name


def _with_padding(node: Node) -> dict[str, object]:
    """Return a node's attributes, with padding in the format's words where a pass has set it. Raises ValueError."""
    attrs = dict(node.attrs)
    pads = attrs.pop("explicit_padding", None)
    if pads is None:
        return attrs
    image, weights, out = node.inputs[0], node.input(1), node.outputs[0]
    assert image is not None
    kernel = weights.shape[1:3] if weights is not None else pool_window(node)
    windows = list(zip(image.shape[1:3], kernel, strides_of(node), dilations_of(node), strict=True))
    if tuple(pads) == tuple(same_pads(*w)[0] for w in windows) and out.shape[1:3] == tuple(
            -(-size // stride) for size, _, stride, _ in windows):
        return attrs | {"padding": SAME}
    if not any(pads) and out.shape[1:3] == tuple(
            (size - (taps - 1) * apart - 1) // stride + 1 for size, taps, stride, apart in windows):
        return attrs | {"padding": VALID}
    raise ValueError(f"padding of {tuple(pads)} before {node.op}")


def _options(op: str, attrs: dict[str, object]) -> dict[str, object]:
    known = [] if op.startswith("CUSTOM:") else option_fields(op)
    strange = [name for name in attrs if name not in known and not op.startswith("CUSTOM:")]
    if strange:
        raise ValueError(f"{op} with {strange[0]}")
    return {name: int(value) if isinstance(value, int) else value for name, value in attrs.items()}


def _flat(tensor: Tensor, name: str) -> FlatTensor:
    q = tensor.quantization
    data = None if tensor.data is None else np.ascontiguousarray(tensor.data).reshape(tensor.shape)
    return FlatTensor(name, tensor.shape, tensor.dtype, data, None if q is None else q.scale,
                      0 if q is None else q.zero_point, 0 if q is None else q.axis, tensor.is_state,
                      tensor.signature if -1 in tensor.signature else None)
