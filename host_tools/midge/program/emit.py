# SPDX-License-Identifier: MIT
"""Encode a lowered and planned program as the bytes of a .midge file. The law is native_module/FORMAT.md."""

from __future__ import annotations

import struct
import zlib

from ..fileformat.spec import ARENA, DATA, DTYPES, HEADER, MAGIC, MAJOR, MINOR, NODE, REAL_ZERO, STATE, TENSOR
from ..graph import Tensor
from ..lowering import Program
from .arena import ArenaPlan


def _aligned(blob: bytearray, alignment: int) -> int:
    blob += bytes(-len(blob) % alignment)
    return len(blob)


class _Strings:
    def __init__(self) -> None:
        self.blob = bytearray(b"\0")
        self.known: dict[str, int] = {"": 0}

    def add(self, text: str) -> int:
        if text not in self.known:
            self.known[text] = self.append(text)
        return self.known[text]

    def append(self, *texts: str) -> int:
        at = len(self.blob)
        for text in texts:
            self.blob += text.replace("\0", "").encode() + b"\0"
        return at


class _Data:
    """The data section; equal constants are held once."""

    def __init__(self) -> None:
        self.blob = bytearray()
        self.known: dict[bytes, int] = {}

    def add(self, constant: bytes) -> int:
        if constant not in self.known:
            self.known[constant] = _aligned(self.blob, 4)
            self.blob += constant
        return self.known[constant]


def emit(program: Program, plan: ArenaPlan) -> bytes:
    """Encode a lowered and planned program as the bytes of a .midge file."""
    graph, strings, data = program.graph, _Strings(), _Data()
    indices: dict[int, int] = {}
    records = bytearray()

    def index_of(tensor: Tensor, named: bool = False) -> int:
        if id(tensor) not in indices:
            indices[id(tensor)] = len(indices)
            root, at = program.place(tensor)
            label = strings.add(tensor.name) if named else 0
            if root.data is not None:
                place, offset = DATA, data.add(root.data.tobytes()) + at
            else:
                place, offset = ARENA, plan.offsets[id(tensor)]
            if tensor.is_state:  # only the state itself: other names for its bytes are tensors like others
                place, label = STATE, REAL_ZERO if tensor.initial is None else data.add(tensor.initial.tobytes())
            records.extend(TENSOR.pack(
                DTYPES[tensor.dtype], len(tensor.shape), place, 0, offset, tensor.size,
                label, tensor.scale, tensor.zero_point,
                *(tensor.shape + (1,) * (6 - len(tensor.shape))),
            ))  # fmt: skip
        return indices[id(tensor)]

    for tensor in (t for block in plan.blocks for t in block.tensors if t.is_state):
        index_of(tensor)
    name = strings.add(graph.name)
    ends = [index_of(t, named=True) for t in [*graph.inputs, *graph.outputs]]
    nodes = bytearray()
    for i, step in enumerate(program.steps):
        params = dict(step.params)
        for key, constant in step.constants.items():
            params[key] = data.add(constant)
        tensors = [index_of(t) for t in [*step.inputs, *step.outputs]]
        body = struct.pack(f"<{len(tensors)}H", *tensors) + bytes(2 * (len(tensors) % 2)) + step.op.pack(params)
        nodes += NODE.pack(step.op.number, NODE.size + len(body), len(step.inputs), len(step.outputs), 0,
                           strings.add(step.name), plan.scratch.get(i, 0), step.scratch)  # fmt: skip
        nodes += body
    labels = strings.append(*graph.labels)
    metadata = strings.append(*(text for pair in graph.metadata.items() for text in pair), "")

    file = bytearray(HEADER.size)
    at_tensors = _aligned(file, 4)
    file += records
    at_nodes = _aligned(file, 4)
    file += nodes
    at_ends = _aligned(file, 4)
    file += struct.pack(f"<{len(ends)}H", *ends)
    at_strings = _aligned(file, 4)
    file += strings.blob
    at_data = _aligned(file, 16)
    file += data.blob
    counts = (len(indices), len(program.steps), len(graph.inputs), len(graph.outputs), len(graph.labels), 0)
    tail = (at_tensors, at_nodes, len(nodes), at_ends, at_strings, len(strings.blob), at_data, len(data.blob),
            name, labels, metadata)  # fmt: skip
    for checksum in (0, None):
        crc = checksum if checksum is not None else zlib.crc32(file[16:])
        HEADER.pack_into(file, 0, MAGIC, MAJOR, MINOR, len(file), crc, 0, plan.arena_size, *counts, *tail)
    return bytes(file)
