# SPDX-License-Identifier: MIT
"""Check a graph, after an importer has made it and after each pass that has changed it."""

from __future__ import annotations

from .graph import Graph, GraphError
from .tflite_ops import problem_of


def verify(graph: Graph) -> Graph:
    """Return the graph if it is sound. Raises GraphError, which names and prints the first node that is not.

    Every tensor is written once, before it is read, and every node looks as its op's row in tflite_ops demands.
    """
    written = {id(t) for t in graph.inputs}
    for node in graph.nodes:
        problem = problem_of(node)
        for tensor in node.inputs:
            if tensor is not None and not (tensor.is_constant or tensor.is_state or id(tensor) in written):
                problem = f"reads {tensor}, which nothing has written"
        for tensor in node.outputs:
            if (id(tensor) in written and not tensor.is_state) or tensor.is_constant:
                problem = f"writes {tensor} a second time"
            written.add(id(tensor))
        if problem is not None:
            raise GraphError(f"{node.op} '{node.name}' {problem}: {node}")
    for tensor in graph.outputs:
        if id(tensor) not in written and not tensor.is_constant:
            raise GraphError(f"output {tensor} is never written")
    for tensor in graph.tensors():
        if tensor.data is not None and tuple(tensor.data.shape) != tensor.shape:
            raise GraphError(f"{tensor} holds data of shape {tensor.data.shape}")
    return graph
