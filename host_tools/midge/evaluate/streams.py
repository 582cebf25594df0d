# SPDX-License-Identifier: MIT
"""How good a model is on sound that goes on: what it finds, and how often an hour it hears what is not there.

Sounds are joined without a reset, as a microphone hears them. An answer is given as midge.listen gives it: when the
mean of the latest scores of a class reaches a threshold, once until it was below that and the refractory time is over.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..core.batch import to_raw, to_real
from ..core.binding import Model
from ..errors import UserError
from ..fileformat.read import decode
from ..progress import Advance
from ..samples.sound_files import SOUNDS, read_sound, resample
from ..samples.sounds import check_rate

RATE_HZ = 16_000
TOLERANCE_S = 1.0  # after the end of an event, in which its answer may come
THRESHOLDS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.99)
SURE = 0.05  # chance that a rate is beyond its interval, on each side


@dataclass(frozen=True)
class Event:
    """Something that is to be heard: its class, where it begins and ends, in seconds of all sound."""

    label: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Rate:
    """So many in so many hours, and the interval of the rate (Garwood 1936, Biometrika 28:437)."""

    count: int
    hours: float

    @property
    def an_hour(self) -> float:
        """The rate."""
        return self.count / self.hours if self.hours else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Rates that are as low and as high as 1 time in 20 each would still give such a count."""
        if not self.hours:
            return 0.0, math.inf
        low = 0.0 if not self.count else _mean_where(lambda mean: 1 - _at_most(self.count - 1, mean) - SURE)
        return low / self.hours, _mean_where(lambda mean: SURE - _at_most(self.count, mean)) / self.hours

    def facts(self) -> dict[str, Any]:
        """Return it, for JSON."""
        low, high = self.interval
        return {"count": self.count, "hours": round(self.hours, 4), "an_hour": round(self.an_hour, 4),
                "low": round(low, 4), "high": round(high, 4)}


def _at_most(count: int, mean: float) -> float:
    """Return the chance of so many events or fewer, where their mean number is known (Poisson's distribution)."""
    return math.fsum(math.exp(i * math.log(mean) - mean - math.lgamma(i + 1)) for i in range(count + 1))


def _mean_where(rises: Callable[[float], float]) -> float:
    """Return where a function that rises is zero, by halving."""
    low, high = 1e-9, 10.0
    while rises(high) < 0:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rises(middle) < 0 else (low, middle)
    return high


@dataclass(frozen=True)
class Point:
    """What one threshold gives. latency_s: the median time from the end of what was found to its answer."""

    threshold: float
    found: int
    events: int
    false: Rate
    repeated: int  # answers to what had been answered
    latency_s: float | None

    @property
    def recall(self) -> float:
        """The share of events that were found."""
        return self.found / self.events if self.events else 0.0

    def facts(self) -> dict[str, Any]:
        """Return it, for JSON."""
        return {"threshold": self.threshold, "found": self.found, "events": self.events,
                "recall": round(self.recall, 4), "false": self.false.facts(), "repeated": self.repeated,
                "latency_s": None if self.latency_s is None else round(self.latency_s, 3)}


@dataclass
class StreamEvaluation:
    """Thresholds against what they give. own: that of the model itself."""

    name: str
    seconds: float
    own: Point
    curve: list[Point]
    missed: list[Event] = field(default_factory=list)  # by the own threshold
    mistaken: list[tuple[float, str]] = field(default_factory=list)  # seconds and labels of its false answers

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {"seconds": round(self.seconds, 2), **self.own.facts(), "curve": [p.facts() for p in self.curve],
                "missed": [{"label": e.label, "start_s": round(e.start_s, 3)} for e in self.missed],
                "false_answers": [{"label": label, "at_s": round(at, 3)} for at, label in self.mistaken]}


class Ear:
    """A model that takes samples of sound, and what it says about streams. Raises UserError where it is none."""

    def __init__(self, blob: bytes, title: str) -> None:
        file = decode(blob)
        known = file.metadata
        source, self._out = file.tensors[file.inputs[0]], file.tensors[file.outputs[0]]
        if "stream.hop" not in known or source.dtype != "int16" or len(file.inputs) != 1:
            raise UserError(f"{title}: takes no samples of sound; convert it with --front-end, or train it with "
                            "midge train")
        self.title, self._model = title, Model(blob)
        self.hop = int(np.prod(source.shape))
        classes = int(np.prod(self._out.shape))
        self.labels = file.labels or [Path(title).stem] * classes
        self.rate_hz = round(float(known.get("sensor.rate_hz", RATE_HZ)))
        quiet = known.get("stream.quiet", "").split(",")
        self.loud = [i for i, label in enumerate(self.labels) if label not in quiet]
        self.thresholds = _each(known.get("stream.threshold", "0.5"), classes)
        self.slack = 0.01 * (self._out.scale or 0.0)  # of a sum of scores: what midge.listen allows for rounding
        self.means = [int(n) for n in _each(known.get("stream.mean", "1"), classes)]
        self.rest = -int(-float(known.get("stream.refractory_ms", 1000)) * self.rate_hz // (1000 * self.hop))

    def hear(self, pcm: np.ndarray, advance: Advance) -> np.ndarray:
        """Return the means of the latest scores [hops, classes] of a sound, int16 [samples], since the last call."""
        hops = pcm[:len(pcm) // self.hop * self.hop].reshape(-1, self.hop)
        raw = np.empty((len(hops), len(self.labels)), self._out.dtype)
        self._model.reset()
        for block, out in zip(hops, raw, strict=True):
            self._model.run([block.view(np.uint8)], [out.view(np.uint8)])
            advance(1)
        scores = to_real(raw, self._out.scale, self._out.zero_point).astype(np.float64)
        means = np.empty_like(scores)
        for i, mean in enumerate(self.means):
            sums = np.cumsum(np.concatenate([np.zeros(mean), scores[:, i]]))
            means[:, i] = (sums[mean:] - sums[:-mean]) / mean
        return means

    def answers(self, means: np.ndarray, thresholds: Sequence[float]) -> list[tuple[int, int]]:
        """Return the hop and the class of each answer."""
        found = []
        for i in self.loud:
            high = means[:, i] >= thresholds[i] - self.slack / self.means[i]
            until = 0
            for at in np.flatnonzero(high & ~np.concatenate([[False], high[:-1]])):
                if at >= until:  # what comes earlier is an echo, as long as it lasts
                    found.append((int(at), i))
                    until = int(at) + self.rest
        return sorted(found)


def _each(text: str, count: int) -> list[float]:
    parts = [float(part) for part in text.split(",")]
    return parts if len(parts) == count else parts[:1] * count


def read_stream(source: Path, rate_hz: int) -> tuple[np.ndarray, dict[str, tuple[float, float]]]:
    """Return the samples of a file, or of all files below a folder joined, int16, and where each file begins and ends.

    Files are named by their paths in the folder. Raises UserError.
    """
    files = sorted(p for p in source.rglob("*") if p.suffix.lower() in SOUNDS) if source.is_dir() else [source]
    if not files:
        raise UserError(f"{source}: no sounds in this folder; name a .wav file, or a folder of such")
    parts, places, at = [], {}, 0
    for file in files:
        sound = read_sound(file)
        check_rate(file, sound)
        pcm = to_raw(resample(sound.mono, sound.rate_hz, rate_hz), "int16", 1 / 32768, 0)
        name = file.relative_to(source).as_posix() if source.is_dir() else file.name
        places[name] = (at / rate_hz, (at + len(pcm)) / rate_hz)
        at += len(pcm)
        parts.append(pcm)
    return np.concatenate(parts), places


def read_events(path: Path, places: dict[str, tuple[float, float]], labels: Sequence[str]) -> list[Event]:
    """Return the events of a .csv file: file, start and end in seconds, label, per line.

    Start and end may be left out for files that are one event. Raises UserError, with the line's number.
    """
    wanted = "wanted a file, its start and end in seconds, and its label: long.wav,12.5,13.1,yes"
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [(reader.line_num, row) for reader in [csv.reader(file)] for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read ({error}); {wanted}") from error
    found = []
    for number, row in rows:
        if [field.strip() for field in row[:2]] == ["file", "start"]:
            continue
        where = f"{path}:{number}"
        if len(row) != 4:
            raise UserError(f"{where}: {len(row)} columns; {wanted}")
        name, start, end, label = (field.strip() for field in row)
        if name not in places:
            raise UserError(f"{where}: no file '{name[:60]}' among the sounds; they are named as "
                            f"'{next(iter(places))[:60]}'")
        if label not in labels:
            raise UserError(f"{where}: no label '{label[:40]}'; the model has {', '.join(labels)}")
        first, last = places[name]
        try:
            inside = (float(start) if start else 0.0, float(end) if end else last - first)
        except ValueError as error:
            raise UserError(f"{where}: '{start[:20]}' to '{end[:20]}' are no seconds; {wanted}") from error
        if not 0 <= inside[0] < inside[1] <= last - first + 0.05:
            raise UserError(f"{where}: from {inside[0]:g} to {inside[1]:g} s of {name[:60]}, which has "
                            f"{last - first:.2f} s; mend the line")
        found.append(Event(label, first + inside[0], first + inside[1]))
    if not found:
        raise UserError(f"{path}: no events in it; {wanted}")
    return sorted(found, key=lambda event: event.start_s)


def evaluate_stream(
    ear: Ear, pcm: np.ndarray, events: Sequence[Event], advance: Advance, tolerance_s: float = TOLERANCE_S
) -> StreamEvaluation:
    """Play sound to a model, and count what it finds and what it hears that is not there, over thresholds.

    pcm: int16 [samples]. events: what is in it. tolerance_s: so long after its end an event may be answered.
    """
    means = ear.hear(pcm, advance)
    seconds = len(pcm) / ear.rate_hz
    counted = _Counter(ear, events, seconds, tolerance_s)
    own, missed, mistaken = counted.count(means, ear.thresholds)
    single = {ear.thresholds[i] for i in ear.loud}
    curve = [counted.count(means, [t] * len(ear.labels))[0] for t in sorted({*THRESHOLDS, *single})]
    return StreamEvaluation(ear.title, seconds, own, curve, missed, mistaken)


class _Counter:
    """Compares answers with events."""

    def __init__(self, ear: Ear, events: Sequence[Event], seconds: float, tolerance_s: float) -> None:
        self.ear, self.events, self.tolerance = ear, events, tolerance_s
        taken = 0.0
        end = 0.0
        for event in events:  # which are in order of their starts
            start, last = max(event.start_s, end), min(event.end_s + tolerance_s, seconds)
            taken += max(last - start, 0)
            end = max(end, last)
        self.hours = max(seconds - taken, 0.0) / 3600  # in which every answer is false

    def count(
        self, means: np.ndarray, thresholds: Sequence[float]
    ) -> tuple[Point, list[Event], list[tuple[float, str]]]:
        """Return what thresholds give, the events that they miss, and their false answers."""
        step = self.ear.hop / self.ear.rate_hz
        late: dict[Event, float] = {}
        repeated, mistaken = 0, []
        for hop, i in self.ear.answers(means, thresholds):
            at, label = (hop + 1) * step, self.ear.labels[i]
            mine = [e for e in self.events if e.label == label and e.start_s <= at <= e.end_s + self.tolerance]
            fresh = [e for e in mine if e not in late]
            if fresh:
                late[fresh[0]] = at - fresh[0].end_s
            elif mine:
                repeated += 1
            else:
                mistaken.append((at, label))
        own = sorted({thresholds[i] for i in self.ear.loud})
        median = float(np.median(list(late.values()))) if late else None
        point = Point(own[0], len(late), len(self.events), Rate(len(mistaken), self.hours), repeated, median)
        return point, [e for e in self.events if e not in late], mistaken
