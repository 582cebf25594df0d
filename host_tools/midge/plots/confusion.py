# SPDX-License-Identifier: MIT
"""A confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..evaluate.metrics import Evaluation
from . import BLUE, INK, head, new_figure

_MOST_NUMBERS = 20  # classes up to which each cell carries its count


def confusion_figure(result: Evaluation, name: str) -> Any:
    """Draw a confusion matrix: rows are what samples are, columns what they were taken for, shades shares of a row."""
    matrix = np.array(result.confusion)
    size = min(16.0, 2.6 + 0.42 * len(matrix))
    figure, axes = new_figure(max(size, 4.6), size)
    draw_matrix(axes, matrix, [c.name for c in result.classes])
    head(axes, name, f"accuracy {result.accuracy:.1%} over {result.samples:,} samples")
    return figure


def draw_matrix(axes: Any, matrix: np.ndarray, names: Sequence[str]) -> None:
    """Draw counts [is, said] into axes, shaded by their share of the row."""
    from matplotlib.colors import LinearSegmentedColormap

    count = len(matrix)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap=LinearSegmentedColormap.from_list("shares", ["#ffffff", BLUE]), vmin=0, vmax=1)
    if count <= _MOST_NUMBERS:
        for i in range(count):
            for j in range(count):
                if matrix[i, j]:
                    axes.annotate(str(matrix[i, j]), (j, i), ha="center", va="center", fontsize=7.5,
                                  color="white" if shares[i, j] > 0.5 else INK)
    axes.set_xticks(range(count), names, rotation=90 if count > 6 else 0, fontsize=7.5)
    axes.set_yticks(range(count), names, fontsize=7.5)
    axes.set(xlabel="the model says", ylabel="it is")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
