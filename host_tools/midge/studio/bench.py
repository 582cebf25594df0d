# SPDX-License-Identifier: MIT
"""The board that is worked with: looked for, given Midge and models, its sensor recorded, its answers heard.

All of it is what commands call: survey (midge boards), install_at (install), open_session and record_takes (capture),
upload_model (upload), verify_model (verify), open_listening (live). One thing is done at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..capture.hearing import open_hearing, open_seeing
from ..capture.live import Heard, open_listening
from ..capture.session import Wish
from ..errors import UserError
from ..link.identity import identify
from ..link.install import install_at
from ..link.survey import survey
from ..link.transport import BoardError, open_board
from ..link.upload import upload, upload_model
from ..link.verify import verify_model
from ..samples.take_format import check_label
from .ear import keep_sound
from .facts import Facts
from .feeds import Feed, sound_source
from .here import Listening, Miss, Misses
from .hub import Hub, Stopped, Worker, stage_of
from .kinds import MOTION, PICTURE, SOUND
from .practice import CAMERA, RATE_HZ, SEEN, Practice, pictures
from .recorder import Recorder
from .shelf import Shelf
from .teach import TEACHING, Teacher

PAUSE_MS = 700  # between two pictures that a board's camera sees
_PATIENCE_S = 15.0  # in which work with a board ends once it is asked to
SENSOR, LISTENING = "the sensor", "live answers"


class Bench:
    """The board. changed: called when facts have changed. failed: told what went wrong, in a sentence."""

    def __init__(self, shelf: Shelf, hub: Hub, changed: Callable[[], None], failed: Callable[[str], None]) -> None:
        self.shelf, self.project, self.hub, self.changed = shelf, shelf.project, hub, changed
        self.feeds: dict[str, Feed] = {}  # what pages and phones send
        self.facts = Facts()
        self.practice: Practice | None = None
        self.worker = Worker(changed, failed)
        self.recorder = Recorder(shelf, hub, self.facts, changed, self.progress)
        self.teacher = Teacher(self.project, hub, self.recorder, changed, self.progress)
        self.misses = Misses([], 1.0)
        self._seen: list[str] = []  # takes that the practice board's camera sees, in their order

    def state(self) -> dict[str, Any]:
        """Return what pages show."""
        practice = None
        if self.practice is not None:
            practice = self.practice.facts()
            if self.shelf.kind() != MOTION:
                practice["movements"] = list(self.shelf.labels())
        return {**asdict(self.facts), "source": self.source(), "sources": self.sources(), "busy": self.worker.kind,
                "practice": practice, "learner": self.teacher.facts,
                "phone": "phone" in self.feeds}

    def close(self) -> None:
        """End what is going on, and the practice board."""
        self.worker.stop(_PATIENCE_S)
        if self.practice is not None:
            self.practice.stop()

    # Boards

    def look(self) -> None:
        """Look at what is plugged in."""
        self._free()
        self.worker.start("looking for boards", self._look)

    def _look(self, stopped: Stopped) -> None:
        own = [self.practice.port] if self.practice else []
        found = [*survey().attached, *(place for port in own for place in survey(port, interrupt=True).attached)]
        self.facts.found = [{**place.facts(), "practice": place.port in own} for place in found]
        ready = [place.port for place in found if place.midge and place.midge.startswith("Midge")]
        if self.facts.port not in [place.port for place in found]:
            self.facts.port = ready[-1] if ready else ""

    def start_practice(self, recording: Path | None = None) -> None:
        """Start an emulated board, and choose it."""
        self._free()
        self.worker.start("starting a practice board", lambda stopped: self._start_practice(recording, stopped))

    def _start_practice(self, recording: Path | None, stopped: Stopped) -> None:
        if self.practice is not None:
            self.practice.stop()
            self.practice = None
        self.practice = Practice(recording)
        self.facts.port = self.practice.port
        self.facts.sensor = self.facts.put = self.facts.live = None
        if not any(self.project.data.glob("*/*")):  # its recordings are of this rate
            self.project.change({"rate_hz": RATE_HZ, "gyro_dps": 0})
        self._look(stopped)

    def stop_practice(self) -> None:
        """Stop the emulated board."""
        self._free()
        if self.practice is not None:
            port = self.practice.port
            self.practice.stop()
            self.practice = None
            self.facts.found = [place for place in self.facts.found or [] if place["port"] != port]
            if self.facts.port == port:
                self.choose("")
        self.changed()

    def move(self, movement: str) -> None:
        """Have the emulated board's sensor play another movement. Raises UserError."""
        if self.practice is None:
            raise UserError("no practice board runs; start one on the page Board")
        if self.shelf.kind() == SOUND:
            self.practice.hear(movement, self.shelf.files(movement, SEEN))
        elif self.shelf.kind() == PICTURE:
            self.teacher.wish("see", movement)
            self.practice.movement = movement
        else:
            self.practice.move(movement)
        self.changed()

    def choose(self, port: str) -> None:
        """Work with the board at a port from now on. Raises UserError."""
        if port and port not in [place["port"] for place in self.facts.found or []]:
            raise UserError(f"{port[:80]}: no board was found there; look again")
        self._free()
        self.facts.port = port
        self.facts.sensor = self.facts.put = self.facts.live = None
        self.changed()

    def install(self) -> None:
        """Put Midge on the board. Raises UserError."""
        port = self._port()
        self._free()

        def run(stopped: Stopped) -> None:
            try:
                install_at(port, stage_of(self.progress, stopped))
            finally:
                self.facts.progress = None
            self._look(stopped)

        self.worker.start("installing Midge", run)

    # What is recorded

    def sources(self) -> list[str]:
        """Return where samples can come from."""
        kind = self.shelf.kind()
        own = {MOTION: ["board"], SOUND: ["browser", *(["board"] if self.facts.port else [])], PICTURE: ["browser"]}
        return [*own[kind], *(["phone"] if "phone" in self.feeds else [])]

    def choose_source(self, source: str) -> None:
        """Record from elsewhere from now on. Raises UserError."""
        if source not in self.sources():
            raise UserError(f"source '{source[:40]}': wanted {' or '.join(self.sources())}")
        self._free()
        self.facts.source = source
        self.changed()

    def join_phone(self, feed: Feed) -> None:
        """Take samples from a phone as well, and rather than from nowhere."""
        self.feeds["phone"] = feed
        if not self.facts.port and self.shelf.kind() == MOTION:
            self.facts.source = "phone"
        self.changed()

    def leave_phone(self, feed: Feed) -> None:
        """Forget a phone that went."""
        if self.feeds.get("phone") is feed:
            del self.feeds["phone"]
        self.changed()

    def hear(self, source: str, message: bytes) -> None:
        """Take in what a page or a phone sent."""
        feed = self.feeds.get(source)
        if feed is not None:
            feed.put(message)

    def watch(self) -> None:
        """Show what the sensor measures, or the microphone hears. Raises UserError."""
        if self.worker.kind == SENSOR and not self.worker.ending:
            return
        kind, source = self.shelf.kind(), self.source()
        if source == "board":
            port = self._port()
            self._free()
            watch = self.recorder.watch_microphone if kind == SOUND else self.recorder.watch_board
            self.worker.start(SENSOR, lambda stopped: watch(port, stopped))
            return
        self._free()
        feed = self._fed()
        run = self.recorder.watch_sound if kind == SOUND else self.recorder.watch_feed
        self.worker.start(SENSOR, lambda stopped: run(feed, stopped))

    def _fed(self) -> Feed:
        """Return what a phone sends, or else a page, from now on."""
        source = "phone" if self.source() == "phone" else "browser"
        if source == "browser":
            self.feeds[source] = Feed(sound_source("This computer's microphone"))
        self.feeds[source].begin()
        return self.feeds[source]

    def source(self) -> str:
        """Return where samples come from."""
        return self.facts.source if self.facts.source in self.sources() else self.sources()[0]

    def record(self, label: str, count: int, seconds: float, countdown: float, way: str) -> None:
        """Record takes. way: countdown, trigger or pauses. Raises UserError where another recording goes on."""
        if self.facts.taking is not None or self.recorder.waits:
            raise UserError("takes are being recorded; stop that first, or wait until they are done")
        check_label(label)
        self.watch()
        self.recorder.begin(label, count, seconds, countdown, way)

    def halt(self) -> None:
        """End the takes that are being recorded; those that are whole are kept."""
        self.recorder.halt = True

    def leave(self) -> None:
        """End what is shown of the sensor, or of the answers, unless takes are being recorded."""
        if self.facts.taking is None and self.worker.kind in (SENSOR, LISTENING, TEACHING):
            self.worker.stop()

    # The model

    def put(self, model: Path) -> None:
        """Upload a model, and compare the board's answers with this machine's. Raises UserError."""
        port = self._port()
        if not model.is_file():
            raise UserError(f"{model.name}: is not there; train a model first")
        self._free()

        def run(stopped: Stopped) -> None:
            stage = stage_of(self.progress, stopped)
            self.facts.put = None
            try:
                done = upload_model(model, port, stage=stage)
                proof = verify_model(model, port, stage=stage)
                proof.require_equal()
                with open_board(port) as board:
                    title = identify(board).title
                self.facts.put = {"model": model.name, "port": port, "board": title, "bytes": done.size,
                                  "seconds": round(done.seconds, 2), "unchanged": done.unchanged, "runs": proof.runs,
                                  "compared": proof.compared, "microseconds": proof.median_us}
            finally:
                self.facts.progress = None

        self.worker.start("putting the model on the board", run)

    def listen(self, model: str) -> None:
        """Show what a model on the board answers to its sensor, microphone or camera. Raises UserError."""
        port = self._port()
        self._free()
        run = {MOTION: self._listen, SOUND: self._hear, PICTURE: self._see}[self.shelf.kind()]
        self.worker.start(LISTENING, lambda stopped: run(port, model, stopped))

    def listen_here(self, model: Path) -> None:
        """Show what a model answers on this computer to what a page's or phone's microphone hears. Raises UserError."""
        if self.shelf.kind() != SOUND:
            raise UserError("only sounds are listened to here; choose the board")
        if not model.is_file():
            raise UserError(f"{model.name}: is not there; train a model first")
        self._free()
        feed = self._fed()
        self.worker.start(LISTENING, lambda stopped: self._listen_here(model, feed, stopped))

    def _listen_here(self, model: Path, feed: Feed, stopped: Stopped) -> None:
        listening = Listening(model, feed, stopped)
        report = self.project.report() or {}
        self.misses = Misses(listening.labels, float(report.get("threshold", 0.5)))
        self.facts.live = {"model": model.name, "labels": listening.labels, "rate_hz": feed.source.rate_hz,
                           "where": "here", "seen": []}
        self.changed()
        tell = self._told(stopped)

        def told(heard: Heard, sound: np.ndarray) -> None:
            tell(heard)
            if self.misses.look(heard, sound, int(feed.source.rate_hz)) is not None:
                self.hub.tell("misses")

        try:
            listening.run(told)
        finally:
            self.facts.live = None

    def nearly(self) -> list[dict[str, Any]]:
        """Return the near misses, the newest first."""
        return [miss.facts() for miss in self.misses.found]

    def miss(self, id: str) -> Miss:
        """Return a near miss. Raises UserError."""
        for miss in self.misses.found:
            if miss.id == id:
                return miss
        raise UserError("this near miss is not kept any more; newer ones took its place")

    def keep_miss(self, id: str, label: str) -> str:
        """Make a take of a near miss, or forget it where the label is "". Return the take's name. Raises UserError."""
        miss = self.miss(id)
        name = self.shelf.name_of(keep_sound(self.shelf, miss.values, miss.rate_hz, label)) if label else ""
        self.misses.found.remove(miss)
        self.hub.tell("misses")
        return name

    def _told(self, stopped: Stopped) -> Callable[[Heard | None], bool]:
        """Return what tells pages of answers."""
        def hear(heard: Heard | None) -> bool:
            if heard is not None:
                self.hub.tell("heard", seconds=round(heard.seconds, 3), label=heard.label, answer=heard.answer,
                              scores=np.round(heard.scores.astype(float), 4).tolist(), lost=heard.lost)
            return stopped()

        return hear

    def _answering(self, port: str, path: str, labels: list[str], rate_hz: float, run: Callable[[], None]) -> None:
        self.facts.progress = None
        self.facts.live = {"model": path, "labels": labels, "rate_hz": rate_hz, "where": "board", "seen": self._seen}
        self.changed()
        try:
            run()
        except BoardError as error:
            raise UserError(f"{port}: the board ended it ({error.text}); reset it, and begin again") from error
        finally:
            self.facts.progress = self.facts.live = None

    def _listen(self, port: str, model: str, stopped: Stopped) -> None:
        wish = Wish(gyro_dps=None, bus=self.project.settings.bus)
        with open_listening(port, model, wish, stage_of(self.progress, stopped)) as listening:
            self._answering(port, listening.path, listening.labels, listening.session.source.rate_hz,
                            lambda: listening.run(self._told(stopped), every=True))

    def _hear(self, port: str, model: str, stopped: Stopped) -> None:
        with open_hearing(port, model, self.project.settings.mic, stage_of(self.progress, stopped)) as hearing:
            self._answering(port, hearing.path, hearing.labels, hearing.rate_hz,
                            lambda: hearing.run(self._told(stopped)))

    def _see(self, port: str, model: str, stopped: Stopped) -> None:
        stage = stage_of(self.progress, stopped)
        camera = self.project.settings.eye
        if self.practice is not None and self.practice.port == port:
            camera = CAMERA
            seen, files = pictures(self.shelf.some(SEEN), self.project.models / model)
            self._seen = [self.shelf.name_of(path) for path in files]
            with open_board(port) as board:
                upload(board, seen, CAMERA, stage("what its camera sees", len(seen)))
        try:
            with open_seeing(port, model, camera, PAUSE_MS, stage) as seeing:
                self._answering(port, seeing.path, seeing.labels, 1.0, lambda: seeing.run(self._told(stopped)))
        finally:
            self._seen = []

    def teach(self, model: Path) -> None:
        """Open the learner of a network on the board, which is put there where it is not. Raises UserError."""
        port = self._port()
        if not model.is_file():
            raise UserError(f"{model.name}: is not there; make one of the takes here first")
        self._free()
        settings = self.project.settings

        def run(stopped: Stopped) -> None:
            stage = stage_of(self.progress, stopped)
            upload_model(model, port, stage=stage)
            camera, self.teacher.pictures_of = settings.eye, None
            if self.practice is not None and self.practice.port == port and self.shelf.kind() == PICTURE:
                camera = CAMERA
                self.teacher.pictures_of = lambda label: pictures(self.shelf.files(label, SEEN), model)[0]
                seen, _ = pictures(self.shelf.some(SEEN), model)
                with open_board(port) as board:
                    upload(board, seen, CAMERA, stage("what its camera sees", len(seen)))
            try:
                self.teacher.run(port, model.name, Wish(gyro_dps=None, bus=settings.bus), settings.mic, camera, stopped)
            except BoardError as error:
                raise UserError(f"{port}: the board ended it ({error.text}); reset it, and begin again") from error
            finally:
                self.facts.progress = None

        self.worker.start(TEACHING, run)

    # What all of them do

    def _port(self) -> str:
        if not self.facts.port:
            raise UserError("no board is chosen; plug one in or start a practice board, on the page Board")
        return self.facts.port

    def _free(self) -> None:
        """Have the board free: what only shows something ends, other work goes on. Raises UserError."""
        if self.facts.taking is not None or self.recorder.waits:
            raise UserError("takes are being recorded; stop that first, or wait until they are done")
        if self.worker.kind in (SENSOR, LISTENING, TEACHING):
            self.worker.stop(_PATIENCE_S)

    def progress(self, what: str, done: int, count: int) -> None:
        """Tell pages how far something is."""
        self.facts.progress = {"what": what, "done": done, "count": count}
        self.hub.tell("progress", what=what, done=done, count=count)
