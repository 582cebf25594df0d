# SPDX-License-Identifier: MIT
"""The steps of an LSTM that a graph writes out one by one become the one op that runs them all.

Loops of .tflite files, layers with unroll=True, and cells that a program calls in a row are all such graphs, once their
loops are unrolled. Also here: the list that a loop writes its results to, entry by entry, is put together once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from ..graph import Graph, Node, Tensor
from ..graph.builder import Builder
from ..graph.tflite_ops import activation_of
from ..importers.recurrent_cells import whole_lstm
from .origins import RESHAPES, Origins
from .prune import drop_unused

_CHOSEN = ("SLICE", "STRIDED_SLICE", "GATHER")
_LIST = (*_CHOSEN, *RESHAPES, "CONCATENATION")


@dataclass
class _Cell:
    """One step. Of h and c, None stands for zeros; gates: which columns are those of i, f, c and o."""

    nodes: list[Node]
    hidden: Tensor
    state: Tensor
    x: Tensor
    weights: np.ndarray
    recurrent: np.ndarray | None
    bias: np.ndarray
    gates: list[int]
    h: Tensor | None
    c: Tensor | None

    def follows(self, other: _Cell) -> bool:
        """Tell whether it is the same layer's next step."""
        return (self.h is other.hidden and self.c is other.state and self.x.shape == other.x.shape
                and self.gates == other.gates and self.recurrent is not None
                and all(a is b or np.array_equal(a, b) for a, b in (
                    (self.weights, other.weights), (self.bias, other.bias),
                    (self.recurrent, other.recurrent if other.recurrent is not None else self.recurrent))))


def join_steps(graph: Graph) -> Graph:
    """Join the steps of every LSTM that starts from zeros, and the entries of lists."""
    tried: set[int] = set()
    while True:
        origins = Origins(graph)
        chain = next((c for c in _chains(graph, origins) if id(c[0].hidden) not in tried), None)
        if chain is None:
            return _whole_lists(graph, origins)
        tried.add(id(chain[0].hidden))
        _join(graph, origins, chain)


def _chains(graph: Graph, origins: Origins) -> Iterator[list[_Cell]]:
    """Yield the cells of each layer in the order of its steps, where there are two at least."""
    chains: dict[int, list[_Cell]] = {}  # by the last one's state
    found: list[list[_Cell]] = []
    for node in graph.nodes:
        cell = _cell_of(node, origins) if node.op == "MUL" else None
        if cell is None:
            continue
        chain = chains.get(id(cell.c))
        if chain is not None and cell.follows(chain[-1]):
            chains[id(cell.state)] = [*chain, cell]
            found[found.index(chain)] = chains[id(cell.state)]
        elif cell.c is None and cell.h is None:
            chains[id(cell.state)] = [cell]
            found.append(chains[id(cell.state)])
    return (chain for chain in found if len(chain) > 1)


def _pairs(node: Node | None, op: str) -> list[tuple[Tensor, Tensor]]:
    """Return the operands of a float op without an activation in both orders; none for another op."""
    if node is None or node.op != op or node.outputs[0].dtype != "float32" or activation_of(node):
        return []
    a, b = node.inputs
    return [] if a is None or b is None else [(a, b), (b, a)]


class _Matcher:
    """What the parts of a cell are made from, and the nodes that were gone through."""

    def __init__(self, origins: Origins) -> None:
        self.origins = origins
        self.nodes: list[Node] = []

    def maker(self, tensor: Tensor) -> Node | None:
        return self.origins.makers.get(id(tensor))

    def through(self, tensor: Tensor, op: str) -> tuple[Tensor, np.ndarray] | None:
        """Return what a function of single elements was taken of, and which elements of it."""
        outer = self.origins.source(tensor)
        node = self.maker(outer[0]) if outer is not None else None
        if outer is None or node is None or node.op != op or node.inputs[0] is None:
            return None
        inner = self.origins.source(node.inputs[0])
        self.nodes.append(node)
        return None if inner is None else (inner[0], inner[1][outer[1]])

    def gate(self, tensor: Tensor, op: str) -> tuple[Tensor, int] | None:
        """Return the sum that a gate was cut from, and which fourth of its columns it is."""
        found = self.through(tensor, op)
        if found is None:
            return None
        total, places = found
        units = tensor.shape[-1] if tensor.shape else 0
        if units == 0 or total.shape[-1:] != (4 * units,) or total.elements != 4 * tensor.elements:
            return None
        columns = np.arange(total.elements).reshape(-1, 4, units)
        which = [k for k in range(4) if np.array_equal(columns[:, k].reshape(-1), places)]
        return (total, which[0]) if which else None


def _cell_of(node: Node, origins: Origins) -> _Cell | None:
    """Return the step whose hidden state a product is: o tanh(c'), c' = f c + i g."""
    for left, right in _pairs(node, "MUL"):
        match = _Matcher(origins)
        match.nodes.append(node)
        o, inner = match.gate(left, "LOGISTIC"), match.through(right, "TANH")
        if o is None or inner is None or not np.array_equal(inner[1], np.arange(inner[0].elements)):
            continue
        total, state = o[0], inner[0]
        maker = match.maker(state)
        for kept, new in _pairs(maker, "ADD"):
            old, fresh = _kept(match, kept, total), _new(match, new, total)
            if maker is None or old is None or fresh is None:
                continue
            match.nodes.append(maker)
            gates = [fresh[0], old[0], fresh[1], o[1]]
            return _with_weights(match, node.outputs[0], state, total, gates, old[1])
    return None


def _kept(match: _Matcher, kept: Tensor, total: Tensor) -> tuple[int, Tensor | None] | None:
    """Return the column of f, and c, of f c."""
    node = match.maker(kept)
    for a, b in _pairs(node, "MUL"):
        f = match.gate(a, "LOGISTIC")
        if node is not None and f is not None and f[0] is total:
            match.nodes.append(node)
            return f[1], None if _is_zero(b) else _same(match.origins, b)
    return None


def _new(match: _Matcher, new: Tensor, total: Tensor) -> tuple[int, int] | None:
    """Return the columns of i and g of i g."""
    for a, b in _pairs(match.maker(new), "MUL"):
        i, g = match.gate(a, "LOGISTIC"), match.gate(b, "TANH")
        if i is not None and g is not None and i[0] is total and g[0] is total:
            return i[1], g[1]
    return None


def _is_zero(tensor: Tensor) -> bool:
    return tensor.data is not None and not tensor.data.any()


def _same(origins: Origins, tensor: Tensor) -> Tensor:
    """Return the tensor whose elements these are, in their order, under whatever shape."""
    found = origins.wholes(tensor)
    return found[0] if found is not None and len(found) == 1 else tensor


def _with_weights(
    match: _Matcher, hidden: Tensor, state: Tensor, total: Tensor, gates: list[int], c: Tensor | None
) -> _Cell | None:
    """Return the cell once the sum W x + R h + b has been taken apart."""
    if sorted(gates) != [0, 1, 2, 3]:
        return None
    bias = np.zeros(total.shape[-1], np.float32)
    products: list[tuple[Tensor, np.ndarray]] = []
    for term in _terms(match, total):
        node = match.maker(term)
        if term.data is not None and term.data.size == bias.size:
            bias = bias + term.data.reshape(-1)
            continue
        if node is None or node.op != "FULLY_CONNECTED" or activation_of(node) or term.elements != total.elements:
            return None
        x, matrix, shift = node.inputs[0], node.inputs[1], node.input(2)
        if x is None or matrix is None or matrix.data is None or matrix.dtype != "float32":
            return None
        if shift is not None:
            if shift.data is None or shift.data.size != bias.size:
                return None
            bias = bias + shift.data.reshape(-1)
        products.append((x, matrix.data))
    remembered = [p for p in products if (_is_zero(p[0]) if c is None else _is_of(match, p[0], c))]
    others = [p for p in products if not any(p is r for r in remembered)]
    if len(others) != 1 or len(remembered) > 1 or (c is not None and not remembered):
        return None
    x, weights = others[0]
    h, recurrent = remembered[0] if remembered else (None, None)
    return _Cell(match.nodes, hidden, state, x, weights, recurrent, bias, gates,
                 None if c is None or h is None else _same(match.origins, h), c)


def _is_of(match: _Matcher, x: Tensor, c: Tensor) -> bool:
    """Tell whether x is the hidden state that goes with the state c: o tanh(c)."""
    node = match.maker(_same(match.origins, x))
    return any((found := match.through(b, "TANH")) is not None and found[0] is c for _, b in _pairs(node, "MUL"))


def _terms(match: _Matcher, total: Tensor) -> list[Tensor]:
    """Return what a sum is the sum of."""
    source = _same(match.origins, total)
    pairs = _pairs(match.maker(source), "ADD")
    return [term for part in pairs[0] for term in _terms(match, part)] if pairs else [source]


def _join(graph: Graph, origins: Origins, chain: list[_Cell]) -> None:
    """Put one op into the place of the steps, unless others read what it does not give."""
    inner = {id(node) for cell in chain for node in cell.nodes}
    states = {id(cell.state) for cell in chain[:-1]}
    read_outside = {id(t) for n in graph.nodes if id(n) not in inner for t in n.inputs} | {id(t) for t in graph.outputs}
    first, recurrent = chain[0], chain[1].recurrent
    assert recurrent is not None
    units, rows = recurrent.shape[1], prod(first.x.shape[:-1])
    shapes = first.weights.shape, recurrent.shape, first.x.shape[-1:]
    if states & read_outside or shapes != ((4 * units, first.x.shape[-1]), (4 * units, units), (first.x.shape[-1],)):
        return
    needed = _ancestors(origins, [cell.x for cell in chain])
    if needed & {id(node) for cell in chain for node in cell.nodes}:
        return  # what comes in depends on what went out
    build = Builder(first.hidden.name)
    build.unique(first.hidden.name)
    x = _sequence(build, origins, [cell.x for cell in chain], rows)
    w, r, b = (np.concatenate([np.split(m, 4)[k] for k in first.gates]) for m in (first.weights, recurrent, first.bias))
    hidden, last = whole_lstm(build, x, w, r, b, True, chain[-1].hidden.name)
    at = next(i for i, node in enumerate(graph.nodes) if id(node) in inner)
    late = [node for node in graph.nodes[at:] if id(node) in needed]
    rest = [node for node in graph.nodes[at:] if id(node) not in needed]
    for t, cell in enumerate(chain):
        _hand_over(graph, cell.hidden, build.along(hidden, 0, t, t + 1), build)
    _hand_over(graph, chain[-1].state, last, build)
    graph.nodes = [*graph.nodes[:at], *late, *build.nodes, *rest]
    drop_unused(graph)


def _hand_over(graph: Graph, old: Tensor, new: Tensor, build: Builder) -> None:
    """Let all read the new one, by the old one's name."""
    shaped = build.reshape(new, old.shape)
    if shaped is new:  # the op's own second output, too, is known by the old name where it is one of the graph's
        shaped.name = old.name if graph.is_output(old) else shaped.name
    else:
        shaped.name = old.name
    graph.replace(old, shaped)


def _ancestors(origins: Origins, tensors: list[Tensor]) -> set[int]:
    """Return the ids of the nodes that tensors depend on."""
    found: set[int] = set()
    left = list(tensors)
    while left:
        node = origins.makers.get(id(left.pop()))
        if node is not None and id(node) not in found:
            found.add(id(node))
            left += [t for t in node.inputs if t is not None]
    return found


def _sequence(build: Builder, origins: Origins, rows: list[Tensor], batch: int) -> Tensor:
    """Return the rows of all steps as [steps, batch, features]: what they were cut from, if they are all of it."""
    shape = (len(rows), batch, rows[0].shape[-1])
    numbers = np.concatenate([origins.of(row).reshape(-1) for row in rows])
    whole: Tensor | None = rows[0]
    while whole is not None:
        if whole.elements == prod(shape):
            own = origins.of(whole).reshape(shape)
            if np.array_equal(own.reshape(-1), numbers):
                return build.reshape(whole, shape)
            if np.array_equal(own[::-1].reshape(-1), numbers):
                return build.reverse(build.reshape(whole, shape), 0)
        node = origins.makers.get(id(whole))
        whole = node.inputs[0] if node is not None and node.op in (*RESHAPES, *_CHOSEN, "UNPACK", "TRANSPOSE") else None
    return build.concatenate([build.reshape(row, (1, *shape[1:])) for row in rows], 0)


def _whole_lists(graph: Graph, origins: Origins) -> Graph:
    """Put lists together once: a concatenation of slices of concatenations, of which only the last is read whole."""
    live = {id(t) for t in graph.outputs}
    nodes: list[Node] = []
    for node in reversed(graph.nodes):
        dead = not any(id(t) in live for t in node.outputs)  # it may write a state: what goes is another pass's to say
        made = (None if dead else _whole_list(node, origins)) or [node]
        nodes += reversed(made)
        if dead and node.op in _LIST:
            continue
        live |= {id(t) for n in made for t in n.inputs}
    graph.nodes = nodes[::-1]
    return graph


def _whole_list(node: Node, origins: Origins) -> list[Node] | None:
    """Return the nodes that make the same list of whole entries; None where it is none."""
    makers = [origins.makers.get(id(t)) for t in node.inputs]
    if node.op != "CONCATENATION" or not any(
        maker is not None and maker.op in _CHOSEN
        and (list_ := origins.makers.get(id(maker.inputs[0]))) is not None and list_.op == "CONCATENATION"
        for maker in makers
    ):
        return None
    out, axis = node.outputs[0], node.attrs["axis"] % len(node.outputs[0].shape)
    entries, inner = origins.wholes(out), prod(out.shape[axis + 1:])
    if entries is None or prod(out.shape[:axis]) != 1 or any(t.elements % inner for t in entries):
        return None
    build = Builder(out.name)
    build.unique(out.name)
    parts = [build.reshape(t, (*out.shape[:axis], t.elements // inner, *out.shape[axis + 1:])) for t in entries]
    if len(parts) == 1:
        return [*build.nodes, Node("RESHAPE", [parts[0], build.axes(out.shape)], [out])]
    return [*build.nodes, Node("CONCATENATION", list(parts), [out], {**node.attrs, "axis": axis})]
