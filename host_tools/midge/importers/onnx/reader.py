# SPDX-License-Identifier: MIT
"""Read an .onnx file, a protobuf: whether it is whole and of a known version, and what its records hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import UserError
from ...graph import NONSENSE
from ...limits import Room, check_operators
from ...optional import need

OLDEST = 6  # opset

# What the data of a damaged node makes code raise that takes it for sound.
DAMAGED = (*NONSENSE, AttributeError, AssertionError, MemoryError, StopIteration)


def load_onnx() -> Any:
    """Return the package onnx. Raises UserError where it is missing."""
    return need("onnx", "onnx", "reading .onnx files")


class OnnxFile:
    """An .onnx file and the package that reads it. Functions of the model are put in place of their calls.

    title: what error messages call the file. folder: of files with weights that it names.
    Raises UserError where the file is damaged or of an unknown version.
    """

    def __init__(self, data: bytes, title: str, folder: Path | None = None) -> None:
        self.onnx, self.title = load_onnx(), title
        self.room, self.folder = Room(len(data)), folder
        try:
            model = self.onnx.ModelProto.FromString(data)
        except Exception as error:  # protobuf's errors differ from version to version
            raise UserError(f"{title}: not an .onnx file, or damaged ({error}); export or download it again") from error
        if not model.graph.node:
            raise UserError(f"{title}: the file holds no ONNX graph; export or download it again")
        self._check_versions(model)
        self._check_names(model.graph)
        if model.functions:
            from onnx.inliner import inline_local_functions

            check_operators(_inlined_operators(model))
            try:
                model = inline_local_functions(model)
            except Exception as error:  # onnx's own kinds among them
                raise self.damaged(error) from error
        check_operators(len(model.graph.node))
        self.model = model
        self.opset = max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=1)

    def damaged(self, error: Exception) -> UserError:
        """Return the error for a file in which something makes no sense."""
        return UserError(f"{self.title}: damaged .onnx file ({type(error).__name__}: {error}); export it again")

    def _check_versions(self, model: Any) -> None:
        newest = self.onnx.defs.onnx_opset_version()
        for opset in model.opset_import:
            if opset.domain in ("", "ai.onnx") and not OLDEST <= opset.version <= newest:
                raise UserError(f"{self.title}: of opset {opset.version}; {OLDEST} to {newest} can be read: export the "
                                "model with opset_version=18, or pip install -U onnx")
        if model.ir_version > self.onnx.IR_VERSION:
            raise UserError(f"{self.title}: of IR version {model.ir_version}, the package onnx reads "
                            f"{self.onnx.IR_VERSION} at most; pip install -U onnx")

    def _check_names(self, graph: Any) -> None:
        """Refuse names that would garble what is printed: no exporter makes them."""
        for named in (*graph.input, *graph.output, *graph.initializer, *graph.node):
            names = [named.name]
            if hasattr(named, "op_type"):
                names += [named.op_type, named.domain, *named.input, *named.output]
            if not all(isinstance(n, str) and n.isprintable() for n in names):  # bytes: no UTF-8
                raise UserError(f"{self.title}: damaged .onnx file (control characters in a name); export it again")

    def is_text(self, tensor: Any) -> bool:
        """Tell whether a tensor record holds text."""
        return bool(tensor.data_type == self.onnx.TensorProto.STRING)

    def array(self, tensor: Any) -> np.ndarray:
        """Return the values of a tensor record. Raises UserError where they are text or in a file that is not there."""
        if tensor.data_location == self.onnx.TensorProto.EXTERNAL:
            tensor = self._with_data(tensor)
        data = np.asarray(self.onnx.numpy_helper.to_array(tensor))
        if data.dtype.kind in "OSU":
            raise UserError(f"{self.title}: the constant '{tensor.name}' holds text; export the model without")
        return data if data.dtype.kind in "fiub" else data.astype(np.float32)  # bfloat16 and its like

    def _with_data(self, tensor: Any) -> Any:
        """Return a tensor record with its values, which are in another file of the model's folder. Raises UserError."""
        where = {entry.key: entry.value for entry in tensor.external_data}
        name, what = where.get("location", ""), f"{self.title}: the weights '{tensor.name}' are in"
        if self.folder is None:
            raise UserError(f"{what} a file of their own; give the model's path, or save it in one file: "
                            "onnx.save(onnx.load(path), 'whole.onnx')")
        path = self.folder / name
        if not name or Path(name).is_absolute() or not path.resolve().is_relative_to(self.folder.resolve()):
            raise UserError(f"{what} '{name}', outside of the model's folder, which is not read; save the model in one "
                            "file: onnx.save(onnx.load(path), 'whole.onnx')")
        try:
            with path.open("rb") as file:
                size = path.stat().st_size
                start = int(where.get("offset", 0))
                count = int(where.get("length", size - start))
                if not 0 <= start <= start + count <= size:
                    raise UserError(f"{what} bytes {start} to {start + count} of '{name}', which has {size}; export it "
                                    "again")
                file.seek(start)
                data = file.read(count)
        except OSError as error:
            raise UserError(f"{what} '{name}', which cannot be read beside it ({error.strerror or error}); put both "
                            "files into one folder") from error
        self.room.size += count
        whole = self.onnx.TensorProto()
        whole.CopyFrom(tensor)
        del whole.external_data[:]
        whole.data_location, whole.raw_data = self.onnx.TensorProto.DEFAULT, data
        return whole

    def attribute(self, attribute: Any) -> Any:
        """Return the value of an attribute record: a number, text, an array, or a list of these."""
        value = self.onnx.helper.get_attribute_value(attribute)
        if isinstance(value, self.onnx.TensorProto):
            return self.array(value)
        return value.decode(errors="replace") if isinstance(value, bytes) else value

    def dtype(self, info: Any) -> np.dtype[Any]:
        """Return the dtype of an input or output record."""
        dtype: np.dtype[Any] = np.dtype(self.onnx.helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type))
        return dtype


def dims_of(info: Any) -> list[int]:
    """Return the dimensions of an input, -1 for one that is open: those that have a name, or none, or 0 or -1."""
    return [d.dim_value if d.dim_value > 0 else -1 for d in info.type.tensor_type.shape.dim]


def dims_text(dims: Sequence[int]) -> str:
    """Return dimensions as a user reads them, with N for open ones."""
    return f"[{', '.join('N' if d < 0 else str(d) for d in dims)}]"


def _inlined_operators(model: Any) -> int:
    """Return about how many operators a graph has, 2^62 at most, with functions in place of their calls."""
    bodies = {_called(f, f.name): [_called(n, n.op_type) for n in f.node] for f in model.functions}
    counts: dict[tuple[str, ...], int] = {}
    waiting, seen = list(bodies), set[tuple[str, ...]]()
    while waiting:
        name = waiting[-1]
        inner = [] if name in seen else [n for n in bodies[name] if n in bodies and n not in counts]
        seen.add(name)
        if inner:
            waiting += inner
            continue
        inlined = sum(counts.get(n, 1) for n in bodies[name])  # 1: of a recursion, an error later
        counts[waiting.pop()] = min(max(1, inlined), 1 << 62)
    return min(sum(counts.get(_called(n, n.op_type), 1) for n in model.graph.node), 1 << 62)


def _called(of: Any, name: str) -> tuple[str, ...]:
    return of.domain, name, getattr(of, "overload", "")
