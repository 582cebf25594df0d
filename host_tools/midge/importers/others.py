# SPDX-License-Identifier: MIT
"""Files that people have beside those that Midge imports: C arrays of .tflite files, and formats to export from."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import UserError

C_SUFFIXES = (".h", ".hpp", ".hh", ".c", ".cc", ".cpp", ".ino")
_TORCH = "torch.onnx.export(model.eval(), (example,), 'net.onnx')"
_TENSORFLOW = "tf.lite.TFLiteConverter.{}; then open('net.tflite', 'wb').write(converter.convert())"
_SAVED_MODEL = ("a TensorFlow SavedModel: converter = " + _TENSORFLOW).format("from_saved_model('{folder}')")

# What a file of a suffix is, and the call that makes of it what Midge reads.
_KNOWN = {
    ".pt": f"a PyTorch file: load it in Python and export it: {_TORCH}",
    ".pb": "a TensorFlow graph: converter = " + _TENSORFLOW.format("from_saved_model(folder) for saved_model.pb, "
           "tf.compat.v1.lite.TFLiteConverter.from_frozen_graph(path, inputs, outputs) for a frozen one"),
    ".json": "a description without weights: load it in Keras with its weights, and model.save('net.keras')",
    ".safetensors": f"weights without a network: load them into the model in Python, and export it: {_TORCH}",
    ".joblib": "a pickled scikit-learn model: export it with skl2onnx.to_onnx(model, x[:1], options={'zipmap': False})",
    ".zip": "an archive: unpack it, and give the model in it",
}
_KNOWN |= {".pth": _KNOWN[".pt"], ".pt2": _KNOWN[".pt"], ".ckpt": _KNOWN[".pt"], ".pkl": _KNOWN[".joblib"]}


def explain_folder(path: Path) -> str:
    """Return what is wrong with a folder where a model is wanted."""
    if (path / "saved_model.pb").exists():
        return f"{path}: {_SAVED_MODEL.format(folder=path)}"
    return f"{path}: is a folder; name the file of a model"


def explain(data: bytes, suffix: str) -> str:
    """Return what a file that cannot be imported is, and the call that exports it; "" where that is not known."""
    if data[:4] == b"PK\x03\x04":
        if b"data.pkl" in data[:4096] or b"archive_format" in data[:4096]:
            return _KNOWN[".pt"]
        return _KNOWN.get(suffix, _KNOWN[".zip"])
    if data[:1] == b"\x80" and suffix not in (".pkl", ".joblib"):
        return _KNOWN[".pt"]  # as PyTorch wrote them before 1.6
    return _KNOWN.get(suffix, "")


def read_c_array(data: bytes, title: str) -> bytes:
    """Return the bytes of the longest array in a C source, as `xxd -i` makes them. Raises UserError for none."""
    text = data.decode(errors="replace")
    text = re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.S)
    body = max((part.split("}", 1)[0] for part in text.split("{")[1:]), key=len, default="")
    fields = [field.strip() for field in body.split(",") if field.strip()]
    try:
        return bytes(int(field, 0) for field in fields)
    except ValueError as error:
        raise UserError(f"{title}: its longest array holds no bytes ({error}); give the .tflite file that it was made "
                        "of") from error
