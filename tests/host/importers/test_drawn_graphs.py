# SPDX-License-Identifier: MIT
"""Drawn ONNX graphs, some of those of `make fuzz-graphs`: they answer as onnxruntime does."""

from __future__ import annotations

import pytest

from midge.core.batch import Engine
from tests.fuzz import drawing
from tests.fuzz.graphs import Graph


@pytest.mark.parametrize("part", range(4))
def test_drawn_graphs(part: int) -> None:
    said = [Graph(f"test {number}").problem() for number in range(10 * part, 10 * part + 10)]
    assert not [problem for problem in said if problem and not problem.startswith(drawing.REFUSED)]
    assert said.count("") >= 8


def test_a_wrong_answer_is_seen_and_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Engine.run
    monkeypatch.setattr(Engine, "run", lambda self, inputs: [1.01 * y + 0.01 for y in right(self, inputs)])
    assert "off" in Graph("test 0").problem()
    least, problem = drawing.smallest(lambda without: Graph("test 0", without))
    assert "off" in problem and len(least.nodes) <= 1
