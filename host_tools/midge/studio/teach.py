# SPDX-License-Identifier: MIT
"""The board's own learner, taught from the page: what it is shown, what it says, what it forgets, and what is kept.

The page's wishes are done one after the other in the bench's thread, with the board open all the while. Movements are
found by this computer and given to the learner; words are heard, and pictures seen, by the board itself.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from ..capture.camera import camera_for
from ..capture.cut import Trigger
from ..capture.frames import LostSamples
from ..capture.live import as_trained
from ..capture.session import Session, Wish, leave
from ..capture.wires import microphone_for
from ..errors import UserError
from ..files import write_whole
from ..link.identity import require_midge
from ..link.learner import pull, push
from ..link.transport import BoardError, open_board
from ..link.transport.repl import ReplBoard
from ..samples.take_format import Samples, check_label
from ..train.taught import load_taught
from .hub import Hub, Stopped, stage_of
from .kinds import MOTION, PICTURE, SOUND
from .practice import CAMERA
from .project import Project
from .recorder import Recorder, Show

TEACHING = "the learner"
_PATIENCE_S = 20.0  # in which a word is said, or a picture taken
_PIECE = 4096  # bytes of pictures that are sent at a time
_PICTURE_S = 0.5  # between two pictures that are looked at
_MOST = 20  # times that one wish teaches
_ABOUT = """
import midge,json
m=midge.load({path!r})
r=json.dumps([m.info()['metadata'],m.inputs[0].shape])
del m
"""
_OPEN = """
import midge,json
from array import array
L=midge.Learner({path!r},{kept!r})
r=json.dumps(L.counts())
"""
_TEACH = "L.teach({label!r},{x})\nr=json.dumps(L.counts())"
_ANSWER = "a=L({x})\nr=json.dumps([a.label,a.score,dict(zip(L.labels,a.scores))])"


class Teacher:
    """What a board learns. facts: what pages are shown of it, None while nobody teaches."""

    def __init__(
        self, project: Project, hub: Hub, recorder: Recorder, changed: Callable[[], None],
        progress: Callable[[str, int, int], None],
    ) -> None:
        self.project, self.hub, self.recorder, self.changed, self.progress = project, hub, recorder, changed, progress
        self.facts: dict[str, Any] | None = None
        self.pictures_of: Callable[[str], bytes] | None = None  # a label's, for a practice board's camera
        self._wishes: deque[tuple[str, str]] = deque()

    def copy_of(self, model: str) -> Path:
        """Return where what was taught on a network is kept on this computer."""
        return self.project.models / f"{Path(model).stem}.taught"

    def wish(self, what: str, label: str = "", times: int = 1) -> None:
        """Have something done next: teach, untrain, forget, answer, see, save, push or stop. Raises UserError."""
        if self.facts is None:
            raise UserError("no learner is open; choose its network, and open it")
        if what not in ("teach", "untrain", "forget", "answer", "see", "save", "push", "stop"):
            raise UserError(f"'{what[:20]}': a learner cannot do that; reload the page")
        if what in ("teach", "untrain", "forget", "see"):
            check_label(label)
        if what in ("teach", "stop"):
            self._wishes = deque(wish for wish in self._wishes if wish[0] == "see")
        self._wishes.extend([(what, label)] * (max(1, min(times, _MOST)) if what == "teach" else 1))

    def run(self, port: str, model: str, wish: Wish, pins: str, camera: str, stopped: Stopped) -> None:
        """Open the learner of a network that is on the board, and do what is wished. Raises UserError.

        pins: of the board's microphone. camera: as capture.camera.camera_for.
        """
        kept = Path(model).stem[:20]
        self._wishes.clear()
        try:
            with open_board(port) as board:
                assert isinstance(board, ReplBoard)
                require_midge(board)
                board.restart()  # a network wants a block of RAM, which an upload may have left in pieces
                known, shape = json.loads(self._ask(board, _ABOUT.format(path=model)))
                of = PICTURE if "camera.size" in known else SOUND if "learn.hops" in known or len(shape) < 2 else MOTION
                ear: Any = _Ear(board, pins) if of == SOUND else None
                if of == PICTURE:
                    ear = _Eye(board, camera_for(board, camera, known), self.pictures_of)
                elif of == MOTION:
                    ear = _Hand(board, wish, known, shape, self)
                # Only now, since a driver that had to be put there made the board begin afresh.
                counts = json.loads(self._ask(board, _OPEN.format(path=model, kept=kept)))
                self.facts = {"model": model, "counts": counts, "doing": "", "label": "", "left": 0, "saved": True,
                              "of": of, "copy": self.copy_of(model).is_file()}
                self.progress("", 0, 0)
                self.changed()
                with ear:
                    self._teach(board, ear, model, kept, stopped)
        finally:
            self.facts = None
            self._wishes.clear()

    def _teach(self, board: ReplBoard, ear: Any, model: str, kept: str, stopped: Stopped) -> None:
        answering = False
        while not stopped():
            what, label = self._wishes.popleft() if self._wishes else ("answer" if answering else "", "")
            if what == "stop":
                answering = False
            elif what == "answer":
                answering = self._answer(board, ear, stopped)
            elif what == "teach":
                answering = False
                self._show("teach", label, 1 + len(self._wishes))
                self._show_taught(ear, label, stopped)
            elif what == "see":
                ear.see(label)
            elif what in ("untrain", "forget"):
                self._counted(self._ask(board, f"L.{what}({label!r})\nr=json.dumps(L.counts())"), saved=False)
            elif what == "save":
                self._save(board, model, kept)
            elif what == "push":
                push(board, kept, load_taught(self.copy_of(model)))
                counts = json.loads(self._ask(board, _OPEN.format(path=model, kept=kept)))
                self._say(counts=counts, saved=True)
            else:
                self._show("", "", 0)
                ear.rest(lambda: stopped() or bool(self._wishes))

    def _save(self, board: ReplBoard, model: str, kept: str) -> None:
        """Have the board keep what it was taught, and keep a copy here."""
        self._ask(board, "L.save();r=''")
        taught = pull(board, kept)
        write_whole(self.copy_of(model), lambda aside: aside.write_bytes(taught.blob))
        self._say(saved=True, copy=True)

    def _show_taught(self, ear: Any, label: str, stopped: Stopped) -> None:
        """Teach once; what was silent, or the same again, is told, and may be shown again."""
        try:
            said = ear.give(lambda x: _TEACH.format(label=label, x=x), self._interrupted(stopped))
        except BoardError as error:
            if not error.text.startswith("ValueError"):
                raise
            self.hub.tell("notice", code="again", reason=error.reason)
            self._wishes.appendleft(("teach", label))
            return
        if said is not None:
            self._counted(said, saved=False)

    def _answer(self, board: ReplBoard, ear: Any, stopped: Stopped) -> bool:
        """Say what the learner makes of the next movement or word; return whether to go on."""
        if self.facts is None or not self.facts["counts"]:
            return False
        self._show("answer", "", 0)
        try:
            said = ear.give(lambda x: _ANSWER.format(x=x), self._interrupted(stopped))
        except BoardError as error:
            if not error.text.startswith("ValueError"):
                raise
            return True  # nothing was said for a while
        if said is not None:
            label, score, scores = json.loads(said)
            self.hub.tell("learned", label=label, score=round(score, 4), scores=scores)
        return True

    def _interrupted(self, stopped: Stopped) -> Stopped:
        """Return what tells that a wish is to be left: for one of another kind, since those to teach go on."""
        return lambda: stopped() or bool(self._wishes and self._wishes[0][0] != "teach")

    def _ask(self, board: ReplBoard, code: str) -> str:
        try:
            return board.ask(code, silence_s=30)
        except BoardError as error:
            raise UserError(f"{board.port}: the board's learner: {error.text}") from error

    def _counted(self, said: str, saved: bool) -> None:
        self._say(counts=json.loads(said), saved=saved)

    def _show(self, doing: str, label: str, left: int) -> None:
        self._say(doing=doing, label=label, left=left)

    def _say(self, **facts: Any) -> None:
        if self.facts is not None and self.facts != {**self.facts, **facts}:
            self.facts = {**self.facts, **facts}
            self.changed()


class _Hand:
    """Movements: this computer finds where one begins, and gives the learner its samples."""

    def __init__(self, board: ReplBoard, wish: Wish, known: dict[str, str], shape: list[int], teacher: Teacher) -> None:
        self.board, self.length = board, shape[-2]
        self.session = Session(board, as_trained(wish, known, shape), stage_of(teacher.progress))
        self.show = Show(teacher.recorder)
        teacher.recorder.shown(self.session.source, self.session.source.rate_hz, self.session.source.columns)
        self.recorder = teacher.recorder

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.recorder.facts.sensor = None
        leave(self.session)

    def rest(self, until: Stopped) -> None:
        """Show samples until there is something to do."""
        self._hear(lambda block: until())

    def give(self, code: Callable[[str], str], stopped: Stopped) -> str | None:
        """Wait for a movement, and return what the board's code leaves of it; None where it was stopped before."""
        source = self.session.source
        trigger = Trigger(self.length, source.rate_hz, source.units)
        found: list[Samples] = []

        def hear(block: Samples) -> bool:
            take = None if found else trigger.feed(block)
            if take is not None:
                found.append(take)
            return bool(found) or stopped()

        self._hear(hear)
        if not found:
            return None
        return self.board.ask(code("array('f',d)"), found[0].astype("<f4").tobytes(), silence_s=30)

    def _hear(self, enough: Callable[[Samples], bool]) -> None:
        frames = self.session.frames()

        def hear(block: Samples) -> bool:
            frames.blocks.clear()
            self.show.samples(block, None)
            return enough(block)

        try:
            self.session.record_once(0, hear, frames)
        except LostSamples as lost:
            self.show.again(str(lost))


class _Ear:
    """Words: the board's own microphone waits for one."""

    def __init__(self, board: ReplBoard, pins: str) -> None:
        self.board, self.code = board, f"k={microphone_for(board, pins)}"

    def __enter__(self) -> None:
        self.board.ask(self.code)

    def __exit__(self, *_: object) -> None:
        self.board.ask("k.stop()")

    def rest(self, until: Stopped) -> None:
        """Wait until there is something to do."""
        while not until():
            sleep(0.1)

    def give(self, code: Callable[[str], str], stopped: Stopped) -> str | None:
        """Wait for a word, and return what the board's code leaves of it; None where it was stopped before."""
        return None if stopped() else self.board.ask(code("k"), silence_s=_PATIENCE_S)


class _Eye:
    """Pictures: the board's own camera takes the next one."""

    def __init__(self, board: ReplBoard, make: str, pictures_of: Callable[[str], bytes] | None) -> None:
        self.board, self.make, self.pictures_of = board, make, pictures_of

    def __enter__(self) -> None:
        self.board.ask(f"k={self.make}")

    def __exit__(self, *_: object) -> None:
        pass

    def see(self, label: str) -> None:
        """Have a practice board's camera see takes of a label from now on. Raises UserError."""
        if self.pictures_of is None:
            return
        seen = self.pictures_of(label)
        for at in range(0, len(seen), _PIECE):  # an upload would begin afresh, and what is taught be lost
            self.board.ask(f"f=open({CAMERA!r},{'ab' if at else 'wb'!r})\nf.write(d)\nf.close()", seen[at:at + _PIECE])
        self.board.ask(f"k={self.make}")

    def rest(self, until: Stopped) -> None:
        """Wait until there is something to do."""
        while not until():
            sleep(0.1)

    def give(self, code: Callable[[str], str], stopped: Stopped) -> str | None:
        """Return what the board's code leaves of the next picture; None where it was stopped before."""
        end = monotonic() + _PICTURE_S
        while monotonic() < end:
            if stopped():
                return None
            sleep(0.05)
        return self.board.ask(code("k"), silence_s=_PATIENCE_S)
