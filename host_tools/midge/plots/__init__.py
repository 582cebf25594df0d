# SPDX-License-Identifier: MIT
"""Pictures, all in one style. A picture is a function in a file of this folder that returns a figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import write_whole
from ..optional import need

# Okabe and Ito's palette, which colour-blind readers can tell apart ("Color Universal Design", 2008).
BLUE, ORANGE, GREEN, YELLOW, SKY, RED, PINK = (
    "#0072b2", "#e69f00", "#009e73", "#f0e442", "#56b4e9", "#d55e00", "#cc79a7",
)
INK, QUIET, FAINT = "#22262b", "#7b848e", "#e7eaee"
SUFFIXES = (".png", ".svg", ".pdf")


def new_figure(width: float, height: float, **options: Any) -> tuple[Any, Any]:
    """Return a figure of so many inches and its axes; options go to matplotlib's subplots. Raises UserError."""
    matplotlib = need("matplotlib", "plot", "drawing a picture")
    matplotlib.use("Agg")
    with matplotlib.rc_context({
        "font.family": "sans-serif", "font.size": 9, "text.color": INK, "axes.labelcolor": INK,
        "axes.edgecolor": QUIET, "axes.linewidth": 0.6, "axes.spines.top": False, "axes.spines.right": False,
        "axes.axisbelow": True,
        "xtick.color": QUIET, "ytick.color": QUIET, "grid.color": FAINT, "figure.facecolor": "white",
        "svg.hashsalt": "midge",
    }):
        figure, axes = need("matplotlib.pyplot", "plot", "drawing a picture").subplots(
            figsize=(width, height), layout="constrained", **options
        )
    return figure, axes


def head(axes: Any, title: str, detail: str = "", x: float = 0.0) -> None:
    """Write a title in bold and what it is about in small, above the axes from `x` on (0 left, 1 right)."""
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "annotation_clip": False}
    axes.annotate(title, (x, 1.0), xytext=(0, 26), fontsize=12, weight="bold", **place)
    axes.annotate(detail, (x, 1.0), xytext=(0, 12), fontsize=8.5, color=QUIET, **place)


def save(figure: Any, path: Path) -> None:
    """Write a figure in the format that the suffix names. Raises UserError."""
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"{path}: a picture ends in {', '.join(SUFFIXES)}, not in '{path.suffix}'")
    try:
        write_whole(path, lambda aside: figure.savefig(aside, dpi=150))
    finally:
        need("matplotlib.pyplot", "plot", "drawing a picture").close(figure)


def bytes_text(n: float) -> str:
    """Return a number of bytes as text for an axis."""
    return f"{n:,.0f}" if n < 10_000 else f"{n / 1000:,.0f} k"
