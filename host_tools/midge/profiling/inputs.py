# SPDX-License-Identifier: MIT
"""What a model is counted on: fixed noise, and what the host's core makes of it."""

from __future__ import annotations

import hashlib
from zlib import crc32

import numpy as np

from ..core.binding import Model
from ..fileformat.read import File, FileTensor
from ..fileformat.spec import OUTSIDE

SMALL = 8  # other integers stay below it: indices, lengths, tokens


def input_bytes(tensor: FileTensor, index: int) -> bytes:
    """Return the bytes of a model's input, the same on every machine.

    int8, uint8, int16 and uint16 over their whole range, float32 in [-1, 1), bool 0 or 1, other integers from 0 to 7.
    """
    noise = np.frombuffer(hashlib.shake_128(b"midge input %d" % index).digest(tensor.size), np.uint8)
    if tensor.dtype in ("int8", "uint8", "int16", "uint16"):
        return noise.tobytes()
    if tensor.dtype == "bool":
        return (noise & 1).tobytes()
    if tensor.dtype == "float32":
        return ((noise.view("<u4") >> 8) / np.float32(1 << 23) - np.float32(1)).astype("<f4").tobytes()
    kind = np.dtype(tensor.dtype)
    return (noise[:: kind.itemsize] % SMALL).astype(kind).tobytes()


def start_arena(file: File) -> bytes:
    """Return the arena as it is before a run: the inputs where they belong, noise elsewhere; a picture after it."""
    arena = bytearray(hashlib.shake_128(b"midge arena").digest(file.arena_size))
    for index, tensor in enumerate(file.tensors[i] for i in file.inputs):
        if tensor.place == OUTSIDE:
            arena += input_bytes(tensor, index)
            continue
        arena[tensor.offset : tensor.offset + tensor.size] = input_bytes(tensor, index)
    return bytes(arena)


def wanted_crc(model: bytes, file: File) -> int:
    """Return the CRC-32 of all outputs that the host's core computes from these inputs."""
    outputs = [bytearray(file.tensors[i].size) for i in file.outputs]
    inputs = [input_bytes(file.tensors[at], index) for index, at in enumerate(file.inputs)]
    Model(model, checksum=False).run(inputs, outputs)
    crc = 0
    for output in outputs:
        crc = crc32(output, crc)
    return crc
