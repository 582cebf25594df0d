# SPDX-License-Identifier: MIT
"""Values of an ONNX graph, with the order in which their axes are stored.

ONNX has channels before rows and columns, boards have them last. Convolutions and pools want N, H, W, C; ops on single
elements take axes in any order; a transpose only changes the order that is noted. A tensor is transposed only where an
op depends on the order, such as a reshape; and where a flattened image meets a matrix, the matrix is turned instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...graph import Quantization, Tensor, Unsupported
from ...graph.builder import Builder
from .attributes import Attributes


def identity(rank: int) -> tuple[int, ...]:
    """Return the order of axes that ONNX has."""
    return tuple(range(rank))


def channels_last(rank: int) -> tuple[int, ...]:
    """Return the order N, spatial axes, C."""
    return (0, *range(2, rank), 1)


@dataclass
class Value:
    """A tensor of ONNX's shape, whose axes may be stored in another order: axis i in memory is ONNX's axis order[i]."""

    name: str
    shape: tuple[int, ...]
    tensor: Tensor | None = None
    order: tuple[int, ...] = ()
    data: np.ndarray | None = None  # of a constant, as ONNX has it
    flat: Value | None = None  # an image that this is a reshape of, not yet turned
    unsigned: bool = False  # int8 that stands for uint8, all values less 128
    steps: Quantization | None = None  # of a constant that was dequantised: multiples of these, along ONNX's axis
    is_label: bool = False  # text, or the name of the class that won: a board finds it by the scores

    @property
    def is_constant(self) -> bool:
        """Tell whether its values are known."""
        return self.data is not None


@dataclass
class OnnxNode:
    """A node as the functions that import it see it."""

    op: str
    name: str
    inputs: list[Value | None]
    outputs: list[str]
    attrs: Attributes
    opset: int

    def input(self, i: int) -> Value:
        """Return input i. Raises Unsupported where it is missing."""
        value = self.inputs[i] if i < len(self.inputs) else None
        if value is None:
            raise Unsupported(f"input {i} is missing")
        return value

    def has(self, i: int) -> bool:
        """Tell whether input i is there."""
        return i < len(self.inputs) and self.inputs[i] is not None

    def known(self, i: int, what: str) -> np.ndarray:
        """Return the data of input i. Raises Unsupported where it is no constant."""
        value = self.input(i)
        if value.data is None:
            raise Unsupported(f"{what} '{value.name}' that come from outside or are worked out while running; "
                               f"make it a constant: --freeze {value.name}=values.npy")
        return value.data

    def steps(self, i: int, axis: int) -> np.ndarray | None:
        """Return what constant input i holds multiples of, one number or one per entry of an axis; None if unknown."""
        found = self.input(i).steps
        return found.scale if found is not None and (not found.per_channel or found.axis == axis) else None

    def ints(self, key: str, i: int = -1) -> list[int] | None:
        """Return integers from an attribute or, as in later opsets, from input i; None where there are none."""
        if key in self.attrs:
            return [int(v) for v in np.reshape(self.attrs[key], -1)]
        if i >= 0 and self.has(i):
            return [int(v) for v in self.known(i, key).reshape(-1)]
        return None


class OnnxContext:
    """What the function of an op gets to work with: the graph as far as it has been built, and values in any order."""

    def __init__(self, build: Builder) -> None:
        self.build = build
        self.labels: list[str] = []  # of the classes, where the file names them

    def label(self, name: str) -> Value:
        """Return the value that stands for the name of a class."""
        return Value(name, (1,), is_label=True)

    def constant(self, data: np.ndarray, name: str = "constant") -> Value:
        """Return a value that is known while converting."""
        return Value(name, tuple(np.shape(data)), data=np.asarray(data))

    def value(self, tensor: Tensor, order: Sequence[int] = ()) -> Value:
        """Return a tensor as a value whose axes are stored in an order, by default ONNX's own."""
        order = tuple(order) or identity(len(tensor.shape))
        shape = [0] * len(order)
        for i, axis in enumerate(order):
            shape[axis] = tensor.shape[i]
        return Value(tensor.name, tuple(shape), tensor, order)

    def arranged(self, value: Value, order: Sequence[int]) -> Tensor:
        """Return the tensor with its axes in an order; it is transposed where they are not."""
        order = tuple(order)
        if value.data is not None:
            return self.build.constant(np.ascontiguousarray(value.data.transpose(order)), value.name)
        if value.flat is not None:
            value.tensor = self.build.reshape(self.plain(value.flat), value.shape)
            value.order, value.flat = identity(len(value.shape)), None
        assert value.tensor is not None
        if value.order == order:
            return value.tensor
        return self.build.transpose(value.tensor, [value.order.index(axis) for axis in order])

    def plain(self, value: Value) -> Tensor:
        """Return the tensor with its axes in ONNX's order."""
        return self.arranged(value, identity(len(value.shape)))

    def image(self, value: Value) -> Tensor:
        """Return the tensor with channels last."""
        return self.arranged(value, channels_last(len(value.shape)))

    def common_order(self, values: Sequence[Value]) -> tuple[int, ...]:
        """Return the order in which most of the tensors of the highest rank are stored."""
        rank = max(len(v.shape) for v in values)
        orders = [v.order for v in values if v.tensor is not None and v.flat is None and len(v.shape) == rank]
        return max(orders, key=orders.count) if orders else identity(rank)

    def broadcast(self, value: Value, order: tuple[int, ...]) -> Tensor:
        """Return the tensor with as many axes as `order`, in that order; new axes of one element come first."""
        missing = len(order) - len(value.shape)
        if missing == 0:
            return self.arranged(value, order)
        shape = (1,) * missing + value.shape
        if value.data is not None:
            return self.build.constant(np.ascontiguousarray(value.data.reshape(shape).transpose(order)), value.name)
        return self.arranged(self.value(self.build.reshape(self.plain(value), shape)), order)
