# SPDX-License-Identifier: MIT
"""Drawn networks, some of those of `make fuzz-graphs` and `make fuzz-layers`: they answer as their own library does."""

from __future__ import annotations

import pytest

from midge.core.batch import Engine
from tests.fuzz import drawing
from tests.fuzz.drawing import Drawn


def kind_of(name: str) -> type[Drawn]:
    if name == "graphs":
        from tests.fuzz.graphs import Graph

        return Graph
    pytest.importorskip("keras", reason="keras is not installed: pip install 'midge[keras]'")
    pytest.importorskip("jax", reason="jax is not installed: pip install 'midge[keras]'")
    from tests.fuzz.layers import Stack

    return Stack


@pytest.mark.parametrize(("name", "first", "count", "right"), [
    ("graphs", 0, 10, 8), ("graphs", 10, 10, 8), ("graphs", 20, 10, 8), ("graphs", 30, 10, 8), ("layers", 0, 6, 3),
])
def test_they_answer_as_their_library_does(name: str, first: int, count: int, right: int) -> None:
    kind = kind_of(name)
    said = [kind(f"test {number}").problem() for number in range(first, first + count)]
    assert not [problem for problem in said if problem and not problem.startswith(drawing.REFUSED)]
    assert said.count("") >= right


@pytest.mark.parametrize("name", ["graphs", "layers"])
def test_a_wrong_answer_is_seen_and_made_small(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, run = kind_of(name), Engine.run
    monkeypatch.setattr(Engine, "run", lambda self, inputs: [1.01 * y + 0.01 for y in run(self, inputs)])
    assert "off" in kind("test 0").problem()
    least, problem = drawing.smallest(lambda without: kind("test 0", without))
    assert "off" in problem and len(least.steps) <= 1
