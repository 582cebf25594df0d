# SPDX-License-Identifier: MIT
"""An energy budget: a bar per consumer, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import BLUE, FAINT, INK, head, new_figure


def power_figure(name: str, parts: Sequence[tuple[str, float, float, float]], detail: str) -> Any:
    """Draw consumers (name, microwatts, low, high), the largest on top. Raises UserError without matplotlib."""
    figure, axes = new_figure(8.0, 1.6 + 0.42 * len(parts))
    places = range(len(parts), 0, -1)
    axes.barh(places, [value for _, value, _, _ in parts], color=BLUE, height=0.62)
    spread = [[value - low for _, value, low, _ in parts], [high - value for _, value, _, high in parts]]
    axes.errorbar([value for _, value, _, _ in parts], places, xerr=spread, fmt="none", ecolor=INK, elinewidth=1,
                  capsize=3)
    axes.set_yticks(list(places), [part[0] for part in parts])
    axes.set_xlabel("average power (µW), with the interval that holds nine in ten")
    axes.set_xlim(0, 1.08 * max((high for *_, high in parts), default=1))
    axes.grid(axis="x", color=FAINT)
    head(axes, f"{name}: energy budget", detail)
    return figure
