# SPDX-License-Identifier: MIT
"""midge live, and streams on the board itself: answers to what the sensor measures, and no sample lost on the way."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from midge.capture.live import as_trained
from midge.capture.session import Wish
from midge.convert.pipeline import convert_graph, convert_model
from midge.importers import read_model
from midge.samples.recordings import read_recording
from midge.samples.take_format import Samples
from tests.support import ROOT, WAND
from tests.support.boards import Board
from tests.support.command import printed, refusal

NewBoard = Callable[..., Board]
DRIVERS = {f"lib/{name}.py": (ROOT / f"mpy_lib/drivers/{name}.py").read_bytes() for name in ("lsm9ds1", "fifo_sensor")}
LABELS = (WAND / "labels.txt").read_text().split()
TRAINED = {"sensor.rate_hz": "50", "sensor.columns": "ax,ay,az", "sensor.units": "g,g,g", "sensor.range": "4,4,4",
           "stream.hop": "8", "stream.threshold": "0.8", "stream.votes": "2/3", "stream.refractory_ms": "500",
           "stream.quiet": "idle"}


def wand(**facts: str) -> bytes:
    """The demo's wand, whose file says how it was trained."""
    graph = read_model(WAND / "wand_int8.tflite", "wand")
    graph.metadata.update(TRAINED | {key.replace("_", ".", 1): value for key, value in facts.items()})
    return convert_graph(graph, LABELS, "wand", 0).blob


def performance(*gestures: str) -> Samples:
    """Gestures of the demo's simulated people, with rest around each."""
    rest = read_recording(sorted((WAND / "samples/idle").glob("*.csv"))[0])
    parts = [rest]
    for gesture in gestures:
        parts += [read_recording(sorted((WAND / "samples" / gesture).glob("*.csv"))[0]), rest]
    return np.concatenate(parts)


def test_answers_come_with_their_scores(new_board: NewBoard, tmp_path: Path) -> None:
    port = new_board(sensor=performance("wing", "circle"), romfs=DRIVERS).port
    (tmp_path / "wand.midge").write_bytes(wand())
    printed("upload", tmp_path / "wand.midge", "--port", port)
    lines = printed("live", "--json", "--seconds", 11, "--port", port).splitlines()
    answers = [json.loads(line) for line in lines]
    assert [answer["answer"] for answer in answers][:2] == ["wing", "circle"]
    assert all(answer["score"] >= 0.8 and len(answer["scores"]) == 6 for answer in answers)
    assert answers[1]["seconds"] - answers[0]["seconds"] > 1

    text = printed("live", "wand.midge", "--seconds", 5, "--port", port)
    assert "LSM9DS1, 50 samples a second" in text and "wand.midge: idle, circle, wing" in text and "wing" in text


def test_what_it_refuses(new_board: NewBoard, tmp_path: Path) -> None:
    bare = new_board(sensor=performance(), romfs=DRIVERS)
    assert "no model on the board; put one there: midge upload" in refusal("live", "--port", bare.port)
    models = {"wand.midge": wand(), "slow.midge": wand(sensor_units="g,g,mg")}
    port = new_board(sensor=performance(), romfs=DRIVERS | models).port
    assert "2 models on the board; name one: /rom/slow.midge, /rom/wand.midge" in refusal("live", "--port", port)
    assert "the board cannot load it" in refusal("live", "/rom/none.midge", "--port", port)
    line = refusal("live", "/rom/wand.midge", "--rate", 119, "--port", port)
    assert "the sensor gives 119 samples a second, the network was trained on 50; choose --rate" in line
    assert "the network was trained on g,g,mg" in refusal("live", "/rom/slow.midge", "--port", port)


@pytest.mark.parametrize(("metadata", "shape", "wanted"), [
    (TRAINED, [1, 96, 3], (50, 4, None)), ({}, [1, 96, 3], (None, None, None)), ({}, [1, 100, 6], (None, None, 500)),
    ({"sensor.rate_hz": "104", "sensor.columns": "ax,gx", "sensor.units": "g,dps", "sensor.range": "8,2000"}, [1, 200],
     (104, 8, 2000)),
])
def test_the_sensor_runs_as_in_training(metadata: dict[str, str], shape: list[int], wanted: tuple[object, ...]) -> None:
    wish = as_trained(Wish(gyro_dps=None), metadata, shape)
    assert (wish.rate_hz, wish.accel_g, wish.gyro_dps) == wanted
    chosen = as_trained(Wish(26, 16, 1000), metadata, shape)
    assert (chosen.rate_hz, chosen.accel_g) == (26, 16) and chosen.gyro_dps in (None, 1000)


COUNT = """
import time, midge, qemu
from machine import I2C
from lsm9ds1 import LSM9DS1
class Numbered(LSM9DS1):
    last, jumps = None, 0
    def read_into(self, buffer, most=None):
        n = super().read_into(buffer, most)
        for i in range(0, 3 * n, 3):
            if self.last is not None and buffer[i] != (self.last + 7) % 7000:
                self.jumps += 1
            self.last = buffer[i]
        return n
qemu.skip_waits(True)
imu = Numbered(I2C(0), rate_hz=119)
stream = midge.load('/rom/wand.midge').stream(imu, hop=12, every=True)
start = time.ticks_ms()
for r in stream:
    print(r.label, r.score)
    if stream.samples >= SAMPLES: break
print(stream.samples, stream.lost, imu.jumps, time.ticks_diff(time.ticks_ms(), start))
"""


MINUTES = int(os.environ.get("STREAM_MINUTES", "60"))


@pytest.mark.parametrize("minutes", [1, pytest.param(MINUTES, marks=pytest.mark.slow)])
def test_no_sample_is_lost_while_it_infers_and_prints(new_board: NewBoard, minutes: int) -> None:
    """At 119 Hz, on a core of 31 million instructions a second, of which each takes time and waiting none."""
    numbers = np.zeros((1000, 3), np.float32)
    numbers[:, 0] = np.arange(1000) * 7 * 0.122e-3
    model = convert_model(WAND / "wand_int8.tflite", LABELS, name="wand").blob
    board = new_board(sensor=numbers, romfs=DRIVERS | {"wand.midge": model}, icount=5)
    wanted = minutes * 60 * 119
    out = board.run(COUNT.replace("SAMPLES", str(wanted)), timeout_s=1200).splitlines()
    samples, lost, jumps, took_ms = map(int, out[-1].split())
    assert (lost, jumps) == (0, 0) and samples >= wanted
    assert len(out) > wanted // 12 - 20
    assert abs(took_ms - samples / 0.119) < 1000
