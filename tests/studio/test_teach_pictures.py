# SPDX-License-Identifier: MIT
"""A board that is taught pictures by its own camera, which sees takes of a name: the studio without its page."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from midge.link.simulator import Simulator
from midge.studio.practice import EMULATED
from midge.studio.project import Project
from midge.studio.studio import Studio
from midge.train.taught import load_taught
from tests.studio.test_newcomer_pictures import scene
from tests.support.boards import built

pytestmark = [pytest.mark.slow, pytest.mark.emulator]
TAKES, SIDE, STEPS = 8, 32, 60


def until(so: Callable[[], Any], seconds: float = 120) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def test_the_board_is_taught_what_its_camera_sees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built(str(Simulator(EMULATED).firmware), f"make firmware BOARD={EMULATED}")
    rng = np.random.default_rng(3)
    for label in ("disc", "bars", "nothing"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(TAKES):
            Image.fromarray(scene(label, rng)).resize((80, 60)).save(tmp_path / f"data/{label}/{label}-{i}.jpg")
    studio = Studio(Project(tmp_path))
    bench, said = studio.bench, list[str]()
    tell = studio.hub.tell

    def heard(kind: str, **facts: Any) -> None:
        if kind == "learned":
            said.append(facts["label"])
        tell(kind, **facts)

    monkeypatch.setattr(studio.hub, "tell", heard)
    try:
        studio.act("settings", {"side": SIDE, "steps": STEPS, "camera": "rgb565,80x60"})
        studio.act("embed", {})
        until(lambda: not studio.lessons.worker.kind, 500)
        assert studio.error is None and studio.state()["embeddings"] == ["eye-learn.midge"]
        studio.act("practice", {})
        until(lambda: not bench.worker.kind and bench.facts.port)
        studio.act("open-learner", {"model": "eye-learn.midge"})
        until(lambda: bench.teacher.facts is not None or studio.error)
        assert studio.error is None and bench.teacher.facts is not None and bench.teacher.facts["of"] == "picture"
        for label in ("disc", "bars"):
            studio.act("move", {"movement": label})
            studio.act("learner", {"what": "teach", "label": label, "times": 4})
            until(lambda label=label: studio.error or bench.teacher.facts["counts"].get(label) == 4)
            assert studio.error is None, studio.error
        for label in ("disc", "bars"):
            studio.act("move", {"movement": label})
            said.clear()
            studio.act("learner", {"what": "answer"})
            until(lambda: len(said) >= 6)
            studio.act("learner", {"what": "stop"})
            assert {name for name in said if name != "uncertain"} == {label}, (label, said)
        studio.act("learner", {"what": "save"})
        until(lambda: studio.error or bench.teacher.facts["copy"])
        kept = load_taught(studio.project.models / "eye-learn.taught")
        assert {name: len(rows) for name, rows in kept.classes.items()} == {"disc": 4, "bars": 4}
    finally:
        studio.close()
