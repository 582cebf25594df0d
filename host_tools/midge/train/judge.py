# SPDX-License-Identifier: MIT
"""What a fitted model is worth: on takes that were left out, with intervals, and what would make it better."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..samples.labels import is_quiet
from .augment import triples_of
from .background import STEPS, false_answers, looks
from .judgement import Judgement, Recorded, measure, threshold_for, trade_off
from .negatives import negatives
from .recipe import Fitted
from .ridge import Sums, standardized

LEAST_THRESHOLD, MOST_THRESHOLD = 0.4, 0.99
KEPT = 0.97  # of gestures answered rightly, whatever made movements say
STREAM_WINDOWS = 500  # made for the threshold, of each kind
CURVE_DRAWS = 6


def judge(fitted: Fitted) -> Judgement:
    """Measure a model by the scores that takes got from fits without them."""
    scores, chances = _made(fitted)
    threshold, made, recorded = _threshold(fitted, scores, chances) if len(scores) else (0.5, None, None)
    result = measure(fitted, threshold, made, _curve(fitted))
    result.recorded = recorded
    if len(scores):
        result.trade = trade_off(fitted, scores, chances, LEAST_THRESHOLD, MOST_THRESHOLD)
    result.advice = _advice(fitted, result)
    return result


def _curve(fitted: Fitted) -> list[tuple[int, float]]:
    """Return how accuracy grows with takes a class: ridge fits to a few takes, tried on the rest, drawn by the seed."""
    ridge, windows = fitted.ridge, fitted.windows
    if ridge is None or windows.group_kind != "take" or len(set(fitted.folds.tolist())) != len(set(windows.takes)):
        return []
    own = np.flatnonzero(fitted.rows.own)[:len(windows.values)]
    z = standardized(fitted.rows.features[own], *ridge.origin)
    classes = sorted(set(windows.targets.tolist()))
    groups = [np.unique(fitted.folds[windows.targets == c]) for c in classes]
    most = min(len(g) for g in groups) - 1
    rng = np.random.default_rng([fitted.options.seed, 2])
    curve = []
    for count in [n for n in (1, 2, 3, 5, 7, 10, 15, 20, 30) if n <= most]:
        right = []
        for _ in range(CURVE_DRAWS):
            chosen = np.concatenate([rng.choice(g, count, replace=False) for g in groups])
            total = sum((ridge.parts[g] for g in chosen[1:]), ridge.parts[chosen[0]])
            rest = ~np.isin(fitted.folds, chosen)
            right.append(_right(total, ridge.penalty, z[rest], windows.targets[rest], fitted.quiet))
        curve.append((int(count), float(np.mean(right))))
    return curve


def _right(sums: Sums, penalty: float, z: np.ndarray, targets: np.ndarray, quiet: Sequence[int]) -> float:
    said = sums.solve([penalty])[0].scores(z).argmax(axis=1)
    both = np.isin(said, quiet) & np.isin(targets, quiet)
    return float(np.mean((said == targets) | both))


def _made(fitted: Fitted) -> tuple[np.ndarray, float]:
    """Return scores of what is no gesture, none where there are no gestures, and how many such windows an hour has.

    It is rest, and strokes without a plan and steps that are made. One window length is one chance to fire.
    """
    signal, loud = fitted.signal, _loud(fitted)
    if not fitted.windows.is_gesture or not loud.any() or not fitted.quiet:
        return np.zeros((0, len(fitted.labels))), 0.0
    rng = np.random.default_rng([fitted.options.seed, 3])
    made, _ = negatives(fitted.windows.values[loud], STREAM_WINDOWS, rng, signal.rate_hz, triples_of(signal.columns),
                        np.array(signal.size), parts=False)
    scores = fitted.scores(made)
    return np.concatenate([scores, fitted.left_out[~loud]]), 3600 * signal.rate_hz / signal.samples


def _loud(fitted: Fitted) -> np.ndarray:
    """Tell which windows are of gestures."""
    return np.array([not is_quiet(fitted.labels[t]) for t in fitted.windows.targets])


def _threshold(fitted: Fitted, scores: np.ndarray, chances: float) -> tuple[float, float | None, Recorded | None]:
    """Return the score from which an answer counts, the false gestures an hour that made movements give there, and what
    recordings without gestures give, where there are any.

    It is the least for which these recordings, or else rest, strokes without a plan and steps, fire no more often than
    was asked for, but none that loses more than few gestures.
    """
    options = fitted.options
    least, most = LEAST_THRESHOLD, min(MOST_THRESHOLD, max(_kept(fitted, _loud(fitted)), LEAST_THRESHOLD))
    counts, minutes = _counted(fitted)
    if fitted.background:
        few = counts <= int(options.false_per_hour * minutes / 60)
        least = most = min(float(STEPS[few.argmax()]) if few.any() else MOST_THRESHOLD, most)
    threshold, rate = threshold_for(scores, fitted.quiet, chances, options.false_per_hour, least, most)
    at = int(np.searchsorted(STEPS, threshold - 1e-6))
    return threshold, rate, Recorded(int(counts[at]), minutes) if fitted.background else None


def _counted(fitted: Fitted) -> tuple[np.ndarray, float]:
    """Return the false answers to recordings that it did not learn from, for each of STEPS, and their minutes."""
    signal, found = fitted.signal, np.zeros(len(STEPS), np.int64)
    for recording in fitted.background:
        seen = looks(recording, signal.samples, signal.rate_hz)
        found += false_answers(fitted.scores(seen), fitted.quiet)
    return found, sum(map(len, fitted.background)) / signal.rate_hz / 60


def _kept(fitted: Fitted, loud: np.ndarray) -> float:
    """Return the score that all but few of the gestures reach which are answered rightly when left out."""
    right = loud & (fitted.left_out.argmax(axis=1) == fitted.windows.targets)
    return float(np.quantile(fitted.left_out[right].max(axis=1), 1 - KEPT)) - 0.01 if right.any() else 0.0


def _advice(fitted: Fitted, result: Judgement) -> list[str]:
    """Say what would help most."""
    found = []
    loud = [c for c in result.classes if not is_quiet(c.name)]
    if not any(is_quiet(label) for label in fitted.takes.labels) and fitted.windows.is_gesture:
        found.append("record an idle class, 30 s of rest and walking about: midge capture --label idle --seconds 30")
    worst = min(loud or result.classes, key=lambda c: c.recall.value)
    few = min(loud or result.classes, key=lambda c: c.takes)
    if worst.recall.value < 0.97:
        found.append(f"five more takes of {worst.name} would help most: {worst.recall.value:.0%} of them are found")
    elif few.takes < 10 and fitted.windows.is_gesture:
        found.append(f"more takes make it surer: {few.name} has {few.takes}, 10 a class are good")
    people = {take.person for take in fitted.takes.takes if take.person}
    if fitted.windows.is_gesture and len(people) < 2:
        found.append("it knows one person's way of moving: for others, record two or three people (--person)")
    return found
