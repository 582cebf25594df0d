# SPDX-License-Identifier: MIT
"""Convolutions fitted in NumPy: slopes against differences, folding, the same numbers again, and where they win."""

from __future__ import annotations

import numpy as np
import pytest

import midge
from midge.core.batch import Engine
from midge.fileformat.read import decode
from midge.samples.takes import Take, Takes
from midge.train import convolutions
from midge.train.convolutions import EPSILON, Convolutions, fit_convolutions
from midge.train.heads import nested
from midge.train.model import train
from midge.train.recipe import Options
from midge.train.ridge import Rows, log_softmax
from tests.support.movements import made_takes, movement


def network(samples: int = 60, columns: int = 3, classes: int = 4) -> convolutions._Training:
    found = convolutions._Training(samples, columns, classes, np.random.default_rng(0))
    found.values = [v.astype(np.float64) for v in found.values]
    return found


def loss(net: convolutions._Training, x: np.ndarray, y: np.ndarray) -> float:
    for i in range(len(net.forms)):
        layer, (gain, shift) = net.layer(i), net.values[4 * i + 2:4 * i + 4]
        out = layer.before(x) @ layer.matrix
        x = np.maximum((out - out.mean((0, 1))) / np.sqrt(out.var((0, 1)) + EPSILON) * gain + shift, 0)
    return float(-(y * log_softmax(x.mean(axis=1) @ net.values[-2] + net.values[-1])).sum(axis=1).mean())


def test_slopes_are_those_of_differences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolutions, "DROPOUT", 0.0)
    rng, net = np.random.default_rng(1), network()
    x, y = rng.normal(size=(8, 60, 3)), np.eye(4)[rng.integers(0, 4, 8)]
    slopes = net.slopes(x, y, rng)
    checked = 0
    for value, slope in zip(net.values, slopes, strict=True):
        for _ in range(3 if value.size else 0):
            at = tuple(rng.integers(0, d) for d in value.shape)
            kept, ends = value[at], []
            for step in (1e-5, -1e-5):
                value[at] = kept + step
                ends.append(loss(net, x, y))
            value[at] = kept
            assert slope[at] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-6)
            checked += 1
    assert checked == 3 * (4 * 4 - 1 + 2)


def test_folding_changes_nothing() -> None:
    rng, net = np.random.default_rng(2), network()
    net.running = [(rng.normal(size=m.shape), rng.uniform(0.5, 2, m.shape)) for m, _ in net.running]
    centre, deviation = np.array([100.0, -3000.0, 5.0]), np.array([900.0, 50.0, 4000.0])
    counts = (rng.normal(size=(5, 60, 3)) * deviation + centre).round().astype(np.int16)
    x = (counts - centre) / deviation
    for i, (mean, variance) in enumerate(net.running):
        layer, (gain, shift) = net.layer(i), net.values[4 * i + 2:4 * i + 4]
        out = layer.before(x) @ layer.matrix
        x = np.maximum((out - mean) / np.sqrt(variance + EPSILON) * gain + shift, 0)
    wanted = x.mean(axis=1) @ net.values[-2] + net.values[-1]
    np.testing.assert_allclose(net.folded(centre, deviation).scores(counts), wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("samples", [24, 40, 96, 300, 1024])
def test_any_window_goes_through(samples: int) -> None:
    rng = np.random.default_rng(3)
    counts = rng.integers(-9000, 9000, (20, samples, 2)).astype(np.int16)
    head = fit_convolutions(counts, np.arange(20) % 2, np.ones(20), 2, 0, steps=2)
    assert head.scores(counts).shape == (20, 2) and len(head.layers) >= 2
    again = fit_convolutions(counts, np.arange(20) % 2, np.ones(20), 2, 0, steps=2)
    np.testing.assert_array_equal(head.scores(counts), again.scores(counts))
    other = fit_convolutions(counts, np.arange(20) % 2, np.ones(20), 2, 1, steps=2)
    assert np.any(other.scores(counts) != head.scores(counts))


def chirps(count: int, seed: int = 0) -> Takes:
    """Two classes of the same values and frequencies: one rises after it falls, the other falls after it rises."""
    rng = np.random.default_rng(seed)
    takes = []
    for i in range(count):
        for label in ("over", "under"):
            time = np.arange(80) / 50
            late = rng.uniform(0.1, 0.5)
            burst = np.exp(-((time - 0.3 - late) / 0.06) ** 2) - np.exp(-((time - 0.6 - late) / 0.06) ** 2)
            x = np.stack([burst if label == "over" else -burst, np.zeros(80)], axis=1) + rng.normal(0, 0.1, (80, 2))
            takes.append(Take(f"{label}/{seed}-{i}.csv", label, x.astype(np.float32), 50.0, ("u", "v"), ("V", "V")))
    return Takes(takes)


def test_the_file_has_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolutions, "STEPS", 300)
    made = train(chirps(8), Options(head="cnn"))
    assert isinstance(made.fitted.head, Convolutions) and made.fitted.kind == "cnn"
    assert {"CONV_2D", "DEPTHWISE_CONV_2D"} <= {node.op.name for node in decode(made.blob).nodes}
    x = np.stack([t.values for t in chirps(20, seed=1).takes])
    (scores,) = Engine(made.blob, threads=1).run([x])
    said = scores.reshape(len(x), -1).argmax(axis=1)
    assert np.mean(said == [made.labels.index(t.label) for t in chirps(20, seed=1).takes]) >= 0.95
    assert np.mean(said == made.fitted.scores(x).argmax(axis=1)) >= 0.97
    assert len(made.blob) <= 20_000 and made.conversion.plan.arena_size <= 6_000
    assert midge.load(made.blob)(x[0].reshape(-1).tolist()).label == made.labels[said[0]]


def test_what_is_best_elsewhere_answers() -> None:
    """No fold has a say in which candidate its scores are of."""
    own = Rows(np.zeros((4, 1)), np.array([0, 1, 0, 1]), np.ones(4), np.array([0, 0, 1, 1]), np.ones(4, bool), 2)
    right, wrong = np.eye(2)[own.targets], 1 - np.eye(2)[own.targets]
    first = np.concatenate([right[:2], wrong[2:]])
    second = np.concatenate([wrong[:2], right[2:]])
    scores, best, accuracies = nested([first, second], own)
    np.testing.assert_array_equal(scores, wrong)
    assert accuracies == [0.5, 0.5] and best == 0
    assert nested([wrong, right], own)[1] == 1


def test_auto_takes_the_righter_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolutions, "STEPS", 100)
    made = train(made_takes(4), Options(head="auto"))
    tried = {t.head: t.accuracy for t in made.fitted.tried}
    assert set(tried) == {"ridge", "dense", "cnn"} and tried[made.fitted.kind] == max(tried.values())
    rng = np.random.default_rng(7)
    x = np.stack([movement("ring", rng) for _ in range(40)])
    assert np.mean(made.fitted.scores(x).argmax(axis=1) == made.labels.index("ring")) >= 0.9
