# SPDX-License-Identifier: MIT
"""midge power: what it prints, what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from midge.cli.power import seconds_of
from midge.errors import UserError
from tests.support.command import midge, printed, refusal

NANO = "ARDUINO_NANO_33_BLE_SENSE"
NODE = ["--board", NANO, "--every", "1s", "--battery", "CR2032", "--sensor", "adxl362"]


def test_it_prints_what_json_says(wand_tflite: Path) -> None:
    facts = json.loads(printed("power", wand_tflite, *NODE, "--json"))
    text = printed("power", wand_tflite, *NODE)
    days = facts["days"]
    assert f"CR2032 {days['value']:,.0f} days ({days['low']:,.0f} days to {days['high']:,.0f} days)" in text
    assert text.count("\n") > 15 and all(source in text for source in facts["sources"])
    for part in facts["parts"][:3]:
        assert part["name"] in text
    assert facts["advice"][0]["what"] in text


def test_no_power_or_time_stands_without_its_interval(wand_tflite: Path) -> None:
    text = printed("power", wand_tflite, *NODE)
    shown = text.split("figures from")[0].split("every 1 s", 1)[1]
    number = r"[\d.,]+ (?:mW|µW|W|mJ|µJ|J|ms|µs|s|days|mA)\b"
    alone = re.sub(rf"{number} \({number} to {number}\)", "", shown)
    alone = re.sub(rf"{number} +{number} to {number}", "", alone)  # rows of the table
    assert not re.findall(number, alone), alone


def test_a_picture(wand_tflite: Path, tmp_path: Path) -> None:
    printed("power", wand_tflite, *NODE, "--png", tmp_path / "budget.png")
    assert (tmp_path / "budget.png").read_bytes().startswith(b"\x89PNG")


def test_listening_says_what_cannot_be(wand_tflite: Path) -> None:
    text = printed("power", wand_tflite, "--board", NANO, "--listen", "--battery", "CR2032")
    assert "Nobody listens for years on this battery" in text
    assert "a gate that lets the model run in 10% of the beats (--share)" in text


def test_frames(wand_tflite: Path) -> None:
    four = json.loads(printed("power", wand_tflite, "--board", NANO, "--frames", "4", "--json"))
    assert four["period_s"] == 0.25


@pytest.mark.parametrize(
    ("text", "seconds"), [("30ms", 0.03), ("10s", 10), ("1.5 min", 90), ("2h", 7200), ("1d", 86400)]
)
def test_stretches_of_time(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "10", "0s", "-1s", "1 week", "1e3s", "nan s"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(UserError, match="is not a stretch of time; write 30ms"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--board", NANO], "say how often it runs with one of --every 10s, --frames 5 and --listen"),
        (["--board", NANO, "--every", "1s", "--listen"], "say how often it runs"),
        (["--board", "RPI_PICO2", "--every", "1s"], "RPI_PICO2: no published figures of active, sleep"),
        (["--board", "PICO_9", "--every", "1s"], "no board is called 'PICO_9'"),
        (["--board", NANO, "--every", "1ms"], "the period is 1 ms"),
        (["--board", "RPI_PICO", "--every", "1s", "--battery", "CR2032"], "CR2032 gives pulses of 15 mA"),
        (["--board", NANO, "--every", "1s", "--battery", "car"], "no cell is called 'car'; known: CR2032"),
        (["--board", NANO, "--every", "1s", "--radio", "am"], "no radio is called 'am'; known: ble-advertise"),
        (["--board", NANO, "--every", "1s", "--sensor", "nose"], "no sensor is called 'nose'; known: adxl362"),
    ],
)
def test_a_mistake_is_one_line(wand_tflite: Path, arguments: list[str], words: str) -> None:
    assert words in refusal("power", wand_tflite, *arguments)


@pytest.mark.parametrize("option", ["--frames", "--share", "--messages-per-day"])
@pytest.mark.parametrize("number", ["nan", "inf", "-1"])
def test_what_is_no_number_of_the_range(wand_tflite: Path, option: str, number: str) -> None:
    done = midge("power", wand_tflite, "--board", NANO, option, number)
    assert done.returncode == 2 and f"'{option}'" in done.stderr and done.stdout == ""
