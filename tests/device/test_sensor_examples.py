# SPDX-License-Identifier: MIT
"""The examples with a sensor, unchanged, on a board whose sensor plays what they are about."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import numpy as np
import pytest

from midge.link.transport.connection import BoardError
from midge.link.transport.repl import ReplBoard
from midge.samples.take_format import Samples
from midge.samples.takes import Takes
from midge.train.embedding import Options, train_embedding
from midge.train.normal import learn_normal
from tests.device.test_live import DRIVERS, performance, wand
from tests.support import ROOT
from tests.support.boards import Board
from tests.support.movements import hum, hums
from tests.train.sets import wand_person

NewBoard = Callable[..., Board]
EXAMPLES = ROOT / "mpy_lib/examples"


def played(
    board: Board, name: str, seconds: float, until: str = "\0", folder: str = "/rom", text: str | None = None
) -> str:
    """Run an example in a folder as a user would type it, stop it with Ctrl-C, and return what it printed.

    text: of the example, where a user would have changed it.
    """
    said = bytearray()
    end = monotonic() + seconds

    def hear(more: bytes) -> bool:
        said.extend(more)
        return monotonic() > end or until.encode() in said

    link = ReplBoard(board.port)
    try:
        link.ask(f"import os\nos.chdir({folder!r})")
        link.watch(text or (EXAMPLES / name).read_text(), hear, silence_s=60)
    except BoardError as error:
        assert error.text == "KeyboardInterrupt", error  # ours, as the example was ending of itself
    finally:
        link.close()
    return said.decode()


def test_the_lamp_of_the_gesture_is_lit(new_board: NewBoard) -> None:
    board = new_board(sensor=performance("wing", "circle"), romfs=DRIVERS | {"wand.midge": wand()})
    out = played(board, "wand_leds.py", 15, until="circle ")
    assert "wave the LSM9DS1" in out and out.index("wing ") < out.index("circle ")
    assert board.run("from machine import Pin\nprint([Pin(n).value() for n in range(16, 21)])") == "[1, 0, 0, 0, 0]"


def test_the_side_that_is_up(new_board: NewBoard) -> None:
    sides = {"+z": (0, 0, 1), "-x": (-1, 0, 0), "+y": (0, 1, 0)}
    rows = [np.tile(np.float32(side), (50, 1)) for side in sides.values()]
    turning = np.tile(np.float32([0.6, 0.6, 0.5]), (10, 1))
    recording: Samples = np.concatenate([part for row in rows for part in (row, turning)])
    out = played(new_board(sensor=recording, romfs=DRIVERS), "tilt.py", 30, until="+y is up")
    assert [line.split()[0] for line in out.splitlines() if "is up" in line] == ["+z", "-x", "+y"]


def test_a_fan_that_ails(new_board: NewBoard) -> None:
    """It learns where it is, from 200 windows, which is another place than it was trained in."""
    rate_hz, rng = 952.0, np.random.default_rng(5)
    model = learn_normal(hums(2, 4000, rate_hz), window_s=64 / rate_hz, name="fan").blob
    heavy = 0.7 * hum(rng, 9000, rate_hz)[:, [1, 2, 0]]
    recording = np.concatenate([heavy, heavy[:4000] + hum(rng, 4000, rate_hz, 0.2) * [1, 1, 0]])
    board = new_board(sensor=recording.astype(np.float32), romfs=DRIVERS | {"fan.midge": model})
    board.run("with open('fan.midge', 'wb') as f: f.write(open('/rom/fan.midge', 'rb').read())")
    out = played(board, "fan_watch.py", 60, until="not normal", folder="/flash")
    lines = [line.split(",")[0] for line in out[out.index("learning"):].splitlines()]
    assert lines[:3] == ["learning from 200 windows", "normal", "not normal"], out
    assert board.run("from machine import Pin\nprint(Pin(16).value())") == "1"
    assert played(board, "fan_watch.py", 60, until="normal", folder="/flash").count("watching") == 1


def gestures_network() -> bytes:
    """A network that embeds movements of three simulated people, none of which is a wing or a circle."""
    takes = [take for person in (141, 142, 143) for take in wand_person(person, range(8))
             if take.label not in ("wing", "circle")]
    return train_embedding(Takes(takes, "simulated"), Options(judge=False), "gestures").blob


def test_gestures_that_a_board_is_taught(new_board: NewBoard) -> None:
    """Five takes of each of two gestures by a person that the network has not seen; then it tells them apart."""
    made = {label: [take.values for take in wand_person(150, range(8)) if take.label == label]
            for label in ("wing", "circle")}
    rest = np.tile(np.float32([0, 0, 1]), (40, 1)) + np.random.default_rng(2).normal(0, 0.01, (40, 3))
    shown = [*made["wing"][:5], *made["circle"][:5], made["wing"][5], made["circle"][6], made["wing"][7]]
    recording = np.concatenate([rest, *(part for gesture in shown for part in (gesture, rest)), rest])
    board = new_board(sensor=recording.astype(np.float32), romfs=DRIVERS | {"gestures.midge": gestures_network()})
    board.run("import qemu\nqemu.skip_waits(True)\n"
              "with open('/flash/gestures.midge', 'wb') as f: f.write(open('/rom/gestures.midge', 'rb').read())")
    out = played(board, "teach_gesture.py", 60, until="\ncircle ", folder="/flash")
    assert "5 of 5" in out and out.index("make a circle") < out.index("make any"), out
    answers = [line.split()[0] for line in out[out.index("make any"):].splitlines()[1:] if line.strip()]
    assert answers[:2] == ["wing", "circle"], out
    assert board.run("import midge\nprint(midge.Learner('/rom/gestures.midge', '/flash/mine').counts())") == str(
        {"wing": 5, "circle": 5})


def walk(steps: int, rate_hz: float = 50, step_hz: float = 1.8) -> Samples:
    """A simulated walk, with rest around it: each step pulls and pushes, on an axis that is not upright."""
    n = np.arange(round(steps * rate_hz / step_hz))
    pull = 0.35 * np.sin(2 * np.pi * step_hz * n / rate_hz) + 0.1 * np.sin(4 * np.pi * step_hz * n / rate_hz)
    upright = np.concatenate([np.ones(100), 1 + pull, np.ones(400)])
    rng = np.random.default_rng(1)
    return (upright[:, None] * [0.6, 0, 0.8] + rng.normal(0, 0.02, (len(upright), 3))).astype(np.float32)


@pytest.mark.parametrize("steps", [2, 12])
def test_the_steps_of_a_simulated_walk(new_board: NewBoard, steps: int) -> None:
    out = played(new_board(sensor=walk(steps), romfs=DRIVERS), "steps.py", 2 + steps / 1.8 + 3)
    counts = [int(line.split()[0]) for line in out.splitlines() if line.endswith(" steps")]
    if steps < 4:
        assert counts == []  # too few for a walk
    else:
        assert abs(counts[-1] - steps) <= 1 and counts[0] == 4
