# SPDX-License-Identifier: MIT
"""Work out a node whose inputs are known."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from ..limits import Room
from .constant_ops import ARITHMETIC, PLAIN
from .graph import Node, Unsupported
from .tflite_ops import slice_of

Values = list[np.ndarray]


def _shape(node: Node) -> np.ndarray:
    source = node.inputs[0]
    assert source is not None
    return np.array(source.shape)


def _strided_slice(node: Node) -> np.ndarray:
    source = node.inputs[0]
    assert source is not None and source.data is not None
    return source.data[tuple(slice_of(node, source.shape))]


def _dequantize(node: Node) -> np.ndarray:
    """Return float16 widened, or scale * (q - zero_point) in float32.

    TFLM dequantises with one scale; of several it takes the first, and so does Midge.
    """
    source = node.inputs[0]
    assert source is not None and source.data is not None
    if source.dtype == "float16":
        return source.data
    q = source.quantization
    if q is None or source.dtype not in ("int8", "uint8", "int16", "int32"):
        raise Unsupported(f"{source.dtype} constants without a scale")
    shifted = source.data.astype(np.int64) - q.zero_point[0]
    return np.asarray(shifted.astype(np.float32) * q.scale[0])


# How to work out a node from the values of its inputs. SHAPE needs only the shape.
EVALUATORS: dict[str, Callable[[Node, Values], np.ndarray]] = {
    **ARITHMETIC,
    "SHAPE": lambda node, values: _shape(node),
    "STRIDED_SLICE": lambda node, values: _strided_slice(node),
    "PACK": lambda node, values: np.stack(values, axis=node.attrs["axis"]),
    "RESHAPE": lambda node, values: values[0].reshape(node.outputs[0].shape),
    "SQUEEZE": lambda node, values: values[0].reshape(node.outputs[0].shape),
    "EXPAND_DIMS": lambda node, values: values[0].reshape(node.outputs[0].shape),
    "DEQUANTIZE": lambda node, values: _dequantize(node),
    "CAST": lambda node, values: values[0].astype(node.outputs[0].dtype),
}


# How many elements come of few, where what the file says of the output need not be true.
_GROWING: dict[str, Callable[[Node, Values], float]] = {
    "TILE": lambda node, values: values[0].size * _product(values[1]),
    "FILL": lambda node, values: _product(values[0]),
    "RANGE": lambda node, values: abs((float(values[1]) - float(values[0])) / float(values[2])),
    "GATHER": lambda node, values: values[1].size * values[0].size / values[0].shape[node.attrs.get("axis", 0)],
    "BROADCAST_TO": lambda node, values: node.outputs[0].elements,
    **{op: lambda node, values: prod(np.broadcast_shapes(*(v.shape for v in values))) for op in PLAIN
       if op != "RANGE"},
}


def _product(sizes: np.ndarray) -> float:
    return float(np.prod(sizes.astype(np.float64)))


def fold_node(node: Node, room: Room) -> bool:
    """Make a node's output a constant where it can be worked out; then the node is needed no more.

    Raises Exceeded where there is no room for it.
    """
    known = all(t is None or t.is_constant for t in node.inputs)
    evaluate = EVALUATORS.get(node.op)
    if evaluate is None or len(node.outputs) != 1 or not (known or node.op == "SHAPE"):
        return False
    out = node.outputs[0]
    values = [t.data for t in node.inputs if t is not None and t.data is not None]
    try:
        made = _GROWING[node.op](node, values) if node.op in _GROWING else sum(v.size for v in values)
        room.spend(8 * made)
        value = evaluate(node, values)
        out.data = np.array(value).astype(out.dtype).reshape(out.shape)
    except (ValueError, TypeError, LookupError, ArithmeticError, AssertionError, Unsupported):
        return False  # the lowering will say what is wrong with this node
    return True
