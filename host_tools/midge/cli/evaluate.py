# SPDX-License-Identifier: MIT
"""midge evaluate: how good a model is on labelled samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .. import api
from ..errors import UserError
from ..evaluate.metrics import TASKS, Evaluation
from ..evaluate.streams import TOLERANCE_S
from ..graph.sight import PIXEL_UNITS
from .evaluate_events import evaluate_events
from .options import Command, OutputPath, json_option
from .output import number, print_facts, print_json, print_next, print_note, print_table, say
from .progress import stages
from .terminal import terminal


def _text(name: str, value: float) -> str:
    return f"{value:.2%}" if name == "accuracy" else f"{value:.4f}" if name in ("AUC", "R2") else f"{value:.5g}"


def _difference_text(name: str, difference: float) -> str:
    if name == "accuracy":
        return f"{100 * difference:+.2f} points"
    return f"{difference:+.4f}" if name in ("AUC", "R2") else f"{difference:+.5g}"


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data")
@click.option("--against", type=click.Path(path_type=Path), help="Another model, as the float one: both, and "
              "the difference.")
@click.option("--task", type=click.Choice(TASKS), help="By default what labels and outputs look like.")
@click.option("--pixels", type=click.Choice(tuple(PIXEL_UNITS)), help="What pictures become, as in training.")
@click.option("--png", type=OutputPath(), help="Draw the confusion matrix (.png, .svg, .pdf).")
@click.option("--events", type=click.Path(path_type=Path), help="Play DATA, sounds, to MODEL: what it is to hear, and "
              "when (.csv: file, start, end, label).")
@click.option("--tolerance", type=click.FloatRange(0), default=TOLERANCE_S, show_default=True,
              help="Seconds after its end in which an event may be answered.")
@json_option
def evaluate(
    model: Path, data: str, against: Path | None, task: str | None, pixels: str | None, png: Path | None,
    events: Path | None, tolerance: float, as_json: bool,
) -> None:
    """Measure MODEL on labelled DATA: .npz with x and y, or one folder per class of .wav, .csv, .png or .jpg.

    With --events, DATA is a sound, or a folder of sounds that are joined: what is found of what is in it, and how often
    an hour something is heard that is not. It is computed by the core that runs on the boards: what you read here is
    what a board gives.
    """
    if events is not None:
        evaluate_events(model, data, events, tolerance, png, as_json)
        return
    other = None
    with stages(f"evaluating {model.name}", quiet=as_json) as stage:
        if against is None:
            result = api.evaluate(model, data, task=task, pixels=pixels, stage=stage)
        else:
            result, other = api.compare(model, against, data, task=task, pixels=pixels, stage=stage)
    if png is not None:
        _draw(result, png)
    if as_json:
        facts: dict[str, Any] = {"model": str(model), "data": data, **result.facts()}
        if other is not None:
            facts |= {"against": {"model": str(against), **other.facts()}, "difference": result.differences(other)}
        print_json(facts)
        return
    say("[bold]{}[/] on {}: {} samples, {} per minute on this machine", model, data, number(result.samples),
        number(round(result.samples_per_minute)))
    if other is None:
        print_facts([(name, _text(name, value)) for name, value in result.figures.items()])
    else:
        print_table(["", model.name, str(against and against.name), "difference"], [
            [name, _text(name, result.figures[name]), _text(name, other.figures[name]), _difference_text(name, value)]
            for name, value in result.differences(other).items()], right=(1, 2, 3))
    for warning in result.warnings:
        print_note(warning)
    _print_classes(result)
    if png is None and result.confusion:
        print_next(f"midge evaluate {model} {data} --png matrix.png", f"midge upload {model}")
    else:
        print_next(f"midge upload {model}")


def _print_classes(result: Evaluation) -> None:
    if not result.classes:
        return
    named = any(c.name != str(i) for i, c in enumerate(result.classes))
    digits = [max(len(str(n)) for n in (j, *(row[j] for row in result.confusion))) for j in range(len(result.classes))]
    names = max(len(c.name) for c in result.classes)
    wide = names + sum(digits) + 2 * len(digits) + 36 <= terminal.width  # the matrix fits
    rows = []
    for i, score in enumerate(result.classes):
        cells = [str(n) if n else "·" for n in result.confusion[i]] if wide else []
        rows.append([*([str(i)] if named else []), score.name, str(score.samples), f"{score.precision:.1%}",
                     f"{score.recall:.1%}", *cells])
    headers = [*([""] if named else []), "class", "samples", "precision", "recall",
               *([str(i) for i in range(len(result.classes))] if wide else [])]
    print_table(headers, rows, right=tuple(i for i in range(len(headers)) if not named or i != 1))
    if wide:
        say("[dim]columns 0, 1, ...: how often a sample of the row's class was taken for that class[/]")
    else:
        _print_confused(result)


def _print_confused(result: Evaluation) -> None:
    """Print the commonest mistakes, where the matrix is too wide."""
    pairs = [(n, i, j) for i, row in enumerate(result.confusion) for j, n in enumerate(row) if n and i != j]
    common = sorted(pairs, reverse=True)[:4]
    if common:
        names = [c.name for c in result.classes]
        say("most confused: {}", "; ".join(f"{names[i]} taken for {names[j]} {n}x" for n, i, j in common))


def _draw(result: Evaluation, path: Path) -> None:
    from ..plots import save
    from ..plots.confusion import confusion_figure

    if not result.confusion:
        raise UserError(f"--png draws a confusion matrix; this is a {result.task} task, which has none")
    save(confusion_figure(result, result.name), path)
