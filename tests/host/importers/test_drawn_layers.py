# SPDX-License-Identifier: MIT
"""Drawn stacks of Keras layers, some of those of `make fuzz-layers`: they answer as Keras does."""

from __future__ import annotations

import pytest

pytest.importorskip("keras", reason="keras is not installed: pip install 'midge[keras]'")
pytest.importorskip("jax", reason="jax is not installed: pip install 'midge[keras]'")

from midge.core.batch import Engine
from tests.fuzz import drawing
from tests.fuzz.layers import Stack


def test_drawn_layers() -> None:
    said = [Stack(f"test {number}").problem() for number in range(6)]
    assert not [problem for problem in said if problem and not problem.startswith(drawing.REFUSED)]
    assert said.count("") >= 3


def test_a_wrong_answer_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Engine.run
    monkeypatch.setattr(Engine, "run", lambda self, inputs: [1.01 * y + 0.01 for y in right(self, inputs)])
    assert "off" in Stack("test 0").problem()
