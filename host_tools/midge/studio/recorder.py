# SPDX-License-Identifier: MIT
"""Record takes from wherever samples come: a board's sensor, a page's microphone, a phone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from ..capture.frames import Frames, LostSamples
from ..capture.microphones import open_microphone
from ..capture.recorder import Plan, Sensor, cut_file, record_continuously, record_takes
from ..capture.session import Wish, open_session
from ..errors import UserError
from ..samples.take_format import Samples, Source
from .ear import SHOWN_HZ, Ear, Wanted
from .facts import Facts
from .feeds import FedSensor, Feed, feed_of
from .hub import Hub, Stopped, stage_of
from .shelf import Shelf

WAYS = ("countdown", "trigger", "pauses")
_TELL_S = 0.04  # between two messages of samples
_WHOLE_S, _LOSSES_IN_A_ROW = 1.0, 3  # of what is only shown


class Recorder:
    """What the bench's thread does at a sensor: it shows samples, and records the next plan that there is."""

    def __init__(
        self, shelf: Shelf, hub: Hub, facts: Facts, changed: Callable[[], None],
        progress: Callable[[str, int, int], None],
    ) -> None:
        self.shelf, self.hub, self.facts, self.changed, self.progress = shelf, hub, facts, changed, progress
        self.halt = False  # the takes that are being recorded
        self._plan: Wanted | None = None

    @property
    def waits(self) -> bool:
        """Whether there is a plan that has not begun."""
        return self._plan is not None

    def begin(self, label: str, count: int, seconds: float, countdown: float, way: str) -> None:
        """Have takes recorded next. Raises UserError."""
        if way not in WAYS:
            raise UserError(f"way {way[:20]!r}: wanted {', '.join(WAYS)}")
        self.halt = False
        self._plan = Wanted(label, count, seconds, way, countdown)

    def watch_board(self, port: str, stopped: Stopped) -> None:
        """Show and record what a board's sensor measures. Raises UserError."""
        settings = self.shelf.project.settings
        wish = Wish(settings.rate_hz, settings.accel_g, settings.gyro_dps or None, settings.bus)
        try:
            with open_session(port, wish, stage_of(self.progress, stopped)) as session:
                self._watch(session, stopped)
        finally:
            self._leave()

    def watch_feed(self, feed: Feed, stopped: Stopped) -> None:
        """Show and record what a phone's sensor measures. Raises UserError."""
        try:
            self._watch(FedSensor(feed), stopped)
        finally:
            self._leave()

    def watch_microphone(self, port: str, stopped: Stopped) -> None:
        """Show and record what a board's microphone hears. Raises UserError."""
        stage = stage_of(self.progress, stopped)
        with open_microphone(self.shelf.project.settings.mic, port, stage) as microphone, feed_of(microphone) as feed:
            self.watch_sound(feed, stopped)

    def watch_sound(self, feed: Feed, stopped: Stopped) -> None:
        """Show and record what a microphone hears. Raises UserError."""
        show = Show(self)
        ear = Ear(feed, self.shelf, show)
        self.shown(feed.source, SHOWN_HZ, ("loudest", "lowest"))
        try:
            while not stopped():
                plan, self._plan = self._plan, None
                if plan is None:
                    try:
                        ear.preview(lambda: stopped() or self.waits)
                    except LostSamples as lost:
                        show.again(str(lost))
                    continue
                self._taking(plan)
                try:
                    ear.record(plan, lambda: stopped() or self.halt)
                finally:
                    self._taken()
        finally:
            self._leave()

    def _watch(self, session: Sensor, stopped: Stopped) -> None:
        source = session.source
        self.shown(source, source.rate_hz, source.columns)
        show = Show(self)
        while not stopped():
            plan, self._plan = self._plan, None
            if plan is None:
                self._preview(session, show, stopped)
            else:
                self._take(session, plan, show, stopped)

    def shown(self, source: Source, rate_hz: float, columns: tuple[str, ...]) -> None:
        """Tell pages what is measured from now on."""
        self.facts.progress = None
        self.facts.sensor = {"name": source.sensor, "rate_hz": source.rate_hz, "shown_hz": rate_hz,
                                   "columns": columns, "units": source.units, "range": source.range,
                                   "board": source.board}
        self.changed()

    def _leave(self) -> None:
        facts = self.facts
        self._plan = facts.progress = facts.taking = facts.sensor = None

    def _preview(self, session: Sensor, show: Show, stopped: Stopped) -> None:
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
                    raise UserError(f"{session.port}: samples were lost {losses} times in a row ({lost}); choose "
                                    "fewer a second, or try another cable") from lost
                show.again(str(lost))

    def _take(self, session: Sensor, plan: Wanted, show: Show, stopped: Stopped) -> None:
        project = self.shelf.project
        wanted = Plan(plan.label, plan.count, plan.seconds, project.data, project.settings.person,
                      time.strftime("%Y-%m-%d"), plan.countdown, plan.way == "trigger")
        self._taking(plan)
        try:
            if plan.way != "pauses":
                record_takes(session, wanted, show, lambda: stopped() or self.halt)
                return
            show.whole = True
            found = record_continuously(session, _without_end(wanted), show, lambda: stopped() or self.halt)
            for path in found:
                cut_file(path, project.data, plan.seconds)
        finally:
            show.whole = False
            self._taken()

    def _taking(self, plan: Wanted) -> None:
        self.facts.taking = {"label": plan.label, "count": 0 if plan.way == "pauses" else plan.count, "done": 0,
                                   "phase": "waiting", "left": 0}
        self.changed()

    def _taken(self) -> None:
        self.facts.taking = None
        self.hub.tell("takes")
        self.changed()


def _without_end(plan: Plan) -> Plan:
    return Plan(plan.label, plan.count, 0, plan.out, plan.person, plan.session)


class Show:
    """Shows samples as they come, and takes as they are recorded."""

    def __init__(self, recorder: Recorder) -> None:
        self.facts, self.hub, self.changed = recorder.facts, recorder.hub, recorder.changed
        self.whole = False  # whether what is recorded is one recording, which is cut into takes afterwards
        self._rows: list[Samples] = []
        self._told = 0.0

    def waiting(self, take: int, seconds: float) -> None:
        """Show that a take begins in so many seconds, or when something moves."""
        self._phase("countdown" if seconds else "waiting", done=take - 1, left=round(seconds, 1))

    def samples(self, block: Samples, share: float | None) -> None:
        """Show samples that came."""
        if len(block):
            self._rows.append(block)
        if self.whole:
            self._phase("recording", share=0)
        elif share is not None:
            self._phase("recording", share=round(min(share, 1), 2))
        if self._rows and monotonic() - self._told > _TELL_S:
            self._told = monotonic()
            rows, self._rows = np.concatenate(self._rows), []
            self.hub.tell("samples", rows=np.round(rows.astype(float), 4).tolist(), at=time.time())

    def again(self, reason: str) -> None:
        """Say why the recording is made again."""
        self.hub.tell("notice", code="again", reason=reason)

    def kept(self, take: int, path: Path, samples: int) -> None:
        """Tell of a file that has been written."""
        if self.whole:
            return
        self._phase("waiting", done=take)
        self.hub.tell("takes", kept=f"{path.parent.name}/{path.name}", take=take)
        self.changed()

    def _phase(self, phase: str, **more: Any) -> None:
        taking = self.facts.taking
        if taking is not None:
            new = {**taking, "phase": phase, **more}
            if new != taking:
                self.facts.taking = new
                self.hub.tell("taking", taking=new)
