# SPDX-License-Identifier: MIT
"""Which function imports which ONNX op."""

from __future__ import annotations

from collections.abc import Callable

from ...graph import Tensor
from .values import OnnxContext, OnnxNode, Value

ImportOp = Callable[[OnnxContext, OnnxNode], Value | Tensor | list[Value]]
IMPORTS: dict[str, ImportOp] = {}


def onnx_op(*names: str) -> Callable[[ImportOp], ImportOp]:
    """Register the function that imports the ONNX ops of these names."""

    def register(function: ImportOp) -> ImportOp:
        IMPORTS.update(dict.fromkeys(names, function))
        return function

    return register
