# SPDX-License-Identifier: MIT
"""The converter's graph: TFLite-level tensors and nodes, as importers make them and passes rewrite them."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from ..fileformat.opset import dtypes
from ..limits import Room

# Those of boards, and those that only models have.
DTYPE_SIZES = {dtype.name: dtype.size for dtype in dtypes().values()} | {"float16": 2, "float64": 8}


@dataclass
class Quantization:
    """real = scale * (quantised - zero_point), per tensor (one entry) or per channel along `axis`."""

    scale: np.ndarray
    zero_point: np.ndarray
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        """Tell whether there is more than one scale."""
        return len(self.scale) > 1


@dataclass
class Tensor:
    """A value of the graph. `data` is set for constants."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None = None
    data: np.ndarray | None = None
    is_state: bool = False  # keeps its value from one run to the next
    signature: tuple[int, ...] = ()  # the shape with -1 for dimensions that the model leaves open
    is_outside: bool = False  # a picture in the caller's memory
    initial: np.ndarray | None = None  # a state's value after a reset; None for real zeros, its zero point

    @property
    def is_constant(self) -> bool:
        """Tell whether its values are known."""
        return self.data is not None

    @property
    def elements(self) -> int:
        """Return how many elements it has."""
        return prod(self.shape)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.elements * DTYPE_SIZES.get(self.dtype, 0)

    @property
    def scale(self) -> float:
        """Return the per-tensor scale as the float32 that the file held; 0 where not quantised."""
        return float(self.quantization.scale[0]) if self.quantization is not None else 0.0

    @property
    def zero_point(self) -> int:
        """Return the per-tensor zero point; 0 where not quantised."""
        return int(self.quantization.zero_point[0]) if self.quantization is not None else 0

    def __str__(self) -> str:
        return f"{self.name} {self.dtype}[{', '.join(map(str, self.shape))}]"


@dataclass
class Node:
    """An operation. Absent optional inputs are None."""

    op: str
    inputs: list[Tensor | None]
    outputs: list[Tensor]
    attrs: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return what a user knows the layer by: the name of its first output."""
        return self.outputs[0].name if self.outputs else self.op

    def input(self, i: int) -> Tensor | None:
        """Return input i, None where it is absent."""
        return self.inputs[i] if i < len(self.inputs) else None

    def __str__(self) -> str:
        inputs, outputs = (", ".join("none" if t is None else str(t) for t in tensors)
                           for tensors in (self.inputs, self.outputs))
        return f"{self.op}({inputs}) -> {outputs or 'nothing'}"


@dataclass
class Graph:
    """Nodes in an order in which they can run."""

    name: str
    inputs: list[Tensor]
    outputs: list[Tensor]
    nodes: list[Node]
    labels: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # what passes have changed, for the user
    layouts: dict[str, tuple[int, ...]] = field(default_factory=dict)  # the order of axes, where not the source's
    others: np.ndarray | None = None  # int8 [n, values]: outputs for inputs of no class, which learners start from

    def copy(self) -> Graph:
        """Return a graph with tensors, nodes and lists of its own; the arrays of constants are shared."""
        return self.copied()[0]

    def copied(self) -> tuple[Graph, dict[int, Tensor]]:
        """Return a copy, and its tensors by the ids of this graph's."""
        twins = {id(t): replace(t) for t in self.tensors()}

        def twin(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else twins[id(tensor)]

        nodes = [replace(node, inputs=[twin(t) for t in node.inputs], outputs=[twins[id(t)] for t in node.outputs],
                         attrs=deepcopy(node.attrs)) for node in self.nodes]
        graph = Graph(self.name, [twins[id(t)] for t in self.inputs], [twins[id(t)] for t in self.outputs], nodes,
                      list(self.labels), dict(self.metadata), list(self.notes), dict(self.layouts), self.others)
        return graph, twins

    def room(self) -> Room:
        """Return what may be made of the graph's constants."""
        return Room(sum(t.data.nbytes for t in self.tensors() if t.data is not None))

    def tensors(self) -> Iterator[Tensor]:
        """Yield every tensor once."""
        seen: set[int] = set()
        for tensor in [*self.inputs, *(t for n in self.nodes for t in [*n.inputs, *n.outputs]), *self.outputs]:
            if tensor is not None and id(tensor) not in seen:
                seen.add(id(tensor))
                yield tensor

    def consumers(self, tensor: Tensor) -> list[Node]:
        """Return the nodes that read a tensor."""
        return [node for node in self.nodes if any(t is tensor for t in node.inputs)]

    def producer(self, tensor: Tensor) -> Node | None:
        """Return the node that writes a tensor, None for the graph's inputs and constants."""
        return next((node for node in self.nodes if any(t is tensor for t in node.outputs)), None)

    def is_output(self, tensor: Tensor) -> bool:
        """Tell whether a tensor is one of the graph's outputs."""
        return any(t is tensor for t in self.outputs)

    def replace(self, old: Tensor, new: Tensor) -> None:
        """Let every reader of one tensor read another."""
        for node in self.nodes:
            node.inputs = [new if t is old else t for t in node.inputs]
        self.outputs = [new if t is old else t for t in self.outputs]


# What code that reads a node's attributes raises where they make no sense, as only damaged files have them.
NONSENSE = (ArithmeticError, LookupError, ValueError, TypeError)


class Unsupported(Exception):
    """A node that no device op can run; the text says why and what would help."""


class GraphError(Exception):
    """A pass or an importer made a graph that cannot be."""
