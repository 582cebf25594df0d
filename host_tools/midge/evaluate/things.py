# SPDX-License-Identifier: MIT
"""Things found in a grid of scores: what a board makes of them, and how many of those in a picture are found.

A cell belongs to the class with its highest score, the lower one of equals, if that is not nothing and reaches the
threshold. Cells of a class that touch, corners included, are one thing, which has its centre where the cells' centres
are on average, weighted by their scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

EXACT = 0.1  # share by which a count may be wrong to be right


@dataclass(frozen=True)
class Thing:
    """Something found: the number of its class, its best cell's score, and its centre in shares of the picture."""

    kind: int
    score: float
    y: float
    x: float


@dataclass(frozen=True)
class Truth:
    """What is in a picture: of each thing its class, and top, left, bottom and right in shares of the picture."""

    kinds: tuple[int, ...]
    boxes: np.ndarray


def things_in(scores: np.ndarray, threshold: float) -> list[Thing]:
    """Return what a grid shows. scores: [rows, columns, classes], class 0 for nothing. threshold: 0 to 1."""
    rows, columns, _ = scores.shape
    kinds = scores.argmax(axis=2)
    kinds[scores.max(axis=2) < threshold] = 0
    found = []
    for start in zip(*np.nonzero(kinds), strict=True):
        kind = int(kinds[start])
        if not kind:
            continue  # it was part of another
        cells, stack = [], [(int(start[0]), int(start[1]))]
        kinds[start] = 0
        while stack:
            y, x = stack.pop()
            cells.append((y, x))
            for v in range(max(y - 1, 0), min(y + 2, rows)):
                for u in range(max(x - 1, 0), min(x + 2, columns)):
                    if kinds[v, u] == kind:
                        kinds[v, u] = 0
                        stack.append((v, u))
        weights = np.array([scores[y, x, kind] for y, x in cells])
        middle = (weights[:, None] * (np.array(cells) + 0.5)).sum(axis=0) / weights.sum()
        found.append(Thing(kind, float(weights.max()), float(middle[0] / rows), float(middle[1] / columns)))
    return found


@dataclass
class Matched:
    """What was found in a picture, beside what is in it: pairs of numbers (thing, truth) of one class, pairs in which
    one was mistaken for another, and what has no partner.
    """

    pairs: list[tuple[int, int]]
    mistaken: list[tuple[int, int]]
    false: list[int]
    missed: list[int]


def match(found: Sequence[Thing], truth: Truth) -> Matched:
    """Pair what was found with what is there: its centre in a box of the same class, the nearest to a centre first.

    What is left is paired in the same way with boxes of other classes.
    """
    reach = []
    for i, thing in enumerate(found):
        for j, (kind, (top, left, bottom, right)) in enumerate(zip(truth.kinds, truth.boxes, strict=True)):
            if top <= thing.y <= bottom and left <= thing.x <= right:
                far = ((2 * thing.y - top - bottom) / (bottom - top)) ** 2 + (
                    (2 * thing.x - left - right) / (right - left)) ** 2
                reach.append((kind != thing.kind, float(far), i, j))
    pairs: dict[bool, list[tuple[int, int]]] = {False: [], True: []}
    things, boxes = set(range(len(found))), set(range(len(truth.kinds)))
    for is_other, _, i, j in sorted(reach):
        if i in things and j in boxes:
            pairs[is_other].append((i, j))
            things.remove(i)
            boxes.remove(j)
    return Matched(pairs[False], pairs[True], sorted(things), sorted(boxes))


def is_counted(found: Sequence[Thing], truth: Truth) -> bool:
    """Tell whether as many things were found as there are, EXACT of them more or less."""
    return abs(len(found) - len(truth.kinds)) <= EXACT * len(truth.kinds)
