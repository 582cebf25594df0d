# SPDX-License-Identifier: MIT
"""The arena over time: which bytes each node reads, writes and needs, and where the peak is."""

from __future__ import annotations

from typing import Any

from ..fileformat.memory_map import Anatomy, Span
from . import BLUE, FAINT, GREEN, INK, ORANGE, PINK, QUIET, RED, SKY, bytes_text, head, new_figure

_COLOURS = {"tensor": SKY, "state": GREEN, "scratch": ORANGE}


def arena_figure(model: Anatomy) -> Any:
    """Draw the arena over time, one column per node, addresses going up; below, MACs and flash of each node.

    Raises UserError without matplotlib, as every figure does.
    """
    nodes, spans = model.nodes, model.spans
    width = min(24.0, max(7.0, 2.5 + 0.28 * len(nodes)))
    figure, (arena, macs, flash) = new_figure(width, 7.2, nrows=3, sharex=True, height_ratios=(5, 1, 1))
    from matplotlib.patches import Patch, Rectangle

    starts = {(s.offset, s.first) for s in spans if s.kind == "tensor"}
    for span in spans:
        left, right = max(span.first, -1) - 0.5, span.last + 0.5
        if span.kind == "tensor":
            taken_over = (span.offset, span.last) in starts and span.last > span.first  # in place
            takes = any(s is not span and s.offset == span.offset and s.last == span.first for s in spans)
            right, left = right - 0.5 * taken_over, left + 0.5 * (takes and span.first >= 0)
        arena.add_patch(Rectangle((left, span.offset), right - left, span.size, facecolor=_COLOURS[span.kind],
                                  edgecolor="white", linewidth=0.8, alpha=0.9))
        _label(arena, span, left, right, model, width)
    peak = model.peak
    highest = max((s.end for s in spans), default=1)
    arena.axvspan(peak - 0.5, peak + 0.5, color=RED, alpha=0.10, linewidth=0)
    arena.axhline(model.file.arena_size, color=RED, linewidth=1, linestyle=(0, (4, 3)))
    arena.annotate(
        f"arena {model.file.arena_size:,} B; most in use at #{peak}: {nodes[peak].live:,} B",
        (1.0, model.file.arena_size), xycoords=("axes fraction", "data"), xytext=(-2, 4), textcoords="offset points",
        ha="right", color=RED,
    )
    arena.set(xlim=(-1.5, len(nodes) + 0.5), ylim=(0, 1.1 * max(highest, model.file.arena_size)),
              ylabel="address in the arena (B)")
    head(arena, model.file.name, f"memory over one inference: {len(nodes)} nodes, {model.macs:,} MACs")
    kinds = [k for k in _COLOURS if any(s.kind == k for s in spans)]
    arena.legend(handles=[Patch(color=_COLOURS[k], label=k) for k in kinds], loc="lower right", ncols=3,
                 frameon=False, fontsize=8, bbox_to_anchor=(1, 1.0))
    for axes, heights, name, colour in (
        (macs, [n.node.macs for n in nodes], "MACs", BLUE),
        (flash, [n.flash for n in nodes], "flash (B)", PINK),
    ):
        axes.bar(range(len(nodes)), heights, color=colour, width=0.8)
        axes.set_ylabel(name)
        axes.margins(y=0.15)
    for axes in (arena, macs, flash):
        axes.yaxis.set_major_formatter(lambda value, _: bytes_text(value))
        axes.grid(axis="y", color=FAINT)
    step = 1 if len(nodes) <= 32 else 2
    places = range(0, len(nodes), step)
    flash.set_xticks(places, [f"{i} {nodes[i].node.op.name}" for i in places], rotation=90, fontsize=6.5, color=INK)
    return figure


def _label(axes: Any, span: Span, left: float, right: float, model: Anatomy, width: float) -> None:
    """Write the tensor's name where its rectangle has room for it."""
    column = width * 0.88 / (len(model.nodes) + 2)  # inches
    letters = int((right - left) * column / 0.062)
    tall = span.size / (1.1 * model.file.arena_size) > 0.028
    name = span.label.rsplit("/", 1)[-1]
    text = f"{name} {span.size:,}" if len(name) + 8 <= letters else f"{span.size:,}"
    if tall and letters >= len(text):
        axes.text((left + right) / 2, span.offset + span.size / 2, text, ha="center", va="center", fontsize=6.5,
                  color=INK if span.kind != "state" else "white")
    elif span.kind == "state" and tall:
        axes.text(left + 0.1, span.offset + span.size / 2, f"{span.size:,}", va="center", fontsize=6.5, color=QUIET)
