# SPDX-License-Identifier: MIT
"""midge evaluate: how good a model is on labelled samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from ..api import load_engine
from ..core.batch import Engine
from ..errors import UserError
from ..evaluate.metrics import TASKS, Evaluation
from ..evaluate.metrics import evaluate as evaluate_model
from ..samples.datasets import PIXEL_UNITS, Dataset, check_range, read_dataset
from .output import console, number, print_facts, print_json, print_next, print_table
from .quantization import stages


def figures(result: Evaluation) -> dict[str, float]:
    """The numbers to show, by name."""
    named = {"accuracy": result.accuracy, "AUC": result.auc, "mean absolute error": result.mean_absolute_error,
             "root mean square error": result.root_mean_square_error, "R2": result.r2}  # fmt: skip
    return {name: value for name, value in named.items() if value is not None}


def _text(name: str, value: float) -> str:
    return f"{value:.2%}" if name == "accuracy" else f"{value:.4f}" if name in ("AUC", "R2") else f"{value:.5g}"


def _difference(name: str, value: float, other: float) -> str:
    if name == "accuracy":
        return f"{100 * (value - other):+.2f} points"
    return f"{value - other:+.4f}" if name in ("AUC", "R2") else f"{value - other:+.5g}"


def _run(path: Path, data: str, labels: list[str], task: str | None, pixels: str | None,
         stage: Callable[[str, int], Callable[[int], None]]) -> tuple[Evaluation, Engine, Dataset]:
    engine, own = load_engine(path)
    samples = read_dataset(data, engine.inputs, own or labels, pixels)
    result = evaluate_model(engine, samples, own or labels, task, stage(f"running {path.name}", len(samples)))
    result.warnings = [*samples.notes, *check_range(samples, engine.inputs), *result.warnings]
    return result, engine, samples


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data")
@click.option("--against", type=click.Path(path_type=Path), help="Another model, as the float one: both, and "
              "the difference.")
@click.option("--task", type=click.Choice(TASKS), help="By default what labels and outputs look like.")
@click.option("--pixels", type=click.Choice(tuple(PIXEL_UNITS)), help="What pictures become, as in training.")
@click.option("--png", type=click.Path(path_type=Path), help="Draw the confusion matrix (.png, .svg, .pdf).")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def evaluate(
    model: Path, data: str, against: Path | None, task: str | None, pixels: str | None, png: Path | None, as_json: bool
) -> None:
    """Measure MODEL on labelled DATA: .npz with x and y, or a folder a class of .wav, .csv, .png or .jpg.

    It is computed by the core that runs on the boards: what you read here is what a board gives.
    """
    with stages(f"evaluating {model.name}", quiet=as_json) as stage:
        result, engine, _ = _run(model, data, [], task, pixels, stage)
        other = None
        if against is not None:
            other, _, _ = _run(against, data, engine.file.labels, task or result.task, pixels, stage)
    if png is not None:
        _draw(result, engine.file.name, png)
    if as_json:
        facts: dict[str, Any] = {"model": str(model), "data": data, **result.facts()}
        if other is not None:
            facts["against"] = {"model": str(against), **other.facts()}
            facts["difference"] = {n: v - figures(other)[n] for n, v in figures(result).items() if n in figures(other)}
        print_json(facts)
        return
    console.print(f"[bold]{escape(str(model))}[/] on {escape(data)}: {number(result.samples)} samples, "
                  f"{number(round(result.samples_a_minute))} a minute on this machine")
    if other is None:
        print_facts([(name, _text(name, value)) for name, value in figures(result).items()])
    else:
        theirs = figures(other)
        print_table(["", model.name, str(against and against.name), "difference"], [
            [name, _text(name, value), _text(name, theirs[name]), _difference(name, value, theirs[name])]
            for name, value in figures(result).items() if name in theirs], right=(1, 2, 3))  # fmt: skip
    for warning in result.warnings:
        console.print(f"  [bold yellow]note[/]  {escape(warning)}")
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
    wide = names + sum(digits) + 2 * len(digits) + 36 <= console.width  # the matrix fits
    rows = []
    for i, score in enumerate(result.classes):
        cells = [str(n) if n else "·" for n in result.confusion[i]] if wide else []
        rows.append([*([str(i)] if named else []), escape(score.name), str(score.samples), f"{score.precision:.1%}",
                     f"{score.recall:.1%}", *cells])  # fmt: skip
    headers = [*([""] if named else []), "class", "samples", "precision", "recall",
               *([str(i) for i in range(len(result.classes))] if wide else [])]  # fmt: skip
    print_table(headers, rows, right=tuple(i for i in range(len(headers)) if not named or i != 1))
    if wide:
        console.print("[dim]columns 0, 1, ...: how often a sample of the row's class was taken for that class[/]")
    else:
        _print_confused(result)


def _print_confused(result: Evaluation) -> None:
    """The commonest mistakes, where the matrix is too wide."""
    pairs = [(n, i, j) for i, row in enumerate(result.confusion) for j, n in enumerate(row) if n and i != j]
    common = sorted(pairs, reverse=True)[:4]
    if common:
        names = [c.name for c in result.classes]
        console.print("most confused: " + escape("; ".join(f"{names[i]} taken for {names[j]} {n}x"
                                                           for n, i, j in common)))  # fmt: skip


def _draw(result: Evaluation, name: str, path: Path) -> None:
    from ..plots import save
    from ..plots.confusion import confusion_figure

    if not result.confusion:
        raise UserError(f"--png draws a confusion matrix; this is a {result.task} task, which has none")
    save(confusion_figure(result, name), path)
