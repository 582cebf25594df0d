# SPDX-License-Identifier: MIT
"""A model's file, read once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..fileformat.read import load_file
from ..fileformat.spec import MAGIC
from .objects import saved
from .others import C_SUFFIXES, explain, explain_folder, read_c_array

KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
SUFFIXES = (".tflite", ".onnx", *KERAS_SUFFIXES)


@dataclass(frozen=True)
class Source:
    """The bytes of a model's file, what errors call it, and the suffix of its name ("" where it has none)."""

    data: bytes
    title: str
    suffix: str
    folder: Path | None = None  # where it is, for files that belong to it
    signature: str | None = None  # which of a .tflite file's graphs; None for the first

    @property
    def size(self) -> int:
        """Return its bytes with those of the file of weights that PyTorch writes beside it."""
        weights = None if self.folder is None else self.folder / (Path(self.title).name + ".data")
        return len(self.data) + (weights.stat().st_size if weights is not None and weights.is_file() else 0)

    @property
    def is_midge(self) -> bool:
        """Tell whether it is a .midge file, or at least nothing that an importer could read."""
        return self.data[: len(MAGIC)] == MAGIC or not (self.suffix in SUFFIXES or self.data[4:8] == b"TFL3")


def open_source(model: str | Path | bytes | Source | Any, name: str | None = None) -> Source:
    """Read a model's file, unless that has been done. Raises UserError where there is none.

    model: a path, a file's bytes, or an object of Keras or ONNX. name: what errors call it; the path by default.
    """
    if isinstance(model, Source):
        return model
    if (found := saved(model)) is not None:
        return Source(found[0], name or getattr(model, "name", "") or "model", found[1])
    if isinstance(model, bytes):
        return Source(model, name or "model", "")
    path, title = Path(model), name or str(model)
    if path.is_dir():
        raise UserError(explain_folder(path))
    data, suffix = load_file(path), path.suffix.lower()
    if suffix in C_SUFFIXES:
        return Source(read_c_array(data, title), title, ".tflite", path.parent)
    source = Source(data, title, suffix, path.parent)
    said = explain(data, suffix) if data[4:8] != b"TFL3" and suffix not in SUFFIXES else ""
    if said and not data.startswith(MAGIC):
        raise UserError(f"{title}: {said}")
    return source
