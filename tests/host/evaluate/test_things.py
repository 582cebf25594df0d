# SPDX-License-Identifier: MIT
"""Things in a grid of scores: which cells are one, where its centre is, and what it is paired with."""

from __future__ import annotations

import numpy as np
import pytest

from midge import Model
from midge.convert.pipeline import convert_graph
from midge.evaluate.things import Thing, Truth, is_counted, match, things_in
from midge.graph import Quantization, Tensor, sight
from midge.graph.builder import Builder


def grid(cells: dict[tuple[int, int], tuple[float, float]], rows: int = 4, columns: int = 6) -> np.ndarray:
    """Scores of nothing and two classes; of the cells named, those of the classes."""
    scores = np.zeros((rows, columns, 3))
    for at, values in cells.items():
        scores[at][1:] = values
    scores[..., 0] = 1 - scores.sum(axis=2)
    return scores


def test_cells_that_touch_are_one_thing() -> None:
    scores = grid({(0, 0): (0.9, 0), (1, 1): (0.6, 0), (3, 5): (0, 0.7), (3, 4): (0.8, 0.1)})
    found = things_in(scores, 0.5)
    assert [(t.kind, t.score) for t in found] == [(1, 0.9), (1, 0.8), (2, 0.7)]
    assert found[0].y == pytest.approx((0.9 * 0.5 + 0.6 * 1.5) / 1.5 / 4)
    assert found[0].x == pytest.approx((0.9 * 0.5 + 0.6 * 1.5) / 1.5 / 6)
    assert [t.kind for t in things_in(scores, 0.65)] == [1, 1, 2] and len(things_in(scores, 0.85)) == 1


def test_of_equal_scores_the_lower_class_counts() -> None:
    assert things_in(grid({(1, 1): (0.5, 0)}), 0.2) == []  # nothing has as much
    assert [t.kind for t in things_in(grid({(1, 1): (0.4, 0.4)}), 0.2)] == [1]


def test_each_box_has_one_centre_at_most() -> None:
    truth = Truth((1, 1, 2), np.array([[0, 0, 0.4, 0.4], [0.3, 0.3, 0.7, 0.7], [0, 0.8, 0.2, 1]]))
    found = [Thing(1, 0.9, 0.35, 0.35), Thing(1, 0.8, 0.2, 0.2), Thing(1, 0.7, 0.1, 0.9), Thing(1, 0.6, 0.21, 0.2)]
    matched = match(found, truth)
    assert sorted(matched.pairs) == [(0, 1), (1, 0)] and matched.mistaken == [(2, 2)]
    assert matched.false == [3] and matched.missed == []


@pytest.mark.parametrize(("found", "there", "right"), [(0, 0, True), (1, 0, False), (9, 10, True), (8, 10, False)])
def test_counts_are_right_to_a_tenth(found: int, there: int, right: bool) -> None:
    truth = Truth((1,) * there, np.zeros((there, 4)))
    assert is_counted([Thing(1, 1, 0, 0)] * found, truth) is right


@pytest.mark.parametrize("seed", range(10))
def test_what_is_judged_is_what_a_board_finds(seed: int) -> None:
    """1,000 grids that were drawn: judging, in NumPy, and the op of boards find the same things in the same scores."""
    rng = np.random.default_rng(seed)
    rows, columns, classes = (int(n) for n in rng.integers((1, 2, 2), (13, 17, 6)))
    threshold = float(rng.choice([0.25, 0.5, 0.3337, 0.77]))
    build = Builder("grid")
    steps = Quantization(np.array([1 / 256], np.float32), np.array([-128], np.int64))
    x = Tensor(build.unique("scores"), (1, rows, columns, classes), "int8", steps)
    found = sight.blobs(build, x, threshold, rows * columns)
    model = Model(convert_graph(build.graph([x], found), [], "grid", 0).blob)
    outputs = [bytearray(4 * n) for n in (4 * rows * columns, rows * columns, rows * columns, 1)]
    things = 0
    for _ in range(100):
        # Sums of shares, as softmax gives them, sharp ones and flat ones; and some equal to the threshold.
        logits = rng.normal(0, rng.choice([1, 3, 8]), (rows, columns, classes))
        q = np.clip(np.round(256 * np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)), 0, 255) - 128
        q[rng.random((rows, columns)) < 0.1] = min(round(256 * threshold) - 128, 127)
        model.run(q.astype(np.int8).tobytes(), outputs)
        corners, kinds, scores, count = (np.frombuffer(out, np.float32) for out in outputs)
        judged = sorted(things_in((q + 128) / 256, threshold), key=lambda thing: -thing.score)
        assert int(count[0]) == len(judged)
        boxes = corners.reshape(-1, 4)[: len(judged)].astype(float)
        board = sorted(zip(-scores, kinds + 1, (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2,
                           strict=False), key=lambda b: tuple(np.round(b, 5)))
        here = sorted([(-t.score, t.kind, t.y, t.x) for t in judged], key=lambda b: tuple(np.round(b, 5)))
        np.testing.assert_allclose(np.array(board).reshape(-1, 4), np.array(here).reshape(-1, 4), atol=2e-6)
        things += len(judged)
    assert things > 100
