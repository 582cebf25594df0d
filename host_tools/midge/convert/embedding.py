# SPDX-License-Identifier: MIT
"""Cut a network at an inner tensor: what a board's Learner is taught on (midge.Learner)."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.binding import LEARNS_AT_MOST
from ..errors import UserError
from ..graph import Graph
from .cut import before_last, choice, named


def embedding_of(graph: Graph, layer: str, labels: Sequence[str], title: str) -> Graph:
    """Return a copy of a graph that ends at a layer's output, and has no labels.

    layer: a layer's name, or the unambiguous end of one; "" for what the last layer that has weights takes.
    Raises UserError where there is no such layer, where its output is not of at most 64 values, and for labels.
    """
    if labels:
        raise UserError(f"{title}: an embedding has no classes; leave out --labels")
    graph = graph.copy()
    options = f"--embedding takes {_choice(graph)}"
    tensor = named(graph, layer, title, options) if layer else before_last(graph, title, options)
    if tensor.elements > LEARNS_AT_MOST:
        raise UserError(f"{title}: '{tensor.name}' has {tensor.elements} values, a learner takes {LEARNS_AT_MOST}; "
                        f"{options}")
    graph.outputs, graph.labels = [tensor], []
    return graph


def _choice(graph: Graph) -> str:
    """Return the layers that may be chosen, the latest first."""
    names = choice(graph, lambda t: t.elements <= LEARNS_AT_MOST)
    return f"a layer of at most {LEARNS_AT_MOST} values: {names}" if names else "none of this model's layers"
