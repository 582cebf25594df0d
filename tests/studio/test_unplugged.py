# SPDX-License-Identifier: MIT
"""A board that goes away in the middle of each step: it is told in a sentence, and the studio goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from midge.link.demo import wand
from midge.link.simulator import Simulator
from midge.link.verify import Difference
from midge.resources import folder
from midge.samples.sound_files import Sound, read_sound
from midge.studio import bench as bench_module
from midge.studio.practice import EMULATED
from midge.studio.project import Project
from midge.studio.studio import Studio
from tests.device.test_sensor_examples import gestures_network
from tests.support.boards import built

pytestmark = [pytest.mark.slow, pytest.mark.emulator]


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    built(str(Simulator(EMULATED).firmware), f"make firmware BOARD={EMULATED}")
    opened = Studio(Project(tmp_path))
    opened.project.model_file().write_bytes(wand())
    (opened.project.models / "gestures.midge").write_bytes(gestures_network())
    opened.act("practice", {})
    until(lambda: not opened.bench.worker.kind and opened.bench.facts.port != "")
    yield opened
    opened.close()


def until(so: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


@pytest.mark.parametrize(("action", "given", "begun"), [
    ("watch", {}, lambda bench: bench.facts.sensor is not None),
    ("put", {}, lambda bench: bench.facts.progress is not None and bench.facts.progress["done"] > 0),
    ("listen", {}, lambda bench: bench.facts.live is not None),
    ("open-learner", {"model": "gestures.midge"}, lambda bench: bench.teacher.facts is not None),
])
def test_a_board_that_goes_away(studio: Studio, action: str, given: dict[str, str], begun: Callable[..., bool]) -> None:
    bench = studio.bench
    if action == "listen":
        studio.act("put", {})
        until(lambda: bench.facts.put is not None and not bench.worker.kind)
    studio.act(action, given)
    until(lambda: begun(bench))
    assert bench.practice is not None and studio.error is None
    port = bench.facts.port
    bench.practice.stop()
    until(lambda: not bench.worker.kind)
    assert studio.error is not None
    told = studio.error["text"]
    assert port in told and "\n" not in told and "should not" not in told, told
    facts = studio.state()["bench"]
    assert all(facts[name] is None for name in ("sensor", "taking", "progress", "live", "learner"))
    studio.act("dismiss", {"number": studio.error["number"]})
    studio.act("practice", {})
    until(lambda: not bench.worker.kind)
    assert studio.error is None and bench.facts.port


def test_a_training_goes_on_without_the_board(studio: Studio) -> None:
    bench, project = studio.bench, studio.project
    for name in ("circle", "wing", "idle"):
        (project.data / name).mkdir()
        for path in (folder("wand") / "samples" / name).iterdir():
            (project.data / name / path.name).write_text("# rate_hz: 50\n" + path.read_text())
    assert bench.practice is not None
    studio.act("train", {})
    until(lambda: studio.lessons.progress is not None)
    bench.practice.stop()
    until(lambda: not studio.lessons.worker.kind)
    assert studio.error is None
    report = project.report()
    assert report is not None and {"circle", "wing", "idle"} <= set(report["labels"])
    assert "--" not in json.dumps([report["advice"], report["notes"]])  # what to click, not what to type


def test_a_board_that_lies_is_told(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives other bytes than the model does."""
    whole = bench_module.verify_model

    def other(*given: Any, **more: Any) -> Any:
        return replace(whole(*given, **more), differences=[Difference(0, "scores", 2, 7, 9, 1)])

    monkeypatch.setattr(bench_module, "verify_model", other)
    studio.act("put", {})
    until(lambda: not studio.bench.worker.kind)
    assert studio.error is not None and "\n" not in studio.error["text"], studio.error
    assert "1 outputs differ" in studio.error["text"]
    assert studio.bench.facts.put is None and studio.bench.facts.progress is None


def test_the_board_s_own_microphone_is_recorded(studio: Studio) -> None:
    """Sounds that its I2S microphone hears become takes; it goes away, and what came before is kept."""
    bench = studio.bench
    studio.act("settings", {"kind": "sound"})
    assert bench.sources() == ["browser", "board"] and bench.practice is not None
    rate = 16_000
    beep = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(rate // 2) / rate)
    quiet = np.random.default_rng(0).normal(0, 0.001, 3 * rate // 2)
    bench.practice.simulator.hear(Sound(np.concatenate([quiet, beep]).astype(np.float32)[:, None], rate))
    studio.act("source", {"source": "board"})
    studio.act("record", {"label": "beep", "count": 9, "seconds": 0.6, "countdown": 0, "way": "trigger"})
    until(lambda: studio.shelf.labels().get("beep", 0) >= 2)
    assert bench.facts.sensor is not None and bench.facts.sensor["rate_hz"] == rate
    for path in studio.shelf.files("beep", 2):
        heard = read_sound(path)
        assert heard.rate_hz == rate and len(heard.values) == round(0.6 * rate)
        spectrum = np.abs(np.fft.rfft(heard.mono))
        assert abs(spectrum.argmax() * rate / len(heard.mono) - 1000) < 5 and np.abs(heard.mono).max() > 0.4
    bench.practice.stop()
    until(lambda: not bench.worker.kind)
    assert studio.error is not None and bench.facts.port in studio.error["text"], studio.error
    assert studio.shelf.labels()["beep"] >= 2
