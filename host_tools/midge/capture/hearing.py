# SPDX-License-Identifier: MIT
"""What a model on a board answers to the board's microphone or camera, as it comes.

The frames are those of mpy_lib/midge/live.py. A microphone is known by its wires; a camera is an object of the board's,
or a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import UserError
from ..link.identity import require_midge
from ..link.transport import BoardError, open_board
from ..link.transport.repl import Fault, ReplBoard
from ..progress import Stage, silent
from .camera import camera_for, check_camera
from .frames import FrameReader
from .live import Heard, read_answer
from .wires import check_wires, microphone_for

_SILENCE_S = 86400.0  # nothing need ever be answered
_FACTS = "import midge,json\nm=midge.load({path!r})\nr=json.dumps([m.labels,m.info()['metadata']])\ndel m"

# A gate sees each hop before the models do: there the scores of the hop before are told, every third of them.
_HEAR = """
import midge,struct
from array import array
from midge.record import frame
m=midge.load({path!r})
k={microphone}
def say(a):
 s=L.scores()
 b=s.index(max(s))
 frame('l',struct.pack('<IHbb',L.samples,L.lost&65535,a,b)+bytes(array('f',s)))
n=0
def gate(x):
 global n
 n+=1
 if n%3==0:say(-1)
 return 1
L=midge.listen(k,m,gate=gate)
try:
 for h in L:say(m.labels.index(h.label))
except KeyboardInterrupt:pass
k.stop()
"""
_SEE = """
import midge,struct
from array import array
from time import sleep_ms
from midge.record import frame
m=midge.load({path!r})
c={camera}
n=0
try:
 for a in midge.watch(m,c):
  b=-1 if a.label=='uncertain' else a.index
  frame('l',struct.pack('<IHbb',n,0,b,b)+bytes(array('f',a.scores)))
  n+=1
  sleep_ms({pause_ms})
except KeyboardInterrupt:pass
"""


@dataclass(frozen=True)
class Hearing:
    """A board that can answer to its microphone or camera: the model's path and labels there, and the code to run.

    rate_hz: of what Heard.seconds are counted in.
    """

    board: ReplBoard
    path: str
    labels: list[str]
    rate_hz: float
    code: str

    def run(self, hear: Callable[[Heard | None], bool]) -> None:
        """Let the board answer until hear returns True; told of each answer, of scores, and of None now and then.

        Raises UserError where the board goes away, and BoardError with what it says.
        """
        reader = FrameReader(b"l")

        def heard(said: bytes) -> bool:
            enough = hear(None)
            for body in reader.feed(said):
                if body is not None:
                    enough = hear(read_answer(body, self.labels, self.rate_hz)) or enough
            return enough

        try:
            self.board.watch(self.code, heard, silence_s=_SILENCE_S)
        except BoardError as error:
            if not error.text.startswith("KeyboardInterrupt"):
                raise
        except Fault as fault:
            raise UserError(f"{self.board.port}: {fault}; begin again") from fault


@contextmanager
def open_hearing(port: str, path: str, pins: str, stage: Stage = silent) -> Iterator[Hearing]:
    """Open a board whose microphone a model on it listens to. pins: as microphone_for. Raises UserError."""
    check_wires(pins)
    with open_board(port) as board:
        assert isinstance(board, ReplBoard)
        labels, known = _loaded(board, path)
        code = _HEAR.format(path=path, microphone=microphone_for(board, pins, stage))
        yield Hearing(board, path, labels, float(known.get("sensor.rate_hz", 16000)), code)


@contextmanager
def open_seeing(port: str, path: str, camera: str, pause_ms: int = 0, stage: Stage = silent) -> Iterator[Hearing]:
    """Open a board whose camera a model on it looks through. Raises UserError.

    camera: as camera.camera_for. pause_ms: between two pictures.
    """
    check_camera(camera)
    with open_board(port) as board:
        assert isinstance(board, ReplBoard)
        require_midge(board)
        board.restart()  # a model in RAM needs its bytes in one piece, and uploads leave them in many
        labels, known = _loaded(board, path)
        make = camera_for(board, camera, known, stage)
        yield Hearing(board, path, labels, 1.0, _SEE.format(path=path, camera=make, pause_ms=pause_ms))


def _loaded(board: ReplBoard, path: str) -> tuple[list[str], dict[str, str]]:
    """Return a model's labels and metadata, as the board has them. Raises UserError."""
    require_midge(board)
    try:
        labels, known = json.loads(board.ask(_FACTS.format(path=path), silence_s=30))
    except BoardError as error:
        raise UserError(f"{path}: the board cannot load it ({error.text}); put one there: midge upload") from error
    return labels, known
