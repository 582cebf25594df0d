# SPDX-License-Identifier: MIT
"""Read a .tflite file (a flatbuffer) into the converter's graph.

The bytes are hostile: every failure of the flatbuffer library becomes a UserError that says where.
Shapes, dtypes and counts are checked here, so that later passes can rely on them.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import tflite
from flatbuffers import flexbuffers  # type: ignore[import-untyped]

from ...errors import UserError
from ...graph import DTYPE_SIZES, Graph, Node, Quantization, Tensor
from .subgraphs import Inliner

_DTYPES = {
    value: name.lower()
    for name, value in vars(tflite.TensorType).items()
    if not name.startswith("_") and isinstance(value, int)
}
_OPTIONS, _OPTIONS_2 = (
    {value: name for name, value in vars(enum).items() if not name.startswith("_") and isinstance(value, int)}
    for enum in (tflite.BuiltinOptions, tflite.BuiltinOptions2)
)
_MAX_RANK = 6


def read_tflite(data: bytes, name: str) -> Graph:
    """Parse the bytes of a .tflite file.

    `name` becomes the model's name and stands in error messages. Raises UserError where the file is
    damaged, of another kind, or holds no graph. Open shapes are fixed later, by fix_shapes.
    """
    if len(data) < 8 or data[4:8] != b"TFL3":
        raise UserError(f"{name}: not a .tflite file (bytes 4 to 8 are {data[4:8]!r}, wanted b'TFL3')")
    try:
        return _Reader(data, name).graph()
    except (struct.error, IndexError, ValueError, TypeError, AttributeError, OverflowError, UnicodeDecodeError) as e:
        raise UserError(f"{name}: damaged .tflite file ({e}); export or download it again") from e


class _Reader:
    def __init__(self, data: bytes, name: str):
        self.name = name
        self.data = data
        self.model = tflite.Model.GetRootAs(data, 0)

    def graph(self) -> Graph:
        if self.model.SubgraphsLength() == 0:
            raise UserError(f"{self.name}: the file holds no graph; export it again")
        graph = self._subgraph(0)
        if not graph.nodes:
            raise UserError(f"{self.name}: the graph has no operators, so there is nothing to run")
        if not graph.inputs or not graph.outputs:
            raise UserError(f"{self.name}: the graph has no {'outputs' if graph.inputs else 'inputs'}; export it again")
        Inliner(self._called, self.name).inline(graph)
        for node in graph.nodes:
            if node.op == "CALL_ONCE":  # gives variables their initial values: passes/variables.py
                node.attrs["graph"] = self._called(node.attrs.get("init_subgraph_index", 0))
        return graph

    def _called(self, index: int) -> Graph:
        """A graph that another one names."""
        if not 0 < index < self.model.SubgraphsLength():
            raise UserError(f"{self.name}: an operator calls graph {index}, which is not there; export it again")
        return self._subgraph(index)

    def _subgraph(self, index: int) -> Graph:
        subgraph = self.model.Subgraphs(index)
        tensors = [self._tensor(subgraph.Tensors(i), i) for i in range(_count(subgraph.TensorsLength(), self.data))]
        nodes = [
            self._node(subgraph.Operators(i), tensors, i)
            for i in range(_count(subgraph.OperatorsLength(), self.data))
        ]
        return Graph(
            name=Path(self.name).stem,
            inputs=[tensors[i] for i in _indices(subgraph, "Inputs", len(tensors))],
            outputs=[tensors[i] for i in _indices(subgraph, "Outputs", len(tensors))],
            nodes=nodes,
        )

    def _tensor(self, raw: Any, index: int) -> Tensor:
        # Fused layers carry all their names, joined by semicolons; the first one says enough.
        name = (raw.Name() or b"").decode().split(";")[0] or f"tensor_{index}"
        dtype = _DTYPES.get(raw.Type())
        if dtype is None:
            raise UserError(f"{self.name}: tensor '{name}' has the unknown dtype number {raw.Type()}")
        shape = tuple(int(d) for d in _vector(raw, "Shape"))
        signature = tuple(int(d) for d in _vector(raw, "ShapeSignature"))
        if len(shape) > _MAX_RANK:
            raise UserError(f"{self.name}: tensor '{name}' has {len(shape)} dimensions; at most {_MAX_RANK} can run")
        if len(signature) not in (0, len(shape)):
            raise UserError(f"{self.name}: tensor '{name}' is {list(shape)} and {list(signature)}; export it again")
        tensor = Tensor(name, shape, dtype, self._quantization(raw.Quantization(), name, dtype),
                        is_state=bool(raw.IsVariable()), signature=signature or shape)
        tensor.data = self._constant(raw, tensor)
        return tensor

    def _quantization(self, raw: Any, name: str, dtype: str) -> Quantization | None:
        if raw is None or raw.ScaleLength() == 0:
            return None
        scale = np.array(_vector(raw, "Scale"), np.float32)
        zero_point = np.array(_vector(raw, "ZeroPoint"), np.int64)
        if not np.all(np.isfinite(scale)) or np.any(scale < 0):
            raise UserError(f"{self.name}: tensor '{name}' has a scale that is no positive number")
        if zero_point.size != scale.size:
            # Old converters leave out zero points that are zero.
            zero_point = np.resize(zero_point, scale.size) if zero_point.size else np.zeros(scale.size, np.int64)
        info = np.iinfo(dtype if dtype in ("int8", "uint8", "int16") else "int32")
        if zero_point.min() < info.min or zero_point.max() > info.max:
            raise UserError(f"{self.name}: tensor '{name}' has a zero point outside of {dtype}; export it again")
        return Quantization(scale, zero_point, raw.QuantizedDimension())

    def _constant(self, raw: Any, tensor: Tensor) -> np.ndarray | None:
        if not 0 <= raw.Buffer() < self.model.BuffersLength():
            raise UserError(f"{self.name}: tensor '{tensor.name}' names buffer {raw.Buffer()}, which is not there")
        buffer = self.model.Buffers(raw.Buffer())
        if tensor.elements == 0 and tensor.dtype in ("int32", "int64"):  # the shape of a scalar
            return np.zeros(tensor.shape, tensor.dtype)
        data = self._bytes(buffer, tensor)
        if tensor.dtype == "int4" and data.size:
            return self._unpacked(data, tensor)
        if data.size == 0 or tensor.dtype not in DTYPE_SIZES:
            return None
        if data.size != tensor.size:
            raise UserError(
                f"{self.name}: constant '{tensor.name}' holds {data.size} bytes, its shape "
                f"{list(tensor.shape)} of {tensor.dtype} wants {tensor.size}"
            )
        values = np.frombuffer(data.tobytes(), np.dtype(tensor.dtype).newbyteorder("<")).reshape(tensor.shape)
        if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
            raise UserError(f"{self.name}: constant '{tensor.name}' holds NaN or infinity; train or export it again")
        return values

    def _bytes(self, buffer: Any, tensor: Tensor) -> np.ndarray:
        """What a buffer holds, inside of the flatbuffer or behind it."""
        start, size = buffer.Offset(), buffer.Size()
        if start <= 1:
            return np.asarray(buffer.DataAsNumpy(), np.uint8) if buffer.DataLength() else np.zeros(0, np.uint8)
        if start + size > len(self.data):
            raise UserError(f"{self.name}: constant '{tensor.name}' lies at bytes {start} to {start + size} of a file "
                            f"of {len(self.data)}; export or download it again")
        return np.frombuffer(self.data, np.uint8, size, start)

    def _unpacked(self, data: np.ndarray, tensor: Tensor) -> np.ndarray:
        """int4 constants as the int8 ones that they are worth: two in a byte, the low half first."""
        if data.size != (tensor.elements + 1) // 2:
            raise UserError(f"{self.name}: constant '{tensor.name}' holds {data.size} bytes, its shape "
                            f"{list(tensor.shape)} of int4 wants {(tensor.elements + 1) // 2}")
        halves = np.stack([data << 4, data & 0xF0], axis=-1).astype(np.uint8).view(np.int8) >> 4
        tensor.dtype = "int8"
        return np.ascontiguousarray(halves.reshape(-1)[: tensor.elements].reshape(tensor.shape))

    def _node(self, raw: Any, tensors: list[Tensor], index: int) -> Node:
        if not 0 <= raw.OpcodeIndex() < self.model.OperatorCodesLength():
            raise UserError(f"{self.name}: operator {index} has the unknown opcode index {raw.OpcodeIndex()}")
        code = self.model.OperatorCodes(raw.OpcodeIndex())
        number = max(_builtin_code(code), code.DeprecatedBuiltinCode())
        if number == tflite.BuiltinOperator.CUSTOM:
            op = "CUSTOM:" + (code.CustomCode() or b"").decode()
        else:
            op = tflite.BUILTIN_OPCODE2NAME.get(number, f"BUILTIN_{number}")
        return Node(
            op=op,
            inputs=[None if i < 0 else tensors[i] for i in _indices(raw, "Inputs", len(tensors), optional=True)],
            outputs=[tensors[i] for i in _indices(raw, "Outputs", len(tensors))],
            attrs=_custom_options(raw) if op.startswith("CUSTOM:") else _options(raw),
        )


def _builtin_code(code: Any) -> int:
    """The 32-bit field, which the library's accessor does not look at where the old 8-bit one is absent."""
    at = code._tab.Offset(10)
    return int(struct.unpack_from("<i", code._tab.Bytes, at + code._tab.Pos)[0]) if at else 0


def _count(length: int, data: bytes) -> int:
    """A vector's length, refused where the file could not hold so many entries."""
    if not 0 <= length <= len(data) // 4:
        raise ValueError(f"a list of {length} entries in a file of {len(data)} bytes")
    return length


def _vector(table: Any, name: str) -> Any:
    values = getattr(table, f"{name}AsNumpy")()
    return [] if isinstance(values, int) else values


def _indices(table: Any, name: str, limit: int, optional: bool = False) -> list[int]:
    found = [int(i) for i in _vector(table, name)]
    for i in found:
        if i >= limit or i < (-1 if optional else 0):
            raise ValueError(f"tensor {i} is named, there are {limit}")
    return found


def _options(raw: Any) -> dict[str, Any]:
    """The operator's options as a dict with the schema's names in snake case."""
    kind = _OPTIONS.get(raw.BuiltinOptionsType(), "NONE")
    table = raw.BuiltinOptions()
    if kind == "NONE":  # newer ops have their options in a second place
        kind, table = _OPTIONS_2.get(raw.BuiltinOptions2Type(), "NONE"), raw.BuiltinOptions2()
    if kind == "NONE" or table is None:
        return {}
    options = getattr(tflite, kind)()
    options.Init(table.Bytes, table.Pos)
    attrs: dict[str, Any] = {}
    names = [n for n in dir(options) if n[0].isupper() and not n.startswith("GetRootAs") and n != "Init"]
    for name in names:
        if name.endswith(("Length", "AsNumpy", "IsNone", "BufferHasIdentifier")):
            continue
        if f"{name}AsNumpy" in names:
            attrs[_snake(name)] = [int(v) for v in _vector(options, name)]
        else:
            attrs[_snake(name)] = getattr(options, name)()
    return attrs


def _custom_options(raw: Any) -> dict[str, Any]:
    """The numbers of a custom operator's options, {} where they are no map in flexbuffer form.

    Nothing but numbers is looked at: hostile bytes may hold maps that contain themselves.
    """
    data = bytes(_vector(raw, "CustomOptions"))
    attrs: dict[str, Any] = {}
    try:
        root = flexbuffers.GetRoot(bytearray(data))
        if not root.IsMap or len(root.AsMap) > len(data):
            return {}
        fields = root.AsMap
        for i, key in enumerate(fields.Keys):
            value = fields.Values[i]
            if value.IsBool or value.IsInt:
                attrs[key.AsKey] = value.AsInt
            elif value.IsFloat:
                attrs[key.AsKey] = value.AsFloat
    except (LookupError, ValueError, TypeError, struct.error, OverflowError, AttributeError):
        return {}
    return attrs


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
