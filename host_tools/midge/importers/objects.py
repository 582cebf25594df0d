# SPDX-License-Identifier: MIT
"""Models that live in Python, as the bytes of the files that they are saved to; their libraries are not imported."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ..errors import UserError


def saved(model: Any) -> tuple[bytes, str] | None:
    """Return what a Keras model or an ONNX ModelProto is saved as, and the suffix; None for what is no such object.

    Raises UserError for other objects, with what to call.
    """
    if isinstance(model, (str, Path, bytes)):
        return None
    made_by = {made.__module__.partition(".")[0] for made in type(model).__mro__}
    if "keras" in made_by:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.keras")
            model.save(path)
            return path.read_bytes(), ".keras"
    if "onnx" in made_by and hasattr(model, "SerializeToString"):
        return model.SerializeToString(), ".onnx"
    advice = "give a path, a file's bytes, a Keras model, an ONNX model or an estimator of scikit-learn"
    if "torch" in made_by:
        advice = 'call torch.onnx.export(model, (example,), "net.onnx") and convert that file'
    raise UserError(f"{type(model).__module__}.{type(model).__name__} is no model that can be read; {advice}")
