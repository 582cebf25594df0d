# SPDX-License-Identifier: MIT
"""A board that goes away in the middle of each step: it is told in a sentence, and the studio goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from midge.link.demo import wand
from midge.link.simulator import Simulator
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
    ("open-learner", {"model": "gestures.midge"}, lambda bench: bench.teacher.facts is not None),
])
def test_a_board_that_goes_away(studio: Studio, action: str, given: dict[str, str], begun: Callable[..., bool]) -> None:
    bench = studio.bench
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
