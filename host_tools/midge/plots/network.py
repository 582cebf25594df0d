# SPDX-License-Identifier: MIT
"""The network as boxes and arrows: one row for each step away from the input, wrapped into columns."""

from __future__ import annotations

from typing import Any

from ..fileformat.memory_map import Anatomy, NodeCost
from . import BLUE, FAINT, GREEN, INK, ORANGE, PINK, QUIET, RED, SKY, YELLOW, bytes_text, head, new_figure

_BOX, _HIGH, _GAP, _ROW = 2.1, 0.5, 0.35, 0.78  # inches
_ROWS = 16  # in a column


def _colour(op: str) -> str:
    """Return the colour of an op by what it does; what is not listed moves or converts values."""
    families = (
        (BLUE, ("CONV_2D",)), (GREEN, ("DEPTHWISE",)), (PINK, ("MATMUL", "LSTM", "SVDF")),
        (ORANGE, ("MAX_POOL", "AVERAGE_POOL", "MEAN", "REDUCE", "EXTREME")), (RED, ("SOFTMAX", "L2_NORM")),
        (YELLOW, ("ADD", "SUB", "MUL", "MAP", "BINARY")), (SKY, ("LUT", "UNARY", "SIGMOID")),
    )
    return next((colour for colour, names in families if op.startswith(names)), QUIET)


def _lines(n: NodeCost) -> tuple[str, str]:
    """Return the two lines of a box."""
    p = n.node.params
    detail = ""
    if "kernel_h" in p:
        detail = f" {p['kernel_h']}×{p['kernel_w']}" + (f" /{p['stride_h']}" if p["stride_h"] > 1 else "")
    out = n.outputs[0]
    shape = "×".join(map(str, out.shape)) or "scalar"
    size = f", {bytes_text(n.flash)}{'B' if n.flash >= 10_000 else ' B'}" if n.flash else ""
    return n.node.op.name.replace("DEPTHWISE_CONV_2D", "DEPTHWISE") + detail, f"{shape} {out.dtype}{size}"


def ranks(model: Anatomy) -> list[int]:
    """Return the row of each node: after its parents, and as near to what reads it as that allows."""
    count = len(model.nodes)
    parents = [model.parents(i) for i in range(count)]
    found: list[int] = []
    for i in range(count):
        found.append(max((found[p] + 1 for p in parents[i]), default=0))
    children: list[list[int]] = [[] for _ in range(count)]
    for i in range(count):
        for p in parents[i]:
            children[p].append(i)
    for i in reversed(range(count)):
        if children[i]:
            found[i] = min(found[c] for c in children[i]) - 1
    return found


def network_figure(model: Anatomy) -> Any:
    """Draw the nodes as boxes coloured by kind of op, with kernel, stride, output shape and bytes of constants."""
    rank = ranks(model)
    rows: dict[int, list[int]] = {}
    for i, r in enumerate(rank):
        rows.setdefault(r, []).append(i)
    count = len(rows)
    columns = -(-count // _ROWS)
    tall = -(-count // columns)
    lanes = [max((len(rows[r]) for r in range(c * tall, min(count, (c + 1) * tall))), default=1)
             for c in range(columns)]
    lefts = [sum(lanes[:c]) * (_BOX + _GAP) + c * 0.9 for c in range(columns)]
    place: dict[int, tuple[float, float]] = {}
    for r in sorted(rows):
        column, row = divmod(r, tall)
        centre = lefts[column] + lanes[column] * (_BOX + _GAP) / 2
        members = sorted(rows[r], key=lambda i: (_mean([place[p][0] for p in model.parents(i)], centre), i))
        for k, i in enumerate(members):
            place[i] = (centre + (k - (len(members) - 1) / 2) * (_BOX + _GAP), -row * _ROW)
    right = lefts[-1] + lanes[-1] * (_BOX + _GAP)
    figure, axes = new_figure(max(right + 1.0, 4.4), tall * _ROW + 1.5)
    _draw(axes, model, rank, place, tall, lefts)
    axes.set(xlim=(-0.35, max(right + 0.65, 4.05)), ylim=(-tall * _ROW + 0.1, 0.7), aspect="equal")
    axes.axis("off")
    head(axes, model.file.name, f"{len(model.nodes)} nodes, {model.macs:,} MACs, {model.file.size:,} B", 0.03)
    return figure


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _draw(
    axes: Any, model: Anatomy, rank: list[int], place: dict[int, tuple[float, float]], tall: int, lefts: list[float]
) -> None:
    from matplotlib.patches import FancyBboxPatch

    for i in place:
        for p in model.parents(i):
            path = _route(p, i, rank, place, tall, lefts)
            axes.plot(*zip(*path, strict=True), color=QUIET, linewidth=0.9, solid_joinstyle="round", zorder=1)
            arrow = {"arrowstyle": "-|>", "color": QUIET, "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", path[-1], path[-2], zorder=1, arrowprops=arrow)
    for i, (x, y) in place.items():
        left, bottom = x - _BOX / 2, y - _HIGH / 2
        for width, face, style, layer in (
            (_BOX, "white", "round,pad=0,rounding_size=0.06", 2),
            (0.09, _colour(model.nodes[i].node.op.name), "square,pad=0", 3),
        ):
            axes.add_patch(FancyBboxPatch((left, bottom), width, _HIGH, boxstyle=style, facecolor=face,
                                          edgecolor=FAINT, linewidth=1.2 * (layer == 2), zorder=layer))
        name, detail = _lines(model.nodes[i])
        small = {"va": "center", "zorder": 4, "fontsize": 6.5, "color": QUIET}
        axes.text(left + 0.16, y + 0.09, name, **small | {"fontsize": 7, "weight": "bold", "color": INK})
        axes.text(left + 0.16, y - 0.11, detail, **small)
        axes.text(x + _BOX / 2 - 0.06, y + 0.1, f"#{i}", ha="right", **small)
    for i, (x, y) in place.items():
        n = model.nodes[i]
        for label, shown, edge, side in (
            ("input", any(s.kind == "tensor" and s.first < 0 for s in n.reads), min(rank), 0.36),
            ("output", any(s.kind == "tensor" and s.last == len(place) for s in n.writes), max(rank), -0.36),
        ):
            if shown and (label == "output" or rank[i] == edge):
                axes.text(x, y + side, label, fontsize=7, color=QUIET, ha="center", va="center")


def _route(
    p: int, i: int, rank: list[int], place: dict[int, tuple[float, float]], tall: int, lefts: list[float]
) -> list[tuple[float, float]]:
    """Return the corners of the line from node p to node i: straight to the next row, else around what is between."""
    (px, py), (x, y) = place[p], place[i]
    if rank[p] // tall == rank[i] // tall:
        if rank[i] - rank[p] == 1:
            return [(px, py - _HIGH / 2), (px, py - _ROW / 2), (x, py - _ROW / 2), (x, y + _HIGH / 2)]
        side = 1 if x == max(place[k][0] for k in place if rank[k] == rank[i]) else -1
        between = max(side * place[k][0] for k in place if rank[p] <= rank[k] <= rank[i])
        lane = side * (between + _BOX / 2 + 0.12 + 0.04 * (rank[i] % 4))
        return [(px, py), (lane, py), (lane, y), (x + side * _BOX / 2, y)]
    gutter = lefts[rank[i] // tall] - 0.25 - 0.05 * (rank[p] % 5)
    if (rank[p] + 1) % tall == 0:
        start = [(px, py - _HIGH / 2), (px, py - _ROW / 2), (gutter, py - _ROW / 2)]
    else:
        start = [(px, py), (gutter, py)]
    if rank[i] % tall == 0:
        return [*start, (gutter, y + _ROW / 2), (x, y + _ROW / 2), (x, y + _HIGH / 2)]
    return [*start, (gutter, y), (x - _BOX / 2, y)]
