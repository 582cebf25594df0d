# SPDX-License-Identifier: MIT
"""What a .tflite file says about itself: signatures, which name a graph's inputs and outputs, labels, normalisation."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
from flatbuffers.encode import Get
from flatbuffers.number_types import Float32Flags, SOffsetTFlags, UOffsetTFlags
from flatbuffers.table import Table

from ...errors import UserError
from ...graph import Graph
from ...graph.sight import normalised, pixel_scale
from .reader import checked_count, text_of

_MOST_TEXT = 1 << 20  # bytes of a file of labels
# Fields of the flatbuffer that TensorFlow Lite's metadata are (metadata_schema.fbs), as offsets into its tables.
_GRAPHS, _INPUTS, _UNITS, _OPTIONS_TYPE, _OPTIONS, _MEAN, _STD = 10, 8, 12, 4, 6, 4, 6
_NORMALIZATION = 1  # of the kinds of options


@dataclass(frozen=True)
class Signature:
    """The name of a graph, and the names of its arguments and results by their tensors' numbers."""

    name: str
    graph: int
    inputs: dict[int, str]
    outputs: dict[int, str]


def signatures_of(model: Any, data: bytes) -> list[Signature]:
    """Return the signatures of a file. Raises ValueError where it is damaged."""
    found = []
    for i in range(checked_count(model.SignatureDefsLength(), data)):
        raw = model.SignatureDefs(i)
        lists = []
        for kind in ("Inputs", "Outputs"):
            maps = [getattr(raw, kind)(j) for j in range(checked_count(getattr(raw, f"{kind}Length")(), data))]
            lists.append({m.TensorIndex(): text_of(m.Name()) for m in maps})
        found.append(Signature(text_of(raw.SignatureKey()), raw.SubgraphIndex(), *lists))
    return found


def choose(signatures: list[Signature], wanted: str | None, title: str) -> Signature | None:
    """Return the signature of a name, without one that of the first graph, None for none. Raises UserError."""
    if wanted is None:
        return next((s for s in signatures if s.graph == 0), None)
    for signature in signatures:
        if signature.name == wanted:
            return signature
    names = ", ".join(s.name for s in signatures)
    raise UserError(f"{title}: no signature '{wanted}'; " + (f"it has {names}" if names else "it has none"))


def note_of(signatures: list[Signature], chosen: Signature | None) -> str:
    """Return a line about signatures that are not converted, "" where there is one or none."""
    if chosen is None or len(signatures) < 2:
        return ""
    others = ", ".join(f"'{s.name}'" for s in signatures if s is not chosen)
    return f"the signature '{chosen.name}' alone; --signature takes another: {others}"


def labels_in(data: bytes, graph: Graph) -> list[str]:
    """Return the lines of a text that is packed with the model, if it has one for each of its scores."""
    shape = graph.outputs[0].shape
    if b"PK\x05\x06" not in data[-65557:] or not shape:
        return []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if info.filename.endswith(".txt") and info.file_size <= _MOST_TEXT:
                    with archive.open(info) as file:
                        lines = file.read(_MOST_TEXT).decode("utf-8-sig").splitlines()
                    lines = [line.strip() for line in lines if line.strip()]
                    if len(lines) == shape[-1] > 1:
                        return lines
    except Exception:  # zipfile and zlib fail in many ways; a model without labels is one, too
        return []
    return []


def units_in(model: Any, graph: Graph) -> str:
    """Return the units of pictures by the normalisation that the file's metadata tell of a graph's only input.

    "" where they tell none, or one that the input's range contradicts: for inputs of integers some files tell what
    their float twins take.
    """
    if len(graph.inputs) != 1:
        return ""
    try:
        blobs = [model.Buffers(raw.Buffer()).DataAsNumpy().tobytes()
                 for raw in (model.Metadata(i) for i in range(min(model.MetadataLength(), 100)))
                 if raw.Name() == b"TFLITE_METADATA"]
        units = normalised(*_normalization(blobs[0])) if blobs else ""
    except Exception:  # damaged metadata are none, as for TensorFlow Lite itself
        return ""
    return units if units and _within(graph, units) else ""


def _within(graph: Graph, units: str) -> bool:
    """Tell whether an input can hold what pixels of 0 to 255 become."""
    x = graph.inputs[0]
    if x.dtype == "float32":
        return True
    divisor, minus = pixel_scale(units)
    least = 0 if x.dtype == "uint8" else -128
    low, high = (x.scale * (q - x.zero_point) for q in (least, least + 255))
    slack = 0.02 * (high - low)
    return bool(np.all(-minus >= low - slack) and np.all(255 / divisor - minus <= high + slack))


def _normalization(blob: bytes) -> tuple[list[float], list[float]]:
    """Return mean and deviation of the first input's normalisation, empty for none. Raises whatever nonsense raises."""
    root = Table(bytearray(blob), Get(UOffsetTFlags.packer_type, blob, 0))
    graph = _tables(root, _GRAPHS)[0]
    for unit in _tables(_tables(graph, _INPUTS)[0], _UNITS):
        kind = unit.Offset(_OPTIONS_TYPE)
        if kind and unit.Bytes[unit.Pos + kind] == _NORMALIZATION:
            at = unit.Pos + unit.Offset(_OPTIONS)
            options = Table(unit.Bytes, at + Get(SOffsetTFlags.packer_type, unit.Bytes, at))
            return _floats(options, _MEAN), _floats(options, _STD)
    return [], []


def _tables(table: Table, field: int) -> list[Table]:
    """Return the tables of a field that is a list of them."""
    at = table.Offset(field)
    if not at:
        return []
    start = table.Vector(at)
    return [Table(table.Bytes, table.Indirect(start + 4 * i)) for i in range(min(table.VectorLen(at), 100))]


def _floats(table: Table, field: int) -> list[float]:
    at = table.Offset(field)
    return [float(v) for v in table.GetVectorAsNumpy(Float32Flags, at)][:4] if at else []
