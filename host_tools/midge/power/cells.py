# SPDX-License-Identifier: MIT
"""How long a cell lasts: its charge against a load and its own leakage, and whether it can give the peaks."""

from __future__ import annotations

import math

from ..errors import UserError
from ..targets.power import Cell
from .uncertain import Uncertain, of

HOURS_A_YEAR = 8766.0
DAYS_A_YEAR = HOURS_A_YEAR / 24
# A coin cell gives its nominal charge at a fraction of a milliampere; of what its resistance turns into heat nothing
# comes back, so charge is derated by the share of the voltage that an average load loses in the cell.


def milliamps(microwatts: Uncertain, cell: Cell) -> Uncertain:
    """Return the average current that a load draws, at the cell's average voltage."""
    return microwatts * (1e-3 / cell.volts)


def sagging_volts(cell: Cell, peak_milliamps: float) -> float:
    """Return what is left of the average voltage under a peak, when the cell is half empty."""
    return cell.volts - peak_milliamps * 1e-3 * cell.ohms.value


def check_peak(cell: Cell, peak_milliamps: float, least_volts: float, load: str) -> None:
    """Raise UserError where a cell cannot give a peak, or its voltage sags under what the board needs."""
    if peak_milliamps > cell.pulse_milliamps.value:
        raise UserError(
            f"{cell.name} gives pulses of {cell.pulse_milliamps.value:g} mA, {load} draws {peak_milliamps:.3g} mA; "
            f"take a larger cell, or a capacitor that gives the peak")
    left = sagging_volts(cell, peak_milliamps)
    if left < least_volts:
        raise UserError(
            f"{cell.name} sags to {left:.2f} V at the {peak_milliamps:.3g} mA that {load} draws, the board needs "
            f"{least_volts:g} V; take a larger cell, or a capacitor that gives the peak")


def days(microwatts: Uncertain, cell: Cell) -> Uncertain:
    """Return how many days a cell lasts under an average load, no more than its makers vouch for.

    With charge Q (mAh), the load's current I and a loss of a share s of the charge a year, the charge is gone when
    Q = I t + s Q t / year, so  t = Q / (I + s Q / year).
    """
    charge, lost, load = of(cell.milliamp_hours), of(cell.loss_per_year), milliamps(microwatts, cell)
    leak = lost * charge * (1 / HOURS_A_YEAR)
    drain = load.value + leak.value
    error = math.hypot(load.value * load.error, leak.value * lost.error) / drain
    # Of the charge's own error, that part which the leak takes along cancels.
    error = math.hypot(error, charge.error * load.value / drain)
    hours = charge.value / drain * (1 - min(load.value * 1e-3 * cell.ohms.value / cell.volts, 1.0))
    return Uncertain(hours / 24, error)


def shelf_days(cell: Cell) -> float:
    """Return after how many days a cell is spent whatever the load."""
    return cell.most_years * DAYS_A_YEAR
