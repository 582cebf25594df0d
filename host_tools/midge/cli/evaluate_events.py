# SPDX-License-Identifier: MIT
"""midge evaluate --events: recall against false answers an hour, on sound that goes on."""

from __future__ import annotations

from pathlib import Path

from .. import api
from ..evaluate.streams import Point, Rate, StreamEvaluation
from ..train.judgement import Share
from .output import number, print_facts, print_json, print_next, print_note, print_table, say
from .progress import stages

MOST_LINES = 6  # of what was missed, and of false answers


def evaluate_events(
    model: Path, sounds: str, events: Path, tolerance_s: float, png: Path | None, as_json: bool
) -> None:
    """Play sounds to a model and print what it found."""
    with stages(f"playing {sounds}", quiet=as_json) as stage:
        result = api.evaluate_stream(model, sounds, events, tolerance_s=tolerance_s, stage=stage)
    if png is not None:
        from ..plots import save
        from ..plots.streams import stream_figure

        save(stream_figure(result), png)
    if as_json:
        print_json({"model": str(model), "sounds": sounds, "events_file": str(events), **result.facts()})
        return
    _print(result, model, sounds)
    print_next(f"midge upload {model}", *([f"look at {png}"] if png else [
        f"midge evaluate {model} {sounds} --events {events} --png curve.png"]))


def _print(result: StreamEvaluation, model: Path, sounds: str) -> None:
    own = result.own
    say("[bold]{}[/] on {}: {:.2f} h of sound with {} events, joined without a reset", model, sounds,
        result.seconds / 3600, number(own.events))
    facts = [("found", _found(own)), ("false", _rate(own.false))]
    if own.latency_s is not None:
        facts.append(("latency", f"{own.latency_s:+.2f} s from the end of an event to its answer, in the middle"))
    if own.repeated:
        facts.append(("repeated", f"{own.repeated} answers to what had been answered"))
    print_facts(facts)
    if not own.false.count:
        print_note(f"none in {own.false.hours:.2g} h proves only that there are fewer than "
                   f"{own.false.interval[1]:.2g} an hour; play it more of what it is not to hear")
    rows = [["→" if p.threshold == own.threshold else "", f"{p.threshold:.2f}", f"{p.recall:.1%}",
             f"{p.found} of {p.events}", str(p.false.count), f"{p.false.an_hour:.2f}", _interval(p.false)]
            for p in result.curve]
    print_table(["", "threshold", "found", "", "false", "an hour", "between"], rows, right=(1, 2, 3, 4, 5), whole=(6,))
    for event in result.missed[:MOST_LINES]:
        say("  [bold yellow]missed[/]  {} at {:.2f} s", event.label, event.start_s)
    for at, label in result.mistaken[:MOST_LINES]:
        say("  [bold yellow]false[/]  {} at {:.2f} s", label, at)


def _found(point: Point) -> str:
    low, high = Share(point.found, point.events, point.events).interval
    return (f"{point.recall:.1%} at {point.threshold:g} ({point.found} of {point.events}; 19 times in 20 it lies in "
            f"{low:.0%} to {high:.0%})")


def _rate(rate: Rate) -> str:
    return f"{rate.an_hour:.2f} an hour ({rate.count} in {rate.hours:.2f} h without events; {_interval(rate)})"


def _interval(rate: Rate) -> str:
    low, high = rate.interval
    return f"{low:.2g} to {high:.2g}"
