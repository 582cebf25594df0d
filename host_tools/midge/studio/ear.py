# SPDX-License-Identifier: MIT
"""Record sounds: takes of a length, after a countdown or from when it gets loud, or all that is between pauses.

What is loud is so beside what was heard in the seconds before, of which a fifth is taken for silence.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np

from ..capture.frames import LostSamples
from ..capture.recorder import Display, now
from ..samples.sound_files import Sound
from ..samples.take_format import Samples, check_label
from .feeds import Feed
from .kinds import wav_bytes
from .shelf import Shelf

SHOWN_HZ = 50  # rows of what pages are shown: the largest and the least sample
HOP_S = 0.01
_FLOOR_S, _FLOOR_PERCENT = 3.0, 20.0
_LOUDER, _LOUD = 3.0, 0.006  # than the silence, and of full scale: what begins a take
_SURE_HOPS = 2  # in a row
_BEFORE = 0.2  # of a take of a given length, before it gets loud
_PAUSE_S, _AROUND_S, _SHORTEST_S, _LONGEST_S = 0.35, 0.15, 0.06, 4.0  # of takes between pauses


@dataclass(frozen=True)
class Wanted:
    """What is to be recorded. way: "countdown", "trigger", or "pauses", which goes on until it is stopped."""

    label: str
    count: int
    seconds: float
    way: str
    countdown: float = 3.0


class Splitter:
    """Takes out of sound that goes on. length: samples of each, None for what lies between pauses."""

    def __init__(self, rate_hz: float, length: int | None = None) -> None:
        self.hop = round(HOP_S * rate_hz)
        self.length = length
        self._before = round(_AROUND_S / HOP_S) if length is None else int(_BEFORE * length) // self.hop
        self._levels: deque[float] = deque(maxlen=round(_FLOOR_S / HOP_S))
        self._seen: deque[np.ndarray] = deque(maxlen=self._before + _SURE_HOPS)
        self._take: list[np.ndarray] = []
        self._loud = self._quiet = self._row = 0
        self._rest = np.zeros(0, np.float32)

    @property
    def started(self) -> bool:
        """Whether a take has begun."""
        return bool(self._take)

    def feed(self, block: np.ndarray) -> list[np.ndarray]:
        """Take in samples [n]; return the takes that became whole."""
        heard = np.concatenate([self._rest, block])
        whole = len(heard) // self.hop * self.hop
        self._rest = heard[whole:]
        hops = heard[:whole].reshape(-1, self.hop)
        if not len(hops):
            return []
        levels = np.sqrt((hops**2).mean(axis=1))
        self._levels.extend(levels.tolist())
        least = max(_LOUDER * float(np.percentile(self._levels, _FLOOR_PERCENT)), _LOUD)
        found = [self._next(hop, level >= least) for hop, level in zip(hops, levels, strict=True)]
        return [take for take in found if take is not None]

    def _next(self, hop: np.ndarray, loud: bool) -> np.ndarray | None:
        if not self._take:
            self._seen.append(hop)
            self._row = self._row + 1 if loud else 0
            if self._row >= _SURE_HOPS:
                self._take, self._loud, self._quiet = list(self._seen), self._row, 0
            return None
        self._take.append(hop)
        self._loud += loud
        self._quiet = 0 if loud else self._quiet + 1
        if self.length is not None:
            return self._end(self.length) if len(self._take) * self.hop >= self.length else None
        if len(self._take) * HOP_S >= _LONGEST_S:
            return self._end(len(self._take) * self.hop)
        if self._quiet * HOP_S < _PAUSE_S:
            return None
        enough = self._loud * HOP_S >= _SHORTEST_S
        found = self._end((len(self._take) - self._quiet + round(_AROUND_S / HOP_S)) * self.hop)
        return found if enough else None

    def _end(self, samples: int) -> np.ndarray:
        take = np.concatenate(self._take)[:samples]
        self._take, self._row = [], 0
        self._seen.clear()
        return take


class Ear:
    """Records what a feed of sound brings into a shelf, and shows it."""

    def __init__(self, feed: Feed, shelf: Shelf, display: Display) -> None:
        self.feed, self.shelf, self.display = feed, shelf, display
        self.rate_hz = int(feed.source.rate_hz)
        self._rest = np.zeros(0, np.float32)

    def preview(self, until: Callable[[], bool]) -> None:
        """Show what is heard until there is something else to do. Raises UserError."""
        self.feed.begin()
        while not until():
            self._next(None)

    def record(self, plan: Wanted, stopped: Callable[[], bool]) -> list[Path]:
        """Record the takes of a plan and return their files. Raises UserError; what came before is kept."""
        check_label(plan.label)
        length = max(round(plan.seconds * self.rate_hz), round(0.1 * self.rate_hz))
        if plan.way == "countdown":
            return self._one_by_one(plan, length, stopped)
        files = list[Path]()
        splitter = self._splitter(plan, length)
        self.feed.begin()
        while not stopped() and (plan.way == "pauses" or len(files) < plan.count):
            if not splitter.started:
                self.display.waiting(len(files) + 1, 0)
            try:
                takes = splitter.feed(self._next(None))
            except LostSamples as lost:
                self.display.again(str(lost))
                splitter = self._splitter(plan, length)
                self.feed.begin()
                continue
            files += [self._keep(plan, take, len(files) + n + 1) for n, take in enumerate(takes)]
        return files

    def _splitter(self, plan: Wanted, length: int) -> Splitter:
        return Splitter(self.rate_hz, None if plan.way == "pauses" else length)

    def _one_by_one(self, plan: Wanted, length: int, stopped: Callable[[], bool]) -> list[Path]:
        files = list[Path]()
        while len(files) < plan.count and not stopped():
            begins = monotonic() + plan.countdown
            while (left := begins - monotonic()) > 0 and not stopped():
                self.display.waiting(len(files) + 1, left)
                self._next(None)
            self.feed.begin()
            blocks, came = list[np.ndarray](), 0
            while came < length and not stopped():
                try:
                    blocks.append(self._next(came / length))
                except LostSamples as lost:
                    self.display.again(str(lost))
                    self.feed.begin()
                    blocks, came = [], 0
                    continue
                came += len(blocks[-1])
            if came >= length:
                files.append(self._keep(plan, np.concatenate(blocks)[:length], len(files) + 1))
        return files

    def _next(self, share: float | None) -> np.ndarray:
        """Return the next samples [n], and show them."""
        block = self.feed.get()[:, 0]
        heard = np.concatenate([self._rest, block])
        step = self.rate_hz // SHOWN_HZ
        whole = len(heard) // step * step
        self._rest = heard[whole:]
        rows: Samples = np.zeros((0, 2), np.float32)
        if whole:
            parts = heard[:whole].reshape(-1, step)
            rows = np.stack([parts.max(axis=1), parts.min(axis=1)], axis=1)
        self.display.samples(rows, share)
        return np.asarray(block)

    def _keep(self, plan: Wanted, take: np.ndarray, number: int) -> Path:
        path = keep_sound(self.shelf, take, self.rate_hz, plan.label)
        self.display.kept(number, path, len(take))
        return path



def keep_sound(shelf: Shelf, take: np.ndarray, rate_hz: int, label: str) -> Path:
    """Write samples [n] of a sound as a take: LABEL-PERSON-TIME-NUMBER.wav, as midge train reads who it is of."""
    who = re.sub(r"[^\w]+", "", shelf.project.settings.person)[:20]
    stem = "-".join(part for part in (label, who, re.sub(r"[-:Z]", "", now())) if part)
    return shelf.keep(stem, ".wav", wav_bytes(Sound(take[:, None], rate_hz)), label)
