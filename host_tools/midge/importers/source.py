# SPDX-License-Identifier: MIT
"""A model's file, read once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..fileformat.read import load_file
from ..fileformat.spec import MAGIC

KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
SUFFIXES = (".tflite", ".onnx", *KERAS_SUFFIXES)


@dataclass(frozen=True)
class Source:
    """The bytes of a model's file, what errors call it, and the suffix of its name ("" where it has none)."""

    data: bytes
    title: str
    suffix: str

    @property
    def is_midge(self) -> bool:
        """Tell whether it is a .midge file, or at least nothing that an importer could read."""
        return self.data[: len(MAGIC)] == MAGIC or not (self.suffix in SUFFIXES or self.data[4:8] == b"TFL3")


def open_source(model: str | Path | bytes | Source, name: str | None = None) -> Source:
    """Read a model's file, unless that has been done. Raises UserError where there is none.

    model: a path, or a file's bytes. name: what errors call it; the path by default.
    """
    if isinstance(model, Source):
        return model
    if isinstance(model, bytes):
        return Source(model, name or "model", "")
    return Source(load_file(model), name or str(model), Path(model).suffix.lower())
