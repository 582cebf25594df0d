# SPDX-License-Identifier: MIT
"""midge inspect: the arena over time, and differences between two models."""

import json
from pathlib import Path

from midge.cli.inspect import timeline
from midge.convert.pipeline import convert_model
from midge.fileformat.memory_map import dissect
from midge.fileformat.read import decode
from tests.support.command import printed, refusal


def show(*arguments: object) -> str:
    return printed("inspect", *arguments)


def test_timeline_marks_the_peak(wand_tflite: Path) -> None:
    model = dissect(decode(convert_model(wand_tflite).blob))
    text = show(wand_tflite)
    peak = next(line for line in text.splitlines() if "← peak" in line)
    assert peak.split()[0] == str(model.peak)
    rows = timeline(model, 40)
    assert len(rows) == len(model.nodes)
    assert all(len(row) == 40 and "█" in row for row in rows)


def test_no_difference(wand_tflite: Path) -> None:
    assert "every node is the same" in show("--diff", wand_tflite, wand_tflite)


def test_difference_of_packed_weights(wand_tflite: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.midge"
    packed.write_bytes(convert_model(wand_tflite, target="cortex-m4", labels=list("abcdef")).blob)
    text = show("--diff", wand_tflite, packed)
    assert "layout 0 → 1" in text and "labels differ" in text
    facts = json.loads(show("--diff", "--json", wand_tflite, packed))
    assert facts["totals"]["flash_bytes"] == [len(convert_model(wand_tflite).blob), packed.stat().st_size]
    assert {c["kind"] for c in facts["changes"]} == {"changed"}


def test_how_many_models(wand_tflite: Path) -> None:
    for arguments in ([wand_tflite, wand_tflite], ["--diff", wand_tflite]):
        assert "name one, or two with --diff" in refusal("inspect", *arguments)
