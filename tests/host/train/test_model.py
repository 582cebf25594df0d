# SPDX-License-Identifier: MIT
"""Training as a whole: same seed, same bytes; integers that answer as floats do; what is said of takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import midge
from midge.core.batch import Engine
from midge.errors import UserError
from midge.samples.takes import Take, Takes
from midge.train import convolutions
from midge.train.features import FrontEnd, to_counts
from midge.train.model import Trained, train
from midge.train.recipe import Options, fit
from tests.support.movements import SAMPLES, made_takes, movement

SLOPES = np.array([[0, 1, 2, 3, 4, 5, 6, 7], [7, 0, 1, 2, 3, 4, 5, 6]]) / 8.0


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(made_takes(6), Options(), "wand")


def fresh(count: int = 20, seed: int = 99) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    kinds = ["ring", "zigzag", "idle"] * count
    return np.stack([movement(kind, rng) for kind in kinds]), kinds


def said_by(trained: Trained, x: np.ndarray) -> list[str]:
    (scores,) = Engine(trained.blob, threads=1).run([x])
    return [trained.labels[k] for k in scores.reshape(len(x), -1).argmax(axis=1)]


def test_it_answers_for_new_takes(trained: Trained) -> None:
    x, kinds = fresh()
    right = [a == b or {a, b} <= {"idle", "unknown"} for a, b in zip(said_by(trained, x), kinds, strict=True)]
    assert np.mean(right) >= 0.95


@pytest.mark.parametrize("head", ["ridge", "dense", "cnn"])
def test_integers_answer_as_floats_do(head: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolutions, "STEPS", 100)
    made = train(made_takes(6), Options(head=head))
    x, _ = fresh(60)
    floats = made.fitted.scores(x).argmax(axis=1)
    agree = np.mean([made.labels[k] == said for k, said in zip(floats, said_by(made, x), strict=True)])
    assert agree >= 0.99


def test_same_seed_same_bytes(trained: Trained) -> None:
    assert train(made_takes(6), Options(), "wand").blob == trained.blob
    assert train(made_takes(6), Options(seed=1), "wand").blob != trained.blob


def test_the_board_computes_the_same(trained: Trained) -> None:
    """Through the board's own API, from plain numbers."""
    model = midge.load(trained.blob)
    x, _ = fresh(2)
    for window, said in zip(x, said_by(trained, x), strict=True):
        assert model(window.reshape(-1).tolist()).label == said
    metadata = trained.conversion.program.graph.metadata
    assert metadata["sensor.rate_hz"] == "50" and metadata["sensor.columns"] == "ax,ay,az"
    assert metadata["stream.quiet"] == "idle,unknown" and metadata["stream.votes"] == "2/3"
    assert metadata["stream.threshold"] == f"{trained.judgement.threshold:g}"


def test_it_is_small(trained: Trained) -> None:
    assert len(trained.blob) <= 12_000 and trained.conversion.plan.arena_size <= 3_000


def test_features_are_those_of_the_file(trained: Trained) -> None:
    """What training saw of a window is what a network of the front end alone gives, from counts saturated as these."""
    front = trained.fitted.front
    x, _ = fresh(1)
    counts = to_counts(x, front.signal)
    assert counts.dtype == np.int16 and np.abs(counts / 8192 - x).max() < 1e-3
    np.testing.assert_array_equal(front.run(x), FrontEnd(front.signal).run(counts.astype(np.float32) / 8192))


def test_a_mislabelled_take_is_named() -> None:
    found = made_takes(6)
    found.takes[1] = replace(found.takes[1], label="zigzag", path="zigzag/wrong.csv")
    suspicions = train(found).judgement.suspicions
    assert [s.take.path for s in suspicions] == ["zigzag/wrong.csv"] and suspicions[0].says == "ring"


def test_what_is_known_before_the_world(trained: Trained) -> None:
    judged = trained.judgement
    low, high = judged.accuracy.interval
    assert judged.accuracy.count == 18 and low < judged.accuracy.value <= high <= 1
    assert judged.accuracy.value >= 0.9 and low < 0.95  # 18 takes cannot say more
    assert np.sum(judged.confusion) == 18 and sum(len(paths) for paths in judged.cells.values()) == 18
    assert [n for n, _ in judged.curve] == [1, 2, 3, 5]
    assert judged.found_at_threshold is not None and judged.found_at_threshold.value >= 0.75
    assert judged.false_per_hour is not None and judged.false_per_hour <= 6.5
    assert any("one person" in line for line in judged.advice)


def test_what_each_threshold_means(trained: Trained) -> None:
    """The higher, the less is found and the fewer false answers; the model's own is among them with its own numbers."""
    judged = trained.judgement
    assert [t for t, _, _ in judged.trade] == [round(0.4 + 0.01 * i, 2) for i in range(60)]
    found, false = [f for _, f, _ in judged.trade], [n for _, _, n in judged.trade]
    assert found == sorted(found, reverse=True) and false == sorted(false, reverse=True)
    own = next(row for row in judged.trade if row[0] == judged.threshold)
    assert judged.found_at_threshold is not None
    assert own[1:] == pytest.approx((judged.found_at_threshold.value, judged.false_per_hour))


def test_takes_without_idle() -> None:
    made = train(made_takes(5, kinds=("ring", "zigzag")))
    assert made.labels == ["ring", "zigzag", "unknown"]
    assert any("record an idle class" in line for line in made.judgement.advice)
    x, kinds = fresh(10)
    said = np.array(said_by(made, x))
    assert np.mean(said[np.array(kinds) == "idle"] == "unknown") >= 0.9
    assert train(made_takes(5, kinds=("ring", "zigzag")), Options(unknown=False)).labels == ["ring", "zigzag"]


def test_columns_of_two_units() -> None:
    """Accelerations and rates of turning go in as reals, each with a range of its own."""
    rng = np.random.default_rng(0)
    both = [replace(t, values=np.concatenate([t.values, 300 * t.values[:, ::-1]], axis=1).astype(np.float32),
                    columns=("ax", "ay", "az", "gx", "gy", "gz"), units=("g",) * 3 + ("dps",) * 3,
                    range=(4.0,) * 3 + (2000.0,) * 3) for t in made_takes(5).takes]
    made = train(Takes(both))
    assert made.fitted.signal.full_scale == (4.0,) * 3 + (2000.0,) * 3
    assert made.conversion.program.graph.inputs[0].dtype == "float32"
    moved = [movement(kind, rng) for kind in ("ring", "zigzag")]
    x = np.stack([np.concatenate([m, 300 * m[:, ::-1]], axis=1) for m in moved])
    assert said_by(made, x.astype(np.float32)) == ["ring", "zigzag"]


def test_recordings_that_go_on_have_no_unknown() -> None:
    rng = np.random.default_rng(0)
    long = [replace(t, values=np.concatenate([movement(t.label, rng) for _ in range(12)])) for t in made_takes(3).takes]
    fitted = fit(Takes(long))
    assert fitted.labels == ["idle", "ring", "zigzag"] and not fitted.windows.is_gesture
    assert fitted.windows.samples == 100 != SAMPLES


def test_heads_that_there_are() -> None:
    with pytest.raises(UserError, match="no head 'forest'; there are ridge, dense, cnn, auto"):
        fit(made_takes(3), Options(head="forest"))
    with pytest.raises(UserError, match="no features 'wavelets'; there are auto, moments, rocket"):
        fit(made_takes(3), Options(features="wavelets"))


def test_patterns_where_they_are_righter() -> None:
    """What goes on is tried with MiniRocket's patterns and without; the better one is in the file, bit for bit."""
    rng = np.random.default_rng(0)

    def hum(low: bool, samples: int = 400) -> np.ndarray:  # both have the same values, in another order
        bits = rng.permutation(np.repeat([0, 1], samples // 16))
        chirp = np.concatenate([SLOPES[b] if low else SLOPES[b][::-1] for b in bits])
        return np.stack([chirp, rng.normal(0, 0.05, samples)], axis=1).astype(np.float32)

    takes = [Take(f"{label}/{i}.csv", label, hum(label == "up"), 50.0, ("u", "v"), ("V", "V")) for i in range(6)
             for label in ("up", "down")]
    made = train(Takes(takes), Options(variants=0))
    assert {bool(t.patterns) for t in made.fitted.tried} == {False, True}
    best = max(made.fitted.tried, key=lambda t: t.accuracy)
    assert len(made.fitted.front.patterns) == best.patterns > 0
    assert best.accuracy > max(t.accuracy for t in made.fitted.tried if not t.patterns)
    x = np.stack([hum(label)[:100] for label in (True, False) * 20])
    floats = made.fitted.scores(x).argmax(axis=1)
    said = said_by(made, x)
    assert np.mean(np.array(said) == ["up", "down"] * 20) >= 0.95
    assert np.mean([made.labels[k] == s for k, s in zip(floats, said, strict=True)]) >= 0.97
    forced = train(Takes(takes), Options(variants=0, features="moments"))
    assert not forced.fitted.front.patterns and len(forced.blob) < len(made.blob)
