# SPDX-License-Identifier: MIT
"""Variables become state tensors: VAR_HANDLE, CALL_ONCE, READ_VARIABLE and ASSIGN_VARIABLE."""

from __future__ import annotations

import numpy as np

from ..graph import Graph, GraphError, Node, Tensor
from .fold import fold_constants

_Key = tuple[str, str]


def resolve_variables(graph: Graph) -> Graph:
    """Give READ_VARIABLE a state as its input and ASSIGN_VARIABLE one as its output; drop the handles."""
    calls = [node for node in graph.nodes if node.op == "CALL_ONCE"]
    handles = _handles(graph)
    states: dict[_Key, Tensor] = {}
    for node in graph.nodes:
        if node.op in ("READ_VARIABLE", "ASSIGN_VARIABLE") and not _is_resolved(node):
            key = _key_of(handles, node)
            value = node.outputs[0] if node.op == "READ_VARIABLE" else node.input(1)
            if value is None:
                raise GraphError(f"{node.op} without a value")
            if key not in states:
                states[key] = Tensor(key[1] or value.name, value.shape, value.dtype, value.quantization, is_state=True)
            state = states[key]
            if (state.shape, state.dtype) != (value.shape, value.dtype):
                raise GraphError(f"the variable {state} takes values of another shape or dtype: {value}")
            if node.op == "READ_VARIABLE":
                node.inputs = [state]
            else:
                node.inputs, node.outputs = [value], [state]
    for call in calls:
        _set_initial_values(states, call.attrs["graph"])
    graph.nodes = [node for node in graph.nodes if node.op not in ("VAR_HANDLE", "CALL_ONCE")]
    return graph


def _is_resolved(node: Node) -> bool:
    return any(t is not None and t.is_state for t in [*node.inputs[:1], *node.outputs[:1]])


def _handles(graph: Graph) -> dict[int, _Key]:
    """Return the name of the variable that each resource tensor stands for."""
    found: dict[int, _Key] = {}
    for node in graph.nodes:
        if node.op == "VAR_HANDLE" and node.outputs:
            names = (node.attrs.get(name) or b"" for name in ("container", "shared_name"))
            container, shared = (name.decode(errors="replace") for name in names)
            found[id(node.outputs[0])] = (container, shared)
    return found


def _key_of(handles: dict[int, _Key], node: Node) -> _Key:
    key = handles.get(id(node.input(0)))
    if key is None:
        raise GraphError(f"{node.op} of a variable that no VAR_HANDLE names")
    return key


def _set_initial_values(states: dict[_Key, Tensor], graph: Graph) -> None:
    """Take over what the graph of a CALL_ONCE assigns."""
    handles = _handles(graph)
    for node in fold_constants(graph).nodes:
        if node.op == "VAR_HANDLE":
            continue
        value = node.input(1)
        if node.op != "ASSIGN_VARIABLE" or value is None or value.data is None:
            raise GraphError(f"{node.op} '{node.name}' in the graph that gives variables their initial values; "
                             "only constant ones can run")
        state = states.get(_key_of(handles, node))
        if state is None:  # given a value, never used
            continue
        if (state.shape, state.dtype) != (value.shape, value.dtype):
            raise GraphError(f"the initial value {value} of the variable {state}")
        state.initial = value.data if np.any(value.data != state.zero_point) else None
