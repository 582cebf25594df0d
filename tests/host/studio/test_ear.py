# SPDX-License-Identifier: MIT
"""Sound that comes from a page: takes of a length, takes between pauses, and hours of it."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from midge.capture.cut import cut_takes
from midge.capture.frames import LostSamples
from midge.capture.live import Heard
from midge.errors import UserError
from midge.samples.sound_files import read_sound
from midge.studio import feeds
from midge.studio.ear import Ear, Splitter, Wanted
from midge.studio.feeds import Feed, motion_source, sound_source
from midge.studio.here import Misses
from midge.studio.project import Project
from midge.studio.shelf import Shelf

RATE = 16_000


def speech(words: int, seed: int = 0, seconds: float = 0.5) -> np.ndarray:
    """Sounds of half a second with a second of faint noise around each, float32."""
    rng = np.random.default_rng(seed)
    pause = rng.normal(0, 0.001, RATE)
    word = 0.4 * np.sin(2 * np.pi * 500 * np.arange(round(seconds * RATE)) / RATE)
    return np.concatenate([pause, *(np.concatenate([word, pause]) for _ in range(words))]).astype(np.float32)


class Quiet:
    """A display that counts."""

    def __init__(self) -> None:
        self.kept_files: list[Path] = []
        self.lost: list[str] = []

    def waiting(self, take: int, seconds: float) -> None: ...

    def samples(self, block: np.ndarray, share: float | None) -> None:
        assert block.shape[1] == 2

    def again(self, reason: str) -> None:
        self.lost.append(reason)

    def kept(self, take: int, path: Path, samples: int) -> None:
        self.kept_files.append(path)


def message(x: np.ndarray) -> bytes:
    return b"s" + np.round(32767 * x).astype("<i2").tobytes()


def test_what_is_between_pauses_is_a_take() -> None:
    splitter = Splitter(RATE)
    found = [take for block in np.array_split(speech(5), 100) for take in splitter.feed(block)]
    assert len(found) == 5
    for take in found:
        assert abs(len(take) / RATE - 0.8) < 0.06  # half a second, and what is around it
        assert np.abs(take).max() > 0.39 and np.abs(take[: RATE // 10]).max() < 0.02


def test_takes_of_a_length_begin_before_it_gets_loud() -> None:
    splitter = Splitter(RATE, RATE)
    found = [take for block in np.array_split(speech(4), 77) for take in splitter.feed(block)]
    assert [len(take) for take in found] == [RATE] * 4
    for take in found:
        begins = np.flatnonzero(np.abs(take) > 0.1)[0] / RATE
        assert 0.15 < begins < 0.25


def test_two_hours_take_no_more_memory_than_two_minutes() -> None:
    def most(minutes: int) -> tuple[int, int]:
        splitter, count = Splitter(RATE), 0
        piece = speech(6)[: 8 * RATE]
        tracemalloc.start()
        for _ in range(minutes * 60 // 8):
            count += len(splitter.feed(piece))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return count, peak

    few, many = most(2), most(120)
    assert many[0] == pytest.approx(60 * few[0], rel=0.03) and many[1] < 1.3 * few[1]


def test_two_hours_of_movements_are_cut_into_takes() -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 0.01, (2 * 3600 * 100, 3)).astype(np.float32) + np.float32([0, 0, 1])
    for start in range(500, len(samples), 1000):  # every ten seconds, for half a second
        samples[start:start + 50, 0] += np.sin(np.arange(50))
    takes = cut_takes(samples, 100.0, ("g", "g", "g"), 150)
    assert len(takes) == 720 and all(take.end - take.start == 150 for take in takes)


def test_a_plan_becomes_files(tmp_path: Path) -> None:
    shelf, display, feed = Shelf(Project(tmp_path)), Quiet(), Feed(sound_source("a microphone"))
    shelf.project.change({"kind": "sound", "person": "Ann B."})
    ear = Ear(feed, shelf, display)
    feed.begin = lambda: None  # type: ignore[method-assign]
    for block in np.array_split(speech(4), 60):
        feed.put(message(block))
    files = ear.record(Wanted("yes", 3, 0.7, "trigger"), lambda: False)
    assert files == display.kept_files and len(files) == 3
    assert all(path.parent.name == "yes" and path.name.startswith("yes-AnnB-") for path in files)
    assert [len(read_sound(path).values) for path in files] == [11_200] * 3


def test_what_sends_and_goes_away_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "_SILENCE_S", 0.2)
    feed = Feed(sound_source("a microphone"))
    with pytest.raises(UserError, match="a microphone: nothing comes from there any more; keep its page open"):
        Ear(feed, Shelf(Project(tmp_path)), Quiet()).preview(lambda: False)


@pytest.mark.parametrize("said", [b"", b"s", b"s\1", b"x\0\0", b"m\0\0\0\0", b"\xff" * 99])
def test_messages_that_are_none_are_left_out(said: bytes) -> None:
    feed = Feed(sound_source("a microphone"))
    feed.put(said)
    assert len(feed.get(0.01)) == 0
    moves = Feed(motion_source("a phone"))
    moves.put(b"m" + np.full(6, np.nan, "<f4").tobytes())
    moves.put(b"m" + bytes(7))
    assert len(moves.get(0.01)) == 0
    moves.put(b"m" + np.arange(12, dtype="<f4").tobytes())
    assert moves.get(0.01).shape == (2, 6)


def test_who_sends_more_than_can_be_taken_is_told() -> None:
    feed = Feed(sound_source("a microphone"))
    for _ in range(300):
        feed.put(message(np.zeros(1600)))
    with pytest.raises(LostSamples):
        feed.get()
    feed.begin()
    assert len(feed.get(0.01)) == 0


def test_a_full_disk_keeps_a_take_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(Project(tmp_path))

    def full(path: Path, content: bytes) -> bool:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("midge.studio.shelf.write_new", full)
    with pytest.raises(UserError, match="No space left on device; the take is kept as ") as kept:
        shelf.keep("yes-1", ".wav", b"RIFF", "yes")
    rescued = Path(str(kept.value).split("kept as ")[1].split(";")[0])
    assert rescued.read_bytes() == b"RIFF"
    rescued.unlink()


def test_near_misses_are_those_that_were_nearly_answered() -> None:
    misses = Misses(["background", "yes"], 0.8)
    sound = np.zeros(4 * RATE, np.float32)

    def hear(seconds: float, score: float, answer: str | None = None) -> bool:
        scores = np.array([1 - score, score], np.float32)
        return misses.look(Heard(seconds, None, answer, scores, 0), sound, RATE) is not None

    assert not any(hear(t, 0.1) for t in (0, 0.1, 0.2))  # nothing like it
    assert not hear(2.0, 0.6) and not hear(2.1, 0.7) and not hear(2.3, 0.2)
    assert hear(2.7, 0.1) and misses.found[0].score == pytest.approx(0.7) and misses.found[0].label == "yes"
    assert not hear(5.0, 0.7) and not hear(5.1, 0.9, "yes") and not hear(5.8, 0.1)  # it was answered after all
    assert not hear(8.0, 0.0)
    for i in range(100):
        hear(10 + 3 * i, 0.6)
        hear(11 + 3 * i, 0.1)
    assert len(misses.found) == 24
