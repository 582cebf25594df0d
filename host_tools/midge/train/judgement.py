# SPDX-License-Identifier: MIT
"""What a trained model is worth: scores of recordings by models that did not see them, counted, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from ..samples.labels import is_quiet
from ..samples.takes import Labelled

Z95 = 1.959964  # of a normal distribution, for intervals of 95 %
DOUBT = 0.15  # score of its own class below which a recording is named


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

    def facts(self) -> dict[str, Any]:
        """Return it and its interval, for JSON."""
        low, high = self.interval
        return {"right": self.right, "count": self.count, "share": round(self.value, 4), "low": round(low, 4),
                "high": round(high, 4)}


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

    take: Labelled
    says: str
    score: float
    own_score: float


@dataclass(frozen=True)
class Recorded:
    """False answers to recordings in which nothing is to be answered, which the model did not learn from."""

    false: int
    minutes: float


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
    trade: list[tuple[float, float, float]] = field(default_factory=list)  # threshold, share found, false an hour
    recorded: Recorded | None = None

    def facts(self, labels: Sequence[str]) -> dict[str, Any]:
        """Return everything, for JSON."""
        found = self.found_at_threshold
        return {
            "accuracy": self.accuracy.facts(), "accuracy_idle_is_not_unknown": self.strict.facts(),
            "classes": [{"name": c.name, "takes": c.takes, "recall": c.recall.facts(),
                         "precision": c.precision.facts()} for c in self.classes],
            "confusion": self.confusion,
            "mistakes": [{"is": labels[i], "said": labels[j], "takes": paths}
                         for (i, j), paths in sorted(self.cells.items()) if i != j],
            "suspicious": [{"take": s.take.path, "label": s.take.label, "looks_like": s.says,
                            "score": round(s.score, 3)} for s in self.suspicions],
            "learning_curve": [{"takes": n, "accuracy": round(a, 4)} for n, a in self.curve],
            "threshold": self.threshold, **({"found_at_threshold": found.facts()} if found else {}),
            "false_per_hour_made": self.false_per_hour, "advice": self.advice,
            "thresholds": [{"threshold": t, "found": round(found, 4), "false_per_hour_made": round(false, 2)}
                           for t, found, false in self.trade],
            **({"false_in_background": {"false": self.recorded.false, "minutes": round(self.recorded.minutes, 2)}}
                if self.recorded else {}),
        }


class Scored(Protocol):
    """Recordings, and what models said about them that did not see them."""

    labels: list[str]
    left_out: np.ndarray  # softmax scores [rows, classes]

    @property
    def quiet(self) -> list[int]:
        """The classes that are never answered."""
        ...

    @property
    def recordings(self) -> Sequence[Labelled]:
        """The recordings."""
        ...

    @property
    def targets(self) -> np.ndarray:
        """The class of each row."""
        ...

    @property
    def owners(self) -> np.ndarray:
        """The recording of each row."""
        ...


def measure(scored: Scored, threshold: float, false_per_hour: float | None, curve: Sequence[tuple[int, float]] = (),
            ) -> Judgement:
    """Count what was right. threshold, false_per_hour: from which score on answers count, and what is wrong then."""
    said, true, labels = scored.left_out.argmax(axis=1), scored.targets, scored.labels
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (true, said), 1)
    quiet = set(scored.quiet)
    alike = np.array([t == s or (t in quiet and s in quiet) for t, s in zip(true, said, strict=True)])
    loud = np.array([t not in quiet for t in true])
    best = scored.left_out.max(axis=1)
    found = share(((said == true) & (best >= threshold))[loud], scored.owners[loud]) if loud.any() else None
    return Judgement(
        share(alike, scored.owners), share(said == true, scored.owners), _class_reports(scored, said),
        confusion.tolist(), _cells(scored, said), _suspicions(scored), list(curve), threshold, found, false_per_hour,
    )


def threshold_for(
    scores: np.ndarray, quiet: Sequence[int], chances: float, allowed_per_hour: float, least: float, most: float
) -> tuple[float, float]:
    """Return the least score from which rows that are no answer give no more than so many an hour, and how many.

    scores: softmax scores [rows, classes] of what is none of the classes. chances: how many such rows an hour has.
    """
    fires = np.where(np.isin(scores.argmax(axis=1), list(quiet)), 0.0, scores.max(axis=1))
    allowed = int(allowed_per_hour / chances * len(fires))
    wanted = float(np.sort(fires)[::-1][allowed]) + 0.005
    threshold = math.ceil(100 * min(max(wanted, least), most)) / 100
    return threshold, float((fires >= threshold).mean() * chances)


def trade_off(
    scored: Scored, scores: np.ndarray, chances: float, least: float, most: float
) -> list[tuple[float, float, float]]:
    """Return for each threshold, in hundredths, the share of rows that are answered rightly, and false answers an hour.

    scores, chances: of what is none of the classes, as threshold_for has them.
    """
    said, best = scored.left_out.argmax(axis=1), scored.left_out.max(axis=1)
    loud = ~np.isin(scored.targets, scored.quiet)
    fires = np.where(np.isin(scores.argmax(axis=1), scored.quiet), 0.0, scores.max(axis=1))
    return [(t, float((((said == scored.targets) & (best >= t))[loud]).mean()), float((fires >= t).mean() * chances))
            for t in np.round(np.arange(least, most + 0.005, 0.01), 2).tolist()]


def share(right: np.ndarray, takes: np.ndarray) -> Share:
    """Return how many of some rows are right; those of one recording are one draw."""
    return Share(int(right.sum()), len(right), len(set(takes.tolist())))


def _class_reports(scored: Scored, said: np.ndarray) -> list[ClassReport]:
    true, takes = scored.targets, scored.owners
    found = []
    for i, label in enumerate(scored.labels):
        mine, called = true == i, said == i
        if i in scored.quiet:
            called = np.isin(said, scored.quiet)
        if mine.any():
            found.append(ClassReport(label, len(set(takes[mine].tolist())), share(called[mine], takes[mine]),
                                     share(mine[called], takes[called])))
    return found


def _cells(scored: Scored, said: np.ndarray) -> dict[tuple[int, int], list[str]]:
    cells: dict[tuple[int, int], list[str]] = {}
    for true, guess, take in zip(scored.targets, said, scored.owners, strict=True):
        inside = cells.setdefault((int(true), int(guess)), [])
        path = scored.recordings[take].path
        if path not in inside:
            inside.append(path)
    return cells


def _suspicions(scored: Scored) -> list[Suspicion]:
    """Return takes whose own class is unlikely by all others, the most doubtful first."""
    found = []
    for i, take in enumerate(scored.recordings):
        scores = scored.left_out[scored.owners == i].mean(axis=0)
        own, best = scored.labels.index(take.label), int(scores.argmax())
        if best != own and scores[own] < DOUBT and not (is_quiet(take.label) and is_quiet(scored.labels[best])):
            found.append(Suspicion(take, scored.labels[best], float(scores[best]), float(scores[own])))
    return sorted(found, key=lambda s: s.own_score)
