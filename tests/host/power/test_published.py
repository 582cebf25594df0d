# SPDX-License-Identifier: MIT
"""Predictions beside published energies: the goals hold, and a chip that is left out is left out altogether."""

from __future__ import annotations

import math

import pytest

from midge.power import published
from midge.power.published import (
    Run,
    chips,
    family,
    fit_listening,
    leave_one_out,
    leave_one_out_streaming,
    per_cycle_factor,
    runs,
    score,
    streams,
)
from midge.targets.cores import read_toml
from midge.targets.power import PUBLISHED
from tests.support.tables.power import REFUSED_LISTENERS


def test_inferences_are_within_the_goal() -> None:
    found = score(leave_one_out())
    assert found.count == 36 >= 28
    assert found.median <= 0.20
    assert found.covered >= 0.9 * found.count


def test_listeners_are_within_the_goal_with_those_that_are_refused() -> None:
    made = leave_one_out_streaming()
    found = score(made, len(REFUSED_LISTENERS))
    assert found.count == 9 and found.median <= 0.25
    assert found.covered >= 0.9 * len(made)


def test_intervals_are_of_use() -> None:
    """An interval that holds everything says nothing."""
    for made in (leave_one_out(), leave_one_out_streaming()):
        assert all(p.predicted.high / p.predicted.low < 4 for p in made)


@pytest.mark.parametrize("chip", sorted({family(name) for name in chips()}))
def test_nothing_measured_on_a_chip_predicts_it(monkeypatch: pytest.MonkeyPatch, chip: str) -> None:
    """Its energies and times may be anything: what is predicted for it stays."""
    def wrong(run: Run) -> Run:
        if family(run.chip) != chip:
            return run
        return Run(run.round, run.system, run.chip, run.core, run.clock_mhz, run.benchmark, 7 * run.energy_uj,
                   0.3 * run.cycles)

    def predictions() -> list[tuple[float, float]]:
        made = [*leave_one_out.__wrapped__(), *leave_one_out_streaming.__wrapped__()]
        return [(p.predicted.value, p.predicted.error) for p in made if family(p.chip) == chip]

    before, others = predictions(), runs()
    changed = [wrong(run) for run in others]
    heard = [s if family(s.chip) != chip else s.__class__(s.system, s.chip, s.core, s.clock_mhz, 9 * s.milliwatts,
                                                         s.duty / 5, s.period_s) for s in streams()]
    monkeypatch.setattr(published, "runs", lambda: changed)
    monkeypatch.setattr(published, "streams", lambda: heard)
    assert predictions() == before
    assert changed != others


def test_measurements_are_consistent() -> None:
    """Energy is power times time, and no window of the benchmark is shorter than ten seconds."""
    for row in read_toml(PUBLISHED)["inference"]:
        watts = [row[name]["energy_uj"] * 1e-6 * row[name]["runs"] / row[name]["seconds"]
                 for name in published.BENCHMARKS]
        assert max(watts) < 1.35 * min(watts), row["system"]
        assert all(row[name]["seconds"] > 10 for name in published.BENCHMARKS)
        assert row["source"]
    for stream in streams():
        assert 0 < stream.duty < 1 and abs(stream.period_s - published.FRAME_S) < 1e-3


def test_a_factor_follows_from_what_was_measured() -> None:
    known = [run for run in runs() if run.chip == "STM32U575"]
    sheet = chips()["STM32U575"].sheet["coremark"]
    found = per_cycle_factor("coremark", known)
    assert math.isclose(found.value, math.exp(sum(math.log(r.picojoules / sheet) for r in known) / len(known)))
    assert found.error > per_cycle_factor("coremark", runs()).error > 0
    assert per_cycle_factor("measured", []).value == 1
    with pytest.raises(ValueError, match="headline"):
        per_cycle_factor("headline", [])


def test_listening_parts_are_not_negative() -> None:
    for left_out in {family(s.chip) for s in streams()}:
        found = fit_listening([s for s in streams() if family(s.chip) != left_out], runs())
        assert 0 <= found.idle < 1 and found.rest_mhz >= 0
    found = fit_listening(streams(), runs())
    assert 0.05 < found.idle < 0.5


def test_scores() -> None:
    made = leave_one_out()[:3]
    assert score(made, refused=9).median == math.inf
    assert score(made).worst == max(abs(p.off) for p in made)
