# SPDX-License-Identifier: MIT
"""Pictures that midge inspect draws."""

from pathlib import Path

import pytest

from tests.support.command import printed, refusal


def test_pictures(wand_tflite: Path, tmp_path: Path) -> None:
    memory, graph = tmp_path / "arena.png", tmp_path / "network.svg"
    assert "wrote" in printed("inspect", wand_tflite, "--png", memory, "--graph", graph)
    assert memory.read_bytes()[:4] == b"\x89PNG"
    assert memory.stat().st_size > 20_000
    assert "<svg" in graph.read_text()


@pytest.mark.parametrize("name", ["arena.xyz", "missing/arena.png"])
def test_a_picture_that_cannot_be(wand_tflite: Path, tmp_path: Path, name: str) -> None:
    said = refusal("inspect", wand_tflite, "--png", tmp_path / name)
    assert "ends in .png" in said or "choose another place" in said
