# SPDX-License-Identifier: MIT
"""The anatomy of a file against the converter's own plan."""

from pathlib import Path

import numpy as np
import pytest

from midge.convert.pipeline import Conversion, convert_model
from midge.fileformat import memory_map as anatomy
from midge.fileformat.read import decode
from midge.fileformat.spec import ARENA
from midge.plots.network import ranks


@pytest.fixture(scope="module")
def wand(wand_tflite: Path) -> Conversion:
    return convert_model(wand_tflite)


@pytest.fixture(scope="module")
def model(wand: Conversion) -> anatomy.Anatomy:
    return anatomy.dissect(decode(wand.blob))


def test_constants_add_up(model: anatomy.Anatomy) -> None:
    assert sum(n.flash for n in model.nodes) == model.file.data_size


def test_memory_in_use_is_what_the_plan_says(wand: Conversion, model: anatomy.Anatomy) -> None:
    for i, node in enumerate(model.nodes):
        # The plan rounds blocks up to 16 bytes; the file names the tensors' own sizes.
        blocks = sum(b.first <= i <= b.last for b in wand.plan.blocks)
        assert wand.plan.live_bytes(i) - 15 * blocks <= node.live <= wand.plan.live_bytes(i)
    assert max(span.end for span in model.spans) <= model.file.arena_size


def test_every_node_hangs_together(model: anatomy.Anatomy) -> None:
    assert model.parents(0) == []
    for i in range(1, len(model.nodes)):
        assert model.parents(i), "only the first node of the wand reads nothing but the input"
        assert max(ranks(model)[p] for p in model.parents(i)) < ranks(model)[i]


@pytest.mark.parametrize("name", ["mlperf-tiny/vww_96_int8", "microwakeword/v2_okay_nabu", "mlonmcu-models/lstm2"])
def test_nothing_is_written_over_while_it_is_needed(shared: Path, name: str) -> None:
    """Who wrote each byte of the arena last: where a node reads a tensor that was written as a whole, that tensor."""
    file = decode(convert_model(shared / "models" / f"{name}.tflite").blob)
    owner = np.full(file.arena_size, -1)

    def bytes_of(index: int) -> slice:
        return slice(file.tensors[index].offset, file.tensors[index].offset + file.tensors[index].size)

    written = {i for i in file.inputs if file.tensors[i].place == ARENA}
    for index in written:
        owner[bytes_of(index)] = index
    for i, node in enumerate(file.nodes):
        read = [index for index in node.inputs if file.tensors[index].place == ARENA]
        for index in written & set(read):
            assert (owner[bytes_of(index)] == index).all(), f"node {i} reads what was written over"
        before = owner.copy()
        owner[node.scratch_offset : node.scratch_offset + node.scratch_size] = -2 - i
        assert all((owner[bytes_of(index)] == before[bytes_of(index)]).all() for index in read), f"scratch of node {i}"
        for index in node.outputs:
            if file.tensors[index].place == ARENA:
                assert (owner[bytes_of(index)] != -2 - i).all(), f"scratch of node {i}"
                owner[bytes_of(index)] = index
                written.add(index)
    assert len(written) > 3
