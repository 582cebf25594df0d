# SPDX-License-Identifier: MIT
"""What is normal: distances in thresholds, as the file computes them; ways of running; the threshold's tail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import midge
from midge.samples.takes import Takes
from midge.train.normal import Normal, learn_normal, threshold
from tests.support.movements import hum, hums


def scores(made: Normal, x: np.ndarray) -> list[float]:
    """The file's distances of windows of a recording, through the board's own API."""
    model, n = midge.load(made.blob), made.signal.samples
    return [model(x[at:at + n].reshape(-1).tolist()).score for at in range(0, len(x) - n + 1, n)]


def test_an_ailing_fan_is_far_from_normal() -> None:
    made = learn_normal(hums())
    rng = np.random.default_rng(7)
    assert max(scores(made, hum(rng, 12_800))) < 1
    assert min(scores(made, hum(rng, 12_800, wobble=0.1))) > 1
    assert min(scores(made, np.tile(np.float32([0, 0, 1]), (1280, 1)))) > 1  # it stands still
    assert len(made.blob) < 4096 and made.conversion.plan.arena_size < 4096
    metadata = made.conversion.program.graph.metadata
    assert metadata["stream.threshold"] == "1" and metadata["stream.hop"] == "64"


def test_two_ways_of_running() -> None:
    """Slow and fast turns are both normal; what lies between is not."""
    rng = np.random.default_rng(3)
    fast, between = (hum(rng, 2600, 200.0)[:, [1, 2, 0]] * f for f in (3.0, 1.7))
    made = learn_normal(Takes([t if i % 4 < 2 else replace(t, values=hum(rng, 2600)[:, [1, 2, 0]] * np.float32(3))
                               for i, t in enumerate(hums(8).takes)]))
    assert len(made.centres) >= 2
    assert max(scores(made, fast)) < 1 < min(scores(made, between))


def test_the_threshold_of_a_known_tail() -> None:
    """Of an exponential distribution, one in a thousand exceeds ln 1000."""
    found = [threshold(np.random.default_rng(seed).exponential(size=2000)) for seed in range(20)]
    assert abs(np.mean(found) - np.log(1000)) < 0.3


def test_same_takes_same_bytes() -> None:
    assert learn_normal(hums()).blob == learn_normal(hums()).blob
