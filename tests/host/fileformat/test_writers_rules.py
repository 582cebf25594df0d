# SPDX-License-Identifier: MIT
"""What FORMAT.md asks of writers alone holds for every file that the converter writes."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from midge import api
from midge.convert.pipeline import convert_graph
from midge.core.binding import check_file
from midge.errors import UserError
from midge.fileformat import spec
from midge.fileformat.read import File, decode
from tests.fuzz.make_seeds import FAMILIES  # each fills SEEDS
from tests.fuzz.seeds import SEEDS
from tests.support import WAND_MODEL


def test_every_seed_keeps_them() -> None:
    assert FAMILIES
    for name, make in SEEDS.items():
        graph = make()
        blob = convert_graph(graph, graph.labels, name, 0).blob
        check_sections(blob, name)
        check_places(decode(blob), name)


def check_sections(blob: bytes, name: str) -> None:
    (_, _, minor, size, _, _, _, n_tensors, n_nodes, n_inputs, n_outputs, _, _, tensors, nodes, nodes_size,
     inputs_outputs, strings, strings_size, data, data_size, *_) = spec.HEADER.unpack_from(blob)
    sections = ((tensors, n_tensors * spec.TENSOR.size), (nodes, nodes_size),
                (inputs_outputs, 2 * (n_inputs + n_outputs)), (strings, strings_size), (data, data_size))
    end = spec.HEADER.size
    for at, length in sections:
        assert end <= at < end + 16 and not any(blob[end:at]), name
        end = at + length
    assert (minor, size, end) == (spec.MINOR, len(blob), len(blob)), name
    pool = blob[strings : strings + strings_size]
    assert pool[0] == 0 and pool.decode(), name
    for _ in range(n_nodes):
        _, length, n_in, n_out, *_ = spec.NODE.unpack_from(blob, nodes)
        if (n_in + n_out) % 2:
            assert blob[nodes + spec.NODE.size + 2 * (n_in + n_out) :][:2] == b"\0\0", name
        nodes += length


def check_places(file: File, name: str) -> None:
    for t in file.tensors:
        if t.place != spec.STATE:
            assert t.initial == spec.ZEROS, name
        if t.dtype not in ("float32", "bool"):
            limits = np.iinfo(t.dtype)
            assert limits.min <= t.zero_point <= limits.max, name
    written = {i for node in file.nodes for i in node.outputs}
    assert not any(file.tensors[i].place == spec.STATE for i in [*file.inputs, *file.outputs]), name
    assert all(i in written or i in file.inputs for i in file.outputs), name


def test_names_that_are_no_utf_8_are_refused_in_one_line() -> None:
    blob = bytearray(api.convert(WAND_MODEL, labels=list("abcdef")).blob)
    at = spec.HEADER.unpack_from(blob)[17]
    blob[at + 1] = 0xFF
    struct.pack_into("<I", blob, 12, zlib.crc32(blob[16:]))
    with pytest.raises(UserError, match="no UTF-8; convert the model again"):
        check_file(bytes(blob), "wand.midge")
