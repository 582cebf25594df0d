# SPDX-License-Identifier: MIT
"""Graphs that a graph calls: composites put in their place, choices and loops where their course is known.

A STABLEHLO_COMPOSITE is a name for the graph that does the same. An IF whose condition is a constant is
one of its two graphs; a WHILE whose condition depends on constants alone is its body, so many times.
"""

from __future__ import annotations

from collections.abc import Callable

from ...errors import UserError
from ...graph import Graph, Node, Tensor
from ...graph.evaluate import fold_node
from ...graph.shapes import close_known
from ...limits import Room

Read = Callable[[int], Graph]  # a graph of the file by its index, made anew for each call

DEEPEST, MOST_TURNS, MOST_NODES = 8, 256, 10_000


class Inliner:
    """Puts the graphs of one file into the place of their calls."""

    def __init__(self, read: Read, title: str, room: Room):
        self.read, self.title, self.room = read, title, room
        self.nodes = 0

    def inline(self, graph: Graph, depth: int = 0) -> None:
        """Replace every call that can be, in place; others stay, for the lowering to refuse by name."""
        if depth > DEEPEST:
            raise UserError(f"{self.title}: its graphs call one another in a circle; export it again")
        kept: list[Node] = []
        while graph.nodes:
            node = graph.nodes.pop(0)
            done = self._call(node, depth)
            if done is None:
                kept.append(node)
                continue
            nodes, results = done
            kept += nodes
            self.nodes += len(nodes)
            if self.nodes > MOST_NODES:
                raise UserError(f"{self.title}: more than {MOST_NODES} operators in the graphs that it calls")
            for old, new in zip(node.outputs, results, strict=True):
                if any(new is t for n in nodes for t in n.outputs):
                    new.name = old.name  # what a user knows it by
                graph.replace(old, new)
        graph.nodes = kept

    def _call(self, node: Node, depth: int) -> tuple[list[Node], list[Tensor]] | None:
        a = node.attrs
        if node.op == "STABLEHLO_COMPOSITE" and "decomposition_subgraph_index" in a:
            return self._body(a["decomposition_subgraph_index"], node, node.inputs, depth)
        if node.op == "IF":
            condition = node.inputs[0] if node.inputs else None
            if condition is not None and condition.data is not None and condition.data.size == 1:
                index = a["then_subgraph_index" if condition.data.item() else "else_subgraph_index"]
                return self._body(index, node, node.inputs[1:], depth)
        if node.op == "WHILE" and {"cond_subgraph_index", "body_subgraph_index"} <= a.keys():
            return self._loop(node, depth)
        return None

    def _loop(self, node: Node, depth: int) -> tuple[list[Node], list[Tensor]] | None:
        nodes: list[Node] = []
        values = list(node.inputs)
        for _ in range(MOST_TURNS):
            left, (condition, *_) = self._body(node.attrs["cond_subgraph_index"], None, values, depth)
            if condition.data is None or condition.data.size != 1:
                return None
            if not condition.data.item():
                known = [t for t in values if t is not None]
                return (nodes, known) if len(known) == len(values) == len(node.outputs) else None
            left, results = self._body(node.attrs["body_subgraph_index"], node, values, depth)
            nodes += left
            values = [*results]
        return None

    def _body(
        self, index: int, call: Node | None, inputs: list[Tensor | None], depth: int
    ) -> tuple[list[Node], list[Tensor]]:
        """Return the nodes of a graph over a call's inputs, without those that are constant, and its results."""
        body = self.read(index)
        what = f"{self.title}: graph {index}"
        if len(body.inputs) != len(inputs) or (call is not None and len(body.outputs) != len(call.outputs)):
            raise UserError(f"{what} has {len(body.inputs)} inputs and {len(body.outputs)} outputs, its call others; "
                            "export it again")
        if not body.outputs:
            raise UserError(f"{what} has no outputs; export it again")
        for formal, actual in zip(body.inputs, inputs, strict=True):
            if actual is None:
                raise UserError(f"{what} is called without its input '{formal.name}'; export it again")
            body.replace(formal, actual)
        self.inline(body, depth + 1)
        left = []
        for node in body.nodes:
            close_known(node, what)
            if not fold_node(node, self.room):
                left.append(node)
        return left, body.outputs
