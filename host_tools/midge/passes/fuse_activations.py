# SPDX-License-Identifier: MIT
"""Activations that exporters write out in single steps: GELU with erf, and hard swish."""

from __future__ import annotations

from math import isclose, sqrt

from ..graph import Graph, Node, Tensor
from ..graph.tflite_ops import activation_of

_Made = dict[int, Node]


def fuse_activations(graph: Graph) -> Graph:
    """Replace x times a gate of x by one op; what is not read any more goes with a later pass.

    GELU: x * (erf(x / sqrt(2)) + 1) / 2. HARD_SWISH: x * relu6(x + 3) / 6, or x * clip(x / 6 + 1/2, 0, 1).
    """
    made = {id(t): n for n in graph.nodes for t in n.outputs}
    for node in graph.nodes:
        if node.op not in ("MUL", "DIV") or node.outputs[0].dtype != "float32":
            continue
        found = _gated(made, node.outputs[0])
        if found is not None and not activation_of(node):
            node.op, x = found
            node.inputs, node.attrs = [x], {"approximate": False} if node.op == "GELU" else {}
    return graph


def _gated(made: _Made, out: Tensor) -> tuple[str, Tensor] | None:
    factor, core = _scaled(made, out)
    product = made.get(id(core))
    if product is None or product.op != "MUL" or None in product.inputs:
        return None
    a, b = product.inputs
    for left, right in ((a, b), (b, a)):
        assert left is not None and right is not None
        more, gate = _scaled(made, right)
        for each, x in ((1.0, left), _scaled(made, left)):
            op = _gate(made, gate, x, factor * more * each)
            if op:
                return op, x
    return None


def _gate(made: _Made, gate: Tensor, x: Tensor, factor: float) -> str:
    node = made.get(id(gate))
    source = node.input(0) if node is not None else None
    if node is None or source is None:
        return ""
    if node.op == "RELU6" and isclose(factor, 1 / 6, rel_tol=1e-4):
        return "HARD_SWISH" if _line(made, source, x, 1, 3) else ""
    if node.op == "RELU_0_TO_1" and isclose(factor, 1, rel_tol=1e-4):
        return "HARD_SWISH" if _line(made, source, x, 1 / 6, 0.5) else ""
    if node.op == "ADD" and isclose(factor, 0.5, rel_tol=1e-4):
        shift, inner = _shifted(made, gate)
        erf = made.get(id(inner))
        if erf is not None and erf.op == "ERF" and shift == 1 and erf.inputs[0] is not None:
            return "GELU" if _line(made, erf.inputs[0], x, 1 / sqrt(2), 0) else ""
    return ""


def _line(made: _Made, t: Tensor, x: Tensor, factor: float, shift: float) -> bool:
    """Tell whether t is factor * x + shift."""
    found_shift, inner = _shifted(made, t)
    found_factor, source = (1.0, inner) if inner is x else _scaled(made, inner)
    return source is x and isclose(found_factor, factor, rel_tol=1e-4) and isclose(found_shift, shift, rel_tol=1e-4)


def _scaled(made: _Made, t: Tensor) -> tuple[float, Tensor]:
    """Return the factor of one multiplication or division by a number, and what it multiplies."""
    node, number, other = _with_number(made, t, ("MUL", "DIV"))
    if node is None or number == 0 or (node.op == "DIV" and other is not node.inputs[0]):
        return 1.0, t
    return (number if node.op == "MUL" else 1 / number), other


def _shifted(made: _Made, t: Tensor) -> tuple[float, Tensor]:
    node, number, other = _with_number(made, t, ("ADD",))
    return (0.0, t) if node is None else (number, other)


def _with_number(made: _Made, t: Tensor, ops: tuple[str, ...]) -> tuple[Node | None, float, Tensor]:
    node = made.get(id(t))
    if node is None or node.op not in ops or activation_of(node):
        return None, 0.0, t
    a, b = node.inputs
    for constant, other in ((b, a), (a, b)):
        if constant is not None and constant.data is not None and constant.data.size == 1 and other is not None:
            return (node, float(constant.data.reshape(-1)[0]), other) if other.shape == t.shape else (None, 0.0, t)
    return None, 0.0, t
