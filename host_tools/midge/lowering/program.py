# SPDX-License-Identifier: MIT
"""A lowered network: steps that a board runs, over tensors that have no addresses yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..fileformat.opset import Op, ops
from ..graph import Graph, Node, Tensor
from ..limits import check_operators


@dataclass
class Step:
    """One device op with everything but the addresses."""

    op: Op
    name: str
    source: str  # the op of the model that it comes from
    inputs: list[Tensor]
    outputs: list[Tensor]
    params: dict[str, Any]
    constants: dict[str, bytes] = field(default_factory=dict)  # by the name of the *_at field
    scratch: int = 0  # program/packing/scratch.py sets it
    macs: int = 0


@dataclass
class Program:
    """Steps in order of execution, and which tensors are only other names for bytes of another."""

    graph: Graph
    steps: list[Step] = field(default_factory=list)
    aliases: dict[int, tuple[Tensor, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.room = self.graph.room()  # for what steps hold

    def place(self, tensor: Tensor) -> tuple[Tensor, int]:
        """Return the tensor whose bytes this one shares, and at which byte of it this one starts."""
        at = 0
        while id(tensor) in self.aliases:
            tensor, offset = self.aliases[id(tensor)]
            at += offset
        return tensor, at

    def root(self, tensor: Tensor) -> Tensor:
        """Return the tensor whose bytes this one shares."""
        return self.place(tensor)[0]

    def is_input_or_output(self, root: Tensor) -> bool:
        """Tell whether an input or output of the model has bytes of this root."""
        return any(self.root(t) is root for t in [*self.graph.inputs, *self.graph.outputs])

    def alias(self, tensor: Tensor, of: Tensor, at: int = 0) -> None:
        """Let a tensor be another name for the bytes of one, or for some of them from `at` on."""
        self.aliases[id(tensor)] = (of, at)

    def add(
        self,
        node: Node,
        op: str,
        inputs: list[Tensor],
        params: dict[str, Any],
        constants: dict[str, bytes] | None = None,
        macs: int = 0,
        out: Tensor | None = None,
    ) -> None:
        """Append a step for a node. Parameters that are not given are 0. Raises Exceeded.

        out: what the step writes where that is not the node's outputs: a value between two steps of one node, or one
        of several outputs.
        """
        check_operators(len(self.steps))
        self.room.spend(sum(map(len, (constants or {}).values())))
        row, outputs = ops()[op], list(node.outputs) if out is None else [out]
        name = outputs[0].name if outputs else node.op
        defaults: dict[str, Any] = {f.name: [0] * f.count if f.count else 0 for f in row.fields}
        self.steps.append(Step(row, name, node.op, inputs, outputs, defaults | params, constants or {}, 0, macs))
