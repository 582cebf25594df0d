# SPDX-License-Identifier: MIT
"""What a .tflite file says about itself: signatures, which name a graph's inputs and outputs, and labels."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Any

from ...errors import UserError
from ...graph import Graph
from .reader import checked_count, text_of

_MOST_TEXT = 1 << 20  # bytes of a file of labels


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
