# SPDX-License-Identifier: MIT
"""Budgets: what they add up to, what helps, and what cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from midge import api
from midge.convert.models import load_any
from midge.errors import UserError
from midge.fileformat.read import decode
from midge.power.budget import Budget, Plan, advise, check_fits, known_energy, largest, make_budget, run_cost
from midge.power.rates import Cycles
from midge.power.uncertain import Uncertain, of, total
from midge.targets.boards import load_board
from midge.targets.power import Figure, board_power, find_cell, find_extra
from tests.support import ROOT

NANO, PICO = "ARDUINO_NANO_33_BLE_SENSE", "RPI_PICO"


def budget(plan: Plan, board: str = NANO, cycles: float = 208_000, cell: str | None = None) -> Budget:
    return make_budget(Cycles(cycles, 0.1, True), load_board(board), board_power(board), plan,
                       find_cell(cell) if cell else None)


def test_a_motion_nodes_year_on_a_coin_cell() -> None:
    """160,000 instructions a second of motion, 1.3 cycles each, and an accelerometer of microwatts."""
    found = budget(Plan(1.0, sensor=find_extra("sensor", "adxl362")), cell="CR2032")
    assert found.days is not None
    assert found.days.low < 365 < found.days.high
    page = " ".join((ROOT / "host_tools/docs/power.md").read_text(encoding="utf-8").split())
    took = {part.name: part.microwatts.value for part in found.parts}
    assert (f"takes {found.microwatts.value:.0f} µW, of which {took['inference']:.0f} µW are the network, "
            f"{took['waking up']:.0f} µW waking up, {took['sleep']:.0f} µW sleep and "
            f"{took['sensor adxl362']:.0f} µW the accelerometer. A CR2032 gives that for {found.days.value:.0f} days "
            f"({found.days.low:.0f} to {found.days.high:.0f})") in page


def test_nobody_listens_for_years_on_a_coin_cell() -> None:
    plan = Plan(0.03, listens=True, sensor=find_extra("sensor", "pdm-microphone"))
    found = budget(plan, cycles=307_000, cell="CR2032")
    assert found.days is not None
    assert found.days.high < 7
    assert found.microwatts.low > 5000


def test_the_parts_are_the_whole_and_the_largest_come_first() -> None:
    found = budget(Plan(10.0, sensor=find_extra("sensor", "adxl362"), radio=find_extra("radio", "ble-advertise")))
    values = [part.microwatts.value for part in found.parts]
    assert values == sorted(values, reverse=True) and sum(values) == pytest.approx(found.microwatts.value)
    assert [part.name for part in largest(found.parts)] == [part.name for part in found.parts[:3]]
    assert {part.name for part in found.parts} == {"inference", "waking up", "sleep", "sensor adxl362",
                                                   "radio ble-advertise"}
    assert all(part.microwatts.low < part.microwatts.value < part.microwatts.high for part in found.parts)


def test_each_part_by_hand() -> None:
    figures = board_power(NANO)
    found = budget(Plan(10.0, radio=find_extra("radio", "ble-advertise"), messages_per_day=8640.0), cycles=640_000)
    parts = {part.name: part.microwatts.value for part in found.parts}
    assert found.run_seconds.value == pytest.approx(0.01)
    asleep = 1 - (0.01 + figures.wake.value * 1e-3) / 10
    assert parts["sleep"] == pytest.approx(figures.sleep.value * figures.volts * asleep)
    assert parts["radio ble-advertise"] == pytest.approx(0.045e3 / 10)
    assert parts["inference"] == pytest.approx(found.run_microjoules.value / 10)
    assert parts["waking up"] == pytest.approx(parts["inference"] / 10)  # a millisecond of ten


def test_stock_sleep_costs_what_it_costs() -> None:
    deep, stock = budget(Plan(60.0)), budget(Plan(60.0, stock_sleep=True))
    assert stock.microwatts.value > 30 * deep.microwatts.value
    again = advise(stock, lambda plan, cycles: budget(plan, cycles=cycles.value))
    assert again.advice[0][0] == "midge.duty's sleep instead of machine.lightsleep"
    assert again.advice[0][1].value == pytest.approx(deep.microwatts.value)


def test_gates_save_what_the_model_takes() -> None:
    for listens in (False, True):
        always, seldom = (budget(Plan(1.0, listens, share=share)) for share in (1.0, 0.1))
        took = {p.name: p.microwatts.value for p in always.parts}
        takes = {p.name: p.microwatts.value for p in seldom.parts}
        assert takes["inference"] == pytest.approx(0.1 * took["inference"])
        rest = "waiting, clocks and sound input" if listens else "sleep"
        assert took[rest] < takes[rest] < 1.01 * took[rest]


def test_listening_takes_what_was_measured_on_the_board_or_else_on_others() -> None:
    plan, figures = Plan(0.03, listens=True), board_power(NANO)
    measured = {part.name: part.microwatts for part in budget(plan).parts}
    assert figures.listen is not None
    waiting = measured["waiting, clocks and sound input"]
    duty = 208_000 / load_board(NANO).clock_hz / 0.03
    assert waiting.value == pytest.approx(figures.listen.value * figures.volts * (1 - duty))
    assert waiting.error == pytest.approx(of(figures.listen).error)
    others = make_budget(Cycles(208_000, 0.1, True), load_board(NANO), replace(figures, listen=None), plan)
    assert {part.name for part in others.parts} == {"inference", "waiting between frames", "clocks and sound input"}


def test_a_board_draws_more_at_the_lower_voltage_of_a_cell() -> None:
    """A regulator passes power on: what is 21.5 mA at 5 V is 43 mA at 2.5 V."""
    alone, fed = budget(Plan(10.0), PICO), budget(Plan(10.0), PICO, cell="2xAAA")
    assert alone.peak_milliamps.value == pytest.approx(21.5)
    assert fed.peak_milliamps.value == pytest.approx(43)


def test_every_figure_that_is_used_is_named_with_its_source() -> None:
    plan = Plan(10.0, sensor=find_extra("sensor", "adxl362"), radio=find_extra("radio", "ble-advertise"))
    assert [source.split(":")[0] for source in budget(plan, cell="CR2032").sources] == [
        "at work", "sleep", "waking up", "adxl362", "ble-advertise", "CR2032, charge", "self-discharge", "pulses",
        "resistance"]
    assert [source.split(":")[0] for source in budget(Plan(1.0, listens=True)).sources] == ["at work", "waiting"]


def test_advice_is_sorted_and_worth_its_line() -> None:
    plan = Plan(1.0, sensor=find_extra("sensor", "lsm9ds1"), radio=find_extra("radio", "ble-advertise"))
    found = advise(budget(plan), lambda other, cycles: budget(other, cycles=cycles.value))
    left = [power.value for _, power in found.advice]
    assert left == sorted(left) and left[-1] < 0.97 * found.microwatts.value
    assert found.advice[0][0].startswith("instead of lsm9ds1")


@pytest.mark.parametrize(
    ("plan", "board", "cell", "words"),
    [
        (Plan(0.002), NANO, None, "an inference and waking up take about 4.25 ms on ARDUINO_NANO_33_BLE_SENSE, "
                                  "the period is 2 ms"),
        (Plan(0.002, listens=True), NANO, None, "an inference takes about 3.25 ms on ARDUINO_NANO_33_BLE_SENSE"),
        (Plan(1.0), PICO, "CR2032", "CR2032 gives pulses of 15 mA, RPI_PICO draws 37.1 mA"),
        (Plan(60.0, radio=find_extra("radio", "wifi-mqtt")), NANO, "CR2032", "a message by wifi-mqtt draws 404 mA"),
        (Plan(60.0, radio=find_extra("radio", "wifi-mqtt"), messages_per_day=1e6), NANO, None,
         "1,000,000 messages a day do not fit: one by wifi-mqtt takes 0.774 s"),
    ],
)
def test_what_cannot_be_is_one_line(plan: Plan, board: str, cell: str | None, words: str) -> None:
    with pytest.raises(UserError) as error:
        budget(plan, board, cell=cell)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_boards_without_figures_say_what_is_missing() -> None:
    with pytest.raises(UserError, match="RPI_PICO2: no published figures of active, sleep, stock, wake are in"):
        board_power("RPI_PICO2")
    lacks = "no published figures of active, sleep, stock, wake"
    with pytest.raises(UserError, match=f"NUCLEO_F446RE: {lacks}.*boards with figures: {NANO}, {PICO}"):
        board_power("NUCLEO_F446RE")


def test_a_model_that_is_too_large(wand_tflite: Path) -> None:
    file, board = decode(load_any(wand_tflite)), load_board(NANO)
    check_fits(file, board)
    with pytest.raises(UserError, match="B of working memory and a script about .* convert with --arena-limit"):
        check_fits(file, replace(board, heap_bytes=9_000))
    with pytest.raises(UserError, match="the model has .* B, ARDUINO_NANO_33_BLE_SENSE has 1,000 B of flash"):
        check_fits(file, replace(board, flash_bytes=1_000))


def test_a_cell_that_outlives_its_shelf() -> None:
    found = budget(Plan(86_400.0), cell="2xAAA")
    assert found.days is not None
    assert found.days.value > found.shelf_days == pytest.approx(3652.5)


def test_faster_chips_take_longer_for_more_and_less_energy_for_less() -> None:
    slow, fast = (run_cost(Cycles(n, 0.1, True), load_board(NANO), board_power(NANO)) for n in (2e6, 1e6))
    assert slow[0].value == pytest.approx(2 * fast[0].value)
    assert slow[1].value == pytest.approx(2 * fast[1].value)
    assert slow[1].error == pytest.approx(fast[1].error)


def test_energy_where_there_are_figures() -> None:
    found = known_energy(0.001, load_board(NANO))
    assert found is not None
    assert found.low < found.value < found.high
    assert known_energy(0.001, load_board("NUCLEO_F446RE")) is None


def test_uncertain_numbers() -> None:
    x = of(Figure(10, 5, 20, "a test", "today"))
    assert x.low == pytest.approx(5) and x.high == pytest.approx(20)
    assert (x * x).error == pytest.approx(2**0.5 * x.error) and (x / x).value == 1
    assert (2 * x).value == 20 and (2 * x).error == x.error
    assert total([x, x]).error == pytest.approx(x.error / 2**0.5)
    assert total([]) == Uncertain(0.0)


def test_the_api_estimates_without_an_emulator(monkeypatch: pytest.MonkeyPatch, wand_tflite: Path) -> None:
    monkeypatch.setenv("PATH", "")
    found = api.power(wand_tflite, "arduino_nano_33_ble_sense", Plan(1.0), find_cell("CR2032"))
    facts = found.facts()
    assert not facts["counted"] and facts["days"]["low"] < facts["days"]["value"] < facts["days"]["high"]
    assert len(facts["sources"]) >= 5 and facts["advice"]
    assert not any("Pico" in row["what"] for row in facts["advice"])  # which takes more
    elsewhere = api.power(wand_tflite, PICO, Plan(10.0)).advice
    assert elsewhere[0][0] == "another board: Arduino Nano 33 BLE Sense (its chip alone)"
    assert elsewhere[0][1].high < 1000


@pytest.mark.emulator
def test_counted_and_estimated_cycles_agree_within_the_interval(wand_tflite: Path) -> None:
    counted = api.power(wand_tflite, NANO, Plan(1.0), count=True)
    estimated = api.power(wand_tflite, NANO, Plan(1.0))
    assert counted.cycles.counted and counted.cycles.error < estimated.cycles.error
    rough = Uncertain(estimated.cycles.value, estimated.cycles.error)
    assert rough.low < counted.cycles.value < rough.high
