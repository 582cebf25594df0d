# SPDX-License-Identifier: MIT
"""Cut a network at an inner tensor: what a board's Learner is taught on (midge.Learner)."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.binding import LEARNS_AT_MOST
from ..errors import UserError
from ..graph import Graph, Node, Tensor

_AFTER = {"SOFTMAX", "LOGISTIC", "LOG_SOFTMAX", "QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE"}  # of a last layer
_LAYERS = {"FULLY_CONNECTED", "CONV_2D"}


def embedding_of(graph: Graph, layer: str, labels: Sequence[str], title: str) -> Graph:
    """Return a copy of a graph that ends at a layer's output, and has no labels.

    layer: a layer's name, or the unambiguous end of one; "" for what the last layer that has weights takes.
    Raises UserError where there is no such layer, where its output is not of at most 64 values, and for labels.
    """
    if labels:
        raise UserError(f"{title}: an embedding has no classes; leave out --labels")
    graph = graph.copy()
    tensor = _named(graph, layer, title) if layer else _before_last(graph, title)
    if tensor.elements > LEARNS_AT_MOST:
        raise UserError(f"{title}: '{tensor.name}' has {tensor.elements} values, a learner takes {LEARNS_AT_MOST}; "
                        f"--embedding takes {_choice(graph)}")
    graph.outputs, graph.labels = [tensor], []
    return graph


def _before_last(graph: Graph, title: str) -> Tensor:
    """Return what the last layer with weights takes, without the classes that it was trained for."""
    made: dict[int, Node] = {id(t): node for node in graph.nodes for t in node.outputs}
    tensor = graph.outputs[0]
    while (node := made.get(id(tensor))) is not None and node.op in _AFTER and node.inputs[0] is not None:
        tensor = node.inputs[0]
    found = node.inputs[0] if node is not None and node.op in _LAYERS else None
    while found is not None and (node := made.get(id(found))) is not None and node.op in _AFTER:
        found = node.inputs[0]
    if found is None or id(found) not in made:
        raise UserError(f"{title}: no layer before the last one was found; --embedding takes {_choice(graph)}")
    return found


def _named(graph: Graph, layer: str, title: str) -> Tensor:
    outputs = [t for node in graph.nodes for t in node.outputs]
    found = [t for t in outputs if t.name == layer] or [t for t in outputs if t.name.endswith(layer)]
    if len(found) != 1:
        raise UserError(f"{title}: {len(found) or 'no'} layers are named '{layer}'; --embedding takes {_choice(graph)}")
    return found[0]


def _choice(graph: Graph) -> str:
    """Return the layers that may be chosen, the latest first."""
    names = [t.name for node in reversed(graph.nodes) for t in node.outputs
             if t.elements <= LEARNS_AT_MOST and not any(t is o for o in graph.outputs)]
    if not names:
        return "none of this model's layers"
    return f"a layer of at most {LEARNS_AT_MOST} values: {', '.join(names[:6])}"
