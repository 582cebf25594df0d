# SPDX-License-Identifier: MIT
"""A slice that is a part of a concatenation is that part: the last state of a whole sequence needs no others."""

from __future__ import annotations

from collections import Counter
from math import prod

import numpy as np

from ..graph import NONSENSE, Graph, Node, Tensor, Unsupported
from ..graph.tflite_ops import required
from .origins import RESHAPES, picked

_MOST = 1 << 20  # elements of what is cut


def read_parts(graph: Graph) -> Graph:
    """Read the only part of a concatenation that is read where it was made; the rest is dropped later."""
    reads = Counter(id(t) for t in [*graph.outputs, *(t for node in graph.nodes for t in node.inputs)])
    # A whole that others read as well has to be there anyway: its part costs nothing.
    makers = {id(t): node for node in graph.nodes for t in node.outputs if reads[id(t)] == 1}
    for node in graph.nodes:
        if node.op not in ("SLICE", "STRIDED_SLICE", "GATHER") or node.input(0) is None:
            continue
        try:
            part = _part_of(node, makers)
        except (*NONSENSE, Unsupported):
            continue  # the lowering will say what is wrong with this node
        if part is not None:
            shape = np.array(node.outputs[0].shape, np.int32)
            axes = Tensor(f"{node.name}/shape", shape.shape, "int32", None, shape)
            node.op, node.inputs, node.attrs = "RESHAPE", [part, axes], {}
    return graph


def _part_of(node: Node, makers: dict[int, Node]) -> Tensor | None:
    """Return the part of a concatenation that a node reads, None where it reads another stretch, or none."""
    whole, out = required(node, 0), node.outputs[0]
    if whole.elements > _MOST or not out.elements:
        return None
    maker = makers.get(id(whole))
    source = whole
    while maker is not None and maker.op in RESHAPES:
        source = required(maker, 0)
        maker = makers.get(id(source))
    if maker is None or maker.op != "CONCATENATION" or maker.attrs.get("fused_activation_function", 0):
        return None
    axis = maker.attrs["axis"] % len(source.shape)
    cut = picked(node, np.arange(whole.elements).reshape(whole.shape)).reshape(-1)
    if prod(source.shape[:axis]) != 1 or np.any(np.diff(cut) != 1):
        return None
    at = 0
    for part in maker.inputs:
        if part is not None and at == cut[0] and part.elements == len(cut) == out.elements:
            alike = (part.dtype, part.scale, part.zero_point) == (out.dtype, out.scale, out.zero_point)
            return part if alike else None
        at += part.elements if part is not None else 0
    return None
