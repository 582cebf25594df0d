# SPDX-License-Identifier: MIT
"""Drawn ONNX graphs, some of those of `make fuzz-graphs`: they answer as onnxruntime does."""

from __future__ import annotations

import random

import numpy as np
import pytest

from midge.core.batch import Engine
from tests.fuzz.graphs import SAMPLES, Drawn, try_one


def drawn(number: int) -> tuple[Drawn, np.ndarray]:
    found = Drawn(random.Random(f"test {number}"))
    return found, found.numbers.normal(size=(SAMPLES, *found.values["x"])).astype(np.float32)


@pytest.mark.parametrize("part", range(4))
def test_drawn_graphs(part: int) -> None:
    said = []
    for number in range(10 * part, 10 * part + 10):
        found, feeds = drawn(number)
        said.append(try_one(found.model(), feeds))
    assert not [problem for problem in said if problem and not problem.startswith("refused")]
    assert said.count("") >= 8


def test_a_wrong_answer_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Engine.run
    monkeypatch.setattr(Engine, "run", lambda self, inputs: [1.01 * y + 0.01 for y in right(self, inputs)])
    found, feeds = drawn(0)
    assert "off" in try_one(found.model(), feeds)
