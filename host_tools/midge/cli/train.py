# SPDX-License-Identifier: MIT
"""midge train: a model of movements from labelled takes."""

from __future__ import annotations

from pathlib import Path

import click

from .. import api
from ..errors import UserError
from ..files import write_whole
from ..power.budget import energy_facts, known_energies
from ..profiling.estimate import Costs
from ..targets.boards import load_board
from ..train.judge import ClassReport, Share
from ..train.model import Trained
from ..train.recipe import HEADS
from ..train.windows import is_quiet
from .options import Command, Option, OutputPath, complete_boards, json_option
from .output import (
    interval,
    joules,
    mark,
    number,
    print_facts,
    print_json,
    print_next,
    print_note,
    print_table,
    say,
)
from .progress import stages

MODEL, DATA, REPORT = "The model", "The takes", "The report"
BAR = 20  # characters of a whole bar
MOST_LINES = 8  # of notes and of suspicious takes


@click.command(cls=Command)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=OutputPath(), required=True, cls=Option, group=MODEL,
              help="The .midge file to write.")
@click.option("--head", type=click.Choice(HEADS), default="ridge", cls=Option, group=MODEL, show_default=True,
              help="A linear head in closed form, or a small dense network.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, cls=Option, group=MODEL, show_default=True,
              help="The same seed and takes give the same bytes.")
@click.option("--unknown/--no-unknown", default=None, cls=Option, group=MODEL,
              help="Teach it made movements that are no gesture. Default: where takes are single gestures.")
@click.option("--false-gestures", type=click.FloatRange(0, min_open=True), default=6.0, cls=Option, group=MODEL,
              show_default=True, help="How many false gestures an hour it may answer at rest and in walking.")
@click.option("--name", cls=Option, group=MODEL, help="What the device calls it. Default: the file's name.")
@click.option("--window", type=click.FloatRange(0, min_open=True), cls=Option, group=DATA,
              help="Seconds that it looks at. Default: what the shortest class's takes have; 2 for long recordings.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), cls=Option, group=DATA,
              help="Samples a second, for files that do not tell.")
@click.option("--board", shell_complete=complete_boards, cls=Option, group=REPORT,
              help="Count instructions and estimate the time on this board.")
@click.option("--html", type=OutputPath(), cls=Option, group=REPORT, help="Draw the report as a page.")
@click.option("--png", type=OutputPath(), cls=Option, group=REPORT, help="Draw confusion matrix and learning curve "
              "(.png, .svg, .pdf).")
@json_option
def train(
    data: Path, output: Path, head: str, seed: int, unknown: bool | None, false_gestures: float, name: str | None,
    window: float | None, rate: float | None, board: str | None, html: Path | None, png: Path | None, as_json: bool,
) -> None:
    """Train a model of movements on the takes in DATA, and write it for boards.

    DATA: a folder with one folder of .csv takes per class, as midge capture records them, or a zip file that Edge
    Impulse exported.
    """
    options = api.TrainingOptions(head=head, seed=seed, window_s=window, rate_hz=rate, unknown=unknown,
                                  false_per_hour=false_gestures)
    with stages(f"training on {data.name}", quiet=as_json) as stage:
        trained = api.train(data, options=options, name=name or output.stem, stage=stage)
    write_whole(output, lambda aside: aside.write_bytes(trained.blob))
    costs, missing = (None, "") if board is None else _costs(trained, board)
    if html is not None:
        from ..plots.training_page import training_page

        page = training_page(trained, str(data), output.name, costs, _speed(costs, board))
        write_whole(html, lambda aside: aside.write_text(page, encoding="utf-8"))
    if png is not None:
        from ..plots import save
        from ..plots.training import training_figure

        save(training_figure(trained, output.stem), png)
    if as_json:
        print_json({"data": str(data), "output": str(output), **trained.facts(),
                    **({"profile": costs.facts(), "microjoules_estimate": energy_facts(costs)} if costs else {})})
        return
    _print(trained, data, output, costs, board, missing)
    shown = [path for path in (html, png) if path is not None]
    print_next(f"midge upload {output}", *([f"look at {shown[0]}"] if shown else [
        f"midge train {data} -o {output} --html {output.with_suffix('.html')}"]))


def _costs(trained: Trained, board: str) -> tuple[Costs | None, str]:
    """Return what an answer costs on a board, or why that cannot be counted here."""
    from ..profiling.estimate import choose_core, estimate

    core = choose_core(None, board)
    try:
        return estimate(trained.blob, core), ""
    except UserError as error:
        return None, str(error)


def share_text(share: Share) -> str:
    """Return a share and its interval: "98.3 % (91 to 100)"."""
    low, high = share.interval
    return f"{share.value:.1%} ({low:.0%} to {high:.0%})"


def _print(trained: Trained, data: Path, output: Path, costs: Costs | None, board: str | None, missing: str) -> None:
    fitted, judged = trained.fitted, trained.judgement
    takes, windows, signal = fitted.takes.takes, fitted.windows, fitted.signal
    units = "/".join(dict.fromkeys(unit for unit in takes[0].units if unit))
    say("[bold]{}[/]: {} takes of {} classes, windows of {:.2f} s at {:.4g} Hz, {} axes{}; trained in {:.1f} s", data,
        number(len(takes)), len(fitted.takes.labels), windows.samples / signal.rate_hz, signal.rate_hz,
        len(signal.columns), f" in {units}" if units else "", fitted.seconds)
    for note in fitted.takes.notes[:MOST_LINES]:
        print_note(note)
    if len(fitted.takes.notes) > MOST_LINES:
        print_note(f"and {len(fitted.takes.notes) - MOST_LINES} more; --json lists them")
    print_facts(_facts(trained, costs, board))
    if missing:
        print_note(f"no instructions counted: {missing.splitlines()[0]}")
    _print_classes(trained)
    for doubt in judged.suspicions[:MOST_LINES]:
        say("  [bold yellow]look[/]  {}: looks like {} ({:.2f}), hardly like {} ({:.2f}); mislabelled? Move or remove "
            "it", doubt.take.path, doubt.says, doubt.score, doubt.take.label, doubt.own_score)
    if len(judged.curve) > 1:
        say("with fewer takes a class: {}", ", ".join(f"{n}: {a:.1%}" for n, a in judged.curve))
    for line in judged.advice:
        say("  [bold green]better[/]  {}", line)
    say("wrote [bold]{}[/]", output)


def _facts(trained: Trained, costs: Costs | None, board: str | None) -> list[tuple[str, str]]:
    judged, agreed = trained.judgement, trained.agreement
    low, high = judged.accuracy.interval
    kind = {"take": "takes", "person": "people", "session": "sessions"}[trained.fitted.windows.group_kind]
    facts: list[tuple[str, str]] = [
        (f"{kind} left out", mark("[bold]{:.1%}[/] right ({} of {}; 19 times in 20 it lies in {:.0%} to {:.0%})",
                                  judged.accuracy.value, judged.accuracy.right, judged.accuracy.count, low, high)),
        ("integers, floats", f"the same answer for {agreed.right} of {agreed.count} windows")]
    if judged.found_at_threshold is not None and judged.false_per_hour is not None:
        facts.append(("answers from", f"a score of {judged.threshold:.2f}: {judged.found_at_threshold.value:.0%} of "
                      f"gestures are answered; false ones in an hour of made movements: {judged.false_per_hour:.0f}"))
    return [*facts, ("on a board", _board_text(trained, costs, board))]


def _board_text(trained: Trained, costs: Costs | None, board: str | None) -> str:
    text = f"{number(len(trained.blob))} B of flash, {number(trained.conversion.plan.arena_size)} B of RAM"
    if costs is None:
        return f"{text}, {number(trained.conversion.macs)} multiplications an answer"
    text += f", {number(costs.profile.total.instructions)} instructions an answer"
    return text + _speed(costs, board)


def _speed(costs: Costs | None, board: str | None) -> str:
    """Return time and energy of an answer on a board, as they follow what was counted."""
    if costs is None or board is None:
        return ""
    name = load_board(board).name
    times = {row.name: seconds for row, seconds in costs.seconds()}
    energies = known_energies(costs)
    text = f", about {1000 * times[name]:.2f} ms on {name}" if name in times else ""
    return f"{text}, {interval(energies[name], joules)}" if name in energies else text


def _print_classes(trained: Trained) -> None:
    judged, labels = trained.judgement, trained.labels
    rows = []
    for c in judged.classes:
        rows.append([c.name, str(c.takes), share_text(c.recall), _bar(c), share_text(c.precision),
                     _mistaken(trained, labels.index(c.name))])
    print_table(["class", "takes", "found", "", "right when said", "taken for"], rows, right=(1,), whole=(0, 2, 3, 4))
    if sum(is_quiet(label) for label in labels) > 1:
        say("[dim]idle and unknown count as one: neither is ever answered[/]")


def _bar(c: ClassReport) -> str:
    full = round(BAR * c.recall.value)
    return mark("[green]{}[/][dim]{}[/]", "━" * full, "─" * (BAR - full))


def _mistaken(trained: Trained, i: int) -> str:
    quiet = trained.fitted.quiet
    row = trained.judgement.confusion[i]
    wrong = [(n, j) for j, n in enumerate(row) if n and j != i and not (i in quiet and j in quiet)]
    return ", ".join(f"{trained.labels[j]} {n}x" for n, j in sorted(wrong, reverse=True)[:3])
