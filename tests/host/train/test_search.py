# SPDX-License-Identifier: MIT
"""Ways to train beside one another: the front, the choice, and that processes and clusters change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from midge.errors import UserError
from midge.samples.takes import Takes
from midge.train.judgement import Share
from midge.train.recipe import Options
from midge.train.search import Limits, Point, Search, choose, run_trial, search, trials_of
from tests.support.movements import made_takes, movement

FEW = [Options(head=head, features=features, variants=2, window_s=1.28) for head in ("ridge", "dense")
       for features in ("moments", "rocket")] + [Options(features="moments", window_s=2.5)]


def length(blob: bytes) -> int:
    """Count no instructions, but something that any process can."""
    return 3 * len(blob)


def point(mean: list[float], cost: int, flash: int = 1000, arena: int = 100, window_s: float = 1.0) -> Point:
    right = {str(i): m for i, m in enumerate(mean)}
    return Point(Options(), window_s, Share(0, 1, 1), right, flash, arena, cost)


def test_what_is_tried() -> None:
    tried = trials_of(made_takes(3), Options(seed=4))
    assert len(tried) == 10 and {t.seed for t in tried} == {4}
    assert {(t.head, t.features) for t in tried} == {
        ("ridge", "moments"), ("dense", "moments"), ("ridge", "rocket"), ("dense", "rocket"), ("cnn", "moments")}
    assert sorted({t.window_s for t in tried}) == pytest.approx([1.024, 1.28])
    assert {t.window_s for t in trials_of(made_takes(3), Options(window_s=1.2))} == {1.2}
    rng = np.random.default_rng(0)
    long = Takes([replace(t, values=np.concatenate([movement(t.label, rng) for _ in range(5)]))
                  for t in made_takes(2).takes])
    assert {t.window_s for t in trials_of(long, Options())} == {1.0, 2.0}  # 4 s are more than half of 6.4


def test_the_front_and_the_choice() -> None:
    best, cheap, good, bad = (point([1, 1, 1, 0.9], 900), point([0, 0, 1, 1], 100), point([1, 1, 1, 0.8], 500),
                              point([0, 0, 0, 1], 500))
    found = Search([best, cheap, good, bad], good, 0.9, {})
    assert [found.is_front(p) for p in found.points] == [True, True, True, False]
    assert choose(found.points, Limits()) is best  # 0.95 is more than a standard error (0.022) below 0.975
    assert choose(found.points, Limits(), without="3") is good  # now they are equals
    assert choose([replace(best, flash_bytes=5000), cheap], Limits(flash_bytes=2000)) is cheap
    with pytest.raises(UserError, match="none of 2 ways to train keeps to the limits; the smallest file takes 1000 B"):
        choose([best, cheap], Limits(arena_bytes=50))


def test_why_a_way_cannot_be() -> None:
    said = run_trial(made_takes(3), Options(window_s=2.5), None, None)
    assert isinstance(said, str) and "cut short" in said


@pytest.fixture(scope="module")
def alone() -> Iterator[Search]:
    yield search(made_takes(3), trials=FEW, count=length, processes=1)


def test_processes_change_nothing(alone: Search) -> None:
    assert len(alone.points) == 4 and list(alone.refused) == ["ridge, moments, 2.50 s"]
    assert search(made_takes(3), trials=FEW, count=length, processes=2).facts() == alone.facts()
    assert all(p.instructions == 3 * p.flash_bytes for p in alone.points)
    assert alone.chosen.options.head == "ridge"  # all are right, and it is the smallest


def test_a_cluster_changes_nothing(alone: Search) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        assert search(made_takes(3), trials=FEW, count=length, dask=cluster.scheduler_address).facts() == alone.facts()


def test_no_scheduler() -> None:
    pytest.importorskip("distributed")
    with pytest.raises(UserError, match="tcp://127.0.0.1:9: no scheduler answers .*; start one with: dask scheduler"):
        search(made_takes(3), trials=FEW, dask="tcp://127.0.0.1:9")
