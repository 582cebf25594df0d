# SPDX-License-Identifier: MIT
"""Windows of takes, their variants, and movements that are none of the classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from midge.errors import UserError
from midge.samples.takes import Takes
from midge.train.augment import augment, resample, rotations, triples_of, typical_size
from midge.train.negatives import negatives
from midge.train.windows import cut, cut_windows, is_quiet, split_lone
from tests.support.movements import RATE_HZ, made_takes, movement


def test_a_take_is_a_window() -> None:
    found = made_takes(4)
    windows = cut_windows(found)
    assert windows.values.shape == (12, 64, 3) and windows.is_gesture and windows.group_kind == "take"
    np.testing.assert_array_equal(windows.values[0], found.takes[0].values)
    assert [found.labels[t] for t in windows.targets] == [t.label for t in found.takes]


def test_long_takes_become_many_and_stay_together() -> None:
    found = made_takes(3)
    rng = np.random.default_rng(1)
    found.takes[-1] = replace(found.takes[-1], values=movement("idle", rng, 640))
    windows = cut_windows(found)
    last = windows.takes == len(found.takes) - 1
    assert last.sum() == 19 and len(set(windows.groups[last].tolist())) == 1


def test_a_window_of_less_than_half_a_take_shows_what_goes_on() -> None:
    """No one movement is in each of the many windows of such a take."""
    assert cut_windows(made_takes(3), 0.7).is_gesture and not cut_windows(made_takes(3), 0.6).is_gesture


def test_of_a_longer_take_the_liveliest_part() -> None:
    take = made_takes(1).takes[0]
    quiet = np.tile(take.values[:1], (40, 1)).astype(np.float32)
    longer = replace(take, values=np.concatenate([quiet, take.values]))
    (window,) = cut(longer, 64)
    at = next(i for i in range(41) if np.array_equal(window, longer.values[i:i + 64]))
    assert at > 20


def test_a_take_that_was_cut_short_is_named() -> None:
    found = made_takes(4)
    found.takes[2] = replace(found.takes[2], values=found.takes[2].values[:30])
    with pytest.raises(UserError, match=r"ring-2\.csv:8: cut short, 0\.60 s where the window is 1\.28 s.*window 0\.6"):
        cut_windows(found)
    assert cut_windows(found, 0.6).samples == 30


@pytest.mark.parametrize("seconds", [0.1, 60.0])
def test_windows_of_impossible_length(seconds: float) -> None:
    with pytest.raises(UserError, match=r"24 to 1024 can be trained on: choose another --window"):
        cut_windows(made_takes(3), seconds)


def test_people_and_sessions_are_kept_together() -> None:
    found = made_takes(6)
    people = [replace(t, person="abc"[i % 3]) for i, t in enumerate(found.takes)]
    assert cut_windows(Takes(people)).group_kind == "person"
    sessions = [replace(t, person="a", session=str(i % 3)) for i, t in enumerate(found.takes)]
    windows = cut_windows(Takes(sessions))
    assert windows.group_kind == "session" and windows.groups.tolist() == [0, 1, 2] * 6
    one_person_a_class = [replace(t, person=t.label) for t in found.takes]  # nothing could be left out
    assert cut_windows(Takes(one_person_a_class)).group_kind == "take"


def test_the_only_take_of_a_class_is_parted_in_time() -> None:
    found = made_takes(3, kinds=("ring", "zigzag"))
    idle = replace(made_takes(1, kinds=("idle",)).takes[0], values=movement("idle", np.random.default_rng(0), 640))
    windows = split_lone(cut_windows(Takes([*found.takes, idle])))
    idle_groups = windows.groups[windows.targets == 0]
    assert len(set(idle_groups.tolist())) == 4 and np.all(np.diff(idle_groups) >= 0)


def test_quiet_classes() -> None:
    assert [is_quiet(label) for label in ("idle", "No Motion", "unknown", "ring")] == [True, True, True, False]


def test_variants_are_seeded_and_stay_near() -> None:
    x = cut_windows(made_takes(3)).values
    size = typical_size(x)
    a, b = (augment(x, 5, np.random.default_rng(7), [0], size) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert a.shape == (45, 64, 3)
    assert np.abs(a.mean(axis=1) - np.repeat(x.mean(axis=1), 5, axis=0)).max() < 0.8  # gravity turns, not vanishes
    assert np.linalg.norm(a.mean(axis=1), axis=1) == pytest.approx(1, abs=0.35)
    assert np.abs(a - np.repeat(x, 5, axis=0)).mean() > 0.01


def test_rotations_are_rotations() -> None:
    turns = rotations(np.random.default_rng(0), 50, 30)
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), np.broadcast_to(np.eye(3), turns.shape), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turns), 1)
    angle = np.degrees(np.arccos((np.trace(turns, axis1=1, axis2=2) - 1) / 2))
    assert 20 < np.sqrt((angle**2).mean()) < 40


def test_resampling_at_the_same_times_changes_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(3, 20, 2))
    np.testing.assert_allclose(resample(x, np.tile(np.arange(20.0), (3, 1))), x)


def test_columns_that_belong_together() -> None:
    assert triples_of(["ax", "ay", "az", "gx", "gy", "gz"]) == [0, 3]
    assert triples_of(["t", "gyro_x", "gyro_y", "gyro_z"]) == [1]
    assert triples_of(["a", "b", "c"]) == []


def test_made_movements() -> None:
    x = cut_windows(made_takes(4, kinds=("ring", "zigzag"))).values
    made, source = negatives(x, 10, np.random.default_rng(3), RATE_HZ, [0], typical_size(x))
    again, _ = negatives(x, 10, np.random.default_rng(3), RATE_HZ, [0], typical_size(x))
    np.testing.assert_array_equal(made, again)
    assert made.shape == (40, 64, 3) and np.isfinite(made).all() and source.max() < len(x)
    energy = made.var(axis=1).sum(axis=1).reshape(4, 10)
    whole = x.var(axis=1).sum(axis=1)
    assert energy[0].max() < 0.6 * whole.max() and np.median(energy[1]) < 0.1 * np.median(whole)  # parts, rest
