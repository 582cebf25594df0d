# SPDX-License-Identifier: MIT
"""Readers of foreign model files: each turns one into the converter's graph."""

from __future__ import annotations

from pathlib import Path

from .. import format as midge_format
from ..ir import Graph
from ..shapes import Shapes, fix_shapes
from .keras import KERAS_SUFFIXES, is_keras, read_keras
from .tflite import read_tflite

SUFFIXES = (".tflite", *KERAS_SUFFIXES)


def is_foreign(path: str | Path, data: bytes) -> bool:
    """Whether a file is a trained model that has to be converted, and no .midge file."""
    return Path(path).suffix.lower() in SUFFIXES or data[4:8] == b"TFL3"


def read_model(model: str | Path | bytes, name: str | None = None, shapes: Shapes = None) -> tuple[Graph, int]:
    """The graph of a trained model and the size of its file in bytes.

    model: a path, or the bytes of a .tflite or .keras file. name: what errors and the device call it; the
    file's stem by default. shapes: of inputs whose shapes the model leaves open, see fix_shapes.
    Raises UserError.
    """
    data = model if isinstance(model, bytes) else midge_format.load_file(model)
    title = name or ("model" if isinstance(model, bytes) else str(model))
    if is_keras("" if isinstance(model, bytes) else model, data):
        graph = read_keras(data, title, shapes)
    else:
        graph = read_tflite(data, title)
        fix_shapes(graph, shapes, title)
    if name:
        graph.name = name
    return graph, len(data)
