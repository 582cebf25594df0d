# SPDX-License-Identifier: MIT
"""Heads: a linear one, a dense one, convolutions of the samples; and which of them is righter on what is left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..progress import Stage
from . import convolutions
from .convolutions import Convolutions, fit_convolutions
from .dense import Dense, fit_dense
from .ridge import Linear, Ridge, Rows

HEADS = ("ridge", "dense", "cnn", "auto")
FOLDS = 5  # of heads that are fitted step by step


@dataclass(frozen=True)
class Tried:
    """A way to train that was compared: its head, how many patterns it has, and if with variants.

    accuracy: on what it left out; classes weigh the same.
    """

    patterns: int
    variants: bool
    accuracy: float
    head: str = "ridge"


@dataclass
class Chosen:
    """A head by its name, with the scores of own rows from fits without each row's fold, and what was compared."""

    name: str
    head: Linear | Dense | Convolutions
    left_out: np.ndarray
    tried: list[Tried]


def choose_head(
    asked: str, rows: Rows, everything: Rows, ridge: Ridge, left_out: np.ndarray, patterns: int, seed: int,
    stage: Stage,
) -> Chosen:
    """Return the head that is asked for, or of all, for "auto", the righter one on what is left out.

    rows: what the ridge head was fitted to; left_out: what fits without each own row's fold gave it. everything: rows
    with variants, and the counts that convolutions look at.
    """
    if asked == "ridge":
        return Chosen("ridge", ridge.head, left_out, [])
    kinds = ("dense", "cnn") if asked == "auto" else (asked,)
    fits: dict[str, tuple[Rows, Callable[[Rows], Dense | Convolutions]]] = {
        "dense": (rows, lambda r: fit_dense(r, seed)),
        "cnn": (everything, lambda r: fit_convolutions(r.counts, r.targets, r.weights, r.classes, seed,
                                                       convolutions.STEPS)),
    }
    found = {"ridge": (left_out, lambda: ridge.head)} if asked == "auto" else {}
    for kind in kinds:
        part, fit = fits[kind]
        advance = stage(f"fitting the {kind} head", FOLDS + 1)
        found[kind] = (_left_out(part, fit, advance), lambda part=part, fit=fit: fit(part))  # type: ignore[misc]
    scores, best, accuracies = nested([s for s, _ in found.values()], rows.part(rows.own))
    tried = [Tried(0 if kind == "cnn" else patterns, kind == "cnn" or not rows.own.all(), accuracy, kind)
             for kind, accuracy in zip(found, accuracies, strict=True) if kind != "ridge"]
    name = list(found)[best]
    return Chosen(name, found[name][1](), scores, tried)


def _left_out(
    rows: Rows, fit: Callable[[Rows], Dense | Convolutions], advance: Callable[[int], None]
) -> np.ndarray:
    """Return the scores of own rows from heads that were fitted without each row's fold."""
    scores = np.zeros((len(rows.targets), rows.classes))
    fewer = rows.folds % FOLDS
    for fold in np.unique(fewer):
        head = fit(rows.part(fewer != fold))
        inside = (fewer == fold) & rows.own
        scores[inside] = head.scores(rows.counts[inside] if isinstance(head, Convolutions) else rows.features[inside])
        advance(1)
    own: np.ndarray = scores[rows.own]
    return own


def nested(candidates: Sequence[np.ndarray], own: Rows) -> tuple[np.ndarray, int, list[float]]:
    """Return scores of what is best on other folds, which candidate is best everywhere, and each one's accuracy.

    candidates: scores [n, classes] of the rows `own`, from fits without each row's fold. Those that are returned for a
    fold are of the candidate that was best on the other folds, so that no row has a say in what it is judged by. Of
    equals, the first is the best.
    """
    scores = np.stack(candidates)
    wrong = (scores.argmax(axis=2) != own.targets) * own.weights
    of_fold = np.stack([np.bincount(own.folds, row) for row in wrong])
    everywhere = of_fold.sum(axis=1)
    elsewhere = np.argmin(everywhere[:, None] - of_fold, axis=0)
    accuracies = [1 - float(e / own.weights.sum()) for e in everywhere]
    best: np.ndarray = scores[elsewhere[own.folds], np.arange(len(own.folds))]
    return best, int(np.argmin(everywhere)), accuracies
