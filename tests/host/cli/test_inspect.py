# SPDX-License-Identifier: MIT
"""midge inspect: the anatomy of a file against the converter's own plan, text, pictures and differences."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from midge.cli.inspect import inspect, timeline
from midge.convert.pipeline import Conversion, convert_model
from midge.errors import UserError
from midge.fileformat import memory_map as anatomy
from midge.fileformat.read import decode
from midge.plots.network import ranks


def show(*arguments: object) -> str:
    done = CliRunner().invoke(inspect, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


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
    model = anatomy.load(shared / "models" / f"{name}.tflite")
    for a in model.spans:
        for b in model.spans:
            if a is not b and a.offset < b.end and b.offset < a.end and max(a.first, b.first) < min(a.last, b.last):
                pytest.fail(f"{a} and {b} overlap")


def test_timeline_marks_the_peak(wand_tflite: Path, model: anatomy.Anatomy) -> None:
    text = show(wand_tflite)
    peak = next(line for line in text.splitlines() if "← peak" in line)
    assert peak.split()[0] == str(model.peak)
    rows = timeline(model, 40)
    assert len(rows) == len(model.nodes)
    assert all(len(row) == 40 and "█" in row for row in rows)


def test_pictures(wand_tflite: Path, tmp_path: Path) -> None:
    memory, graph = tmp_path / "arena.png", tmp_path / "network.svg"
    assert "wrote" in show(wand_tflite, "--png", memory, "--graph", graph)
    assert memory.read_bytes()[:4] == b"\x89PNG"
    assert memory.stat().st_size > 20_000
    assert "<svg" in graph.read_text()


@pytest.mark.parametrize("name", ["arena.xyz", "missing/arena.png"])
def test_a_picture_that_cannot_be(wand_tflite: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"ends in \.png|choose another place"):
        show(wand_tflite, "--png", tmp_path / name)


def test_no_difference(wand_tflite: Path) -> None:
    assert "every node is the same" in show("--diff", wand_tflite, wand_tflite)


def test_difference_of_packed_weights(wand: Conversion, wand_tflite: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.midge"
    packed.write_bytes(convert_model(wand_tflite, target="cortex-m4", labels=list("abcdef")).blob)
    text = show("--diff", wand_tflite, packed)
    assert "layout 0 → 1" in text and "labels differ" in text
    facts = json.loads(show("--diff", "--json", wand_tflite, packed))
    assert facts["totals"]["flash_bytes"] == [len(wand.blob), packed.stat().st_size]
    assert {c["kind"] for c in facts["changes"]} == {"changed"}


def test_how_many_models(wand_tflite: Path) -> None:
    for arguments in ([wand_tflite, wand_tflite], ["--diff", wand_tflite]):
        with pytest.raises(UserError, match="name one, or two with --diff"):
            show(*arguments)
