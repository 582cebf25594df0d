# SPDX-License-Identifier: MIT
"""An idle class out of the pauses of recordings, where none was recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from midge.api import train
from midge.capture.pauses import FEWEST, MOST, read_gestures
from midge.errors import UserError
from midge.samples.take_format import Source, write_take
from tests.support.movements import RATE_HZ, made_takes, movement, write_takes

SOURCE = Source("LSM9DS1", RATE_HZ, ("ax", "ay", "az"), ("g",) * 3, (4.0,) * 3)


def recording(folder: Path, gestures: int = 4, source: Source = SOURCE, rest_s: float = 3.0) -> Path:
    """Write a recording of rings with rest between them, and return its path."""
    rng = np.random.default_rng(5)
    rest = movement("idle", rng).mean(axis=0)
    parts = []
    for _ in range(gestures):
        parts += [rest + rng.normal(0, 0.005, (round(rest_s * RATE_HZ), 3)), movement("ring", rng)]
    whole = np.concatenate([*parts, parts[0]]).astype(np.float32)
    return write_take(folder, whole, source, "ring", "2026-11-29T06:05:11Z", "recording")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_takes(tmp_path / "data", made_takes(4, kinds=("ring", "zigzag")))


def test_pauses_are_the_idle_class(data: Path) -> None:
    path = recording(data)
    found = read_gestures(data)
    idle = [t for t in found.takes if t.label == "idle"]
    assert found.labels == ["idle", "ring", "zigzag"] and FEWEST <= len(idle) <= MOST
    (note,) = found.notes
    assert f"no idle was recorded: {len(idle)} pauses of {path} are the class idle" in note
    lines = path.read_text(encoding="utf-8").splitlines()
    for take in idle:
        assert np.ptp(take.values, axis=0).max() < 0.2 and len(take.values) == 64
        np.testing.assert_allclose(take.values[0], [float(v) for v in lines[take.line - 1].split(",")], rtol=1e-6)
    made = train(data)
    assert set(made.labels) == {"idle", "ring", "unknown", "zigzag"}
    assert note in made.notes and not any("record an idle class" in line for line in made.judgement.advice)


def test_where_there_is_nothing_to_add(data: Path, tmp_path: Path) -> None:
    assert read_gestures(data).labels == ["ring", "zigzag"]
    recording(data, source=replace(SOURCE, units=("m/s2",) * 3))  # another unit
    assert read_gestures(data).labels == ["ring", "zigzag"]
    recording(data, gestures=1, rest_s=0.5)  # hardly a pause
    assert read_gestures(data).labels == ["ring", "zigzag"]
    own = write_takes(tmp_path / "own", made_takes(4))
    recording(own)
    assert sum(t.label == "idle" for t in read_gestures(own).takes) == 4


def test_a_damaged_recording_is_named(data: Path) -> None:
    path = recording(data)
    path.write_text(path.read_text(encoding="utf-8")[:-200], encoding="utf-8")
    with pytest.raises(UserError, match=r"uncut/ring-.*\.csv:\d+: "):
        read_gestures(data)
