# SPDX-License-Identifier: MIT
"""The simulated IMU measures what was recorded, and its driver reads it as it would a real LSM9DS1."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from midge.convert.pipeline import convert_model
from midge.samples.recordings import read_recording
from tests.support import ROOT, WAND
from tests.support.boards import Board

NewBoard = Callable[..., Board]
WING = WAND / "samples/wing/person140-0.csv"
DRIVER = {f"lib/{name}.py": (ROOT / f"mpy_lib/drivers/{name}.py").read_bytes() for name in ("lsm9ds1", "fifo_sensor")}
START = """
from time import *
from machine import I2C, Pin
from lsm9ds1 import LSM9DS1
bus = I2C(1, scl=Pin(15), sda=Pin(14))
def imu(**options):
    global begin
    it = LSM9DS1(bus, **options)
    begin = ticks_ms()
    return it
"""


def read(board: Board, options: str, count: int) -> tuple[np.ndarray, int]:
    """Return samples of a sensor that was just started, and how many ms they took."""
    out = board.run(
        f"{START}s = imu({options})\nfor _ in range({count}):\n    print(*s.read())\n"
        "print(ticks_diff(ticks_ms(), begin))"
    )
    *rows, took = out.split("\n")
    return np.array([row.split() for row in rows], float), int(took)


def test_it_plays_the_recording_over_and_over(new_board: NewBoard) -> None:
    recording = read_recording(WING)
    samples, took_ms = read(new_board(sensor=recording, romfs=DRIVER), "accel_g=4, rate_hz=50", 100)
    unit = 0.122e-3
    wanted = np.concatenate([recording, recording[:4]]).clip(-32768 * unit, 32767 * unit)
    assert np.abs(samples - wanted).max() <= unit / 2 + 1e-6
    assert 1900 <= took_ms < 2600  # 50 a second


def test_six_columns_and_the_range(new_board: NewBoard) -> None:
    recording = np.array([[1, -2, 3, 100, -200, 400], [0.5, 0, 0, 0, 240, -10], [9, -9, 0, 0, 0, 0]], np.float32)
    board = new_board(sensor=recording, romfs=DRIVER)
    samples, took_ms = read(board, "accel_g=2, gyro_dps=245, rate_hz=119", 6)
    units = np.array([0.061e-3] * 3 + [8.75e-3] * 3)
    wanted = recording.clip(-32768 * units, 32767 * units)  # 16 bits: 2 g, and a little above 245 degrees a second
    assert (np.abs(samples - np.concatenate([wanted, wanted])) <= units / 2 + 1e-5).all()
    assert took_ms < 500


def test_the_fifo_keeps_the_latest_samples(new_board: NewBoard) -> None:
    recording = np.zeros((1000, 3), np.float32)
    recording[:, 0] = np.arange(1000) / 1000
    board = new_board(sensor=recording, romfs=DRIVER, icount=5)  # its time does not depend on the host's load
    out = board.run(f"{START}s = imu(rate_hz=238)\nsleep_ms(500)\nprint(s.any(), *[s.read()[0] for _ in range(30)])")
    waiting, *values = out.split()
    order = np.round(np.array(values, float) * 1000)
    assert waiting == "32"
    assert order[0] > 70 and (np.diff(order) == 1).all()


def test_without_a_sensor_the_bus_is_empty(new_board: NewBoard) -> None:
    out = new_board(romfs=DRIVER).run(
        f"{START}print(bus.scan())\ntry:\n    imu()\nexcept OSError as error:\n    print(error)"
    )
    assert out == "[]\n[Errno 19] ENODEV: no LSM9DS1 at I2C address 0x6b"


@pytest.mark.parametrize(
    ("options", "words"),
    [("accel_g=3", "accel_g: got 3, has 2, 16, 4, 8"), ("gyro_dps=9", "gyro_dps: got 9, has 245, 500, 2000"),
     ("rate_hz=60", "rate_hz: got 60, has 10, 50"), ("gyro_dps=245, rate_hz=50", "rate_hz: got 50, has 14.9")],
)
def test_what_the_part_does_not_have(new_board: NewBoard, options: str, words: str) -> None:
    board = new_board(sensor=read_recording(WING), romfs=DRIVER)
    out = board.run(f"{START}try:\n    imu({options})\nexcept ValueError as error:\n    print(error)")
    assert out.startswith(words)


@pytest.mark.parametrize("gesture", ["wing", "circle", "flick"])
def test_the_wand_example_runs_live(new_board: NewBoard, wand_tflite: Path, gesture: str) -> None:
    labels = (wand_tflite.parent / "labels.txt").read_text().split()
    model = convert_model(wand_tflite, labels, name="wand").blob
    recording = read_recording(sorted((wand_tflite.parent / "samples" / gesture).glob("*.csv"))[0])
    board = new_board(sensor=recording, romfs=DRIVER | {"wand.midge": model})
    script = (ROOT / "mpy_lib/examples/wand.py").read_text()
    end = "\n        break\n"  # after the first answer
    script = script.replace("(answer.label, answer.score))\n", f"(answer.label, answer.score)){end}")
    out = board.run("import os\nos.chdir('/rom')\n" + script)
    assert out.split("\n")[-1].split()[0] == gesture
