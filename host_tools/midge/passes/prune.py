# SPDX-License-Identifier: MIT
"""Remove what has no effect."""

from __future__ import annotations

from ..ir import Graph, Node

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
    """Remove nodes whose outputs nobody reads."""
    while True:
        read = {id(t) for n in graph.nodes for t in n.inputs if t is not None} | {id(t) for t in graph.outputs}
        kept = [n for n in graph.nodes if any(id(t) in read for t in n.outputs) or not n.outputs]
        if len(kept) == len(graph.nodes):
            return graph
        graph.nodes = kept
