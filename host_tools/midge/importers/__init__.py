# SPDX-License-Identifier: MIT
"""Readers of trained models' files: each turns one into the converter's graph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..graph import Graph, GraphError, verify
from ..graph.shapes import Shapes, fix_shapes
from .keras.importer import read_keras
from .keras.reader import is_keras
from .onnx.importer import read_onnx
from .source import Source, open_source
from .tflite.importer import read_tflite

__all__ = ["Frozen", "Shapes", "Source", "open_source", "read_model"]

Frozen = Mapping[str, np.ndarray] | None


def read_model(
    model: str | Path | bytes | Source, name: str | None = None, shapes: Shapes = None, frozen: Frozen = None
) -> Graph:
    """Return the graph of a trained model.

    model: a path, the bytes of a .tflite or .keras file, or a file that has been read. name: what errors and the
    device call it; the file's stem by default. shapes: of inputs whose shapes the model leaves open, see fix_shapes.
    frozen: inputs of an ONNX model that are to be constants, by name. Raises UserError.
    """
    source = open_source(model, name)
    if source.suffix == ".onnx":
        by_name = shapes if isinstance(shapes, Mapping) else {"": shapes} if shapes is not None else {}
        graph = read_onnx(source.data, source.title, by_name, frozen)
    elif is_keras(source):
        graph = read_keras(source.data, source.title, shapes)
    else:
        graph = read_tflite(source.data, source.title)
        fix_shapes(graph, shapes, source.title)
    if name:
        graph.name = name
    try:
        return verify(graph)
    except GraphError as error:
        raise UserError(f"{source.title}: damaged graph: {error}; export it again") from error
