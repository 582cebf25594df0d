# SPDX-License-Identifier: MIT
"""A device's energy budget: what runs, how often, what it takes, what takes most, and what would help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import UserError
from ..fileformat.read import File
from ..profiling.estimate import Costs
from ..targets.boards import Board
from ..targets.power import BoardPower, Cell, Extra, board_power, boards_with_figures
from .cells import check_peak, days, shelf_days
from .published import Listening, fit_listening, per_cycle_factor, runs, streams
from .rates import COUNTED_ERROR, Cycles
from .uncertain import Uncertain, of, total

# Beside the model in RAM: what scripts of the examples take of a board's heap.
SCRIPT_BYTES = 8_000
CHIP_ALONE = " (its chip alone)"
GATED = 0.1  # what a gate lets through, when it is tried as advice
LEAST_SAVING = 0.03  # what saves less is not worth a line
PEAK_ERROR = 0.2  # of the peaks of sensors and radios, which their makers give without a spread
LEAST_VOLTS = 1.8  # what the boards in power.toml need at their supply pins


@dataclass(frozen=True)
class Plan:
    """What a device is to do. period_s: between the starts of two inferences."""

    period_s: float
    listens: bool = False  # the core never sleeps deeper than between two frames
    stock_sleep: bool = False  # MicroPython's own sleep instead of midge.duty
    sensor: Extra | None = None  # on all the time
    radio: Extra | None = None
    messages_per_day: float = 24.0
    share: float = 1.0  # of the beats, in which gates let the model run


@dataclass(frozen=True)
class Part:
    """A consumer, on the average over time."""

    name: str
    microwatts: Uncertain


@dataclass(frozen=True)
class Budget:
    """What a plan takes. days: of a cell, if one was named, no more than its shelf life."""

    board: Board
    power: BoardPower
    plan: Plan
    cycles: Cycles
    run_seconds: Uncertain
    run_microjoules: Uncertain
    parts: list[Part]  # the largest first
    peak_milliamps: Uncertain
    cell: Cell | None = None
    days: Uncertain | None = None
    shelf_days: float = 0.0
    advice: tuple[tuple[str, Uncertain], ...] = ()  # what would help, and what is left of the power then
    sources: tuple[str, ...] = ()

    @property
    def microwatts(self) -> Uncertain:
        """The average."""
        return total(part.microwatts for part in self.parts)

    def facts(self) -> dict[str, Any]:
        """Return all of it, for JSON: value, low, high of each."""
        def three(x: Uncertain) -> dict[str, float]:
            return {"value": x.value, "low": x.low, "high": x.high}

        return {
            "board": self.board.name, "period_s": self.plan.period_s, "listens": self.plan.listens,
            "share": self.plan.share, "whole_board": self.power.whole_board,
            "cycles": three(Uncertain(self.cycles.value, self.cycles.error)), "counted": self.cycles.counted,
            "guessed_ops": list(self.cycles.guessed), "run_seconds": three(self.run_seconds),
            "run_microjoules": three(self.run_microjoules), "microwatts": three(self.microwatts),
            "parts": [{"name": part.name, **three(part.microwatts)} for part in self.parts],
            "peak_milliamps": three(self.peak_milliamps), "battery": self.cell and self.cell.name,
            "days": self.days and three(self.days), "shelf_days": self.shelf_days or None,
            "advice": [{"what": what, "microwatts": three(left)} for what, left in self.advice],
            "sources": list(self.sources),
        }


def check_fits(file: File, board: Board) -> None:
    """Raise UserError for a model that a board has no room for."""
    if file.size > board.flash_bytes:
        raise UserError(f"the model has {file.size:,} B, {board.name} has {board.flash_bytes:,} B of flash")
    if file.arena_size + SCRIPT_BYTES > board.heap_bytes:
        raise UserError(f"the model needs {file.arena_size:,} B of working memory and a script about "
                        f"{SCRIPT_BYTES:,} B, {board.name} has {board.heap_bytes:,} B; convert with --arena-limit")


def known_energy(seconds: float, board: Board) -> Uncertain | None:
    """Return the microjoules of a run whose instructions were counted; None for a board without figures."""
    if board.name not in boards_with_figures():
        return None
    cycles = Cycles(seconds * board.clock_hz, COUNTED_ERROR, True)
    return run_cost(cycles, board, board_power(board.name))[1]


def known_energies(costs: Costs) -> dict[str, Uncertain]:
    """Return what a counted run takes in microjoules, by the names of the boards for which there are figures."""
    found = {board.name: known_energy(seconds, board) for board, seconds in costs.seconds()}
    return {name: energy for name, energy in found.items() if energy is not None}


def energy_facts(costs: Costs) -> dict[str, list[float]]:
    """Return the same for JSON: low, value, high."""
    return {name: [energy.low, energy.value, energy.high] for name, energy in known_energies(costs).items()}


def run_cost(cycles: Cycles, board: Board, power: BoardPower) -> tuple[Uncertain, Uncertain, Uncertain]:
    """Return what an inference takes: seconds, microjoules, and the picojoules of a cycle."""
    count = Uncertain(cycles.value, cycles.error)
    picojoules = of(power.active) * power.volts * per_cycle_factor(power.grade, runs())
    return count * (1 / board.clock_hz), count * picojoules * 1e-6, picojoules


def make_budget(cycles: Cycles, board: Board, power: BoardPower, plan: Plan, cell: Cell | None = None) -> Budget:
    """Return the budget of a plan on a board. Raises UserError for what cannot be, in one line.

    cycles: of one inference. cell: what feeds it, whose days are asked for.
    """
    seconds, joules, picojoules = run_cost(cycles, board, power)
    wake = of(power.wake) * 1e-3
    busy = seconds.value + (0.0 if plan.listens else wake.value)
    if busy > plan.period_s:
        what = "an inference takes" if plan.listens else "an inference and waking up take"
        raise UserError(f"{what} about {busy * 1e3:.3g} ms on {board.name}, the period is "
                        f"{plan.period_s * 1e3:.3g} ms; take a longer period, a smaller model or a faster board")
    if plan.radio is not None and plan.messages_per_day * plan.radio.seconds > 86_400:
        raise UserError(f"{plan.messages_per_day:,.0f} messages a day do not fit: one by {plan.radio.name} takes "
                        f"{plan.radio.seconds:g} s; send fewer")
    parts = (_listening_parts if plan.listens else _sleeping_parts)(seconds, joules, picojoules, board, power, plan)
    parts += _extra_parts(plan)
    parts.sort(key=lambda part: -part.microwatts.value)
    # A regulator passes power on, not current: at a cell's lower voltage the board draws more.
    core_peak = picojoules * (board.clock_hz * 1e-9 / (power.volts if cell is None else cell.volts))
    extras = [Uncertain(x.milliamps, PEAK_ERROR) for x in (plan.sensor, plan.radio) if x is not None]
    peak = total([core_peak, *extras])
    made = Budget(board, power, plan, cycles, seconds, joules, parts, peak, sources=_sources(power, plan, cell))
    if cell is not None:
        load = f"a message by {plan.radio.name}" if plan.radio is not None else board.name
        check_peak(cell, peak.value, LEAST_VOLTS, load)
        made = replace(made, cell=cell, days=days(made.microwatts, cell), shelf_days=shelf_days(cell))
    return made


def _sleeping_parts(
    seconds: Uncertain, joules: Uncertain, picojoules: Uncertain, board: Board, power: BoardPower, plan: Plan
) -> list[Part]:
    per_second = 1 / plan.period_s
    wake = of(power.wake) * 1e-3
    asleep = 1 - (plan.share * seconds.value + wake.value) * per_second
    sleep = of(power.stock if plan.stock_sleep else power.sleep)
    return [
        Part("inference", joules * (plan.share * per_second)),
        Part("waking up", wake * picojoules * (board.clock_hz * 1e-6 * per_second)),
        Part("sleep", sleep * (power.volts * asleep)),
    ]


def listening() -> Listening:
    """Return what chips take that listen, fitted to all that were measured."""
    return fit_listening(streams(), runs())


def _listening_parts(
    seconds: Uncertain, joules: Uncertain, picojoules: Uncertain, board: Board, power: BoardPower, plan: Plan
) -> list[Part]:
    duty = plan.share * seconds.value / plan.period_s
    inference = Part("inference", joules * (plan.share / plan.period_s))
    if power.listen is not None:
        return [inference, Part("waiting, clocks and sound input", of(power.listen) * (power.volts * (1 - duty)))]
    found, mhz = listening(), board.clock_hz * 1e-6

    def of_clock(megahertz: float) -> Uncertain:
        return picojoules * Uncertain(megahertz, found.error)

    return [
        inference,
        Part("waiting between frames", of_clock(found.idle * (1 - duty) * mhz)),
        Part("clocks and sound input", of_clock(found.rest_mhz)),
    ]


def _extra_parts(plan: Plan) -> list[Part]:
    parts = []
    if plan.sensor is not None:
        parts.append(Part(f"sensor {plan.sensor.name}", of(plan.sensor.figure)))
    if plan.radio is not None and plan.messages_per_day > 0:
        per_second = plan.messages_per_day / 86_400
        parts.append(Part(f"radio {plan.radio.name}", of(plan.radio.figure) * (1e3 * per_second)))
    return parts


def _sources(power: BoardPower, plan: Plan, cell: Cell | None) -> tuple[str, ...]:
    figures = [("at work", power.active)]
    if not plan.listens:
        figures += [("sleep", power.stock if plan.stock_sleep else power.sleep), ("waking up", power.wake)]
    elif power.listen is not None:
        figures.append(("waiting", power.listen))
    figures += [(x.name, x.figure) for x in (plan.sensor, plan.radio) if x is not None]
    if cell is not None:
        figures += [(f"{cell.name}, charge", cell.milliamp_hours), ("self-discharge", cell.loss_per_year),
                    ("pulses", cell.pulse_milliamps), ("resistance", cell.ohms)]
    return tuple(f"{what}: {f.source} ({f.date})" for what, f in figures)


def advise(
    budget: Budget, again: Callable[[Plan, Cycles], Budget], elsewhere: Sequence[Budget] = ()
) -> Budget:
    """Try what a user could change, and keep what helps, the best first.

    again: makes the budget of another plan or other cycles. elsewhere: the same plan on other boards.
    """
    plan, cycles = budget.plan, budget.cycles
    tries: list[tuple[str, Plan, Cycles]] = [("half the cycles", plan, replace(cycles, value=cycles.value / 2))]
    if plan.share == 1:
        gated = replace(plan, share=GATED)
        tries.append((f"a gate that lets the model run in {GATED:.0%} of the beats (--share)", gated, cycles))
    if not plan.listens:
        tries.append(("twice the period", replace(plan, period_s=plan.period_s * 2), cycles))
    if plan.stock_sleep:
        tries.append(("midge.duty's sleep instead of machine.lightsleep", replace(plan, stock_sleep=False), cycles))
    if plan.radio is not None:
        tries.append(("half the messages", replace(plan, messages_per_day=plan.messages_per_day / 2), cycles))
    if plan.sensor is not None and not plan.listens:
        tries.append((f"instead of {plan.sensor.name}, a sensor that takes next to nothing",
                      replace(plan, sensor=None), cycles))
    now = budget.microwatts.value
    left = [(what, again(other, less).microwatts) for what, other, less in tries]
    left += [(f"another board: {other.board.title}{'' if other.power.whole_board else CHIP_ALONE}", other.microwatts)
             for other in elsewhere]
    worth = [x for x in left if x[1].value < (1 - LEAST_SAVING) * now]
    return replace(budget, advice=tuple(sorted(worth, key=lambda x: x[1].value)))


def largest(parts: Sequence[Part], count: int = 3) -> list[Part]:
    """Return the consumers that take most."""
    return list(parts[:count])
