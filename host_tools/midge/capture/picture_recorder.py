# SPDX-License-Identifier: MIT
"""Labelled pictures, from a board's camera or this PC's: each is on the disk before the next one comes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Protocol

import numpy as np

from ..errors import UserError
from ..files import write_whole
from ..optional import need
from ..progress import Stage, silent
from ..samples.picture_quality import faults_of
from ..samples.take_format import check_label
from .camera import Looking, open_looking
from .pc_camera import is_of_this_pc, pictures_of
from .pictures import Shot

_TICK_S = 0.1
_LOSSES_IN_A_ROW = 10  # pictures that are lost with none between them that came whole


@dataclass(frozen=True)
class PicturePlan:
    """What is to be taken: so many pictures of a class, so many seconds apart, after so many seconds."""

    label: str
    count: int = 1
    every_s: float = 0.5
    out: Path = Path("data")
    person: str = ""
    session: str = ""
    countdown: float = 3


@dataclass(frozen=True)
class Taken:
    """A file that was written, what is doubtful about it, and how many pictures were lost on the way so far."""

    path: Path
    faults: list[str]
    lost: int
    seconds: float


class PictureDisplay(Protocol):
    """Whoever shows what goes on."""

    def waiting(self, seconds: float) -> None:
        """Show that the first picture is taken in so many seconds."""

    def taken(self, number: int, taken: Taken, pixels: np.ndarray) -> None:
        """Tell of a file that has been written, and show what is in it."""


class Camera(Protocol):
    """What gives pictures. title: what it is, for people."""

    title: str

    @property
    def lost(self) -> int:
        """How many pictures did not come whole."""

    @property
    def line(self) -> str:
        """What the line to it took, for people; "" for none."""

    def shots(self, every_s: float, hear: Callable[[list[Shot]], bool]) -> None:
        """Hand over pictures as they come, none ten times a second, until hear says that it is enough."""


class BoardCamera:
    """The camera of a board."""

    def __init__(self, looking: Looking) -> None:
        self.looking = looking
        self.title = str(looking.source)

    @property
    def lost(self) -> int:
        """Return how many pictures did not come whole."""
        return self.looking.reader.lost

    @property
    def line(self) -> str:
        """Return what share of the rows' bytes went over the line."""
        reader = self.looking.reader
        return f"rows took {reader.sent / reader.raw:.0%} of their bytes on the line" if reader.raw else ""

    def shots(self, every_s: float, hear: Callable[[list[Shot]], bool]) -> None:
        """Hand over pictures as they come. Raises UserError."""
        whole = 0

        def heard(shots: list[Shot], _: object) -> bool:
            nonlocal whole
            whole = self.lost if shots else whole
            if self.lost - whole > _LOSSES_IN_A_ROW:
                raise UserError(f"{self.looking.board.port}: {_LOSSES_IN_A_ROW} pictures in a row did not come whole"
                                f"{self._why()}; take smaller ones, or try another cable")
            return hear(shots)

        self.looking.watch(heard, every_s)

    def _why(self) -> str:
        late = self.looking.reader.late
        return ", because the board lost rows while it sent others" if late else ""


class PcCamera:
    """A camera, a video or a folder of this PC's."""

    lost = 0
    line = ""

    def __init__(self, camera: str) -> None:
        self.camera = self.title = camera

    def shots(self, every_s: float, hear: Callable[[list[Shot]], bool]) -> None:
        """Hand over pictures, of a camera in time. Raises UserError."""
        live = self.camera.startswith("pc") and not Path(self.camera).exists()
        for number, pixels in enumerate(_timed(pictures_of(self.camera, every_s), every_s if live else 0)):
            if hear([Shot(number, pixels)]):
                return


def _timed(pictures: Iterator[np.ndarray], every_s: float) -> Iterator[np.ndarray]:
    """Yield those pictures that come when so much time has gone by since the last one; others are looked past."""
    last = -every_s
    for picture in pictures:
        if monotonic() - last >= every_s:
            last = monotonic()
            yield picture


@contextmanager
def open_camera(port: str | None, camera: str, stage: Stage = silent) -> Iterator[Camera]:
    """Open what --camera names: of this PC's, or of the board at a serial port. Raises UserError."""
    if is_of_this_pc(camera):
        yield PcCamera(camera)
        return
    with open_looking(port, camera, stage) as looking:
        yield BoardCamera(looking)


def take_pictures(
    camera: Camera, plan: PicturePlan, display: PictureDisplay, stopped: Callable[[], bool] = lambda: False
) -> list[Taken]:
    """Take the pictures of a plan, or as many as there are, and return what was written.

    Raises UserError; what came before is on the disk.
    """
    check_label(plan.label)
    need("PIL.Image", "media", "writing pictures")
    left = plan.countdown
    while left > 0 and not stopped():
        display.waiting(left)
        sleep(min(_TICK_S, left))
        left -= _TICK_S
    done: list[Taken] = []
    begin = monotonic()

    def hear(shots: list[Shot]) -> bool:
        for shot in shots:
            if len(done) < plan.count:
                path = _write(plan, shot)
                done.append(Taken(path, faults_of(shot.pixels), camera.lost, monotonic() - begin))
                display.taken(len(done), done[-1], shot.pixels)
        return len(done) >= plan.count or stopped()

    camera.shots(plan.every_s, hear)
    if not done and not stopped():
        raise UserError(f"{camera.title}: gave no picture; is what it sees a whole one of its format and size?")
    return done


def _write(plan: PicturePlan, shot: Shot) -> Path:
    """Write a picture under the next free number of its class, as PNG, or as the camera's own JPEG."""
    folder = plan.out / plan.label
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}; choose another --out") from error
    who = "_".join(_word(part) for part in (plan.label, plan.person, plan.session) if part)
    suffix = ".jpg" if shot.jpeg else ".png"
    number = 1 + max((_number(p.stem, who) for p in folder.iterdir()), default=0)
    path = folder / f"{who}_{number:03}{suffix}"
    content = shot.jpeg
    if not content:
        module, buffer = need("PIL.Image", "media", "writing pictures"), io.BytesIO()
        pixels = shot.pixels[..., 0] if shot.pixels.shape[2] == 1 else shot.pixels
        module.fromarray(pixels).save(buffer, "PNG")
        content = buffer.getvalue()
    write_whole(path, lambda aside: aside.write_bytes(content))
    return path


def _word(text: str) -> str:
    return "".join(c if c.isalnum() or c == "-" else "-" for c in text)


def _number(stem: str, who: str) -> int:
    end = stem.removeprefix(f"{who}_")
    return int(end) if stem.startswith(f"{who}_") and end.isdecimal() else 0
