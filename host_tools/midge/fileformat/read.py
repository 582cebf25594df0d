# SPDX-License-Identifier: MIT
"""Decode .midge files, for tools that show them. native_module/FORMAT.md is normative."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import UserError
from .opset import Op, by_number
from .spec import DTYPE_NAMES, HEADER, MAX_RANK, NODE, TENSOR, ZEROS


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
    initial: int = ZEROS  # of a state: where its initial value is in the data section


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
            grid = "in" if p["up_h"] * p["up_w"] > 1 else "out"
            return int(p["batches"] * p[f"{grid}_h"] * p[f"{grid}_w"] * p["out_c"] * taps)
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


def decode(blob: bytes) -> File:
    """Decode a file that the core has accepted (see core.binding.check_file)."""
    (_, _, _, size, _, _, arena_size, n_tensors, n_nodes, n_inputs, n_outputs, n_labels, _, tensors, nodes, _,
     inputs_outputs, strings, strings_size, _, data_size, name, labels, metadata,
     ) = HEADER.unpack_from(blob)
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
    indices = struct.unpack_from(f"<{n_inputs + n_outputs}H", blob, inputs_outputs)
    file = File(string(name), size, arena_size, data_size, list(indices[:n_inputs]), list(indices[n_inputs:]),
                list_from(labels, n_labels), pairs)
    for i in range(n_tensors):
        dtype, rank, place, _, offset, nbytes, at, scale, zero, *rest = TENSOR.unpack_from(
            blob, tensors + TENSOR.size * i)
        file.tensors.append(FileTensor(DTYPE_NAMES[dtype], tuple(rest[:rank]), place, offset, nbytes, string(at), scale,
                                       zero, rest[MAX_RANK]))
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


def load_file(path: str | Path) -> bytes:
    """Return the bytes of a model file. Raises UserError where there is none."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}; check the path") from error
