# SPDX-License-Identifier: MIT
"""Microphones to record: a board's, whose samples come over the REPL, and the PC's own."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from ..convert.pipeline import convert_graph
from ..errors import UserError
from ..graph import Tensor
from ..graph.builder import Builder
from ..link.transport import open_board
from ..link.transport.repl import ReplBoard
from ..optional import need
from ..progress import Stage, silent
from .frames import LostSamples
from .session import Session, Wish, leave
from .wires import check_wires, microphone_for

RATE_HZ = 16_000
_IN_A_FRAME = 240  # samples
_BLOCK = 480  # that the PC's microphone gives at a time
_WAIT_S = 5.0  # for a block

_LOOK = """
try:s.stop()
except (NameError,AttributeError):pass
from binascii import a2b_base64
H=a2b_base64({hop!r})
"""


class Microphone(Protocol):
    """What can be heard. name: what it is. place: where."""

    name: str
    place: str

    def listen(self, hear: Callable[[np.ndarray], bool], samples: int = 0) -> None:
        """Hand blocks of reals [samples], -1 to 1, to `hear` until it returns True, or so many samples came.

        Raises LostSamples where what comes next does not follow on what came, and UserError.
        """

    def play(self, sound: np.ndarray) -> None:
        """Play a sound through the PC's loudspeaker, and wait for its end. Raises UserError."""


class _Player:
    """Plays on the PC."""

    def play(self, sound: np.ndarray) -> None:
        """Play a sound through the PC's loudspeaker, and wait for its end."""
        device = _sounddevice("playing what was recorded")
        try:
            device.play(sound, RATE_HZ, blocking=True)
        except device.PortAudioError as error:
            raise UserError(f"the PC's loudspeaker: {error}; choose another in the system's settings, or leave out "
                            "--play") from error


class SoundSession(Session):
    """A board with a microphone running."""

    recorder = "record_sound"
    named = "--mic", "microphone", "read_into()"

    def _asked(self, samples: int) -> str:
        return f"{samples},H"

    def _look(self) -> str:
        return _LOOK.format(hop=_hop())

    def _find(self) -> str:
        if self.wish.object:
            return super()._find()
        return microphone_for(self.board, self.wish.bus, self._stage)


def _hop() -> str:
    """Return a .midge file of 160 bytes by whose input samples are scaled as a model's are, in base64."""
    from base64 import b64encode

    build = Builder("hop")
    x = Tensor("sound", (_IN_A_FRAME,), "int16")
    return b64encode(convert_graph(build.graph([x], [x]), [], "hop", 0).blob).decode()


class BoardMicrophone(_Player):
    """The microphone of a board."""

    def __init__(self, session: SoundSession) -> None:
        self._session = session
        self.name, self.place = session.source.sensor, session.source.board
        if round(session.source.rate_hz) != RATE_HZ:
            raise UserError(f"{self.name}: hears {session.source.rate_hz:g} samples a second, wanted {RATE_HZ}; make "
                            "it with rate_hz=16000")

    def listen(self, hear: Callable[[np.ndarray], bool], samples: int = 0) -> None:
        """Hand blocks to `hear` until it returns True, or so many samples came."""
        try:
            self._session.record_once(samples, lambda block: hear(block[:, 0]),
                                      self._session.frames(keep=False))
        except LostSamples as lost:
            if str(lost) == "the board was too slow for this rate":
                raise LostSamples("the board could not send its sound in time: 44 kB a second want USB, or a serial "
                                  "line of 460800 baud") from lost
            raise


class PcMicrophone(_Player):
    """The microphone of this PC."""

    name, place = "the PC's microphone", "this PC"

    def listen(self, hear: Callable[[np.ndarray], bool], samples: int = 0) -> None:
        """Hand blocks to `hear` until it returns True, or so many samples came."""
        device = _sounddevice("the PC's microphone")
        blocks: queue.Queue[tuple[np.ndarray, bool]] = queue.Queue()

        def came(data: np.ndarray, count: int, time: Any, status: Any) -> None:
            blocks.put((data[:, 0].copy(), bool(status.input_overflow)))

        try:
            with device.InputStream(RATE_HZ, _BLOCK, channels=1, dtype="float32", callback=came):
                heard = 0
                while not samples or heard < samples:
                    block, lost = blocks.get(timeout=_WAIT_S)
                    if lost:
                        raise LostSamples("the PC was too slow")
                    heard += len(block)
                    if hear(block):
                        return
        except queue.Empty:
            raise UserError(f"the PC's microphone gave no sample for {_WAIT_S:g} s; choose another in the system's "
                            "settings") from None
        except device.PortAudioError as error:
            raise UserError(f"the PC's microphone: {error}; plug one in, and choose it in the system's settings"
                            ) from error


def _sounddevice(purpose: str) -> Any:
    try:
        return need("sounddevice", "audio", purpose)
    except OSError as error:  # its package is there, and PortAudio is not
        raise UserError(f"{purpose} needs PortAudio ({error}); apt-get install libportaudio2") from error


@contextmanager
def open_microphone(wanted: str, port: str | None, stage: Stage = silent) -> Iterator[Microphone]:
    """Open a microphone: "pc", or that of the board at a port, by its wires or as MODULE:NAME. Raises UserError."""
    if wanted == "pc":
        yield PcMicrophone()
        return
    wish = Wish(object=wanted) if ":" in wanted else Wish(bus=wanted)
    check_wires(wish.bus)
    with open_board(port) as board:
        assert isinstance(board, ReplBoard)
        session = SoundSession(board, wish, stage)
        try:
            yield BoardMicrophone(session)
        finally:
            leave(session)
