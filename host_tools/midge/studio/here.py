# SPDX-License-Identifier: MIT
"""A model that answers on this computer, by the very core and package of the boards, to what a page or phone sends.

What it was nearly sure of is kept, newest first, for somebody to say what it was: takes like those teach it most.
"""

from __future__ import annotations

import secrets
import tempfile
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

import midge

from ..capture.frames import LostSamples
from ..capture.live import Heard
from ..convert.models import load_any
from ..errors import UserError
from ..fileformat.read import decode
from ..samples.camera_pictures import read_as_camera, view_of
from ..samples.labels import is_quiet
from .feeds import Feed
from .hub import Stopped
from .kinds import envelope

KEPT = 24  # near misses
NEAR = 0.45  # of the threshold: what is below was not nearly anything
HOPS = 3  # from one telling of scores to the next
AROUND_S, APART_S = 1.5, 1.0  # of a near miss that is kept, and between two of them


@dataclass(frozen=True)
class Miss:
    """Sound that was nearly answered. values: float32 [samples]."""

    id: str
    label: str
    score: float
    values: np.ndarray
    rate_hz: int

    def facts(self) -> dict[str, Any]:
        """Return what pages are shown of it."""
        return {"id": self.id, "label": self.label, "score": round(self.score, 3), "kind": "sound",
                "seconds": round(len(self.values) / self.rate_hz, 2), "points": envelope(self.values, 96)}


class Misses:
    """The latest near misses. labels: of the model; threshold: from which it answers."""

    def __init__(self, labels: list[str], threshold: float) -> None:
        self.labels, self.threshold = labels, threshold
        self.found: deque[Miss] = deque(maxlen=KEPT)
        self._best: tuple[float, str, float] | None = None  # score, label, when
        self._last = -APART_S

    def look(self, heard: Heard, sound: np.ndarray, rate_hz: int) -> Miss | None:
        """Look at scores, and return what was nearly answered once it is over. sound: the latest seconds."""
        if heard.answer is not None:
            self._best, self._last = None, heard.seconds
            return None
        loud = [(float(s), label) for s, label in zip(heard.scores, self.labels, strict=True) if not is_quiet(label)]
        score, label = max(loud, default=(0.0, ""))
        near = NEAR * self.threshold <= score < self.threshold and heard.seconds - self._last >= APART_S
        if near and (self._best is None or score > self._best[0]):
            self._best = score, label, heard.seconds
        if self._best is None or heard.seconds - self._best[2] < 0.5:
            return None
        (score, label, _), self._best, self._last = self._best, None, heard.seconds
        miss = Miss(secrets.token_hex(8), label, score, sound[-round(AROUND_S * rate_hz):].copy(), rate_hz)
        self.found.appendleft(miss)
        return miss


class _Microphone:
    """A feed as the boards' package takes microphones. It ends the listening once stopped."""

    timeout_ms, overflow, typecode, scales = 10_000, False, "h", None

    def __init__(self, feed: Feed, stopped: Stopped) -> None:
        self.feed, self.stopped = feed, stopped
        self.name, self.rate_hz = feed.source.sensor, feed.source.rate_hz
        self.heard = np.zeros(0, np.float32)
        self._rest = np.zeros(0, np.float32)

    def clear(self) -> None:
        """Begin with what comes from now on."""
        self.feed.begin()
        self.overflow = False

    def wait_ms(self, samples: int) -> int:
        """Return how long to wait: not at all, since read_into does."""
        return 0

    def read_into(self, buffer: array[int]) -> int:
        """Fill a buffer of int16; return 0 where too few samples are there yet. Raises StopIteration once stopped."""
        if self.stopped():
            raise StopIteration
        if len(self._rest) < len(buffer):
            try:
                block = self.feed.get()[:, 0]
            except LostSamples:
                self.overflow = True
                return 0
            self._rest = np.concatenate([self._rest, block])
            self.heard = np.concatenate([self.heard, block])[-round(4 * self.rate_hz):]
        if len(self._rest) < len(buffer):
            return 0
        buffer[:] = array("h", np.round(32768 * self._rest[:len(buffer)]).astype(np.int16).tolist())
        self._rest = self._rest[len(buffer):]
        return len(buffer)


class Listening:
    """A model that listens to a feed of sound. Raises UserError where it is none of sound."""

    def __init__(self, model: Path, feed: Feed, stopped: Stopped) -> None:
        try:
            loaded = midge.load(load_any(model))
            self._microphone = _Microphone(feed, stopped)
            self._listener = midge.listen(self._microphone, loaded, gate=self._gate)
        except ValueError as error:
            raise UserError(f"{model.name}: {error}; train it on sounds") from error
        self.labels: list[str] = list(loaded.labels)
        self._told: Callable[[Heard, np.ndarray], None] = lambda heard, sound: None
        self._hops = 0

    def run(self, told: Callable[[Heard, np.ndarray], None]) -> None:
        """Tell of each answer, and of every third hop's scores, with the latest seconds of sound; until stopped."""
        self._told = told
        for said in self._listener:
            self._tell(said.label)

    def _gate(self, _: object) -> bool:
        """See each hop before the model does, and tell the scores of the hop before."""
        self._hops += 1
        if self._hops % HOPS == 0:
            self._tell(None)
        return True

    def _tell(self, answer: str | None) -> None:
        scores = self._listener.scores()
        self._told(Heard(self._listener.samples / self._microphone.rate_hz, self.labels[int(np.argmax(scores))], answer,
                         np.array(scores, np.float32), self._listener.lost), self._microphone.heard)


def see(model: Path, picture: bytes) -> dict[str, Any]:
    """Return what a model of pictures answers to one: label, answer, scores. Raises UserError."""
    blob = load_any(model)
    view = view_of(decode(blob).metadata)
    if view is None:
        raise UserError(f"{model.name}: takes no pictures of a camera; train it on pictures")
    started = monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        path.write_bytes(picture)
        pixels = read_as_camera(path, view)
    loaded = midge.load(blob)
    found = loaded(pixels.reshape(-1))
    label = None if found.label == "uncertain" else found.label
    return {"labels": list(loaded.labels), "label": label, "answer": label,
            "scores": [round(s, 4) for s in found.scores], "milliseconds": round(1000 * (monotonic() - started), 1)}
