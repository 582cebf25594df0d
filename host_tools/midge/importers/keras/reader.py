# SPDX-License-Identifier: MIT
"""Read a .keras file: look through it without Keras first, then load it with Keras's own loader.

Looking through tells whether the file is whole, of a bearable size, and made of Keras's own layers.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import UserError
from ...limits import MOST_UNPACKED
from ...optional import need
from ..source import KERAS_SUFFIXES, Source

_HDF5 = b"\x89HDF"
_RANDOM = "freshly-initialized weights"  # how Keras warns of layers that it has found none for
_PARTS = ("config.json", "model.weights.h5")
_EXPORT = ("with TensorFlow and tf_keras: tf.lite.TFLiteConverter.from_keras_model(tf_keras.models.load_model(path)), "
           "whose convert() gives the bytes of a .tflite file")  # of what Keras 3 does not load


def is_keras(source: Source) -> bool:
    """Tell whether a file is one of Keras's, by its name or, without one, by its first bytes."""
    return source.suffix in KERAS_SUFFIXES or (source.suffix == "" and source.data[:4] in (b"PK\x03\x04", _HDF5))


def read_config(data: bytes, title: str) -> Any:
    """Return the description of the model in the file. Raises UserError where the file is not whole."""
    if data[:4] == _HDF5:
        raise UserError(f"{title}: an HDF5 file, as Keras 2 wrote them; where Keras 3 loads it, keras.saving."
                        f"load_model(path).save('net.keras'), else {_EXPORT}")
    again = "save it again with model.save('net.keras')"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            missing = [part for part in _PARTS if part not in names]
            if missing:
                raise UserError(f"{title}: no .keras file of Keras 3, for it holds no {missing[0]}; {again}")
            size = sum(info.file_size for info in archive.infolist())
            if size > MOST_UNPACKED:
                raise UserError(f"{title}: {size:,} B unpacked; a network for a board is smaller")
            broken = archive.testzip()
            if broken is not None:
                raise UserError(f"{title}: damaged .keras file: {broken} does not match its checksum; {again}")
            return json.loads(archive.read("config.json"))
    except UserError:
        raise
    except Exception as error:  # zipfile and zlib fail in many ways
        raise UserError(f"{title}: not a .keras file, or damaged ({error}); {again}") from error


def written_by(data: bytes) -> str:
    """Return the version of Keras that saved a file, "" where the file does not say."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return str(json.loads(archive.read("metadata.json"))["keras_version"])[:20]
    except Exception:  # zipfile and zlib fail in many ways
        return ""


def strangers(config: Any, name: str = "the model") -> Iterator[tuple[str, str, str]]:
    """Yield everything in a model's description that is not Keras's own: type, layer, and what to do about it."""
    if isinstance(config, list):
        for item in config:
            yield from strangers(item, name)
    if not isinstance(config, dict):
        return
    kind, module = config.get("class_name"), config.get("module", "keras")
    inner = config.get("config")
    if isinstance(inner, dict) and isinstance(inner.get("name"), str) and kind != "DTypePolicy":
        name = inner["name"]
    if kind == "Lambda":
        yield "Lambda", name, "Python code of its own, which is not run; use layers, or functions of keras.ops"
        return
    if isinstance(kind, str) and kind == "function" and module == "builtins":
        yield "function", name, f"the Python function {inner}; use layers, or functions of keras.ops"
    elif isinstance(kind, str) and not kind.startswith("__") and str(module).split(".")[0] != "keras":
        yield kind, name, ("a class of its own, whose code is not in the file; build the model as keras.Model(inputs, "
                           "outputs) of Keras's own layers")
        return
    for key, value in config.items():
        if key not in ("compile_config", "build_config"):
            yield from strangers(value, name)


def load_keras() -> Any:
    """Return Keras, on JAX and without a GPU unless it has been imported already."""
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "jax"
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
        need("jax", "keras", "reading .keras files")
    return need("keras", "keras", "reading .keras files")


def load_keras_to_read() -> Any:
    """Return Keras for a process that reads a file and ends, without what wraps it and draws: half of its start."""
    for name in ("sklearn", "matplotlib"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None: not installed
    return load_keras()


def load_model(keras: Any, data: bytes, title: str) -> Any:
    """Return the model that Keras makes of a file's bytes, whose code is not run. Raises UserError."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(data)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("error", f".*{_RANDOM}")  # layers whose weights the file lacks
                return keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # Keras has no family of errors for this
            said = " ".join(str(error).split())
            if _RANDOM in said:
                raise UserError(f"{title}: lacks the weights of some layers, as other versions of Keras save them "
                                f"({said[:200]}); save it again with model.save('net.keras')") from error
            if (version := written_by(data)).startswith(("1.", "2.")):
                raise UserError(f"{title}: saved by Keras {version}, whose layers Keras {keras.__version__} does not "
                                f"load; export it {_EXPORT}") from error
            raise UserError(f"{title}: Keras {keras.__version__} cannot load it ({said[:200]}); save it again with "
                            "model.save('net.keras')") from error
