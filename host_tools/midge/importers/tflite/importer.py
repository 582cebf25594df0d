# SPDX-License-Identifier: MIT
"""Read a .tflite file (a flatbuffer) into the converter's graph.

The bytes are hostile: every failure of the flatbuffer library becomes a UserError that says where.
Shapes, dtypes and counts are checked here, so that later passes can rely on them.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from ...errors import UserError
from ...graph import DTYPE_SIZES, Graph, Node, Quantization, Tensor
from ...graph.sight import UNITS
from ...graph.tflite_ops import SCHEMAS
from ...limits import Room, check_operators
from .metadata import Signature, choose, labels_in, note_of, signatures_of, units_in
from .reader import DTYPES, checked_count, custom_options_of, indices, op_of, options_of, text_of, vector
from .subgraphs import Inliner

_MAX_RANK = 6


def read_tflite(data: bytes, title: str, signature: str | None = None) -> Graph:
    """Return the graph of the bytes of a .tflite file.

    title: what error messages call the file; its stem is the graph's name. signature: which of its graphs, by the name
    under which it is published; the first by default. Raises UserError where the file is damaged, of another kind, or
    holds no graph. Open shapes are fixed later, by fix_shapes.
    """
    if len(data) < 8 or data[4:8] != b"TFL3":
        raise UserError(f"{title}: not a .tflite file (bytes 4 to 8 are {data[4:8]!r}, wanted b'TFL3')")
    try:
        return TfliteImporter(data, title).graph(signature)
    except (struct.error, IndexError, ValueError, TypeError, AttributeError, OverflowError, UnicodeDecodeError) as e:
        raise UserError(f"{title}: damaged .tflite file ({e}); export or download it again") from e


class TfliteImporter:
    """The state of an import."""

    def __init__(self, data: bytes, title: str):
        self.title = title
        self.data = data
        self.model = tflite.Model.GetRootAs(data, 0)

    def graph(self, name: str | None = None) -> Graph:
        """Return the graph of a signature, or the first one, calls inlined.

        Raises UserError where it has no operators, inputs or outputs.
        """
        if self.model.SubgraphsLength() == 0:
            raise UserError(f"{self.title}: the file holds no graph; export it again")
        signatures = signatures_of(self.model, self.data)
        signature = choose(signatures, name, self.title)
        graph = self._subgraph(signature.graph if signature is not None else 0, signature)
        graph.notes += [note for note in [note_of(signatures, signature)] if note]
        if not graph.nodes:
            raise UserError(f"{self.title}: the graph has no operators, so there is nothing to run")
        if not graph.inputs or not graph.outputs:
            missing = "outputs" if graph.inputs else "inputs"
            raise UserError(f"{self.title}: the graph has no {missing}; export it again")
        Inliner(self._called, self.title, Room(len(self.data))).inline(graph)
        for node in graph.nodes:
            if node.op == "CALL_ONCE":  # gives variables their initial values: passes/variables.py
                node.attrs["graph"] = self._called(node.attrs.get("init_subgraph_index", 0))
        graph.labels = labels_in(self.data, graph)
        units = units_in(self.model, graph)
        if units:
            graph.metadata[UNITS] = units
        return graph

    def _called(self, index: int) -> Graph:
        """Return a graph that another one names. Raises UserError."""
        if not 0 < index < self.model.SubgraphsLength():
            raise UserError(f"{self.title}: an operator calls graph {index}, which is not there; export it again")
        return self._subgraph(index)

    def _subgraph(self, index: int, signature: Signature | None = None) -> Graph:
        if not 0 <= index < self.model.SubgraphsLength():
            raise UserError(f"{self.title}: a signature names graph {index}, which is not there; export it again")
        subgraph = self.model.Subgraphs(index)
        n_tensors, n_nodes = (checked_count(length, self.data)
                              for length in (subgraph.TensorsLength(), subgraph.OperatorsLength()))
        check_operators(n_nodes)
        tensors = [self._tensor(subgraph.Tensors(i), i) for i in range(n_tensors)]
        nodes = [self._node(subgraph.Operators(i), tensors, i) for i in range(n_nodes)]
        ends = [indices(subgraph, kind, len(tensors)) for kind in ("Inputs", "Outputs")]
        if signature is not None:
            for numbers, names in zip(ends, (signature.inputs, signature.outputs), strict=True):
                if len(numbers) > 1:  # where names tell them apart, those that the user gave
                    for i in numbers:
                        tensors[i].name = names.get(i) or tensors[i].name
        inputs, outputs = ([tensors[i] for i in numbers] for numbers in ends)
        return Graph(Path(self.title).stem, inputs, outputs, nodes)

    def _tensor(self, raw: Any, index: int) -> Tensor:
        # Fused layers carry all their names, joined by semicolons; the first one says enough.
        name = text_of(raw.Name()).split(";")[0] or f"tensor_{index}"
        dtype = DTYPES.get(raw.Type(), "").lower()
        if not dtype:
            raise UserError(f"{self.title}: tensor '{name}' has the unknown dtype number {raw.Type()}")
        shape = tuple(int(d) for d in vector(raw, "Shape"))
        signature = tuple(int(d) for d in vector(raw, "ShapeSignature"))
        if len(shape) > _MAX_RANK:
            raise UserError(f"{self.title}: tensor '{name}' has {len(shape)} dimensions; at most {_MAX_RANK} can run")
        if len(signature) not in (0, len(shape)):
            raise UserError(f"{self.title}: tensor '{name}' is {list(shape)} and {list(signature)}; export it again")
        tensor = Tensor(name, shape, dtype, self._quantization(raw.Quantization(), name, dtype),
                        is_state=bool(raw.IsVariable()), signature=signature or shape)
        tensor.data = self._constant(raw, tensor)
        return tensor

    def _quantization(self, raw: Any, name: str, dtype: str) -> Quantization | None:
        if raw is None or raw.ScaleLength() == 0:
            return None
        scale = np.array(vector(raw, "Scale"), np.float32)
        zero_point = np.array(vector(raw, "ZeroPoint"), np.int64)
        if not np.all(np.isfinite(scale)) or np.any(scale < 0):
            raise UserError(f"{self.title}: tensor '{name}' has a scale that is no positive number")
        if zero_point.size != scale.size:
            # Old converters leave out zero points that are zero.
            zero_point = np.resize(zero_point, scale.size) if zero_point.size else np.zeros(scale.size, np.int64)
        info = np.iinfo(dtype if dtype in ("int8", "uint8", "int16") else "int32")
        if zero_point.min() < info.min or zero_point.max() > info.max:
            raise UserError(f"{self.title}: tensor '{name}' has a zero point outside of {dtype}; export it again")
        return Quantization(scale, zero_point, raw.QuantizedDimension())

    def _constant(self, raw: Any, tensor: Tensor) -> np.ndarray | None:
        if not 0 <= raw.Buffer() < self.model.BuffersLength():
            raise UserError(f"{self.title}: tensor '{tensor.name}' names buffer {raw.Buffer()}, which is not there")
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
                f"{self.title}: constant '{tensor.name}' holds {data.size} bytes, its shape "
                f"{list(tensor.shape)} of {tensor.dtype} wants {tensor.size}"
            )
        values = np.frombuffer(data.tobytes(), np.dtype(tensor.dtype).newbyteorder("<")).reshape(tensor.shape)
        if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
            raise UserError(f"{self.title}: constant '{tensor.name}' holds NaN or infinity; train or export it again")
        return values

    def _bytes(self, buffer: Any, tensor: Tensor) -> np.ndarray:
        """Return what a buffer holds, inside the flatbuffer or after it."""
        start, size = buffer.Offset(), buffer.Size()
        if start <= 1:
            return np.asarray(buffer.DataAsNumpy(), np.uint8) if buffer.DataLength() else np.zeros(0, np.uint8)
        if start + size > len(self.data):
            raise UserError(f"{self.title}: constant '{tensor.name}' is at bytes {start} to {start + size} of a file "
                            f"of {len(self.data)}; export or download it again")
        return np.frombuffer(self.data, np.uint8, size, start)

    def _unpacked(self, data: np.ndarray, tensor: Tensor) -> np.ndarray:
        """Return int4 constants, two in a byte with the low half first, as int8 ones."""
        if data.size != (tensor.elements + 1) // 2:
            raise UserError(f"{self.title}: constant '{tensor.name}' holds {data.size} bytes, its shape "
                            f"{list(tensor.shape)} of int4 wants {(tensor.elements + 1) // 2}")
        halves = np.stack([data << 4, data & 0xF0], axis=-1).astype(np.uint8).view(np.int8) >> 4
        tensor.dtype = "int8"
        return np.ascontiguousarray(halves.reshape(-1)[: tensor.elements].reshape(tensor.shape))

    def _node(self, raw: Any, tensors: list[Tensor], index: int) -> Node:
        if not 0 <= raw.OpcodeIndex() < self.model.OperatorCodesLength():
            raise UserError(f"{self.title}: operator {index} has the unknown opcode index {raw.OpcodeIndex()}")
        code = self.model.OperatorCodes(raw.OpcodeIndex())
        op = op_of(code)
        return Node(
            op=op,
            inputs=[None if i < 0 else tensors[i] for i in indices(raw, "Inputs", len(tensors), optional=True)],
            outputs=[tensors[i] for i in indices(raw, "Outputs", len(tensors))],
            attrs=_known(op, custom_options_of(raw) if op.startswith("CUSTOM:") else options_of(raw)),
        )


def _known(op: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that Midge knows: later versions of the schema may have more."""
    known = SCHEMAS[op].attributes if op in SCHEMAS else None
    return options if known is None else {name: value for name, value in options.items() if name in known}
