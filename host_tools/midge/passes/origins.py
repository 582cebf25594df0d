# SPDX-License-Identifier: MIT
"""Where elements came from that were only moved, by slices, concatenations, transposes and reshapes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

import numpy as np

from ..graph import NONSENSE, Graph, Node, Tensor, Unsupported
from ..graph.tflite_ops import constant, required, slice_of

RESHAPES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
_MOST, _MOST_OF_ALL = 1 << 16, 1 << 22  # elements of a tensor that is followed, and of all together


class Origins:
    """The numbers of elements: those of a tensor that moves made are those of the tensors that they were taken from."""

    def __init__(self, graph: Graph) -> None:
        self.makers = {id(t): node for node in graph.nodes for t in node.outputs}
        self._moved: dict[int, np.ndarray] = {}
        self._first: dict[int, int] = {}  # the number of a source's first element
        self._sources: list[Tensor] = []
        self._next = self._followed = 0
        for node in graph.nodes:
            try:
                self._follow(node)
            except (*NONSENSE, Unsupported):
                continue  # its outputs are sources; the lowering will say what is wrong with this node

    def of(self, tensor: Tensor) -> np.ndarray:
        """Return the number of each element, in the tensor's shape."""
        moved = self._moved.get(id(tensor))
        if moved is not None:
            return moved
        if id(tensor) not in self._first:
            self._first[id(tensor)] = self._next
            self._sources.append(tensor)
            self._next += tensor.elements
        first = self._first[id(tensor)]
        return np.arange(first, first + tensor.elements).reshape(tensor.shape)

    def source(self, tensor: Tensor) -> tuple[Tensor, np.ndarray] | None:
        """Return the one tensor that all elements came from, and which of it, flat; None where there are several."""
        numbers = self.of(tensor).reshape(-1)
        if not numbers.size:
            return None
        source = self._source_of(int(numbers[0]))
        places = numbers - self._first[id(source)]
        return (source, places) if places.min() >= 0 and places.max() < source.elements else None

    def wholes(self, tensor: Tensor) -> list[Tensor] | None:
        """Return the tensors, each of which is there as a whole, one after the other; None where any is not."""
        numbers, found, at = self.of(tensor).reshape(-1), [], 0
        while at < numbers.size:
            source = self._source_of(int(numbers[at]))
            part = numbers[at : at + source.elements]
            if part.size != source.elements or not np.array_equal(part, self.of(source).reshape(-1)):
                return None
            found.append(source)
            at += source.elements
        return found

    def _source_of(self, number: int) -> Tensor:
        return self._sources[bisect_right(self._sources, number, key=lambda t: self._first[id(t)]) - 1]

    def _follow(self, node: Node) -> None:
        size = sum(t.elements for t in node.outputs)
        data = required(node, 1 if node.op == "SPLIT" else 0)
        kind = (data.dtype, data.scale, data.zero_point)
        taken = [t for t in node.inputs if t is not None] if node.op in ("CONCATENATION", "PACK") else [data]
        if node.op not in _MOVES or size > _MOST or self._followed + size > _MOST_OF_ALL or not all(
            (t.dtype, t.scale, t.zero_point) == kind for t in [*taken, *node.outputs]
        ):
            return
        parts = _MOVES[node.op](node, [self.of(t) for t in taken])
        self._moved |= {id(t): part.reshape(t.shape) for t, part in zip(node.outputs, parts, strict=True)}
        self._followed += size


def picked(node: Node, x: np.ndarray) -> np.ndarray:
    """Return what a slice or a gathering takes of an array. Raises Unsupported, and NONSENSE for a damaged node."""
    if node.op == "GATHER":
        if node.attrs.get("batch_dims", 0):
            raise Unsupported("batches")
        return np.take(x, constant(node, 1, "places"), axis=node.attrs.get("axis", 0))
    if node.op == "STRIDED_SLICE":
        return np.asarray(x[tuple(slice_of(node, x.shape))])
    begins = constant(node, 1, "begins").reshape(-1)
    return x[tuple(slice(int(b), int(b) + n) for b, n in zip(begins, node.outputs[0].shape, strict=True))]


def _joined(node: Node, x: list[np.ndarray]) -> list[np.ndarray]:
    if node.attrs.get("fused_activation_function", 0):
        raise Unsupported("an activation")
    return [np.concatenate(x, node.attrs["axis"])]


_MOVES: dict[str, Callable[[Node, list[np.ndarray]], list[np.ndarray]]] = {
    **dict.fromkeys(RESHAPES, lambda node, x: x),
    **dict.fromkeys(("SLICE", "STRIDED_SLICE", "GATHER"), lambda node, x: [picked(node, x[0])]),
    "TRANSPOSE": lambda node, x: [x[0].transpose(constant(node, 1, "order"))],
    "CONCATENATION": _joined,
    "PACK": lambda node, x: [np.stack(x, node.attrs.get("axis", 0))],
    "UNPACK": lambda node, x: list(np.moveaxis(x[0], node.attrs.get("axis", 0), 0)),
    "SPLIT": lambda node, x: np.split(x[0], len(node.outputs), int(constant(node, 0, "axis").item())),
}
