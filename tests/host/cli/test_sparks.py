# SPDX-License-Identifier: MIT
"""Curves in a line of text, and the screens of capture and live that are made of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np

import midge.cli.capture as capture
import midge.cli.live as live
from midge.capture.live import Heard
from midge.capture.recorder import Plan
from midge.cli.sparks import Trace, spark
from midge.samples.take_format import Source
from tests.support.command import LookedAt

SOURCE = Source("LSM9DS1", 100, ("ax", "gx"), ("g", "dps"))


def test_levels() -> None:
    assert spark([0, 0.5, 1, 2, -3], 0, 1) == "▁▅██▁"
    assert spark([1, 1], 1, 1) == "▁▁"  # nothing to divide by


def test_a_trace_keeps_the_latest_of_each_step() -> None:
    trace = Trace(SOURCE.columns, 8, 2)
    assert trace.lines() == ["  ax", "  gx"]
    trace.feed(np.stack([np.arange(40), -np.arange(40)], 1).astype(np.float32))
    ax, gx = trace.lines()
    assert ax == "  ax ▁▂▃▄▅▆▇█ +39.00" and gx == "  gx █▇▆▅▄▃▂▁ -39.00"


def test_what_capture_shows(looked_at: LookedAt) -> None:
    screen = capture.Screen(SimpleNamespace(source=SOURCE), Plan("circle", 3), quiet=False)  # type: ignore[arg-type]
    with screen:
        screen.waiting(2, 2.6)
        screen.samples(np.ones((50, 2), np.float32), 0.5)
        screen.again("a frame did not arrive")
        screen.kept(2, Path("data/circle/x.csv"), 100)
    text = looked_at.getvalue()
    assert "take 2 of 3  circle  in 3" in text and "recording circle" in text and "━" * 12 in text
    assert "a frame did not arrive" in text and "100 samples" in text and "+1.00" in text


def test_what_live_shows(looked_at: LookedAt) -> None:
    listening = SimpleNamespace(labels=["idle", "circle"])
    screen = live.Screen(listening, plot=True, as_json=False, stopped=lambda: False)  # type: ignore[arg-type]
    with screen.picture:
        screen.hear(Heard(0.1, None, None, np.array([0.5, 0.2], np.float32), 0))
        screen.hear(Heard(0.2, "circle", "circle", np.array([0.05, 0.95], np.float32), 1))
    text = looked_at.getvalue()
    assert "uncertain" in text and "circle" in text and "0.95" in text and "samples were lost" in text
    assert screen.answers == 1
