# SPDX-License-Identifier: MIT
"""What networks were measured to take on microcontrollers, and how far estimates are from that.

A chip takes  sheet * k  per cycle: `sheet` is what its data sheet says of ordinary code, and k, fitted to the chips
that were measured, is what networks take beyond that. k differs by the kind of figure (targets/published_energy.toml).
While it listens a chip takes  pJ * (duty * f + idle * (1 - duty) * f + rest): as if a part `idle` of its clock and
`rest` more MHz ran all the time.

`leave_one_out` predicts each chip from its data sheet and the other chips alone: nothing that was measured on the one
that is left out is used, neither energy nor time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..targets.cores import EmulatedCore, cores, read_toml
from ..targets.power import PUBLISHED
from .uncertain import NORMAL_90, Uncertain

BENCHMARKS = ("ad", "ic", "kws", "vww")
# Before anything is measured: typical figures of data sheets are thought to hold within 15 % (a standard deviation),
# and so are ratios of cycles between cores (`scale` of cores.toml); the same core and engine, within 5 %. They count as
# two observations each, so that few measurements do not pretend to agree.
PRIOR, PRIOR_CYCLES, PRIOR_SAME_CORE, PRIOR_WEIGHT = 0.15, 0.15, 0.05, 2
FRAME_S = 0.032  # the wake word benchmark's hop: 512 samples at 16 kHz
# Student's t, nine in ten, two-sided, for 1, 2, ... degrees of freedom (Abramowitz and Stegun, table 26.10).
STUDENT_90 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812)


@dataclass(frozen=True)
class Run:
    """One measured inference: microjoules, cycles."""

    round: str
    system: str
    chip: str
    core: str
    clock_mhz: float
    benchmark: str
    energy_uj: float
    cycles: float

    @property
    def picojoules(self) -> float:
        """Of a cycle."""
        return self.energy_uj * 1e6 / self.cycles


@dataclass(frozen=True)
class Stream:
    """A measured listener: milliwatts, share of the time at work."""

    system: str
    chip: str
    core: str
    clock_mhz: float
    milliwatts: float
    duty: float
    period_s: float

    @property
    def cycles(self) -> float:
        """Of a frame."""
        return self.duty * self.period_s * self.clock_mhz * 1e6


@dataclass(frozen=True)
class Chip:
    """What a data sheet says: picojoules of a cycle by the kind of figure, the best kind first."""

    core: str
    sheet: dict[str, float]


@dataclass(frozen=True)
class Prediction:
    """A published figure beside what is predicted without that chip."""

    what: str
    chip: str
    published: float
    predicted: Uncertain
    given_cycles: float | None = None  # the same, had the chip's own cycles been known

    @property
    def off(self) -> float:
        """Relative error."""
        return self.predicted.value / self.published - 1

    @property
    def covered(self) -> bool:
        """Tell whether the interval holds the published figure."""
        return self.predicted.low <= self.published <= self.predicted.high


@cache
def chips() -> dict[str, Chip]:
    """Return the chips by name."""
    found = {}
    for name, row in read_toml(PUBLISHED)["chip"].items():
        sheet = {row["grade"]: row["microamps_per_mhz"] * row["volts"]}
        if "headline_microamps_per_mhz" in row:
            sheet["headline"] = row["headline_microamps_per_mhz"] * row["volts"]
        found[name] = Chip(row["core"], sheet)
    return found


@cache
def runs() -> list[Run]:
    """Return every measured inference."""
    return [
        Run(row["round"], row["system"], row["chip"], chips()[row["chip"]].core, row["clock_mhz"], name,
            row[name]["energy_uj"], row[name]["seconds"] / row[name]["runs"] * row["clock_mhz"] * 1e6)
        for row in read_toml(PUBLISHED)["inference"] for name in BENCHMARKS
    ]


@cache
def streams() -> list[Stream]:
    """Return every measured listener."""
    return [
        Stream(row["system"], row["chip"], chips()[row["chip"]].core, row["clock_mhz"], row["milliwatts"], row["duty"],
               row["period_s"])
        for row in read_toml(PUBLISHED)["streaming"]
    ]


def family(chip: str) -> str:
    """Return a chip without its kind of supply: the two of one chip are left out together."""
    return chip.partition("-")[0]


def mean_log(values: Iterable[float]) -> float:
    """Return the mean of logarithms."""
    logs = [math.log(value) for value in values]
    return sum(logs) / len(logs)


def per_cycle_factor(grade: str, known: Sequence[Run]) -> Uncertain:
    """Return what networks take beyond a data sheet's figure of a kind, from the chips that were measured.

    A figure that was measured on the board itself ("measured") is taken as it is.
    """
    if grade == "measured":
        return Uncertain(1.0, PRIOR)
    logs = []
    for chip in sorted({run.chip for run in known if grade in chips()[run.chip].sheet}):
        measured = mean_log(run.picojoules for run in known if run.chip == chip)
        logs.append(measured - math.log(chips()[chip].sheet[grade]))
    if not logs:
        raise ValueError(f"no chip with a figure of kind {grade} was measured")
    middle = sum(logs) / len(logs)
    freedom = PRIOR_WEIGHT + len(logs) - 1
    spread = math.sqrt((PRIOR_WEIGHT * PRIOR**2 + sum((x - middle) ** 2 for x in logs)) / freedom)
    widen = STUDENT_90[min(freedom, len(STUDENT_90)) - 1] / NORMAL_90
    return Uncertain(math.exp(middle), widen * spread * math.sqrt(1 + 1 / len(logs)))


def _scale(core: str) -> float:
    found = cores()[core]
    assert isinstance(found, EmulatedCore)
    return found.cycles.scale


def _cycles(core: str, known: Sequence[Run] | Sequence[Stream]) -> Uncertain:
    """Estimate cycles on a core from those of the same network and engine on others."""
    same = [run for run in known if run.core == core]
    value = mean_log(run.cycles / _scale(run.core) * _scale(core) for run in same or known)
    return Uncertain(math.exp(value), PRIOR_SAME_CORE if same else PRIOR_CYCLES)


@dataclass(frozen=True)
class Listening:
    """What a chip takes beside its work: a part of its clock, and so many MHz; and how far the model strays."""

    idle: float
    rest_mhz: float
    error: float

    def milliwatts(self, picojoules: Uncertain, clock_mhz: float, duty: float) -> Uncertain:
        """Return what listening takes at a clock and a share of the time at work."""
        busy = duty * clock_mhz + self.idle * (1 - duty) * clock_mhz + self.rest_mhz
        return picojoules * Uncertain(busy * 1e-3, self.error)


def fit_listening(known: Sequence[Stream], measured: Sequence[Run]) -> Listening:
    """Fit the model to the listeners that were measured: least relative error, neither part negative."""
    newest = [run for run in measured if run.round != "v1.0"]  # the rounds of the engines that listen
    megahertz = np.array([
        s.milliwatts * 1e3 / math.exp(mean_log(run.picojoules for run in newest if run.chip == s.chip)) for s in known
    ])
    work = np.array([s.duty * s.clock_mhz for s in known])
    columns = np.array([[(1 - s.duty) * s.clock_mhz, 1.0] for s in known])
    found = np.linalg.lstsq(columns / megahertz[:, None], (megahertz - work) / megahertz, rcond=None)[0]
    for i in (0, 1):
        if found[i] < 0:
            column = columns[:, 1 - i] / megahertz
            found = np.zeros(2)
            found[1 - i] = max(float(column @ ((megahertz - work) / megahertz) / (column @ column)), 0.0)
    off = np.log((work + columns @ found) / megahertz)
    return Listening(float(found[0]), float(found[1]), float(np.sqrt(np.mean(off**2) + PRIOR_SAME_CORE**2)))


def _left_out(chip: str) -> tuple[Callable[[str], bool], list[Run], list[Stream]]:
    def keeps(name: str) -> bool:
        return family(name) != family(chip)

    return keeps, [run for run in runs() if keeps(run.chip)], [s for s in streams() if keeps(s.chip)]


def _per_cycle(chip: str, known: Sequence[Run]) -> Uncertain:
    grade, sheet = next(iter(chips()[chip].sheet.items()))
    return per_cycle_factor(grade, known) * sheet


@cache
def leave_one_out() -> list[Prediction]:
    """Predict each measured inference, in microjoules, without its chip."""
    found = []
    for run in runs():
        _, known, _ = _left_out(run.chip)
        picojoules = _per_cycle(run.chip, known)
        cycles = _cycles(run.core, [r for r in known if (r.round, r.benchmark) == (run.round, run.benchmark)])
        found.append(Prediction(f"{run.round} {run.system} {run.benchmark}", run.chip, run.energy_uj,
                                picojoules * cycles * 1e-6, picojoules.value * run.cycles * 1e-6))
    return found


@cache
def leave_one_out_streaming() -> list[Prediction]:
    """Predict each measured listener, in milliwatts, without its chip."""
    found = []
    for stream in streams():
        _, known, others = _left_out(stream.chip)
        picojoules = _per_cycle(stream.chip, known)
        cycles = _cycles(stream.core, others)
        duty = min(cycles.value / (stream.clock_mhz * 1e6 * FRAME_S), 1.0)
        listening = fit_listening(others, known)
        power = listening.milliwatts(picojoules, stream.clock_mhz, duty)
        share = duty * stream.clock_mhz / (power.value / picojoules.value * 1e3)  # of the power that goes with cycles
        predicted = Uncertain(power.value, math.hypot(power.error, share * cycles.error))
        found.append(Prediction(f"{stream.system} {stream.clock_mhz:g} MHz", stream.chip, stream.milliwatts, predicted))
    return found


@dataclass(frozen=True)
class Score:
    """How good predictions are: relative errors, and how many intervals hold what was published."""

    count: int
    median: float
    worst: float
    covered: int


def score(predictions: Sequence[Prediction], refused: int = 0) -> Score:
    """Summarise predictions; `refused` more were published that nothing predicts, and count as errors without bound."""
    errors = sorted([abs(p.off) for p in predictions] + [math.inf] * refused)
    middle = len(errors) // 2
    median = errors[middle] if len(errors) % 2 else (errors[middle - 1] + errors[middle]) / 2
    return Score(len(errors), median, max(abs(p.off) for p in predictions), sum(p.covered for p in predictions))
