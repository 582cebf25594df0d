# SPDX-License-Identifier: MIT
"""The report of a training as one page of HTML that needs nothing from elsewhere, in any browser, light or dark.

Cells of the confusion matrix lead to the takes in them, each with a picture of its samples.
"""

from __future__ import annotations

import base64
import io
import wave
from html import escape
from pathlib import Path

import numpy as np

from ..profiling.estimate import Costs
from ..samples.pictures import Picture
from ..samples.sounds import Clip
from ..samples.takes import Labelled
from ..train.judgement import Share
from ..train.outcome import Outcome
from ..train.search import Search
from . import BLUE, GREEN, ORANGE, PINK, RED, SKY
from .pictures import picture_html
from .search_page import search_section

_COLOURS = (BLUE, ORANGE, GREEN, RED, PINK, SKY)
_WIDTH, _HEIGHT = 240, 64  # of a take's picture
_MOST_POINTS = 160
_MOST_TAKES = 60  # of one cell
_MOST_RIGHT = 3  # clips and pictures of a cell of right answers, since each brings all that is in it
_PLAYED_S = 2.0
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
audio{width:240px;height:2em}figure{margin:0;border:1px solid var(--faint);border-radius:8px;padding:.5em}
figcaption{font-size:.8em;max-width:240px;overflow-wrap:anywhere}
section:target h3{color:rgb(var(--blue))}h3{font-size:1em;margin:1.4em 0 .5em}
"""


def training_page(
    trained: Outcome, data: str, output: str, costs: Costs | None, speed: str, search: Search | None = None
) -> str:
    """Return the page. data, output: the takes' folder and the file, as they are to be named. speed: what follows the
    instructions of an answer, such as ", about 1.21 ms on a board". search: what else was tried.
    """
    words = trained.words
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width,initial-scale=1'>",
        f"<title>{escape(output)}</title><style>{_STYLE}</style><h1>{escape(output)}</h1>",
        f"<p class=q>trained on {escape(data)}: {escape(words.about)}</p>",
        _facts(trained, costs, speed), _advice(trained),
        "<h2>What was taken for what</h2><p class=q>A row is what one was, a column what the model said that was "
        f"trained without it. Cells lead to their {words.recordings}.</p>", _matrix(trained),
        "<h2>Each class</h2>", _classes(trained), _curve(trained),
        search_section(search) if search else "", _suspicions(trained), _cells(trained),
        "</html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _share(share: Share) -> str:
    low, high = share.interval
    return f"{share.value:.1%} <span class=q>({low:.0%} to {high:.0%})</span>"


def _facts(trained: Outcome, costs: Costs | None, speed: str) -> str:
    judged, words = trained.judgement, trained.words
    low, high = judged.accuracy.interval
    facts = [(f"{judged.accuracy.value:.1%}", f"{words.measure} on {words.left_out} left out: "
              f"{judged.accuracy.right} of {judged.accuracy.count}, 95 % interval {low:.0%} to {high:.0%}"),
             (f"{trained.agreement.right} of {trained.agreement.count}", "answers alike in integers and in floats"),
             (f"{len(trained.blob):,} B", f"of flash, {trained.conversion.plan.arena_size:,} B of RAM")]
    if costs is not None:
        facts.append((f"{costs.profile.total.instructions:,}", "instructions an answer" + escape(speed)))
    if judged.found_at_threshold is not None and judged.false_per_hour is not None:
        facts.append((f"{judged.threshold:.2f}", f"is the score from which it answers: "
                      f"{judged.found_at_threshold.value:.0%} of {words.answered} are answered, "
                      f"{judged.false_per_hour:.0f} false ones in an hour of made {words.made}"))
    if (recorded := judged.recorded) is not None:
        facts.append((str(recorded.false), f"false answers in {recorded.minutes:.1f} min of background that it did not "
                      "learn from"))
    return "<div class=facts>" + "".join(f"<div><b>{value}</b>{text}</div>" for value, text in facts) + "</div>"


def _advice(trained: Outcome) -> str:
    notes = [*trained.judgement.advice, *trained.notes]
    return "<ul>" + "".join(f"<li>{escape(text)}" for text in notes) + "</ul>" if notes else ""


def _matrix(trained: Outcome) -> str:
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


def _classes(trained: Outcome) -> str:
    rows = [f"<tr><td>{escape(c.name)}<td>{c.takes}<td>{_share(c.recall)}<td>{_share(c.precision)}"
            for c in trained.judgement.classes]
    return (f"<div class=scroll><table><tr><th>class<th>{trained.words.recordings}<th>found<th>right when said"
            + "".join(rows) + "</table></div>")


def _curve(trained: Outcome) -> str:
    curve = trained.judgement.curve
    if len(curve) < 2:
        return ""
    rows = "".join(f"<tr><td>{n}<td>{share:.1%}" for n, share in curve)
    return ("<h2>What more takes bring</h2><p class=q>Trained on some takes a class, tried on the others.</p>"
            f"<table><tr><th>takes a class<th>right{rows}</table>")


def _suspicions(trained: Outcome) -> str:
    found = [f"<figure>{_trace(s.take, trained)}<figcaption><b>{escape(s.take.name)}</b><br>labelled "
             f"{escape(s.take.label)} ({s.own_score:.2f}), looks like {escape(s.says)} ({s.score:.2f})</figcaption>"
             "</figure>"
             for s in trained.judgement.suspicions]
    return f"<h2>To look at</h2><div class=takes>{''.join(found)}</div>" if found else ""


def _cells(trained: Outcome) -> str:
    labels, takes = trained.labels, {take.path: take for take in trained.recordings}
    parts = [f"<h2>{trained.words.recordings.capitalize()}</h2>"]
    for (i, j), paths in sorted(trained.judgement.cells.items(), key=lambda item: (item[0][0] == item[0][1], item[0])):
        most = _MOST_RIGHT if i == j and isinstance(takes[paths[0]], (Clip, Picture)) else _MOST_TAKES
        figures = "".join(f"<figure>{_trace(takes[p], trained)}<figcaption>{escape(Path(p).name)}</figcaption></figure>"
                          for p in paths[:most])
        more = f"<p class=q>and {len(paths) - most} more</p>" if len(paths) > most else ""
        title = escape(labels[i]) if i == j else f"{escape(labels[i])} taken for {escape(labels[j])}"
        parts.append(f"<section id=c{i}-{j}><h3>{title}</h3><div class=takes>{figures}</div>{more}</section>")
    return "".join(parts)


def _trace(take: Labelled, trained: Outcome) -> str:
    """Draw a recording's columns over time; a sound as the range of its samples, with a player; a picture as it is."""
    if isinstance(take, Picture):
        return picture_html(take, trained, _WIDTH)
    if isinstance(take, Clip):
        return _lines(_range(take.values), take.name) + _player(take)
    return _lines(take.values[:: max(1, len(take.values) // _MOST_POINTS)], take.name)


def _range(x: np.ndarray) -> np.ndarray:
    """Return the least and the largest of samples [n] in each of some stretches of them, up and down, [m, 1]."""
    stretches = np.array_split(x, min(len(x), _MOST_POINTS))
    return np.array([[end] for part in stretches for end in (part.min(), part.max())])


def _player(clip: Clip) -> str:
    """Return a player of a clip's first seconds, which are in the page."""
    samples = (np.clip(clip.values[:int(_PLAYED_S * clip.rate_hz)], -1, 1) * 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, round(clip.rate_hz), 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    data = base64.b64encode(file.getvalue()).decode()
    return f"<br><audio controls preload=none src='data:audio/wav;base64,{data}'></audio>"


def _lines(x: np.ndarray, name: str) -> str:
    low, high = float(x.min()), float(x.max())
    across = np.linspace(0, _WIDTH, len(x))
    lines = []
    for column, colour in zip(x.T, _COLOURS * (1 + x.shape[1] // len(_COLOURS)), strict=False):
        down = _HEIGHT - 2 - (_HEIGHT - 4) * (column - low) / max(high - low, 1e-9)
        points = " ".join(f"{a:.0f},{b:.1f}" for a, b in zip(across, down, strict=True))
        lines.append(f"<polyline points='{points}' fill=none stroke='{colour}' stroke-width=1.2 />")
    return (f"<svg width={_WIDTH} height={_HEIGHT} viewBox='0 0 {_WIDTH} {_HEIGHT}' role=img "
            f"aria-label='{escape(name)}'>{''.join(lines)}</svg>")
