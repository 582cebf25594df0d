# SPDX-License-Identifier: MIT
"""Things in a grid of scores: which cells are one, where its centre is, and what it is paired with."""

from __future__ import annotations

import numpy as np
import pytest

from midge.evaluate.things import Thing, Truth, is_counted, match, things_in


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
