# SPDX-License-Identifier: MIT
"""The board that is worked with: looked for, given Midge and models, its sensor recorded, its answers heard.

All of it is what commands call: survey (midge boards), install_at (install), open_session and record_takes (capture),
upload_model (upload), verify_model (verify), open_listening (live). One thing is done at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from ..capture.frames import Frames, LostSamples
from ..capture.live import Heard, open_listening
from ..capture.recorder import Plan, record_takes
from ..capture.session import Session, Wish, open_session
from ..errors import UserError
from ..link.identity import identify
from ..link.install import install_at
from ..link.survey import survey
from ..link.transport import BoardError, open_board
from ..link.upload import upload_model
from ..link.verify import verify_model
from ..samples.take_format import Samples, check_label
from .hub import Hub, Stopped, Worker, stage_of
from .practice import RATE_HZ, Practice
from .project import Project

_TELL_S = 0.04  # between two messages of samples
_PATIENCE_S = 15.0  # in which work with a board ends once it is asked to
_WHOLE_S, _LOSSES_IN_A_ROW = 1.0, 3  # of what is only shown
SENSOR, LISTENING = "the sensor", "live answers"


@dataclass
class Facts:
    """What pages are shown of the board."""

    found: list[dict[str, Any]] | None = None  # None before anybody looked
    port: str = ""
    sensor: dict[str, Any] | None = None
    taking: dict[str, Any] | None = None  # the takes that are being recorded
    progress: dict[str, Any] | None = None
    put: dict[str, Any] | None = None  # the model that was put on the board
    live: dict[str, Any] | None = None


class Bench:
    """The board. changed: called when facts have changed. failed: told what went wrong, in a sentence."""

    def __init__(self, project: Project, hub: Hub, changed: Callable[[], None], failed: Callable[[str], None]) -> None:
        self.project, self.hub, self.changed = project, hub, changed
        self.facts = Facts()
        self.practice: Practice | None = None
        self.worker = Worker(changed, failed)
        self._plan: Plan | None = None  # of what the thread at the sensor is to record next
        self._halt = False  # the takes that are being recorded

    def state(self) -> dict[str, Any]:
        """Return what pages show."""
        return {**asdict(self.facts), "busy": self.worker.kind,
                "practice": self.practice.facts() if self.practice else None}

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
                install_at(port, stage_of(self._progress, stopped))
            finally:
                self.facts.progress = None
            self._look(stopped)

        self.worker.start("installing Midge", run)

    # The sensor

    def watch(self) -> None:
        """Show what the sensor measures. Raises UserError."""
        if self.worker.kind == SENSOR and not self.worker.ending:
            return
        port = self._port()
        self._free()
        self.worker.start(SENSOR, lambda stopped: self._watch(port, stopped))

    def record(self, label: str, count: int, seconds: float, countdown: float, trigger: bool) -> None:
        """Record takes. Raises UserError where another recording goes on."""
        if self.facts.taking is not None or self._plan is not None:
            raise UserError("takes are being recorded; stop that first, or wait until they are done")
        plan = Plan(check_label(label), count, seconds, self.project.data, self.project.settings.person,
                    time.strftime("%Y-%m-%d"), countdown, trigger)
        self.watch()
        self._halt = False
        self._plan = plan

    def halt(self) -> None:
        """End the takes that are being recorded; those that are whole are kept."""
        self._halt = True

    def leave(self) -> None:
        """End what is shown of the sensor, or of the answers, unless takes are being recorded."""
        if self.facts.taking is None and self.worker.kind in (SENSOR, LISTENING):
            self.worker.stop()

    def _watch(self, port: str, stopped: Stopped) -> None:
        settings = self.project.settings
        wish = Wish(settings.rate_hz, settings.accel_g, settings.gyro_dps or None, settings.bus)
        try:
            with open_session(port, wish, stage_of(self._progress, stopped)) as session:
                self.facts.progress = None
                source = session.source
                self.facts.sensor = {"name": source.sensor, "rate_hz": source.rate_hz, "columns": source.columns,
                                     "units": source.units, "range": source.range, "board": source.board}
                self.changed()
                show = _Show(self, source.rate_hz)
                while not stopped():
                    plan, self._plan = self._plan, None
                    if plan is None:
                        self._preview(session, show, stopped)
                    else:
                        self._take(session, plan, show, stopped)
        finally:
            self._plan = self.facts.progress = self.facts.taking = self.facts.sensor = None

    def _preview(self, session: Session, show: _Show, stopped: Stopped) -> None:
        """Show samples until there is something to record."""
        losses = 0
        while not stopped() and self._plan is None:
            frames = session.frames()

            def hear(block: Samples, seen: Frames = frames) -> bool:
                seen.blocks.clear()  # nobody wants them afterwards
                show.samples(block, None)
                return stopped() or self._plan is not None

            try:
                session.record_once(0, hear, frames)
            except LostSamples as lost:
                losses = 1 if frames.count > _WHOLE_S * session.source.rate_hz else losses + 1
                if losses == _LOSSES_IN_A_ROW:
                    raise UserError(f"{session.board.port}: samples were lost {losses} times in a row ({lost}); choose "
                                    "fewer a second, or try another cable") from lost
                show.again(str(lost))

    def _take(self, session: Session, plan: Plan, show: _Show, stopped: Stopped) -> None:
        self.facts.taking = {"label": plan.label, "count": plan.count, "done": 0, "phase": "waiting", "left": 0}
        self.changed()
        try:
            record_takes(session, plan, show, lambda: stopped() or self._halt)
        finally:
            self.facts.taking = None
            self.hub.tell("takes")
            self.changed()

    # The model

    def put(self, model: Path) -> None:
        """Upload a model, and compare the board's answers with this machine's. Raises UserError."""
        port = self._port()
        if not model.is_file():
            raise UserError(f"{model.name}: is not there; train a model first")
        self._free()

        def run(stopped: Stopped) -> None:
            stage = stage_of(self._progress, stopped)
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
        """Show what a model on the board answers to its sensor. Raises UserError."""
        port = self._port()
        self._free()
        self.worker.start(LISTENING, lambda stopped: self._listen(port, model, stopped))

    def _listen(self, port: str, model: str, stopped: Stopped) -> None:
        def hear(heard: Heard | None) -> bool:
            if heard is not None:
                self.hub.tell("heard", seconds=round(heard.seconds, 3), label=heard.label, answer=heard.answer,
                              scores=np.round(heard.scores.astype(float), 4).tolist(), lost=heard.lost)
            return stopped()

        try:
            with open_listening(port, model, Wish(gyro_dps=None, bus=self.project.settings.bus),
                                stage_of(self._progress, stopped)) as listening:
                self.facts.progress = None
                self.facts.live = {"model": listening.path, "labels": listening.labels,
                                   "rate_hz": listening.session.source.rate_hz}
                self.changed()
                listening.run(hear, every=True)
        except BoardError as error:
            raise UserError(f"{port}: the board ended it ({error.text}); reset it, and begin again") from error
        finally:
            self.facts.progress = self.facts.live = None

    # What all of them do

    def _port(self) -> str:
        if not self.facts.port:
            raise UserError("no board is chosen; plug one in or start a practice board, on the page Board")
        return self.facts.port

    def _free(self) -> None:
        """Have the board free: what only shows something ends, other work goes on. Raises UserError."""
        if self.facts.taking is not None or self._plan is not None:
            raise UserError("takes are being recorded; stop that first, or wait until they are done")
        if self.worker.kind in (SENSOR, LISTENING):
            self.worker.stop(_PATIENCE_S)

    def _progress(self, what: str, done: int, count: int) -> None:
        self.facts.progress = {"what": what, "done": done, "count": count}
        self.hub.tell("progress", what=what, done=done, count=count)


class _Show:
    """Shows samples as they come, and takes as they are recorded."""

    def __init__(self, bench: Bench, rate_hz: float) -> None:
        self.bench, self.rate_hz = bench, rate_hz
        self._rows: list[Samples] = []
        self._told = 0.0

    def waiting(self, take: int, seconds: float) -> None:
        """Show that a take begins in so many seconds, or when something moves."""
        self._phase("countdown" if seconds else "waiting", done=take - 1, left=round(seconds, 1))

    def samples(self, block: Samples, share: float | None) -> None:
        """Show samples that came."""
        if len(block):
            self._rows.append(block)
        if share is not None:
            self._phase("recording", share=round(min(share, 1), 2))
        if self._rows and monotonic() - self._told > _TELL_S:
            self._told = monotonic()
            rows, self._rows = np.concatenate(self._rows), []
            self.bench.hub.tell("samples", rows=np.round(rows.astype(float), 4).tolist(), at=time.time())

    def again(self, reason: str) -> None:
        """Say why the recording is made again."""
        self.bench.hub.tell("notice", code="again", reason=reason)

    def kept(self, take: int, path: Path, samples: int) -> None:
        """Tell of a file that has been written."""
        self._phase("waiting", done=take)
        self.bench.hub.tell("takes", kept=f"{path.parent.name}/{path.name}", take=take)
        self.bench.changed()

    def _phase(self, phase: str, **more: Any) -> None:
        taking = self.bench.facts.taking
        if taking is not None:
            new = {**taking, "phase": phase, **more}
            if new != taking:
                self.bench.facts.taking = new
                self.bench.hub.tell("taking", taking=new)
