# SPDX-License-Identifier: MIT
"""Work out a node whose inputs are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .constant_ops import ARITHMETIC
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


def fold_node(node: Node) -> bool:
    """Make a node's output a constant where it can be worked out; then the node is needed no more."""
    known = all(t is None or t.is_constant for t in node.inputs)
    evaluate = EVALUATORS.get(node.op)
    if evaluate is None or len(node.outputs) != 1 or not (known or node.op == "SHAPE"):
        return False
    out = node.outputs[0]
    try:
        value = evaluate(node, [t.data for t in node.inputs if t is not None and t.data is not None])
        out.data = np.array(value).astype(out.dtype).reshape(out.shape)
    except (ValueError, TypeError, KeyError, Unsupported):
        return False  # the lowering will say what is wrong with this node
    return True
