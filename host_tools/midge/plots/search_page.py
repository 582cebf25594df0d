# SPDX-License-Identifier: MIT
"""What a search found, as a part of the report's page: a plot of what is right over what it costs, and a table."""

from __future__ import annotations

from html import escape

import numpy as np

from ..train.search import Point, Search
from . import BLUE, ORANGE, QUIET

_WIDTH, _HEIGHT, _EDGE = 560, 260, 44


def search_section(search: Search) -> str:
    """Return the section, of HTML."""
    what = "instructions" if search.points[0].instructions is not None else "multiplications"
    rows = "".join(_row(search, p) for p in sorted(search.points, key=lambda p: (-p.mean, p.costs)))
    refused = "".join(f"<li>{escape(way)}: {escape(why)}" for way, why in search.refused.items())
    return (f"<h2>What was tried</h2><p class=q>Shares are means over what was left out together. Blue: none is better "
            f"without costing more. Orange: taken, the cheapest within one standard error of the best. What had no say "
            f"in the choice is {search.honest:.1%} right.</p>{_plot(search, what)}<div class=scroll><table><tr><th>head"
            f"<th>features<th>window<th>right<th>flash<th>RAM<th>{what}{rows}</table></div>"
            + (f"<p>Not tried:</p><ul>{refused}</ul>" if refused else ""))


def _row(search: Search, p: Point) -> str:
    cells = [p.options.head, p.options.features, f"{p.window_s:.2f} s", f"{p.mean:.1%}", f"{p.flash_bytes:,} B",
             f"{p.arena_bytes:,} B", f"{p.costs[0]:,}"]
    inside = "".join(f"<td>{f'<b>{cell}</b>' if search.is_front(p) else cell}" for cell in cells)
    return f"<tr{f' style=color:{ORANGE}' if p is search.chosen else ''}>{inside}"


def _plot(search: Search, what: str) -> str:
    costs = np.log10([max(p.costs[0], 1) for p in search.points])
    means = np.array([p.mean for p in search.points])
    low, high = costs.min() - 0.1, costs.max() + 0.1
    bottom, top = means.min() - 0.01, min(means.max() + 0.01, 1.0)
    dots = []
    for p, cost, mean in zip(search.points, costs, means, strict=True):
        x = _EDGE + (_WIDTH - 2 * _EDGE) * (cost - low) / (high - low)
        y = _HEIGHT - _EDGE - (_HEIGHT - 2 * _EDGE) * (mean - bottom) / max(top - bottom, 1e-9)
        colour = ORANGE if p is search.chosen else BLUE if search.is_front(p) else QUIET
        label = f"{p.options.head}, {p.options.features}, {p.window_s:.2f} s: {p.mean:.1%}, {p.costs[0]:,} {what}"
        dots.append(f"<circle cx={x:.0f} cy={y:.0f} r=5 fill='{colour}'><title>{escape(label)}</title></circle>")
    ends = "".join(f"<text x={x} y={_HEIGHT - 12} text-anchor=middle fill=currentColor>{10 ** cost:,.0f}</text>"
                   for x, cost in ((_EDGE, low), (_WIDTH - _EDGE, high)))
    ends += "".join(f"<text x=2 y={y} fill=currentColor>{mean:.0%}</text>"
                    for y, mean in ((_HEIGHT - _EDGE, bottom), (_EDGE, top)))
    frame = (f"<path d='M{_EDGE},{_EDGE}V{_HEIGHT - _EDGE}H{_WIDTH - _EDGE}' fill=none stroke='{QUIET}'/>"
             f"<text x={_WIDTH // 2} y={_HEIGHT - 12} text-anchor=middle fill=currentColor>{what} an answer</text>")
    return (f"<svg width={_WIDTH} height={_HEIGHT} viewBox='0 0 {_WIDTH} {_HEIGHT}' font-size=12 role=img "
            f"aria-label='what is right over {what}'>{frame}{ends}{''.join(dots)}</svg>")
