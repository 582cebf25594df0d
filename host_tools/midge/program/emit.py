# SPDX-License-Identifier: MIT
"""Encode a lowered and planned program as the bytes of a .midge file. native_module/FORMAT.md is normative."""

from __future__ import annotations

import struct
import zlib

from ..fileformat.spec import (
    ARENA,
    DATA,
    DTYPES,
    HEADER,
    MAGIC,
    MAJOR,
    MAX_RANK,
    MINOR,
    NODE,
    OUTSIDE,
    STATE,
    TENSOR,
    ZEROS,
)
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


class _Tensors:
    """The tensor records, in the order in which tensors are first named."""

    def __init__(self, program: Program, plan: ArenaPlan, strings: _Strings, data: _Data) -> None:
        self.program, self.plan, self.strings, self.data = program, plan, strings, data
        self.blob = bytearray()
        self.indices: dict[int, int] = {}

    def index(self, tensor: Tensor, named: bool = False) -> int:
        if id(tensor) not in self.indices:
            self.indices[id(tensor)] = len(self.indices)
            self._add(tensor, self.strings.add(tensor.name) if named else 0)
        return self.indices[id(tensor)]

    def _add(self, tensor: Tensor, label: int) -> None:
        root, at = self.program.place(tensor)
        initial = ZEROS
        if root.data is not None:
            place, offset = DATA, self.data.add(root.data.tobytes()) + at
        elif root.is_outside:
            place, offset = OUTSIDE, 0
        else:
            place, offset = ARENA, self.plan.offsets[id(tensor)]
        if tensor.is_state:  # only the state itself: other names for its bytes are tensors like others
            place = STATE
            if tensor.initial is not None:
                initial = self.data.add(tensor.initial.tobytes())
        self.blob += TENSOR.pack(
            DTYPES[tensor.dtype], len(tensor.shape), place, 0, offset, tensor.size, label, tensor.scale,
            tensor.zero_point, *tensor.shape, *(1,) * (MAX_RANK - len(tensor.shape)), initial,
        )


def emit(program: Program, plan: ArenaPlan) -> bytes:
    """Encode a lowered and planned program as the bytes of a .midge file."""
    graph, strings, data = program.graph, _Strings(), _Data()
    tensors = _Tensors(program, plan, strings, data)
    for tensor in (t for block in plan.blocks for t in block.tensors if t.is_state):
        tensors.index(tensor)
    name = strings.add(graph.name)
    inputs_outputs = [tensors.index(t, named=True) for t in [*graph.inputs, *graph.outputs]]
    nodes = bytearray()
    for i, step in enumerate(program.steps):
        params = dict(step.params)
        for key, constant in step.constants.items():
            params[key] = data.add(constant)
        used = [tensors.index(t) for t in [*step.inputs, *step.outputs]]
        body = struct.pack(f"<{len(used)}H", *used) + bytes(2 * (len(used) % 2)) + step.op.pack(params)
        nodes += NODE.pack(step.op.number, NODE.size + len(body), len(step.inputs), len(step.outputs), 0,
                           strings.add(step.name), plan.scratch.get(i, 0), step.scratch)
        nodes += body
    labels = strings.append(*graph.labels)
    told = dict(graph.metadata)
    if graph.others is not None:
        told["learn.others"] = f"{data.add(graph.others.tobytes())},{len(graph.others)}"
    metadata = strings.append(*(text for pair in told.items() for text in pair), "")

    file = bytearray(HEADER.size)
    at = []
    indices = struct.pack(f"<{len(inputs_outputs)}H", *inputs_outputs)
    for section, alignment in ((tensors.blob, 4), (nodes, 4), (indices, 4), (strings.blob, 4), (data.blob, 16)):
        at.append(_aligned(file, alignment))
        file += section
    counts = (len(tensors.indices), len(program.steps), len(graph.inputs), len(graph.outputs), len(graph.labels), 0)
    tail = (at[0], at[1], len(nodes), at[2], at[3], len(strings.blob), at[4], len(data.blob), name, labels, metadata)
    for checksum in (0, None):
        crc = checksum if checksum is not None else zlib.crc32(file[16:])
        HEADER.pack_into(file, 0, MAGIC, MAJOR, MINOR, len(file), crc, 0, plan.arena_size, *counts, *tail)
    return bytes(file)
