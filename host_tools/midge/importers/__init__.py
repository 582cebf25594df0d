# SPDX-License-Identifier: MIT
"""Readers of trained models' files: each turns one into the converter's graph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..graph import Graph, GraphError, verify
from ..graph.shapes import Shapes, fix_shapes
from ..limits import Exceeded, reads_apart
from .apart import read_apart
from .keras.importer import read_keras
from .keras.reader import is_keras, load_keras_to_read, read_config
from .onnx.importer import read_onnx
from .onnx.reader import load_onnx
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
    try:
        if source.signature is not None and (source.suffix == ".onnx" or is_keras(source)):
            raise UserError(f"{source.title}: signatures are of .tflite files; leave --signature out")
        if reads_apart() and source.suffix == ".onnx":
            graph = read_apart(load_onnx, _read, source, shapes, frozen)
        elif reads_apart() and is_keras(source):
            read_config(source.data, source.title)  # what needs no Keras to be refused
            graph = read_apart(load_keras_to_read, _read, source, shapes, frozen)
        else:
            graph = _read(source, shapes, frozen)
        if name:
            graph.name = name
        return verify(graph)
    except Exceeded as error:
        raise UserError(f"{source.title}: {error}") from error
    except GraphError as error:
        raise UserError(f"{source.title}: damaged graph: {error}; export it again") from error


def _read(source: Source, shapes: Shapes, frozen: Frozen) -> Graph:
    if source.suffix == ".onnx":
        by_name = shapes if isinstance(shapes, Mapping) else {"": shapes} if shapes is not None else {}
        return read_onnx(source.data, source.title, by_name, frozen, source.folder)
    if is_keras(source):
        return read_keras(source.data, source.title, shapes)
    graph = read_tflite(source.data, source.title, source.signature)
    fix_shapes(graph, shapes, source.title)
    return graph
