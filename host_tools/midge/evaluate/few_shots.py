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
    labels = np.array(examples.labels)
    people = np.array(examples.people)
    names = sorted(set(examples.labels))
    blobs = [row.astype(np.int8).tobytes() for row in examples.rows]
    closed, opened, own, false, asked = list[float](), list[float](), list[float](), list[float](), 0
    for seed in range(seeds):
        rng = np.random.default_rng([seed, shots])
        order = rng.permutation(len(labels))
        turn = {person: i for i, person in enumerate(dict.fromkeys(people[order]))}  # whoever teaches, teaches much
        taught = {name: _draw(order[labels[order] == name], people, turn, shots) for name in names}
        asked_of = _of_others(people, np.concatenate(list(taught.values())))
        if any(len(taught[n]) < shots or not (labels[asked_of] == n).any() for n in names):
            return None
        learner = _taught(model, {name: [blobs[i] for i in index] for name, index in taught.items()}, others)
        said = np.array([learner.label(learner.answer(blobs[i]).index) for i in asked_of])
        closed.append(float(np.mean([np.mean(said[labels[asked_of] == n] == n) for n in names])))
        asked = max(asked, len(asked_of))
        for name in names:
            rest = _of_others(people, taught[name])
            learner = _taught(model, {name: [blobs[i] for i in taught[name]]}, others)
            answers = [learner.answer(blobs[i]) for i in rest]
            scores, mine = np.array([a.score for a in answers]), labels[rest] == name
            is_taken = np.array([a.label == name for a in answers])
            strangers = np.sort(scores[~mine])
            limit = strangers[-1 - int(FALSE * len(strangers))]
            opened.append(float(np.mean(scores[mine] > limit)))
            own.append(float(np.mean(is_taken[mine])))
            false.append(float(np.mean(is_taken[~mine])))
    each = [Mean.of([float(np.mean(part)) for part in np.array_split(values, seeds)])
            for values in (opened, own, false)]
    return Shots(shots, seeds, len(names), asked, Mean.of(closed), *each)


def _draw(index: np.ndarray, people: np.ndarray, turn: dict[str, int], shots: int) -> np.ndarray:
    """Return so many of a class's examples, each of another person, in the turn of these."""
    found = {people[i]: int(i) for i in index[::-1]}
    return np.array([found[person] for person in sorted(found, key=lambda p: turn[p])[:shots]], np.int64)


def _of_others(people: np.ndarray, taught: np.ndarray) -> np.ndarray:
    """Return the examples of people who taught nothing."""
    return np.flatnonzero(~np.isin(people, people[taught]))


def _taught(model: Any, classes: dict[str, list[bytes]], others: bytes | None) -> Any:
    """Return a learner that was taught rows; the very same row twice counts once."""
    learner = device.Learner(model, others=others, classes=len(classes), most=max(map(len, classes.values())))
    for label, rows in classes.items():
        for row in dict.fromkeys(rows):
            learner.add(label, row)
    return learner
