# SPDX-License-Identifier: MIT
"""Samples that pages and phones send, block after block, for whoever records them: a Feed, and a sensor made of one.

A message is a letter and samples, little-endian: s, then int16 of sound; m, then float32 rows of movement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, Full, Queue
from threading import Event, Thread
from time import monotonic

import numpy as np

from ..capture.frames import Frames, LostSamples
from ..capture.microphones import Microphone
from ..errors import UserError
from ..samples.sounds import RATE_HZ
from ..samples.take_format import Samples, Source

_WAITING = 200  # blocks that whoever records may be behind
_SILENCE_S = 6.0  # after which what sends is gone
MOTION_HZ = 50.0  # what a phone sends, whatever its sensor's own rate is
LETTERS = {"sound": b"s", "motion": b"m"}


def sound_source(name: str) -> Source:
    """Return what a microphone's samples are. name: whose it is."""
    return Source(name, RATE_HZ, ("sound",), ("full",))


def motion_source(name: str) -> Source:
    """Return what a phone's movements are: with gravity, axes as a board's that lies on its back. name: whose it is."""
    return Source(name, MOTION_HZ, ("ax", "ay", "az", "gx", "gy", "gz"), ("g", "g", "g", "dps", "dps", "dps"))


class Feed:
    """Blocks of samples, float32 [n, columns], from when they come until somebody takes them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._blocks: Queue[Samples] = Queue(_WAITING)
        self._lost = ""
        self._end: UserError | None = None
        self._last = monotonic()

    def put(self, message: bytes) -> None:
        """Take in a message; what is none, or of another kind than the source, is left out."""
        width = len(self.source.columns)
        body = message[1:]
        if message[:1] == LETTERS["sound"] and width == 1 and len(body) % 2 == 0:
            block = np.frombuffer(body, "<i2").astype(np.float32)[:, None] / np.float32(32768)
        elif message[:1] == LETTERS["motion"] and width > 1 and len(body) % (4 * width) == 0:
            block = np.frombuffer(body, "<f4").reshape(-1, width).astype(np.float32)
            if not np.isfinite(block).all():
                return
        else:
            return
        self.give(block)

    def give(self, block: Samples) -> None:
        """Take in samples, float32 [n, columns]."""
        try:
            self._blocks.put_nowait(block)
        except Full:
            self.lose("this computer was too slow")

    def lose(self, reason: str) -> None:
        """Take in that samples were lost."""
        self._lost = reason

    def end(self, reason: UserError) -> None:
        """Take in that nothing will come any more."""
        self._end = reason

    def begin(self) -> None:
        """Forget what waits: what comes from now on counts."""
        self._lost, self._last = "", monotonic()
        while not self._blocks.empty():
            self._blocks.get_nowait()

    def get(self, wait_s: float = 0.1) -> Samples:
        """Return the next block, an empty one where none comes in that time.

        Raises LostSamples where some were lost, and UserError where nothing has come for seconds, or will.
        """
        if self._end is not None:
            raise self._end
        if self._lost:
            raise LostSamples(self._lost)
        try:
            block = self._blocks.get(timeout=wait_s)
            self._last = monotonic()
            return block
        except Empty:
            if monotonic() - self._last > _SILENCE_S:
                raise UserError(f"{self.source.sensor}: nothing comes from there any more; keep its page open and in "
                                "front, allow what it asks for, and begin again") from None
            return np.zeros((0, len(self.source.columns)), np.float32)


class FedSensor:
    """A feed that is recorded as a board's sensor is; see capture.session.Session."""

    def __init__(self, feed: Feed) -> None:
        self.feed, self.source, self.port = feed, feed.source, feed.source.sensor

    def record(self, samples: int, hear: Callable[[Samples], bool], retry: Callable[[str], bool]) -> Samples:
        """Record so many samples (0: until hear says that it is enough) and return them. Raises UserError."""
        while True:
            try:
                return self.record_once(samples, hear)
            except LostSamples as lost:
                if not retry(str(lost)):
                    raise UserError(f"{self.port}: {lost}; end other programs, and record it again") from lost

    def record_once(self, samples: int, hear: Callable[[Samples], bool], frames: Frames | None = None) -> Samples:
        """Do the same without another attempt. Raises LostSamples, and UserError."""
        frames = frames or self.frames()
        self.feed.begin()
        while True:
            block = self.feed.get()
            block = block[: samples - frames.count] if samples else block
            frames.blocks.append(block)
            frames.count += len(block)
            if hear(block) or (samples and frames.count >= samples):
                return frames.samples()

    def frames(self) -> Frames:
        """Return empty frames of this sensor."""
        return Frames(len(self.source.columns), np.zeros(0, np.float32))


@contextmanager
def feed_of(microphone: Microphone) -> Iterator[Feed]:
    """Give what a board's microphone hears as a feed, from a thread as long as the context is open."""
    feed, over = Feed(sound_source(microphone.name)), Event()

    def hear(block: Samples) -> bool:
        feed.give(block[:, None])
        return over.is_set()

    def run() -> None:
        while not over.is_set():
            try:
                microphone.listen(hear)
            except LostSamples as lost:
                feed.lose(str(lost))
            except UserError as error:
                feed.end(error)
                return

    thread = Thread(target=run, name="studio microphone", daemon=True)
    thread.start()
    try:
        yield feed
    finally:
        over.set()
        thread.join()
