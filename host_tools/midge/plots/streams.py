# SPDX-License-Identifier: MIT
"""What a model finds in sound that goes on, against what it hears an hour that is not there, as a picture."""

from __future__ import annotations

from typing import Any

from ..evaluate.streams import StreamEvaluation
from . import BLUE, INK, ORANGE, QUIET, head, new_figure


def stream_figure(result: StreamEvaluation) -> Any:
    """Draw recall against false answers an hour, a dot per threshold, with the interval of each rate."""
    figure, axes = new_figure(6.4, 4.2)
    for point in result.curve:
        low, high = point.false.interval
        axes.plot([low, high], [100 * point.recall] * 2, color=BLUE, linewidth=1, alpha=0.35)
    rates = [point.false.an_hour for point in result.curve]
    shares = [100 * point.recall for point in result.curve]
    axes.plot(rates, shares, color=BLUE, marker="o", markersize=3.5, linewidth=1.2)
    own = result.own
    axes.plot([own.false.an_hour], [100 * own.recall], color=ORANGE, marker="o", markersize=7)
    axes.annotate(f"its own threshold, {own.threshold:g}", (own.false.an_hour, 100 * own.recall), xytext=(8, -12),
                  textcoords="offset points", fontsize=8, color=INK)
    axes.set(xlabel="false answers an hour", ylabel="found, %", ylim=(min(60.0, min(shares) - 5), 101))
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(left=0)
    axes.grid(True)
    axes.tick_params(length=0, labelcolor=QUIET)
    head(axes, result.name, f"{own.found} of {own.events} events found, {own.false.count} false answers in "
         f"{own.false.hours:.2f} h; lines are intervals in which 9 of 10 such rates lie")
    return figure
