# SPDX-License-Identifier: MIT
"""Work out nodes whose inputs are all constants, by ONNX's own reference."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from ...graph import Unsupported
from .reader import OnnxFile
from .values import OnnxNode

_BROADCAST = ("Add", "Sub", "Mul", "Div", "Pow", "Where", "Max", "Min", "Sum", "Mod", "Equal", "Less",
              "Greater", "And", "Or")
_GROWING = ("ConstantOfShape", "Expand", "Tile", "Range", "Pad", "Resize", "OneHot", "Upsample")


def evaluate(file: OnnxFile, raw: Any, node: OnnxNode) -> list[np.ndarray]:
    """Return the outputs of a node of constants. raw: its record in the file. Raises Unsupported, Exceeded."""
    from onnx.reference import ReferenceEvaluator

    if any(v is not None and v.data is not None and v.data.dtype.kind in "OSU" for v in node.inputs):
        raise Unsupported("strings")  # a regular expression may take for ever
    file.room.spend(8 * _elements(node))
    helper = file.onnx.helper
    feeds = {n: v.data for n, v in zip(raw.input, node.inputs, strict=True) if n and v is not None}
    infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
             for n, v in feeds.items() if v is not None]
    outs = [helper.make_tensor_value_info(n, 0, None) for n in raw.output if n]
    graph = helper.make_graph([raw], "constants", infos, outs)
    model = helper.make_model(graph, opset_imports=file.model.opset_import)
    try:
        return [np.asarray(v) for v in ReferenceEvaluator(model).run(None, feeds)]
    except Exception as error:
        raise Unsupported(f"a constant that cannot be worked out ({error})") from error


def _elements(node: OnnxNode) -> float:
    """Return how many elements come of a node: about, for ops that grow what they are given; else those given."""
    data = [v.data for v in node.inputs if v is not None and v.data is not None]
    given = float(sum(d.size for d in data))
    numbers = data[0] if node.op == "ConstantOfShape" else data[1] if len(data) > 1 else np.zeros(0)
    if node.op == "Range":
        return abs(float(data[1]) - float(data[0])) / abs(float(data[2]))
    if node.op in ("Pad", "OneHot", "Resize"):
        return float(max(data[0].size, 1)) * float(np.abs(np.concatenate([d.reshape(-1) for d in data[1:]])).max())
    if node.op in _GROWING:
        return float(np.prod(numbers.astype(np.float64))) * (data[0].size if node.op in ("Tile", "Upsample") else 1)
    if node.op in ("MatMul", "Gemm", "Einsum"):
        return max(given, float(np.prod([float(d.size) / max(d.shape[-1:] or (1,)) for d in data[:2]])))
    return max(given, float(prod(np.broadcast_shapes(*(d.shape for d in data))))) if node.op in _BROADCAST else given


def transposed_steps(node: OnnxNode, rank: int) -> Any:
    """Return what a transposed or copied constant holds multiples of, where its source is known to hold multiples."""
    steps = node.inputs[0].steps if node.inputs and node.inputs[0] is not None else None
    if steps is not None and node.op == "Transpose":
        order = node.ints("perm") or list(range(rank))[::-1]
        return replace(steps, axis=order.index(steps.axis))
    return steps if node.op == "Identity" else None
