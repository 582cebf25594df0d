# SPDX-License-Identifier: MIT
"""How well classes are learned from a few examples of them: by the very Learner that runs on boards.

Examples are drawn by a seed, each of another person (or session), and whoever was taught from is not asked. In a closed
set there are only classes that were taught. In an open one there is one of them, and all takes of the others are to be
refused: its recall where no more than one in a hundred of them is accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..core.device import device

FALSE = 0.01  # of what is none of the classes may be accepted
Z95 = 1.96


@dataclass(frozen=True)
class Mean:
    """A mean over seeds, and the interval in which 19 of 20 means over as many seeds would lie."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Mean:
        """Take the mean."""
        mean = float(np.mean(values))
        half = Z95 * float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
        return cls(mean, mean - half, mean + half)


@dataclass(frozen=True)
class Shots:
    """What so many examples of a class give. at_own: what the learner's own threshold accepts of an open set."""

    shots: int
    seeds: int
    classes: int
    asked: int
    closed: Mean
    open_recall: Mean
    own_recall: Mean
    own_false: Mean

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Examples:
    """Rows of a network [n, values] with the class and the person of each."""

    rows: np.ndarray
    labels: Sequence[str]
    people: Sequence[str]


def few_shots(
    model: Any, examples: Examples, shots: int, seeds: int = 20, others: bytes | None = None
) -> Shots | None:
    """Teach and ask, for each seed. model: a midge.Model, whose rows they are. None where a class has too few people.

    others: rows of none of the classes; by default those of the model's file.
    """
    labels, people = np.array(examples.labels), np.array(examples.people)
    names = sorted(set(examples.labels))
    blobs = [row.astype(np.int8).tobytes() for row in examples.rows]
    closed, opened, asked = list[float](), list[tuple[float, float, float]](), 0
    for seed in range(seeds):
        order = np.random.default_rng([seed, shots]).permutation(len(labels))
        turn = {person: i for i, person in enumerate(dict.fromkeys(people[order]))}  # whoever teaches, teaches much
        index = {name: draw(order[labels[order] == name], people, turn, shots) for name in names}
        rest = of_others(people, np.concatenate(list(index.values())))
        if any(len(index[name]) < shots or not (labels[rest] == name).any() for name in names):
            return None
        learner = taught(model, {name: [blobs[i] for i in index[name]] for name in names}, others)
        said = np.array([learner.label(learner.answer(blobs[i]).index) for i in rest])
        closed.append(float(np.mean([np.mean(said[labels[rest] == name] == name) for name in names])))
        asked = max(asked, len(rest))
        for name in names:
            rest = of_others(people, index[name])
            learner = taught(model, {name: [blobs[i] for i in index[name]]}, others)
            answers = [learner.answer(blobs[i]) for i in rest]
            opened.append(_open(np.array([a.score for a in answers]), np.array([a.label == name for a in answers]),
                                labels[rest] == name))
    each = [Mean.of(np.mean(np.reshape(values, (seeds, -1)), axis=1).tolist()) for values in zip(*opened, strict=True)]
    return Shots(shots, seeds, len(names), asked, Mean.of(closed), *each)


def _open(scores: np.ndarray, taken: np.ndarray, mine: np.ndarray) -> tuple[float, float, float]:
    """Return the recall where FALSE of the strangers are taken, and what share of both was taken."""
    strangers = np.sort(scores[~mine])
    limit = strangers[-1 - int(FALSE * len(strangers))]
    return float(np.mean(scores[mine] > limit)), float(np.mean(taken[mine])), float(np.mean(taken[~mine]))


def draw(index: np.ndarray, people: np.ndarray, turn: dict[str, int], shots: int) -> np.ndarray:
    """Return so many of a class's examples, each of another person, in the turn of these."""
    found = {people[i]: int(i) for i in index[::-1]}
    return np.array([found[person] for person in sorted(found, key=lambda p: turn[p])[:shots]], np.int64)


def of_others(people: np.ndarray, teaching: np.ndarray) -> np.ndarray:
    """Return the examples of people none of whose examples are among those."""
    return np.flatnonzero(~np.isin(people, people[teaching]))


def taught(model: Any, classes: dict[str, list[bytes]], others: bytes | None) -> Any:
    """Return a learner that was taught rows; the very same row twice counts once."""
    learner = device.Learner(model, others=others, classes=len(classes), most=max(map(len, classes.values())))
    for label, rows in classes.items():
        for row in dict.fromkeys(rows):
            learner.add(label, row)
    return learner
