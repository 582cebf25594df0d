# SPDX-License-Identifier: MIT
"""What is no gesture: distances from gestures, and recordings in which there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import midge
from midge.api import TrainingOptions, train
from midge.errors import UserError
from midge.plots.training_page import training_page
from midge.samples.takes import Take, Takes
from midge.train import model
from midge.train.background import STEPS, false_answers, looks, split_background
from tests.support.movements import RATE_HZ, made_takes, movement, write_takes


def shaking(seconds: float, seed: int = 0, hz: float = 2.3) -> np.ndarray:
    """Return what a sensor that is shaken evenly measures."""
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    x = np.stack([0 * time, np.cos(2 * np.pi * hz * time), 1 + np.sin(2 * np.pi * hz * time)], axis=1)
    return np.asarray(x + np.random.default_rng(seed).normal(0, 0.03, x.shape), np.float32)


def recordings(*values: np.ndarray) -> Takes:
    return Takes([Take(f"walk/{i}.csv", "walk", v, RATE_HZ, ("ax", "ay", "az"), ("g",) * 3, (4.0,) * 3, line=8)
                  for i, v in enumerate(values)], "walk")


def streamed(trained: model.Trained, samples: np.ndarray) -> list[str]:
    rows = iter(samples.tolist())
    return [str(r.label) for r in midge.load(trained.blob).stream(lambda: next(rows, None))]


def test_what_is_far_from_all_gestures_is_unknown() -> None:
    trained = model.train(made_takes(8))
    fitted, windows = trained.fitted, looks(shaking(10), 64, RATE_HZ)
    features = fitted.front.run(windows)
    raw = fitted.head.scores(features).argmax(axis=1)
    said = fitted.scores(windows).argmax(axis=1)
    loud = [i for i in range(len(fitted.labels)) if i not in fitted.quiet]
    assert np.isin(said, loud).mean() <= np.isin(raw, loud).mean()
    assert not np.isin(said, loud).any() and fitted.reach is not None
    rng = np.random.default_rng(5)
    kept = fitted.scores(np.stack([movement("ring", rng) for _ in range(60)]))
    assert np.mean(kept.argmax(axis=1) == fitted.labels.index("ring")) >= 0.9


def test_the_file_refuses_what_floats_refuse() -> None:
    trained = model.train(made_takes(6))
    rng = np.random.default_rng(1)
    windows = np.concatenate([looks(shaking(8, hz=hz), 64, RATE_HZ) for hz in (0.7, 1.4, 3.1)]
                             + [np.stack([movement("zigzag", rng) * rng.uniform(0.3, 2) for _ in range(100)])])
    (scores,) = model.Engine(trained.blob, threads=1).run([windows.astype(np.float32)])
    floats = trained.fitted.scores(windows).argmax(axis=1)
    assert np.mean(scores.reshape(len(windows), -1).argmax(axis=1) == floats) >= 0.99


def test_an_own_class_of_the_unknown_is_refused_to_as_well() -> None:
    found = made_takes(6)
    found.takes += [replace(t, label="unknown", path=f"unknown/{i}.csv")
                    for i, t in enumerate(recordings(*[shaking(1.28, i) for i in range(6)]).takes)]
    fitted = model.train(found).fitted
    assert fitted.labels.count("unknown") == 1 and fitted.reach is not None
    assert model.train(made_takes(5), TrainingOptions(unknown=False)).fitted.reach is None


def test_classes_that_are_all_quiet() -> None:
    found = made_takes(5, kinds=("idle",))
    found.takes += [replace(t, label="unknown", path=f"unknown/{i}.csv", values=shaking(1.28, i))
                    for i, t in enumerate(found.takes)]
    assert model.train(found).fitted.reach is None


def test_background_teaches_and_sets_the_threshold(tmp_path: Path) -> None:
    """Recordings of a gesture, but half as large, over and over: it learns from them not to answer."""
    rng = np.random.default_rng(3)
    rest = np.array([0, 0, 1])
    half = [[np.float32((movement("ring", rng) - rest) / 2 + rest) for _ in range(20)] for _ in range(4)]
    busy = [np.concatenate(parts) for parts in half]
    data = write_takes(tmp_path / "data", made_takes(6))
    other = write_takes(tmp_path / "other", recordings(*busy))
    trained = train(data, background=other)
    recorded = trained.judgement.recorded
    assert recorded is not None and recorded.minutes == pytest.approx(2 * 20 * 64 / RATE_HZ / 60)
    assert trained.facts()["false_in_background"]["false"] == recorded.false
    assert f"<b>{recorded.false}</b>false answers in 0.9 min of background" in training_page(
        trained, "data", "wand.midge", None, "")
    before, after = (sum(len(streamed(made, b)) for b in busy[1::2]) for made in (train(data), trained))
    assert recorded.false <= 2 and after <= 3 and before >= 8


def test_answers_are_counted_as_the_board_gives_them() -> None:
    trained = model.train(made_takes(8))
    rng, rest = np.random.default_rng(4), np.tile(np.float32([0, 0, 1]), (60, 1))
    samples = np.concatenate([rest, *[p for _ in range(6) for p in (movement("ring", rng), rest)]])
    samples += rng.normal(0, 0.005, samples.shape).astype(np.float32)
    scores = trained.fitted.scores(looks(samples, 64, RATE_HZ))
    at = int(np.searchsorted(STEPS, trained.judgement.threshold - 1e-6))
    counted = int(false_answers(scores, trained.fitted.quiet)[at])
    assert abs(counted - len(streamed(trained, samples))) <= 1 and counted >= 5


def test_the_same_answer_again_only_after_rest() -> None:
    """Rows of scores of a class that is sure all but a few windows, which are not those of rest."""
    scores = np.tile([0.9, 0.05, 0.05], (60, 1))
    scores[::10] = [0.45, 0.35, 0.2]
    assert false_answers(scores, [2])[40] == 1
    scores[20] = [0.2, 0.2, 0.6]
    assert false_answers(scores, [2])[40] == 2


def test_backgrounds_that_do_not_do(tmp_path: Path) -> None:
    found = made_takes(4)
    data = write_takes(tmp_path / "data", found)
    slow = recordings(shaking(9))
    slow.takes[0] = replace(slow.takes[0], rate_hz=25.0)
    for background, words in ((slow, "25 samples a second, most takes have 50"),
                              (recordings(shaking(1)), "no two recordings, or halves of one, of 1.28 s")):
        folder = write_takes(tmp_path / f"other{len(words)}", background)
        with pytest.raises(UserError, match=words):
            train(data, background=folder)
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match="none: no"):
        train(data, background=tmp_path / "none")
    with pytest.raises(UserError, match="leave out --no-unknown"):
        model.train(found, TrainingOptions(unknown=False), background=recordings(shaking(9)))
    long = Takes([replace(t, values=np.concatenate([t.values] * 10)) for t in found.takes], "long")
    with pytest.raises(UserError, match="its takes are no gestures but go on"):
        model.train(long, background=recordings(shaking(9)))
    parts = split_background(recordings(shaking(4), shaking(5), shaking(6)), 64)
    assert [len(p) for p in parts[0]] == [200, 300] and [len(p) for p in parts[1]] == [250]
