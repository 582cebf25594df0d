# SPDX-License-Identifier: MIT
"""What a fitted model is worth: on takes that were left out, with intervals, and what would make it better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..samples.labels import is_quiet
from ..samples.takes import Take
from .augment import triples_of
from .negatives import negatives
from .recipe import Fitted
from .ridge import Sums, log_softmax, standardized

Z95 = 1.959964  # of a normal distribution, for intervals of 95 %
LEAST_THRESHOLD, MOST_THRESHOLD = 0.4, 0.99
STREAM_WINDOWS = 500  # made for the threshold, of each kind
DOUBT = 0.15  # score of its own class below which a take is named
CURVE_DRAWS = 6


@dataclass(frozen=True)
class Share:
    """So many of so many, and the interval in which 19 of 20 repetitions would lie (Wilson 1927, JASA 22:209).

    independent: of how many draws the interval speaks; windows of one take are one.
    """

    right: int
    count: int
    independent: int

    @property
    def value(self) -> float:
        """The share, 0 where there is nothing."""
        return self.right / self.count if self.count else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Its ends, 0 to 1."""
        if not self.independent:
            return 0.0, 1.0
        n, p = self.independent, self.value
        middle = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        half = Z95 / (1 + Z95**2 / n) * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class ClassReport:
    """One class. Recall: of its windows, those that were found. Precision: of the windows called so, those that are."""

    name: str
    takes: int
    recall: Share
    precision: Share


@dataclass(frozen=True)
class Suspicion:
    """A take that its class's others do not explain."""

    take: Take
    says: str
    score: float
    own_score: float


@dataclass
class Judgement:
    """What is known about a model before it has met the world."""

    accuracy: Share  # idle and unknown are one answer: neither is ever given
    strict: Share  # the same where they are two
    classes: list[ClassReport]
    confusion: list[list[int]]  # [is][said]
    cells: dict[tuple[int, int], list[str]]  # the takes in each cell of the confusion matrix
    suspicions: list[Suspicion]
    curve: list[tuple[int, float]]  # takes a class, accuracy on the others
    threshold: float
    found_at_threshold: Share | None
    false_per_hour: float | None  # on made movements, at the threshold
    advice: list[str] = field(default_factory=list)


def judge(fitted: Fitted) -> Judgement:
    """Measure a model by the scores that takes got from fits without them."""
    windows, labels = fitted.windows, fitted.labels
    said, true = fitted.left_out.argmax(axis=1), windows.targets
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (true, said), 1)
    quiet = set(fitted.quiet)
    alike = np.array([t == s or (t in quiet and s in quiet) for t, s in zip(true, said, strict=True)])
    threshold, false_rate = _threshold(fitted)
    loud = np.array([t not in quiet for t in true])
    best = fitted.left_out.max(axis=1)
    result = Judgement(
        _share(alike, windows.takes), _share(said == true, windows.takes),
        _class_reports(fitted, said), confusion.tolist(), _cells(fitted, said), _suspicions(fitted), _curve(fitted),
        threshold, _share(((said == true) & (best >= threshold))[loud], windows.takes[loud]) if loud.any() else None,
        false_rate,
    )
    result.advice = _advice(fitted, result)
    return result


def _share(right: np.ndarray, takes: np.ndarray) -> Share:
    return Share(int(right.sum()), len(right), len(set(takes.tolist())))


def _class_reports(fitted: Fitted, said: np.ndarray) -> list[ClassReport]:
    true, takes = fitted.windows.targets, fitted.windows.takes
    found = []
    for i, label in enumerate(fitted.labels):
        mine, called = true == i, said == i
        if i in fitted.quiet:
            called = np.isin(said, fitted.quiet)
        if mine.any():
            found.append(ClassReport(label, len(set(takes[mine].tolist())), _share(called[mine], takes[mine]),
                                     _share(mine[called], takes[called])))
    return found


def _cells(fitted: Fitted, said: np.ndarray) -> dict[tuple[int, int], list[str]]:
    cells: dict[tuple[int, int], list[str]] = {}
    for true, guess, take in zip(fitted.windows.targets, said, fitted.windows.takes, strict=True):
        inside = cells.setdefault((int(true), int(guess)), [])
        path = fitted.takes.takes[take].path
        if path not in inside:
            inside.append(path)
    return cells


def _suspicions(fitted: Fitted) -> list[Suspicion]:
    """Return takes whose own class is unlikely by all others, the most doubtful first."""
    found = []
    for i, take in enumerate(fitted.takes.takes):
        scores = fitted.left_out[fitted.windows.takes == i].mean(axis=0)
        own, best = fitted.labels.index(take.label), int(scores.argmax())
        if best != own and scores[own] < DOUBT and not (is_quiet(take.label) and is_quiet(fitted.labels[best])):
            found.append(Suspicion(take, fitted.labels[best], float(scores[best]), float(scores[own])))
    return sorted(found, key=lambda s: s.own_score)


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


def _threshold(fitted: Fitted) -> tuple[float, float | None]:
    """Return the score from which an answer counts, and the false gestures an hour that made movements give there.

    It is the least for which rest, strokes without a plan and steps fire no more often than was asked for. One window
    length is one chance to fire.
    """
    if not fitted.windows.is_gesture:
        return 0.5, None
    signal, options = fitted.signal, fitted.options
    loud = np.array([not is_quiet(fitted.labels[t]) for t in fitted.windows.targets])
    if not loud.any() or not fitted.quiet:
        return 0.5, None
    rng = np.random.default_rng([options.seed, 3])
    made, _ = negatives(fitted.windows.values[loud], STREAM_WINDOWS, rng, signal.rate_hz, triples_of(signal.columns),
                        np.array(signal.size), parts=False)
    scores = np.exp(log_softmax(fitted.factor * fitted.head.scores(fitted.front.run(made))))
    still = fitted.left_out[~loud]
    scores = np.concatenate([scores, still])
    fires = np.where(np.isin(scores.argmax(axis=1), fitted.quiet), 0.0, scores.max(axis=1))
    chances = 3600 * signal.rate_hz / signal.samples
    allowed = int(options.false_per_hour / chances * len(fires))
    wanted = float(np.sort(fires)[::-1][allowed]) + 0.005
    threshold = math.ceil(100 * min(max(wanted, LEAST_THRESHOLD), MOST_THRESHOLD)) / 100
    return threshold, float((fires >= threshold).mean() * chances)


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
