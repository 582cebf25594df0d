# SPDX-License-Identifier: MIT
"""midge power: what a model costs in energy on a board, how long a battery lasts, and what would help."""

from __future__ import annotations

import re
from pathlib import Path

import click

from .. import api
from ..errors import UserError
from ..plots import save
from ..plots.power import power_figure
from ..power.budget import Budget, Plan, largest
from ..power.uncertain import Uncertain
from ..targets.power import find_cell, find_extra, names_of
from .options import Command, Finite, Option, OutputPath, complete_boards, json_option
from .output import (
    interval,
    joules,
    milliseconds,
    number,
    print_facts,
    print_json,
    print_next,
    print_table,
    say,
    watts,
)
from .progress import stages

WHEN, WITH = "How often", "What is on it"
UNITS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
LISTENING_HOP = "30ms"


def seconds_of(text: str) -> float:
    """Read a stretch of time such as 30ms, 10s, 5min, 2h or 1d. Raises UserError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)", text.strip())
    if found is None or not float(found[1]):
        raise UserError(f"'{text}' is not a stretch of time; write 30ms, 10s, 5min, 2h or 1d")
    return float(found[1]) * UNITS[found[2]]


@click.command(cls=Command)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--board", required=True, shell_complete=complete_boards, help="The board.")
@click.option("--every", cls=Option, group=WHEN, metavar="T",
              help="One inference every T, asleep between two: 30ms, 10s, 5min, 1h.")
@click.option("--listen", cls=Option, group=WHEN, is_flag=True, help="Always on: one inference per hop, never asleep.")
@click.option("--frames", cls=Option, group=WHEN, type=Finite(min=0, min_open=True), metavar="N",
              help="N inferences a second, asleep between two.")
@click.option("--hop", cls=Option, group=WHEN, default=LISTENING_HOP, show_default=True, metavar="T",
              help="The hop of --listen.")
@click.option("--share", cls=Option, group=WHEN, type=Finite(0, 1, min_open=True), default=1.0,
              help="The part of the beats in which gates (midge.cascade) let the model run, such as 0.1.")
@click.option("--battery", cls=Option, group=WITH, help=f"How long it lasts: {', '.join(names_of('cell'))}.")
@click.option("--sensor", cls=Option, group=WITH, help=f"On all the time: {', '.join(names_of('sensor'))}.")
@click.option("--radio", cls=Option, group=WITH, help=f"Sends messages: {', '.join(names_of('radio'))}.")
@click.option("--messages-per-day", cls=Option, group=WITH, type=Finite(min=0), default=24.0,
              show_default=True, help="How many of them.")
@click.option("--stock-sleep", cls=Option, group=WITH, is_flag=True,
              help="Sleep by machine.lightsleep, not by midge.duty.")
@click.option("--count", "counts", is_flag=True, help="Count the instructions under QEMU, rather than estimate them.")
@click.option("--png", type=OutputPath(), help="Draw the budget into this file.")
@json_option
def power(model: Path, board: str, every: str | None, listen: bool, frames: float | None, hop: str, share: float,
          battery: str | None, sensor: str | None, radio: str | None, messages_per_day: float, stock_sleep: bool,
          counts: bool, png: Path | None, as_json: bool) -> None:
    """Estimate MODEL's energy on a board: average power, days of a battery, what takes most, what would help.

    It needs no board and no emulator; every figure comes with an interval that nine in ten are thought to lie in.
    """
    if sum((every is not None, listen, frames is not None)) != 1:
        raise UserError("say how often it runs with one of --every 10s, --frames 5 and --listen")
    period = seconds_of(hop) if listen else 1 / frames if frames else seconds_of(str(every))
    plan = Plan(period, listen, stock_sleep, find_extra("sensor", sensor) if sensor else None,
                find_extra("radio", radio) if radio else None, messages_per_day, share)
    with stages(f"estimating {model.name}", quiet=as_json):
        budget = api.power(model, board, plan, find_cell(battery) if battery else None, count=counts)
    if png is not None:
        save(power_figure(model.name, [(p.name, p.microwatts.value, p.microwatts.low, p.microwatts.high)
                                       for p in budget.parts], _line(budget)), png)
    if as_json:
        print_json({"file": str(model), **budget.facts()})
        return
    _print(model, budget)
    print_next(f"midge profile {model} --board {budget.board.name}")


def _share(part: float) -> str:
    return f"{part:.0%}" if part >= 0.01 else "< 1%"


def _days(days: float) -> str:
    return f"{days:,.0f} days" if days >= 10 else f"{days:.2g} days"


def _often(plan: Plan) -> str:
    return f"every {plan.period_s:g} s" + (", listening" if plan.listens else "")


def _line(budget: Budget) -> str:
    text = f"{budget.board.title}, {_often(budget.plan)}: {interval(budget.microwatts)}"
    return text if budget.cell is None else f"{text}; {_life(budget)}"


def _life(budget: Budget) -> str:
    assert budget.cell is not None
    assert budget.days is not None
    text = f"{budget.cell.name} {interval(budget.days, _days)}"
    if budget.days.value > budget.shelf_days:
        return f"{text}, but its makers vouch for {_days(budget.shelf_days)} at most"
    return text


def _print(path: Path, budget: Budget) -> None:
    cycles = budget.cycles
    way = "counted under QEMU" if cycles.counted else "estimated from counted models"
    say("[bold]{}[/] on {}, {}\n", path, budget.board.title, _often(budget.plan))
    count = Uncertain(cycles.value, cycles.error)
    facts = [
        ("inference", f"{interval(budget.run_seconds, milliseconds)}, {interval(budget.run_microjoules, joules)}; "
                      f"{interval(count, lambda c: number(round(c)))} cycles, {way}"),
        ("average", interval(budget.microwatts)),
        *([] if budget.power.whole_board else [("of", "the chip alone: a board's regulator and LEDs add to it")]),
        ("peak", interval(budget.peak_milliamps, lambda current: f"{current:.2g} mA")),
    ]
    if not budget.plan.listens:
        facts.append(("sleep", "MicroPython's own" if budget.plan.stock_sleep else budget.power.way))
    if budget.cell is not None:
        facts.append(("battery", _life(budget)))
    if cycles.guessed:
        facts.append(("guessed", f"{', '.join(cycles.guessed)}: ops that no counted model had; --count counts them"))
    print_facts(facts)
    now = budget.microwatts.value
    say("\n[bold]what takes most[/]")
    print_table(["consumer", "average", "interval", "share"], [
        (part.name, watts(part.microwatts.value), f"{watts(part.microwatts.low)} to {watts(part.microwatts.high)}",
         _share(part.microwatts.value / now)) for part in largest(budget.parts)], right=(1, 3), whole=(0, 2))
    if budget.advice:
        say("\n[bold]what would help[/]")
        for what, left in budget.advice[:3]:
            say("  {}: {}, {} less", what, interval(left), f"{1 - left.value / now:.0%}")
    if budget.plan.listens and budget.days is not None and budget.days.high < 365:
        say("\nNobody listens for years on this battery: what waits between frames alone empties it. A part that wakes "
            "the board by sound or motion does.")
    say("\n[bold]figures from[/]")
    for source in budget.sources:
        say("  {}", source)
    say("\nEstimated, not measured: nine in ten are thought to lie in the intervals (docs/power.md).")
