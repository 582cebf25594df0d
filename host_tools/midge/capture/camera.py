# SPDX-License-Identifier: MIT
"""A board whose camera is looked through: it is named, given its driver, and its pictures come over the REPL."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import UserError
from ..graph.sight import FORMATS
from ..link.identity import identify, require_midge
from ..link.install import require_driver
from ..link.transport import BoardError, open_board
from ..link.transport.repl import Fault, ReplBoard
from ..progress import Stage, silent
from .pictures import AnswerReader, PictureReader, Seen, Shot

SILENCE_S = 30.0  # in which a board that takes pictures prints something
_DRIVERS = {"file": "file_camera", "esp32": "esp32_camera", "openmv": "openmv_camera"}
_MAKERS = {
    "file": "__import__('file_camera').FileCamera({path!r},{format!r},{width},{height},again={again})",
    "esp32": "__import__('esp32_camera').Esp32Camera({width},{height},{format!r})",
    "openmv": "__import__('openmv_camera').OpenMVCamera({width},{height},{format!r})",
}
_USUAL = {"esp32": ("rgb565", 320, 240), "openmv": ("rgb565le", 320, 240)}

# What a model on the board says of its camera, and where the file is that a simulated one sees.
_OF_MODELS = """
import os,json
from midge import load
F=[]
W=''
for f in ('','/rom'):
 try:l=os.listdir(f) if f else os.listdir()
 except OSError:continue
 for n in l:
  p=f+'/'+n if f else n
  if n=='camera.bin':W=p
  if n.endswith('.midge'):
   try:
    m=load(p)._core.metadata()
    if 'camera.size' in m:F.append([m['camera.format'],m['camera.size']])
   except (OSError,ValueError,MemoryError):pass
r=json.dumps([W,F])
"""
_START = "import midge.show as W\nc={make}\nr=W.describe(c) if hasattr(c,'rows') or hasattr(c,'capture') else 0"
_SHOW = "import midge.show as W\nr=W.show(c,{format!r},{width},0,{every},{thin},{model})"


@dataclass(frozen=True)
class Source:
    """A camera of a board: what makes it there, what it gives, its own name and the board's."""

    make: str
    name: str
    board: str
    format: str
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.name}, {self.format} of {self.width} x {self.height}"


class Looking:
    """A board with its camera running; open_looking() makes it."""

    def __init__(self, board: ReplBoard, camera: str, stage: Stage = silent) -> None:
        self.board = board
        require_midge(board)
        identity = identify(board)
        self.source = self._find(camera, identity.machine or identity.platform, stage)
        self.reader = PictureReader(self.source.format, self.source.width, self.source.height)

    def watch(
        self, hear: Callable[[list[Shot], list[Seen]], bool], every_s: float = 0, thin: int = 1, model: str = "None",
    ) -> int:
        """Let the board take pictures until hear says that it is enough, or there are no more; return how many it took.

        hear: told of what came, nothing ten times a second where nothing does. model: what is called m there, or
        "None". Raises UserError where the camera fails.
        """
        source = self.source
        self.reader = PictureReader(source.format, source.width, source.height, thin)
        answers = AnswerReader()
        code = _SHOW.format(format=source.format, width=source.width, every=round(1000 * every_s), thin=thin,
                            model=model)
        try:
            said = self.board.watch(code, lambda part: hear(self.reader.feed(part), answers.feed(part)),
                                    silence_s=max(SILENCE_S, 3 * every_s))
        except BoardError as error:
            if error.text.startswith("KeyboardInterrupt"):  # ours, where the board was not listening yet
                return 0
            raise _explain(error) from error
        except Fault as fault:
            raise UserError(f"{self.board.port}: {fault}; repeat the command") from fault
        return int(said) if said.isdecimal() else 0

    def _find(self, camera: str, machine: str, stage: Stage) -> Source:
        """Return the camera that a text names, running. Raises UserError."""
        kind, _, rest = camera.partition(",")
        if kind in _DRIVERS:
            require_driver(self.board, _DRIVERS[kind], stage)
            path, format, width, height = self._wanted(kind, rest)
            make = _MAKERS[kind].format(path=path, format=format, width=width, height=height, again=False)
        else:
            make = _object(kind)
            if not make:
                raise UserError(f"--camera {camera}: no camera of a board; wanted {', '.join(_DRIVERS)} or MODULE:NAME "
                                "of your own there; midge capture takes pc, a video or a folder of pictures, too")
            format, width, height = read_format(rest, camera) if rest else ("", 0, 0)
        try:
            facts = json.loads(self.board.ask(_START.format(make=make), silence_s=15))
        except BoardError as error:
            raise _explain(error) from error
        except ValueError:  # such as a module's function
            facts = {}
        if not facts:
            raise UserError(f"--camera {camera}: is no camera; wanted an object with rows() or capture()")
        told = re.fullmatch(r"(\d{1,5})x(\d{1,5})", str(facts["size"]))
        if told:
            width, height = int(told[1]), int(told[2])
        format = str(facts["format"]) or format
        if (format not in FORMATS and format != "jpeg") or not 0 < width < 1 << 14 or not 0 < height < 1 << 14:
            raise UserError(f"--camera {camera}: does not tell its format and size; say them, as in "
                            f"{kind},rgb565,320x240")
        return Source(make, str(facts["name"]), machine, format, width, height)

    def _wanted(self, kind: str, rest: str) -> tuple[str, str, int, int]:
        """Return the file that a simulated camera sees, and format, width and height of a camera."""
        path, told = "camera.bin", read_format(rest, f"{kind},{rest}") if rest else None
        if kind == "file":
            path, models = json.loads(self.board.ask(_OF_MODELS, silence_s=30))
            if not path:
                raise UserError(f"{self.board.port}: no camera.bin on the board; start it with midge sim --model "
                                "MODEL --camera PICTURES")
            if told is None and models:
                told = read_format(f"{models[0][0]},{models[0][1]}", kind)
        if told is not None:
            return (path, *told)
        if kind == "file":
            raise UserError("--camera file: no model with a camera on the board tells what camera.bin holds; say it, "
                            "as in file,rgb565,320x240")
        return (path, *_USUAL[kind])


def read_format(text: str, title: str) -> tuple[str, int, int]:
    """Return format, width and height from FORMAT,WIDTHxHEIGHT. Raises UserError."""
    format, _, size = text.partition(",")
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size)
    if (format not in FORMATS and format != "jpeg") or found is None or not int(found[1]) or not int(found[2]):
        raise UserError(f"--camera {title}: no pictures '{text}'; wanted FORMAT,WIDTHxHEIGHT with one of "
                        f"{', '.join(FORMATS)}, jpeg, as in rgb565,320x240")
    return format, int(found[1]), int(found[2])


def camera_for(board: ReplBoard, camera: str, known: dict[str, str], stage: Stage = silent) -> str:
    """Return what makes a camera on a board for a model with that metadata. Raises UserError.

    camera: MODULE:NAME of an object with rows() or capture(), or the path of a file with pictures in the model's format
    (drivers/file_camera.py), which are seen over and over.
    """
    check_camera(camera)
    if make := _object(camera):
        return make
    require_driver(board, _DRIVERS["file"], stage)
    width, _, height = known.get("camera.size", "0x0").partition("x")
    return _MAKERS["file"].format(path=camera, format=known.get("camera.format", ""), width=int(width),
                                  height=int(height), again=True)


def check_camera(camera: str) -> None:
    """Raise UserError for what names no camera, as camera_for has it."""
    if not camera or (":" in camera and not _object(camera)):
        raise UserError(f"camera '{camera[:60]}': wanted an object of the board's with rows() or capture(), as "
                        "MODULE:NAME, such as mycamera:camera")


def _object(text: str) -> str:
    """Return what gets an object of the board's, MODULE:NAME; "" for another text."""
    module, _, name = text.partition(":")
    return f"getattr(__import__({module!r}),{name!r})" if module.isidentifier() and name.isidentifier() else ""


@contextmanager
def open_looking(port: str | None, camera: str, stage: Stage = silent) -> Iterator[Looking]:
    """Open the board at a serial port, None for the only one there, with its camera running. Raises UserError."""
    with open_board(port) as board:
        assert isinstance(board, ReplBoard)
        yield Looking(board, camera, stage)


def _explain(error: BoardError) -> UserError:
    """Return what went wrong with a camera, for people."""
    if error.text.startswith("ImportError"):
        return UserError(f"the camera: {error.reason}; put that file on the board: mpremote cp FILE :")
    if error.text.startswith("MemoryError"):
        return UserError("the camera: the board has no room for a picture; take a smaller one")
    if error.errno is not None or error.text.startswith(("OSError", "ValueError", "AttributeError", "TypeError")):
        return UserError(f"the camera: {error.reason}")
    return error
