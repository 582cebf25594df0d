# SPDX-License-Identifier: MIT
"""Takes are cut where something moves: gravity and drift are no motion, and no two takes share a sample."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from midge.capture.cut import Trigger, cut_pauses, cut_takes, motion
from midge.samples.take_format import Source, read_recording_file, write_take
from tests.support.command import printed, refusal

RATE, UNITS = 100.0, ("g", "g", "g")


def recording(*moves: tuple[int, int], seconds: int = 20) -> np.ndarray:
    """At rest with noise and a slow turn of gravity, but for movements at [start, end)."""
    rng = np.random.default_rng(1)
    n = np.arange(round(seconds * RATE))
    rows = np.stack([np.sin(n / 3000), np.zeros(len(n)), np.cos(n / 3000)], 1) + rng.normal(0, 0.01, (len(n), 3))
    for start, end in moves:
        rows[start:end, 1] += 0.8 * np.sin(np.arange(end - start) / 5)
    return rows.astype(np.float32)


def test_rest_is_no_motion() -> None:
    assert motion(recording(), RATE, UNITS).max() < 0.6
    assert motion(recording()[:0], RATE, UNITS).shape == (0,)


def test_a_take_is_centred_on_what_moves() -> None:
    takes = cut_takes(recording((500, 600), (1200, 1260)), RATE, UNITS, 150)
    assert [take.start for take in takes] == pytest.approx([475, 1155], abs=30)
    assert all(take.end - take.start == 150 for take in takes)


def test_neither_overlaps_nor_leaves_the_recording() -> None:
    moves = [(5, 60), (100, 160), (190, 240), (700, 1100), (1940, 2000)]
    takes = cut_takes(recording(*moves), RATE, UNITS, 150)
    assert takes[0].start == 0 and takes[-1].end == 2000
    assert all(a.end <= b.start for a, b in pairwise(takes))
    pauses = cut_pauses(recording(*moves), RATE, UNITS, 150, takes)
    assert pauses and not {k for p in pauses for k in range(p.start, p.end)} & {k for t in takes
                                                                               for k in range(t.start, t.end)}


def test_a_recording_shorter_than_a_take_gives_none() -> None:
    assert cut_takes(recording((20, 60), seconds=1), RATE, UNITS, 150) == []


@pytest.mark.parametrize("block", [1, 7, 64])
def test_a_trigger_keeps_what_was_before_the_motion(block: int) -> None:
    rows = recording((500, 600))
    trigger = Trigger(150, RATE, UNITS)
    take, at = None, 0
    while take is None:
        take = trigger.feed(rows[at : at + block])
        at += block
    assert take.shape == (150, 3)
    start = next(k for k in range(len(rows)) if (rows[k] == take[0]).all())
    assert 465 <= start <= 476 and (rows[start : start + 150] == take).all()


SOURCE = Source("LSM9DS1", RATE, ("ax", "ay", "az"), UNITS, (4, 4, 4), "a board", "anna", "today")


def test_cut_takes_keeps_the_recording_and_its_facts(tmp_path: Path) -> None:
    rows = recording((500, 600), (1200, 1260))
    path = write_take(tmp_path, rows, SOURCE, "circle", "2026-11-29T06:05:11Z", "recording")
    before = path.read_bytes()
    assert "2 takes" in printed("cut-takes", path, "--out", tmp_path)
    printed("cut-takes", path, "--out", tmp_path)
    files = sorted((tmp_path / "circle").glob("*.csv"))
    assert [file.name[-6:] for file in files] == ["01.csv", "02.csv", "03.csv", "04.csv"]  # nothing was written over
    samples, source, header = read_recording_file(files[0])
    assert source == SOURCE and header["started"] == "2026-11-29T06:05:11Z" and header["midge take"] == "1"
    assert path.read_bytes() == before and any((rows[k : k + 150] == samples).all() for k in range(450, 500))


def test_what_cannot_be_cut(tmp_path: Path) -> None:
    still = write_take(tmp_path, recording(), SOURCE, "idle", "2026-11-29T06:05:11Z", "recording")
    assert "nothing moves" in refusal("cut-takes", still, "--out", tmp_path)
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n3,4\n")
    assert "its header tells no label" in refusal("cut-takes", other, "--out", tmp_path)
    raw = write_take(tmp_path, recording((500, 600)), Source("x", RATE, SOURCE.columns, ("raw",) * 3), "a",
                     "2026-11-29T06:05:11Z", "recording")
    assert "motion is only seen in g and dps" in refusal("cut-takes", raw, "--out", tmp_path)
