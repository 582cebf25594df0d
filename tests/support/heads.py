# SPDX-License-Identifier: MIT
"""Networks with heads of SSD, BlazeFace and YOLO whose weights are drawn, and what NumPy makes of their outputs."""

from __future__ import annotations

import math

import numpy as np

from midge.graph import Graph, Tensor
from midge.graph.builder import Builder

GRIDS = {"ssd": ((6, 3), (4, 6)), "blazeface": ((4, 2), (2, 6))}  # rows and columns, anchors a cell
SIDE = 32
WIDE = 48  # of images of YOLO's
YOLO_GRIDS = ((4, 2), (2, 3))  # rows and columns


def network(how: str, classes: int, seed: int, values: int = 4, has_sigmoid: bool = False) -> Graph:
    """Return a network of one image [1, 32, 32, 3], float32, with two heads on two layers of drawn weights.

    An image of normal numbers gives heads of normal numbers.
    """
    rng = np.random.default_rng(seed)
    build = Builder("heads")
    image = Tensor(build.unique("image"), (1, SIDE, SIDE, 3), "float32")
    boxes, scores = [], []
    for rows, each in GRIDS[how]:
        step = SIDE // rows

        def head(width: int, mean: float, spread: float, rows: int = rows, step: int = step) -> Tensor:
            weights = rng.normal(0, spread / step / 3**0.5, (width, step, step, 3))
            bias = np.full(width, mean, np.float32)
            return build.conv(image, weights, bias, (step, step), [(0, 0), (0, 0)])

        n = rows * rows * each
        boxes.append(build.reshape(head(each * values, *((0, 3) if how == "ssd" else (5, 4))), (1, n, values)))
        scores.append(build.reshape(head(each * classes, -1, 2), (1, n, classes)))
    encodings = build.concatenate(boxes, 1, "box_encodings")
    raw = build.concatenate(scores, 1, "class_predictions")
    return build.graph([image], [encodings, build.like("LOGISTIC", raw) if has_sigmoid else raw])


def yolo_network(how: str, classes: int, seed: int = 1, unit: float = 1.0) -> Graph:
    """Return a network of one image [1, 32, 48, 3], float32, that gives what those of a kind do.

    how: "columns" as [1, 4 + classes, n], "rows" as [1, n, 5 + classes], or "grids". unit: of decoded boxes.
    """
    rng, build = np.random.default_rng(seed), Builder("yolo")
    image = Tensor(build.unique("image"), (1, SIDE, WIDE, 3), "float32")

    def layer(rows: int, columns: int, channels: int) -> Tensor:
        down, across = SIDE // rows, WIDE // columns
        weights = rng.normal(0, 1.5 / (down * across * 3) ** 0.5, (channels, down, across, 3))
        return build.conv(image, weights, np.zeros(channels, np.float32), (down, across), [(0, 0), (0, 0)])

    if how == "grids":
        return build.graph([image], [layer(rows, columns, 2 * (5 + classes)) for rows, columns in YOLO_GRIDS])
    values = (4 if how == "columns" else 5) + classes
    shares = build.like("LOGISTIC", build.reshape(layer(8, 6, values), (1, 48, values)))
    if unit != 1:
        boxes = build.binary("MUL", build.along(shares, 2, 0, 4), build.scalar(unit))
        shares = build.concatenate([boxes, build.along(shares, 2, 4, values)], 2)
    return build.graph([image], [build.transpose(shares, [0, 2, 1]) if how == "columns" else shares])


def anchors_of(how: str) -> np.ndarray:
    """Return anchors [n, 4] as (y, x, h, w), cell by cell, from the definitions."""
    found = []
    scales = [0.2, 0.95, 1.0]
    for i, (rows, each) in enumerate(GRIDS[how]):
        for y in range(rows):
            for x in range(rows):
                middle = ((y + 0.5) / rows, (x + 0.5) / rows)
                if how == "blazeface":
                    found += [(*middle, 1.0, 1.0)] * each
                elif each == 3:
                    long, short = 0.2 * math.sqrt(2), 0.2 / math.sqrt(2)
                    found += [(*middle, h, w) for h, w in ((0.1, 0.1), (short, long), (long, short))]
                else:
                    kinds = [(scales[i], r) for r in (1, 2, 0.5, 3, 1 / 3)]
                    kinds.append((math.sqrt(scales[i] * scales[i + 1]), 1))
                    found += [(*middle, s / math.sqrt(r), s * math.sqrt(r)) for s, r in kinds]
    return np.array(found)


def boxes_of(
    how: str, encodings: np.ndarray, scores: np.ndarray, threshold: float, most: int = 16, background: bool = False,
    overlap: float = 0.3,
) -> tuple[list[tuple[int, float, tuple[float, ...]]], float]:
    """Return (class, score, corners) of each box, best first, and how near the closest decision was to another one.

    encodings: [n, 4 or more] and scores: [n, classes], logits, as the network gives them.
    """
    t, a = encodings.astype(float), anchors_of(how)
    if how == "ssd":
        y, x = t[:, 0] / 10 * a[:, 2] + a[:, 0], t[:, 1] / 10 * a[:, 3] + a[:, 1]
        h, w = np.exp(t[:, 2] / 5) * a[:, 2], np.exp(t[:, 3] / 5) * a[:, 3]
    else:
        x, y, w, h = (t[:, 0] / SIDE + a[:, 1], t[:, 1] / SIDE + a[:, 0], np.maximum(t[:, 2], 1e-6) / SIDE,
                      np.maximum(t[:, 3], 1e-6) / SIDE)
    corners = np.stack([y - h / 2, x - w / 2, y + h / 2, x + w / 2], axis=1)
    return kept_of(corners, 1 / (1 + np.exp(-scores.astype(float)[:, background:])), threshold, most, overlap)


def kept_of(
    corners: np.ndarray, p: np.ndarray, threshold: float, most: int = 16, overlap: float = 0.3
) -> tuple[list[tuple[int, float, tuple[float, ...]]], float]:
    """Return what boxes_of does, of corners [n, 4] and scores from 0 to 1 [n, classes]."""
    best, kinds = p.max(axis=1), p.argmax(axis=1)
    near = float(np.abs(best - threshold).min())
    ordered = np.sort(best[best >= threshold])
    near = min(near, float(np.diff(ordered).min(initial=1)))
    if p.shape[1] > 1:
        two = np.sort(p, axis=1)
        near = min(near, float((two[:, -1] - two[:, -2])[best >= threshold].min(initial=1)))
    kept: list[int] = []
    for i in np.argsort(-best, kind="stable"):
        if best[i] < threshold or len(kept) == most:
            break
        over = [_overlap(corners[i], corners[k]) for k in kept]
        near = min([near, *(abs(value - overlap) for value in over)])
        if all(value <= overlap for value in over):
            kept.append(int(i))
    return [(int(kinds[i]), float(best[i]), tuple(corners[i])) for i in kept], near


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    both = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0).prod()
    union = (a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both
    return float(both / union) if union > 0 else 0.0
