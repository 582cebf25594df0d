# SPDX-License-Identifier: MIT
"""Readers of foreign model files: each turns one into the converter's graph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .. import format as midge_format
from ..ir import Graph
from ..shapes import Shapes, fix_shapes
from .keras import KERAS_SUFFIXES, is_keras, read_keras
from .onnx import read_onnx
from .tflite import read_tflite

Frozen = Mapping[str, np.ndarray] | None

SUFFIXES = (".tflite", ".onnx", *KERAS_SUFFIXES)


def is_foreign(path: str | Path, data: bytes) -> bool:
    """Whether a file is a trained model that has to be converted, and no .midge file."""
    return Path(path).suffix.lower() in SUFFIXES or data[4:8] == b"TFL3"


def read_model(
    model: str | Path | bytes, name: str | None = None, shapes: Shapes = None, frozen: Frozen = None
) -> tuple[Graph, int]:
    """The graph of a trained model and the size of its file in bytes.

    model: a path, or the bytes of a .tflite or .keras file. name: what errors and the device call it; the
    file's stem by default. shapes: of inputs whose shapes the model leaves open, see fix_shapes.
    frozen: inputs of an ONNX model that are to be constants, by name. Raises UserError.
    """
    data = model if isinstance(model, bytes) else midge_format.load_file(model)
    title = name or ("model" if isinstance(model, bytes) else str(model))
    if not isinstance(model, bytes) and Path(model).suffix.lower() == ".onnx":
        by_name = shapes if isinstance(shapes, Mapping) else {"": shapes} if shapes is not None else {}
        graph = read_onnx(data, title, by_name, frozen)
    elif is_keras("" if isinstance(model, bytes) else model, data):
        graph = read_keras(data, title, shapes)
    else:
        graph = read_tflite(data, title)
        fix_shapes(graph, shapes, title)
    if name:
        graph.name = name
    return graph, len(data)
