# SPDX-License-Identifier: MIT
"""How far each layer of a quantised network is from the float one."""

from __future__ import annotations

from typing import Any

from ..quantize import Report
from ..quantize.report import GOOD_DB
from . import BLUE, FAINT, GREEN, INK, ORANGE, QUIET, RED, head, new_figure

_COLOURS = {"int8": BLUE, "int16": GREEN, "float32": ORANGE}
_ENOUGH = 60.0  # dB; more cannot be told apart


def noise_figure(report: Report, name: str) -> Any:
    """Draw one bar per layer, from the input down; the layer that adds most noise in red."""
    layers = report.layers
    figure, axes = new_figure(7.5, min(40.0, 1.9 + 0.2 * len(layers)))
    from matplotlib.patches import Patch

    heights = [min(layer.sqnr_db, _ENOUGH) for layer in layers]
    places = range(len(layers))
    colours = [RED if layer.name == report.worst else _COLOURS[layer.dtype] for layer in layers]
    axes.barh(places, heights, color=colours, height=0.72)
    axes.axvline(GOOD_DB, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
    for place, layer, height in zip(places, layers, heights, strict=True):
        axes.annotate(f"{layer.sqnr_db:.1f}", (height, place), xytext=(3, 0), textcoords="offset points",
                      va="center", fontsize=6.5, color=QUIET,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6})
    axes.set_yticks(places, [f"{_short(layer.name)}  {layer.op}" for layer in layers], fontsize=6.5, color=INK)
    axes.set(xlim=(0, _ENOUGH * 1.08), ylim=(len(layers) - 0.4, -0.6), xlabel="signal to quantisation noise (dB)")
    axes.grid(axis="x", color=FAINT)
    outputs = ", ".join(f"{db:.1f} dB" for db in report.outputs_db.values())
    head(axes, name, f"{outputs} at the output; ranges by {report.method}")
    used = [d for d in _COLOURS if any(layer.dtype == d for layer in layers)]
    patches = [*(Patch(color=_COLOURS[d], label=d) for d in used), Patch(color=RED, label="adds most noise")]
    figure.legend(handles=patches, loc="outside lower right", frameon=False, fontsize=8, ncols=4)
    return figure


def _short(name: str) -> str:
    return name if len(name) <= 34 else "…" + name[-33:]
