# SPDX-License-Identifier: MIT
"""A small part of `make bench-train`: two simulated people, three takes a class, the opponent's recipe beside."""

from __future__ import annotations

import numpy as np
import pytest

from midge.train.recipe import Options
from tests.train import sets
from tests.train.__main__ import wand
from tests.train.bench import leave_out, run
from tests.train.opponents import createai_features


@pytest.mark.slow
def test_three_takes_of_two_people() -> None:
    people = sets.simulator().TEST_PEOPLE[:2]
    tally = run(wand(people, 3), Options(), ["CreateAI"])
    assert tally.share("midge").count == 144
    assert tally.share("midge").value >= 0.93
    assert tally.share("midge").value >= tally.share("CreateAI").value + 0.1
    assert abs(tally.share("midge").value - tally.share("midge, floats").value) <= 0.01


def test_nothing_is_on_both_sides_of_a_split() -> None:
    takes = sets.wand_person(0, range(3))
    for _, known, tests in leave_out(takes, lambda t: t.path, 4):
        assert {t.path for t in known} | {t.path for t in tests} == {t.path for t in takes}
        assert not {t.path for t in known} & {t.path for t in tests}
        assert {t.label for t in known} == {t.label for t in takes}


def test_features_of_the_opponent() -> None:
    x = np.zeros((1, 20, 1))
    x[0, 10] = 2  # one peak
    high, mean, low, deviation, peaks, total, crossings, rms = createai_features(x)[0]
    assert (high, low, peaks, total, crossings) == (2, 0, 1, 2, 0)
    assert mean == pytest.approx(0.1) and rms == pytest.approx(2 / 20**0.5)
    assert deviation == pytest.approx((0.2 - 0.01) ** 0.5)
