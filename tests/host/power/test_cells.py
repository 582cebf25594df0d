# SPDX-License-Identifier: MIT
"""Batteries: each equation by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from midge.errors import UserError
from midge.power.cells import check_peak, days, milliamps, sagging_volts, shelf_days
from midge.power.uncertain import Uncertain
from midge.targets.power import Figure, find_cell


def figure(value: float) -> Figure:
    return Figure(value, value, value, "a test", "today")


IDEAL = replace(find_cell("cr2032"), volts=3.0, milliamp_hours=figure(240), ohms=figure(1e-9),
                loss_per_year=figure(1e-12))


def test_charge_over_current() -> None:
    found = days(Uncertain(3000.0), IDEAL)  # 1 mA at 3 V
    assert found.value == pytest.approx(10, rel=1e-6) and found.error == pytest.approx(0, abs=1e-9)
    assert milliamps(Uncertain(3000.0), IDEAL).value == 1


def test_self_discharge_is_a_load_of_its_own() -> None:
    leaking = replace(IDEAL, loss_per_year=figure(0.5))
    assert days(Uncertain(1e-9), leaking).value == pytest.approx(2 * 365.25, rel=1e-6)
    both = days(Uncertain(3000.0 * 240 * 0.5 / 8766), leaking)  # a load as large as the leak
    assert both.value == pytest.approx(365.25, rel=1e-3)


def test_resistance_takes_its_share() -> None:
    resisting = replace(IDEAL, ohms=figure(300.0))
    assert days(Uncertain(3000.0), resisting).value == pytest.approx(9, rel=1e-6)  # 0.3 V of 3 V at 1 mA
    assert sagging_volts(resisting, 1) == pytest.approx(2.7)


def test_errors_add_as_squares() -> None:
    found = days(Uncertain(3000.0, 0.3), replace(IDEAL, milliamp_hours=Figure(240, 200, 288, "a test", "today")))
    assert found.error == pytest.approx((0.3**2 + 0.1108**2) ** 0.5, rel=1e-3)


def test_peaks() -> None:
    cell = find_cell("CR2032")
    check_peak(cell, 14, 1.8, "it")
    with pytest.raises(UserError, match="gives pulses of 15 mA, it draws 26 mA; take a larger cell"):
        check_peak(cell, 26, 1.8, "it")
    with pytest.raises(UserError, match=r"sags to 2\.62 V at the 14 mA that it draws, the board needs 2\.7 V"):
        check_peak(cell, 14, 2.7, "it")


def test_nothing_outlasts_its_makers_word() -> None:
    assert shelf_days(find_cell("CR2032")) == pytest.approx(3652.5)


def test_an_unknown_cell_lists_those_that_are_known() -> None:
    with pytest.raises(UserError, match="no cell is called 'AAAA'; known: CR2032, 2xAAA, 18650, LIPO500"):
        find_cell("AAAA")
