# SPDX-License-Identifier: MIT
"""Record takes one after the other, or a long recording; what has been recorded is on the disk before anything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from time import sleep
from typing import Protocol

from ..errors import UserError
from ..samples.take_format import Samples, Source, check_label, read_recording_file, write_take
from .cut import Trigger, cut_pauses, cut_takes, thresholds
from .frames import Frames, LostSamples

_TICK_S = 0.1
_LOSSES_IN_A_ROW = 3  # of a continuous recording, with nothing between them that is worth keeping
_WORTH_KEEPING_S = 1.0


@dataclass(frozen=True)
class Plan:
    """What is to be recorded.

    seconds    how long each take is; of a continuous recording 0 means until it is stopped
    countdown  seconds before each take
    trigger    wait for motion instead; a fifth of the take is from before it
    """

    label: str
    count: int = 1
    seconds: float = 1.5
    out: Path = Path("data")
    person: str = ""
    session: str = ""
    countdown: float = 3
    trigger: bool = False


class Sensor(Protocol):
    """Whatever is recorded: a board's Session, or what sends samples in another way."""

    source: Source

    @property
    def port(self) -> str:
        """What errors call it."""
        ...

    def record(self, samples: int, hear: Callable[[Samples], bool], retry: Callable[[str], bool]) -> Samples:
        """Record so many samples, again where some were lost; see Session."""
        ...

    def record_once(self, samples: int, hear: Callable[[Samples], bool], frames: Frames | None = None) -> Samples:
        """Do the same without another attempt."""
        ...

    def frames(self) -> Frames:
        """Return empty frames of it."""
        ...


class Display(Protocol):
    """Whoever shows what goes on."""

    def waiting(self, take: int, seconds: float) -> None:
        """Show that a take begins in so many seconds, or, at 0, when something moves."""

    def samples(self, block: Samples, share: float | None) -> None:
        """Show samples that came, or none, and the share that is done, None where there is no end yet."""

    def again(self, reason: str) -> None:
        """Say why the recording was of no use, and is made again."""

    def kept(self, take: int, path: Path, samples: int) -> None:
        """Tell of a file that has been written."""


def record_takes(
    session: Sensor, plan: Plan, display: Display, stopped: Callable[[], bool] = lambda: False
) -> list[Path]:
    """Record the takes of a plan and return their files. stopped: whether to end after the take that is whole.

    Raises UserError; the takes before it are on the disk.
    """
    check_label(plan.label)
    length = max(round(plan.seconds * session.source.rate_hz), 1)
    if plan.trigger and not any(limit < float("inf") for limit in thresholds(session.source.units)):
        raise UserError(f"--trigger motion: needs columns in g or dps, here are {','.join(session.source.units)}")
    files: list[Path] = []
    while len(files) < plan.count and not stopped():
        if not plan.trigger:
            _count_down(plan.countdown, len(files) + 1, display, stopped)
        started = now()
        samples = _Take(session, plan, len(files) + 1, display, stopped).record(session)
        if len(samples) < length:  # stopped in the middle of it
            break
        files.append(_keep(session, plan, samples, started, "take"))
        display.kept(len(files), files[-1], length)
    return files


def record_continuously(
    session: Sensor, plan: Plan, display: Display, stopped: Callable[[], bool] = lambda: False
) -> list[Path]:
    """Record until stopped, or for plan.seconds, and return the files: a new one begins where samples were lost.

    Raises UserError; what came before is on the disk.
    """
    check_label(plan.label)
    wanted = round(plan.seconds * session.source.rate_hz)
    files: list[Path] = []
    came, losses = 0, 0
    while losses < _LOSSES_IN_A_ROW:
        frames, started, reason = session.frames(), now(), ""

        def hear(block: Samples, before: int = came) -> bool:
            display.samples(block, (before + frames.count) / wanted if wanted else None)  # noqa: B023
            return stopped()

        try:
            session.record_once(wanted - came if wanted else 0, hear, frames)
        except LostSamples as lost:
            reason = str(lost)
        finally:
            samples = frames.samples()
            if len(samples) >= _WORTH_KEEPING_S * session.source.rate_hz or (not reason and len(samples)):
                files.append(_keep(session, plan, samples, started, "recording"))
                display.kept(len(files), files[-1], len(samples))
                losses = 0
        if not reason:
            return files
        came += len(samples)
        losses += 1
        if stopped() or (wanted and came >= wanted):
            return files
        display.again(reason)
    raise UserError(f"{session.port}: samples were lost {losses} times in a row ({reason}); record fewer a "
                    "second (--rate), or try another cable")


def cut_file(path: Path, out: Path, seconds: float, idle: bool = False) -> tuple[list[Path], list[Path]]:
    """Cut a recording into takes below `out`, and with idle its pauses into takes labelled idle; return both.

    Raises UserError where it is no recording, or nothing moves in it.
    """
    samples, source, header = read_recording_file(path)
    length = max(round(seconds * source.rate_hz), 1)
    takes = cut_takes(samples, source.rate_hz, source.units, length)
    if not takes:
        raise UserError(f"{path}: nothing moves in its {len(samples) / source.rate_hz:.1f} s for long enough to be a "
                        f"take of {seconds:g} s; record larger movements, or choose --seconds")
    pauses = cut_pauses(samples, source.rate_hz, source.units, length, takes) if idle else []
    started = header.get("started") or now()
    label = check_label(header["label"])
    written = [write_take(out, samples[c.start : c.end], source, label, started) for c in takes]
    return written, [write_take(out, samples[c.start : c.end], source, "idle", started) for c in pauses]


def now() -> str:
    """Return the time as takes have it."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _count_down(seconds: float, take: int, display: Display, stopped: Callable[[], bool]) -> None:
    left = seconds
    while left > 0 and not stopped():
        display.waiting(take, left)
        sleep(min(_TICK_S, left))
        left -= _TICK_S


class _Take:
    """One take while it is recorded."""

    def __init__(
        self, session: Sensor, plan: Plan, number: int, display: Display, stopped: Callable[[], bool]
    ) -> None:
        source = session.source
        self.length = max(round(plan.seconds * source.rate_hz), 1)
        self.number, self.display, self.stopped = number, display, stopped
        self._new_trigger = (lambda: Trigger(self.length, source.rate_hz, source.units)) if plan.trigger else None
        self._begin()

    def record(self, session: Sensor) -> Samples:
        """Return its samples, fewer where it was stopped."""
        samples = session.record(0 if self.trigger else self.length, self._hear, self._again)
        if not self.trigger:
            return samples
        return samples[:0] if self.found is None else self.found

    def _begin(self) -> None:
        self.trigger = self._new_trigger() if self._new_trigger else None
        self.found: Samples | None = None
        self.came = 0

    def _hear(self, block: Samples) -> bool:
        self.came += len(block)
        if self.trigger is None:
            self.display.samples(block, self.came / self.length)
            return self.stopped()
        if self.found is None:  # more comes until the board has heard that it is enough
            self.found = self.trigger.feed(block)
        if not self.trigger.started:
            self.display.waiting(self.number, 0)
        self.display.samples(block, None)
        return self.found is not None or self.stopped()

    def _again(self, reason: str) -> bool:
        self._begin()
        self.display.again(reason)
        return not self.stopped()


def _keep(session: Sensor, plan: Plan, samples: Samples, started: str, kind: str) -> Path:
    source = replace(session.source, person=plan.person, session=plan.session)
    return write_take(plan.out, samples, source, plan.label, started, kind)
