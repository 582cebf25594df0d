# SPDX-License-Identifier: MIT
"""Write and read .midge files. The law is native_module/FORMAT.md."""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import UserError
from .ir import Tensor
from .lower import Program
from .opset import Op, by_number
from .plan import Plan

MAGIC = b"MIDG"
MAJOR, MINOR = 1, 0
HEADER = struct.Struct("<4sHHIIIIHHHHHHIIIIIIIIIII")
TENSOR = struct.Struct("<BBBBIIIfi6I")
NODE = struct.Struct("<HHBBHIII")
DTYPES = {"int8": 1, "uint8": 2, "int16": 3, "int32": 4, "float32": 5,
          "uint32": 6, "uint64": 7, "int64": 8, "bool": 9, "uint16": 10}  # fmt: skip
DTYPE_NAMES = {number: name for name, number in DTYPES.items()}
ARENA, DATA, STATE = 0, 1, 2
REAL_ZERO = 0xFFFFFFFF  # the initial value of a state that starts as zeros


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


def write(program: Program, plan: Plan) -> bytes:
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


@dataclass
class FileTensor:
    """A tensor record as a file holds it."""

    dtype: str
    shape: tuple[int, ...]
    place: int
    offset: int
    size: int
    name: str
    scale: float
    zero_point: int
    initial: int = REAL_ZERO  # of a state: where its initial value lies


@dataclass
class FileNode:
    """A node record as a file holds it."""

    op: Op
    name: str
    inputs: list[int]
    outputs: list[int]
    params: dict[str, Any]
    scratch_offset: int
    scratch_size: int

    @property
    def macs(self) -> int:
        """Multiplications of a run."""
        p, name = self.params, self.op.name
        if name == "CONV_2D_I16":
            taps = p["kernel_h"] * p["kernel_w"] * p["in_c"] // p["groups"]
            end = "in" if p["up_h"] * p["up_w"] > 1 else "out"
            return int(p["batches"] * p[f"{end}_h"] * p[f"{end}_w"] * p["out_c"] * taps)
        if name == "MATMUL_I16":
            return int(math.prod(p["batch"]) * p["rows"] * p["columns"] * p["depth"])
        if name == "LSTM":
            return int(4 * p["batches"] * p["steps"] * p["units"] * (p["inputs"] + p["units"]))
        if name == "SVDF":
            return int(p["batches"] * p["filters"] * (p["inputs"] + p["memory"]))
        if name == "MATMUL_F32":
            return int(math.prod(p["batches"]) * p["rows"] * p["columns"] * p["depth"])
        if name == "LSTM_F32":
            return int(p["batches"] * p["steps"] * 4 * p["units"] ** 2)
        if not name.startswith(("CONV_2D", "DEPTHWISE_CONV_2D")):
            return 0
        taps = p["kernel_h"] * p["kernel_w"] * (p["in_c"] if name.startswith("CONV_2D") else 1)
        return int(p["batches"] * p["out_h"] * p["out_w"] * p["out_c"] * taps)


@dataclass
class File:
    """A decoded .midge file, for tools that show it. Running and validating is the core's business."""

    name: str
    size: int
    arena_size: int
    data_size: int
    inputs: list[int]
    outputs: list[int]
    labels: list[str]
    metadata: dict[str, str]
    tensors: list[FileTensor] = field(default_factory=list)
    nodes: list[FileNode] = field(default_factory=list)


def read(blob: bytes) -> File:
    """Decode a file that the core has accepted (see check)."""
    (_, _, _, size, _, _, arena_size, n_tensors, n_nodes, n_inputs, n_outputs, n_labels, _, tensors, nodes, _, ends,
     strings, strings_size, _, data_size, name, labels, metadata) = HEADER.unpack_from(blob)  # fmt: skip
    pool = blob[strings : strings + strings_size]

    def string(at: int) -> str:
        return pool[at : pool.index(b"\0", at)].decode() if at < len(pool) else ""

    def list_from(at: int, count: int) -> list[str]:
        found = []
        for _ in range(count):
            found.append(string(at))
            at += len(found[-1].encode()) + 1
        return found

    pairs: dict[str, str] = {}
    while string(metadata):
        key, value = list_from(metadata, 2)
        pairs[key] = value
        metadata += len(key.encode()) + len(value.encode()) + 2
    indices = struct.unpack_from(f"<{n_inputs + n_outputs}H", blob, ends)
    file = File(string(name), size, arena_size, data_size, list(indices[:n_inputs]), list(indices[n_inputs:]),
                list_from(labels, n_labels), pairs)  # fmt: skip
    for i in range(n_tensors):
        dtype, rank, place, _, offset, nbytes, at, scale, zero, *dims = TENSOR.unpack_from(blob, tensors + 48 * i)
        file.tensors.append(
            FileTensor(DTYPE_NAMES[dtype], tuple(dims[:rank]), place, offset, nbytes,
                       "" if place == STATE else string(at), scale, zero, at if place == STATE else REAL_ZERO)
        )
    for _ in range(n_nodes):
        number, length, n_in, n_out, _, at, scratch, scratch_size = NODE.unpack_from(blob, nodes)
        op = by_number()[number]
        used = struct.unpack_from(f"<{n_in + n_out}H", blob, nodes + NODE.size)
        params = op.unpack(blob[nodes + length - op.params_size : nodes + length])
        file.nodes.append(
            FileNode(op, string(at), list(used[:n_in]), list(used[n_in:]), params, scratch, scratch_size)
        )
        nodes += length
    return file


def check(blob: bytes, title: str) -> None:
    """Let the core judge a file's bytes; UserError with its words where it refuses them."""
    from _midge import Model

    try:
        Model(blob)
    except (ValueError, MemoryError) as error:
        raise UserError(f"{title}: {error}") from error


def load_file(path: str | Path) -> bytes:
    """The bytes of a model file; UserError where there is none."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}; check the path") from error
