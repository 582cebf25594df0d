# SPDX-License-Identifier: MIT
"""A model of sound that answers on this computer: scores as they come, with the sound of the latest seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from midge.api import convert
from midge.capture.live import Heard
from midge.errors import UserError
from midge.link.demo import wand
from midge.studio.feeds import Feed, sound_source
from midge.studio.here import HOPS, Listening
from tests.support.front_end import small_network

RATE, HOP = 16_000, 160


def test_scores_of_every_third_hop_are_told_until_it_is_stopped(tmp_path: Path) -> None:
    model = tmp_path / "net.midge"
    model.write_bytes(convert(small_network(1), front_end="micro", name="net", labels=[*"abcde"]).blob)
    feed, found = Feed(sound_source("a test")), list[tuple[Heard, int]]()
    listening = Listening(model, feed, lambda: len(found) >= 12)
    rng = np.random.default_rng(0)
    for _ in range(120):
        feed.give(rng.normal(0, 0.1, (HOP, 1)).astype(np.float32))
    listening.run(lambda heard, sound: found.append((heard, len(sound))))
    silent = [heard for heard, _ in found if heard.answer is None]
    assert len(found) >= 12 and len(silent) >= 6
    steps = np.diff([round(heard.seconds * RATE) for heard in silent])
    assert set(steps % (HOPS * HOP)) == {0}
    assert [count for _, count in found] == sorted(count for _, count in found)  # it holds the latest seconds
    assert all(len(heard.scores) == len(listening.labels) for heard in silent)


def test_a_model_of_something_else_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "wand.midge"
    model.write_bytes(wand())
    with pytest.raises(UserError, match="wand.midge: .*train it on sounds"):
        Listening(model, Feed(sound_source("a test")), lambda: True)
