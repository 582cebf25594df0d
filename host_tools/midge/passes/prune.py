# SPDX-License-Identifier: MIT
"""Remove what has no effect."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from ..graph import Graph, Node, Tensor

_IDENTITIES = {"DROPOUT", "STOP_GRADIENT", "IDENTITY"}


def drop_identities(graph: Graph) -> Graph:
    """Remove nodes that hand their input on unchanged."""
    for node in list(graph.nodes):
        source = node.inputs[0] if node.inputs else None
        if source is not None and _is_identity(node) and not graph.is_output(node.outputs[0]):
            graph.replace(node.outputs[0], source)
            graph.nodes = [n for n in graph.nodes if n is not node]
    return graph


def _is_identity(node: Node) -> bool:
    if node.op in _IDENTITIES:
        return True
    if node.op == "PAD":
        paddings, source = node.input(1), node.inputs[0]
        return (paddings is not None and paddings.data is not None and not paddings.data.any()
                and source is not None and source.shape == node.outputs[0].shape)
    return False


def drop_unused(graph: Graph) -> Graph:
    """Remove nodes whose outputs are not read."""
    while True:
        read = {id(t) for n in graph.nodes for t in n.inputs if t is not None} | {id(t) for t in graph.outputs}
        kept = [n for n in graph.nodes if any(id(t) in read for t in n.outputs) or not n.outputs]
        for node in kept:
            if node.attrs.get("from_zeros"):  # an LSTM's cell state is seldom read
                node.outputs = [t for i, t in enumerate(node.outputs) if i == 0 or id(t) in read]
        if len(kept) == len(graph.nodes):
            return graph
        graph.nodes = kept


def share_equal(graph: Graph) -> Graph:
    """Let nodes that compute the same from the same share one result: branches that start alike."""
    known: dict[Hashable, list[Node]] = {}
    count = 0
    for node in list(graph.nodes):
        alike = known.setdefault(_kind(node), [])
        twin = next((n for n in alike if _computes_the_same(n, node)), None)
        if twin is None or any(t.is_state for t in [*node.inputs, *node.outputs] if t is not None):
            alike.append(node)
            continue
        for mine, theirs in zip(node.outputs, twin.outputs, strict=True):
            graph.replace(mine, theirs)
        graph.nodes = [n for n in graph.nodes if n is not node]
        count += 1
    if count:
        graph.notes.append(f"{count} layers that repeat another left out")
    return graph


def _kind(node: Node) -> Hashable:
    """Return what nodes that compute the same have in common, as far as it is quickly told."""
    inputs = tuple(id(t) if t is None or t.data is None else t.shape for t in node.inputs)
    scales = tuple(None if t.quantization is None else tuple(t.quantization.scale.flat) for t in node.outputs)
    return node.op, inputs, scales, tuple(t.shape for t in node.outputs)


def _computes_the_same(a: Node, b: Node) -> bool:
    if a.attrs != b.attrs or len(a.inputs) != len(b.inputs) or len(a.outputs) != len(b.outputs):
        return False
    alike = all(x is y or _equal(x, y) for x, y in zip(a.inputs, b.inputs, strict=True))
    return alike and all(_same_units(x, y) for x, y in zip(a.outputs, b.outputs, strict=True))


def _equal(a: Tensor | None, b: Tensor | None) -> bool:
    """Tell whether two constants are equal, with their units."""
    if a is None or b is None or a.data is None or b.data is None:
        return False
    return _same_units(a, b) and a.data.tobytes() == b.data.tobytes()


def _same_units(a: Tensor, b: Tensor) -> bool:
    qa, qb = a.quantization, b.quantization
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return False
    if qa is None or qb is None:
        return qa is qb
    return qa.axis == qb.axis and np.array_equal(qa.scale, qb.scale) and np.array_equal(qa.zero_point, qb.zero_point)
