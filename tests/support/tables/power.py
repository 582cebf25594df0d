# SPDX-License-Identifier: MIT
"""The tables of power: predictions beside what was published, and every figure with its source."""

from __future__ import annotations

import math

from midge.power.published import (
    Prediction,
    family,
    fit_listening,
    leave_one_out,
    leave_one_out_streaming,
    per_cycle_factor,
    runs,
    score,
    streams,
)
from midge.power.rates import TABLE
from midge.targets.cores import read_toml
from midge.targets.power import all_figures

# Listeners that were published and that nothing here predicts: their work is not done by the core.
REFUSED_LISTENERS = (
    ("NUCLEO-U3C5ZIT6-Q, with a coprocessor", 4.3188),
    ("Syntiant NDP9120, a neural processor", 0.5067),
)


def _rows(predictions: list[Prediction], unit: str) -> list[str]:
    lines = [f"| measured system | left out | published {unit} | predicted | interval | off | held |",
             "|---|---|--:|--:|--:|--:|---|"]
    for p in predictions:
        low, high = f"{p.predicted.low:,.3g}", f"{p.predicted.high:,.3g}"
        lines.append(f"| {p.what} | {family(p.chip)} | {p.published:,.4g} | {p.predicted.value:,.3g} | "
                     f"{low} to {high} | {p.off:+.0%} | {'yes' if p.covered else 'no'} |")
    return lines


def inferences() -> str:
    """Return the table of single inferences."""
    made = leave_one_out()
    found = score(made)
    off = sorted(abs(p.given_cycles / p.published - 1) for p in made if p.given_cycles is not None)
    return "\n".join([
        *_rows(made, "µJ"), "",
        f"{found.count} energies: median error {found.median:.0%}, worst {found.worst:.0%}; {found.covered} intervals "
        f"hold what was published. Had the cycles of each been known, the median would be {off[len(off) // 2]:.0%}.",
    ])


def listeners() -> str:
    """Return the table of listeners."""
    made = leave_one_out_streaming()
    found = score(made, len(REFUSED_LISTENERS))
    refused = [f"| {name} | | {milliwatts:.4g} | refused | | | |" for name, milliwatts in REFUSED_LISTENERS]
    return "\n".join([
        *_rows(made, "mW"), *refused, "",
        f"{found.count} listeners: median error {found.median:.0%}, the {len(REFUSED_LISTENERS)} refused ones counted "
        f"as errors without bound; worst {found.worst:.0%} of the {len(made)} predicted, of which {found.covered} lie "
        f"in their intervals.",
    ])


def model() -> str:
    """Return what the model of energy has been fitted to be."""
    lines = ["| | |", "|---|---|"]
    for core, row in read_toml(TABLE).items():
        lines.append(f"| cycles on {core} | fitted to {row['models']} models; of a model that the fit has not seen the "
                     f"median is {math.expm1(row['median']):.0%} off, and nine in ten are within a factor of "
                     f"{math.exp(row['most']):.2f} |")
    for grade, what in (("coremark", "CoreMark at the clock in question"), ("headline", "first pages")):
        factor = per_cycle_factor(grade, runs())
        lines.append(f"| beyond figures of {what} | {factor.value:.2f} ({factor.low:.2f} to {factor.high:.2f}) |")
    found = fit_listening(streams(), runs())
    lines.append(f"| waiting between frames | {found.idle:.0%} of what the core takes at work |")
    lines.append(f"| clocks and sound input | {found.rest_mhz:.1f} MHz at work |")
    return "\n".join(lines)


def figures() -> str:
    """Return every figure with its interval and source."""
    lines = ["| figure | value | interval | source | looked up |", "|---|--:|--:|---|---|"]
    for what, f in all_figures():
        lines.append(f"| {what.replace('_', ' ')} | {f.value:g} | {f.low:g} to {f.high:g} | {f.source} | {f.date} |")
    return "\n".join(lines)
