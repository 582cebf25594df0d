# SPDX-License-Identifier: MIT
"""The report of a training as one page of HTML that needs nothing from elsewhere, in any browser, light or dark.

Cells of the confusion matrix lead to the takes in them, each with a picture of its samples.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np

from ..profiling.estimate import Costs
from ..samples.takes import Take
from ..train.judge import Share
from ..train.model import Trained
from . import BLUE, GREEN, ORANGE, PINK, RED, SKY

_COLOURS = (BLUE, ORANGE, GREEN, RED, PINK, SKY)
_WIDTH, _HEIGHT = 240, 64  # of a take's picture
_MOST_POINTS = 160
_MOST_TAKES = 60  # of one cell
_STYLE = """
:root{color-scheme:light dark;--ink:#22262b;--quiet:#6b747e;--faint:#e7eaee;--page:#fff;--blue:0,114,178}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--quiet:#9aa3ad;
--faint:#30363d;--page:#15181c;--blue:86,180,233}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page)}
body{max-width:62em;margin:2em auto;padding:0 1em}
h1{font-size:1.5em;margin:0}h2{font-size:1.1em;margin:2em 0 .5em}p{margin:.3em 0}.q{color:var(--quiet)}
.facts{display:flex;flex-wrap:wrap;gap:.8em;margin:1.2em 0}
.facts div{border:1px solid var(--faint);border-radius:8px;padding:.6em 1em}
.facts b{display:block;font-size:1.35em}.scroll{overflow-x:auto}table{border-collapse:collapse}
td,th{padding:.3em .7em;text-align:right;font-variant-numeric:tabular-nums}th{font-weight:600}
td:first-child,th:first-child{text-align:left}
.m td{border:1px solid var(--faint);min-width:2.6em;text-align:center;padding:0}
.m td a,.m td span{display:block;padding:.45em;color:inherit;text-decoration:none}
.m td a:focus,.m td a:hover{outline:2px solid rgb(var(--blue))}
.takes{display:flex;flex-wrap:wrap;gap:.8em}
figure{margin:0;border:1px solid var(--faint);border-radius:8px;padding:.5em}
figcaption{font-size:.8em;max-width:240px;overflow-wrap:anywhere}
section:target h3{color:rgb(var(--blue))}h3{font-size:1em;margin:1.4em 0 .5em}
"""


def training_page(trained: Trained, data: str, output: str, costs: Costs | None, speed: str) -> str:
    """Return the page. data, output: the takes' folder and the file, as they are to be named. speed: what follows the
    instructions of an answer, such as ", about 1.21 ms on a board".
    """
    fitted = trained.fitted
    windows, signal = fitted.windows, fitted.signal
    seconds = windows.samples / signal.rate_hz
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>{escape(output)}</title><style>{_STYLE}</style><h1>{escape(output)}</h1>",
        f"<p class=q>trained on {len(fitted.takes.takes)} takes of {escape(data)}: windows of {seconds:.2f} s at "
        f"{signal.rate_hz:.4g} Hz of {escape(', '.join(signal.columns))}; head {escape(fitted.options.head)}, seed "
        f"{fitted.options.seed}</p>",
        _facts(trained, costs, speed), _advice(trained),
        "<h2>What was taken for what</h2><p class=q>A row is what a window was, a column what the model said that was "
        "trained without its take. Cells lead to their takes.</p>", _matrix(trained),
        "<h2>Each class</h2>", _classes(trained), _curve(trained), _suspicions(trained), _cells(trained),
        "</html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _share(share: Share) -> str:
    low, high = share.interval
    return f"{share.value:.1%} <span class=q>({low:.0%} to {high:.0%})</span>"


def _facts(trained: Trained, costs: Costs | None, speed: str) -> str:
    judged = trained.judgement
    low, high = judged.accuracy.interval
    facts = [(f"{judged.accuracy.value:.1%}", f"right on {trained.fitted.windows.group_kind}s left out: "
              f"{judged.accuracy.right} of {judged.accuracy.count}, 95 % interval {low:.0%} to {high:.0%}"),
             (f"{trained.agreement.right} of {trained.agreement.count}", "answers alike in integers and in floats"),
             (f"{len(trained.blob):,} B", f"of flash, {trained.conversion.plan.arena_size:,} B of RAM")]
    if costs is not None:
        facts.append((f"{costs.profile.total.instructions:,}", "instructions an answer" + escape(speed)))
    if judged.found_at_threshold is not None and judged.false_per_hour is not None:
        facts.append((f"{judged.threshold:.2f}", f"is the score from which it answers: "
                      f"{judged.found_at_threshold.value:.0%} of gestures are answered, {judged.false_per_hour:.0f} "
                      "false ones in an hour of made rest, strokes and steps"))
    return "<div class=facts>" + "".join(f"<div><b>{value}</b>{text}</div>" for value, text in facts) + "</div>"


def _advice(trained: Trained) -> str:
    notes = [*trained.judgement.advice, *trained.fitted.takes.notes]
    return "<ul>" + "".join(f"<li>{escape(text)}" for text in notes) + "</ul>" if notes else ""


def _matrix(trained: Trained) -> str:
    labels, matrix = trained.labels, np.array(trained.judgement.confusion)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    rows = ["<tr><th>" + "".join(f"<th>{escape(label)}" for label in labels)]
    for i, label in enumerate(labels):
        if not matrix[i].any():
            continue
        cells = []
        for j, n in enumerate(matrix[i]):
            inside = f"<a href=#c{i}-{j} title='{escape(label)} taken for {escape(labels[j])}'>{n}</a>" if n else (
                "<span class=q>·</span>")
            cells.append(f"<td style='background:rgba(var(--blue),{0.75 * shares[i, j]:.2f})'>{inside}")
        rows.append(f"<tr><th>{escape(label)}" + "".join(cells))
    return f"<div class=scroll><table class=m>{''.join(rows)}</table></div>"


def _classes(trained: Trained) -> str:
    rows = [f"<tr><td>{escape(c.name)}<td>{c.takes}<td>{_share(c.recall)}<td>{_share(c.precision)}"
            for c in trained.judgement.classes]
    return ("<div class=scroll><table><tr><th>class<th>takes<th>found<th>right when said" + "".join(rows)
            + "</table></div>")


def _curve(trained: Trained) -> str:
    curve = trained.judgement.curve
    if len(curve) < 2:
        return ""
    rows = "".join(f"<tr><td>{n}<td>{share:.1%}" for n, share in curve)
    return ("<h2>What more takes bring</h2><p class=q>Trained on some takes a class, tried on the others.</p>"
            f"<table><tr><th>takes a class<th>right{rows}</table>")


def _suspicions(trained: Trained) -> str:
    found = [f"<figure>{_trace(s.take)}<figcaption><b>{escape(s.take.name)}</b><br>labelled {escape(s.take.label)} "
             f"({s.own_score:.2f}), looks like {escape(s.says)} ({s.score:.2f})</figcaption></figure>"
             for s in trained.judgement.suspicions]
    return f"<h2>Takes to look at</h2><div class=takes>{''.join(found)}</div>" if found else ""


def _cells(trained: Trained) -> str:
    labels, takes = trained.labels, {take.path: take for take in trained.fitted.takes.takes}
    parts = ["<h2>Takes</h2>"]
    for (i, j), paths in sorted(trained.judgement.cells.items(), key=lambda item: (item[0][0] == item[0][1], item[0])):
        figures = "".join(f"<figure>{_trace(takes[p])}<figcaption>{escape(Path(p).name)}</figcaption></figure>"
                          for p in paths[:_MOST_TAKES])
        more = f"<p class=q>and {len(paths) - _MOST_TAKES} more</p>" if len(paths) > _MOST_TAKES else ""
        title = escape(labels[i]) if i == j else f"{escape(labels[i])} taken for {escape(labels[j])}"
        parts.append(f"<section id=c{i}-{j}><h3>{title}</h3><div class=takes>{figures}</div>{more}</section>")
    return "".join(parts)


def _trace(take: Take) -> str:
    """Draw a take's columns over time."""
    x = take.values[:: max(1, len(take.values) // _MOST_POINTS)]
    low, high = float(x.min()), float(x.max())
    across = np.linspace(0, _WIDTH, len(x))
    lines = []
    for column, colour in zip(x.T, _COLOURS * (1 + x.shape[1] // len(_COLOURS)), strict=False):
        down = _HEIGHT - 2 - (_HEIGHT - 4) * (column - low) / max(high - low, 1e-9)
        points = " ".join(f"{a:.0f},{b:.1f}" for a, b in zip(across, down, strict=True))
        lines.append(f"<polyline points='{points}' fill=none stroke='{colour}' stroke-width=1.2 />")
    return (f"<svg width={_WIDTH} height={_HEIGHT} viewBox='0 0 {_WIDTH} {_HEIGHT}' role=img "
            f"aria-label='{escape(take.name)}'>{''.join(lines)}</svg>")
