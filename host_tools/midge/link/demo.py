# SPDX-License-Identifier: MIT
"""The gesture wand on a board, from nothing: Midge, the model, and recordings of people that it has not seen."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import load
from ..convert.pipeline import convert_model
from ..resources import folder, stock_firmware
from ..samples.labels import read_labels
from ..samples.recordings import read_recording
from ..targets.boards import load_board
from .simulator import Simulator
from .transport import Connection
from .upload import upload

MODEL = "wand.midge"  # on the board
EMULATED = "qemu-cortex-m4"

# Runs at the REPL as a user would type it; s is a recording, x, y, z, x, y, z, ...
_ANSWER = """
import midge,time
from array import array
try:wand
except NameError:wand=midge.load('wand.midge')
s=array('f',d)
t=time.ticks_us();a=wand(s);t=time.ticks_diff(time.ticks_us(),t)
r='%d %r %s'%(t,a.score,a.label)
"""


@dataclass(frozen=True)
class Waved:
    """What the board made of one recording. score: of the label, as the board gave it."""

    gesture: str  # what the person did
    label: str  # what the board says
    score: float
    microseconds: int
    as_here: bool  # whether label and score are what this machine computes


def wand() -> bytes:
    """Return the wand's .midge file, converted from the .tflite that came out of its training."""
    place = folder("wand")
    return convert_model(place / "wand_int8.tflite", read_labels(str(place / "labels.txt")), name="wand").blob


def recordings() -> Iterator[tuple[str, Path]]:
    """Yield a gesture's name and a recording of it, for each gesture."""
    for gesture in sorted((folder("wand") / "samples").iterdir()):
        yield gesture.name, min(gesture.glob("*.csv"))


def wave(board: Connection, blob: bytes) -> Iterator[Waved]:
    """Put the wand on a board that has Midge, and yield what it answers to each recording. Raises UserError."""
    upload(board, blob, MODEL, lambda done: None)
    here = load(blob)
    for gesture, path in recordings():
        samples = array("f", read_recording(path).reshape(-1).astype("f4").tobytes())
        microseconds, score, label = board.ask(_ANSWER, samples.tobytes(), silence_s=30).split(" ", 2)
        mine = here(samples)
        same = label == mine.label and abs(float(score) - mine.score) < 1e-6
        yield Waved(gesture, label, float(score), int(microseconds), same)


def emulated(name: str = EMULATED) -> Simulator:
    """Return an emulated board that is not started yet, without Midge if there is firmware for that."""
    board = load_board(name)
    return Simulator(board, stock=stock_firmware(board.name, board.firmware).is_file())
