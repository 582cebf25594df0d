# SPDX-License-Identifier: MIT
"""The anatomy of a file against the converter's own plan."""

from pathlib import Path

import pytest

from midge.convert.pipeline import Conversion, convert_model
from midge.fileformat import memory_map as anatomy
from midge.fileformat.read import decode
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
def test_no_two_values_share_bytes_while_both_are_needed(shared: Path, name: str) -> None:
    model = anatomy.dissect(decode(convert_model(shared / "models" / f"{name}.tflite").blob))
    for a in model.spans:
        for b in model.spans:
            if a is not b and a.offset < b.end and b.offset < a.end and max(a.first, b.first) < min(a.last, b.last):
                pytest.fail(f"{a} and {b} overlap")
