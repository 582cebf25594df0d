# SPDX-License-Identifier: MIT
"""What a model on a board answers to the board's sensor, as it comes."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..errors import UserError
from ..link.identity import require_midge
from ..link.transport import BoardError, open_board
from ..link.transport.repl import Fault, ReplBoard
from ..progress import Stage, silent
from .frames import FrameReader
from .session import Session, Wish, leave

_SILENCE_S = 86400.0  # nothing need ever be answered
_HEAD = struct.Struct("<IHbb")

# The models in the current folder, or else those in ROMFS.
_MODELS = """
import os
r=[n for n in os.listdir() if n.endswith('.midge')]
if not r:
 try:r=['/rom/'+n for n in os.listdir('/rom') if n.endswith('.midge')]
 except OSError:pass
r=' '.join(sorted(r))
"""
_FACTS = """
import midge,json
m=midge.load({path!r})
r=json.dumps([m.labels,m.info()['metadata'],m.inputs[0].shape])
del m
"""
_RUN = "import midge\nimport midge.live as L\nm=midge.load({path!r})\nL.live(m,s,{every})"


@dataclass(frozen=True)
class Heard:
    """One window, or one answer.

    label is what the highest score is of, None where it is uncertain; answer is what the board answers now, None for
    nothing. scores: float32 [labels]. lost: how often the board was too slow for its sensor.
    """

    seconds: float
    label: str | None
    answer: str | None
    scores: npt.NDArray[np.float32]
    lost: int


@dataclass(frozen=True)
class Listening:
    """A board that can answer: which model, with what labels; the session has board and sensor."""

    session: Session
    path: str
    labels: list[str]

    def run(self, hear: Callable[[Heard | None], bool], every: bool = False) -> None:
        """Let the board answer until hear returns True.

        hear: told of each answer, or of every window, and of None about ten times a second. Raises UserError where the
        sensor is not what the network was trained on, falls silent, or the board goes away.
        """
        rate = self.session.source.rate_hz
        reader = FrameReader(b"l")

        def heard(said: bytes) -> bool:
            enough = hear(None)
            for body in reader.feed(said):
                if body is not None:  # a damaged one is missed, as a word is
                    enough = hear(read_answer(body, self.labels, rate)) or enough
            return enough

        try:
            code = _RUN.format(path=self.path, every=every)
            self.session.board.watch(code, heard, silence_s=_SILENCE_S)
        except BoardError as error:
            if error.text.startswith("KeyboardInterrupt"):  # ours, before the board listened for it
                return
            if error.text.startswith("ValueError"):
                raise UserError(f"{self.path}: {error.reason}; choose --rate, --accel or --gyro, or train with takes "
                                "of this sensor") from error
            raise
        except Fault as fault:
            raise UserError(f"{self.session.board.port}: {fault}; repeat the command") from fault


@contextmanager
def open_listening(
    port: str | None, path: str | None, wish: Wish, stage: Stage = silent
) -> Iterator[Listening]:
    """Open the board at a serial port, None for the only one there, with its sensor as a model wants it.

    path: of the model on the board, None for the only one there. wish: what is not said there the model says, by the
    takes that it was trained on. Raises UserError.
    """
    with open_board(port) as board:
        assert isinstance(board, ReplBoard)
        require_midge(board)
        path = path or _only_model(board)
        try:
            labels, metadata, shape = json.loads(board.ask(_FACTS.format(path=path), silence_s=30))
        except BoardError as error:
            raise UserError(f"{path}: the board cannot load it ({error.text}); put one there: midge upload") from error
        session = Session(board, as_trained(wish, metadata, shape), stage)
        try:
            yield Listening(session, path, labels)
        finally:
            leave(session)


def as_trained(wish: Wish, metadata: dict[str, str], shape: list[int]) -> Wish:
    """Return a wish with what it leaves open as a model's metadata and the shape of its input say."""
    columns = metadata.get("sensor.columns", "").split(",")
    units = metadata.get("sensor.units", "").split(",")
    ranges = dict(zip(units, metadata.get("sensor.range", "").split(","), strict=False))
    six = "gx" in columns if columns != [""] else 6 in shape[1:]
    rate, accel, gyro = metadata.get("sensor.rate_hz"), ranges.get("g"), ranges.get("dps")
    return replace(
        wish,
        rate_hz=wish.rate_hz if wish.rate_hz is not None else float(rate) if rate else None,
        accel_g=wish.accel_g if wish.accel_g is not None else float(accel) if accel else None,
        gyro_dps=None if not six else wish.gyro_dps if wish.gyro_dps is not None else float(gyro) if gyro else 500,
    )


def model_on(board: ReplBoard, path: str | None) -> tuple[str, dict[str, str]]:
    """Return the path of a model on a board, None for the only one there, and its metadata. Raises UserError."""
    path = path or _only_model(board)
    try:
        return path, json.loads(board.ask(_FACTS.format(path=path), silence_s=30))[1]
    except BoardError as error:
        raise UserError(f"{path}: the board cannot load it ({error.text}); put one there: midge upload") from error


def _only_model(board: ReplBoard) -> str:
    found = board.ask(_MODELS).split()
    if len(found) == 1:
        return found[0]
    if not found:
        raise UserError(f"{board.port}: no model on the board; put one there: midge upload wand.midge")
    raise UserError(f"{board.port}: {len(found)} models on the board; name one: {', '.join(found)}")


def read_answer(body: bytes, labels: list[str], rate_hz: float) -> Heard:
    """Return what a frame of mpy_lib/midge/live.py says."""
    samples, lost, answer, best = _HEAD.unpack_from(body)

    def name(index: int) -> str | None:
        return None if index < 0 else labels[index] if index < len(labels) else str(index)

    scores = np.frombuffer(body, "<f4", offset=_HEAD.size)
    return Heard(samples / rate_hz, name(best), name(answer), scores, lost)
