# SPDX-License-Identifier: MIT
"""Which function imports which layer of keras.layers and which function of keras.ops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ...graph import Tensor, Unsupported
from ...graph.builder import Builder


@dataclass
class Call:
    """A layer or a function, as often as the model calls it, and what it is called with."""

    op: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def name(self) -> str:
        """Return the layer's name."""
        return str(self.op.name)

    @property
    def x(self) -> Tensor:
        """Return the first argument. Raises Unsupported where it does not come from the graph."""
        first = self.args[0] if self.args else next(iter(self.kwargs.values()), None)
        while isinstance(first, (list, tuple)) and len(first) == 1:
            first = first[0]
        if not isinstance(first, Tensor):
            raise Unsupported("inputs that do not come from the model's inputs; compute it before training")
        return first

    @property
    def operands(self) -> list[Any]:
        """Return all arguments: tensors, and constants among them."""
        found: list[Any] = []
        for value in (*self.args, *self.kwargs.values()):
            found += value if isinstance(value, (list, tuple)) else [value]
        return found


Result = Tensor | Sequence[Tensor]


class KerasContext(Protocol):
    """What the function of a layer gets to work with."""

    build: Builder

    def weights(self, variable: Any) -> np.ndarray:
        """Return a variable of Keras's, or a tensor, as float32. Raises Unsupported for NaN and infinity."""
        ...

    def operand(self, value: Any) -> Tensor:
        """Return a tensor as it is, and anything else that Keras takes for one as a constant."""
        ...

    def call(self, op: Any, args: Sequence[Any], kwargs: dict[str, Any] | None = None) -> Result:
        """Return what a layer inside another makes of tensors. Raises Unsupported."""
        ...


ImportLayer = Callable[[KerasContext, Call], Result]
LAYERS: dict[str, ImportLayer] = {}
FUNCTIONS: dict[str, ImportLayer] = {}


def layer(*names: str) -> Callable[[ImportLayer], ImportLayer]:
    """Register the function that imports these layers of keras.layers."""

    def register(function: ImportLayer) -> ImportLayer:
        LAYERS.update(dict.fromkeys(names, function))
        return function

    return register


def function(*names: str) -> Callable[[ImportLayer], ImportLayer]:
    """Register the function that imports these functions of keras.ops, by the names of their classes."""

    def register(imports: ImportLayer) -> ImportLayer:
        FUNCTIONS.update(dict.fromkeys(names, imports))
        return imports

    return register


def find(op: Any) -> ImportLayer | None:
    """Return what imports an operation of Keras's own; None where nothing does."""
    package, *rest = type(op).__module__.split(".")
    table = LAYERS if "layers" in rest else FUNCTIONS
    return table.get(type(op).__name__) if package == "keras" else None
