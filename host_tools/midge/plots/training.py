# SPDX-License-Identifier: MIT
"""What training found as a picture: the confusion matrix, and how accuracy grows with takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..train.outcome import Outcome
from . import BLUE, INK, ORANGE, QUIET, head, new_figure
from .confusion import draw_matrix


def training_figure(trained: Outcome, name: str) -> Any:
    """Draw a model's confusion matrix on takes left out, and beside it the learning curve where there is one."""
    judged, labels = trained.judgement, trained.labels
    size = min(14.0, 3.2 + 0.42 * len(labels))
    curve = judged.curve if len(judged.curve) > 1 else []
    figure, axes = new_figure(size * (1.9 if curve else 1.0), size, ncols=2 if curve else 1, squeeze=False)
    draw_matrix(axes[0, 0], np.array(judged.confusion), labels)
    low, high = judged.accuracy.interval
    head(axes[0, 0], name, f"{judged.accuracy.value:.1%} of {judged.accuracy.count} windows right, each left out of "
         f"its own training; {low:.0%} to {high:.0%}")
    if curve:
        _draw_curve(axes[0, 1], curve, judged.accuracy.value)
    return figure


def _draw_curve(axes: Any, curve: list[tuple[int, float]], reached: float) -> None:
    counts, shares = zip(*curve, strict=True)
    axes.plot(counts, [100 * s for s in shares], color=BLUE, marker="o", markersize=4, linewidth=1.4)
    axes.axhline(100 * reached, color=ORANGE, linewidth=1, linestyle="--")
    axes.annotate("with all takes", (counts[0], 100 * reached), xytext=(0, 4), textcoords="offset points", fontsize=8,
                  color=INK)
    axes.set(xlabel="takes a class", ylabel="right, %", ylim=(min(60.0, 100 * min(shares) - 5), 101))
    axes.set_xticks(counts, [str(c) for c in counts])
    axes.grid(True, axis="y")
    axes.tick_params(length=0, labelcolor=QUIET)
    head(axes, "what more takes bring", "trained on some, tried on the others")
