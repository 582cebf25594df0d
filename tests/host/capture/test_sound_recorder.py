# SPDX-License-Identifier: MIT
"""Sounds are cut where they are, looked at, and kept as they were; the PC's microphone is a fake PortAudio."""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from midge.capture import sound_recorder as recorder
from midge.capture.frames import LostSamples
from midge.errors import UserError
from midge.samples.sound_files import read_sound
from tests.support.command import midge, refusal

RATE = 16000


def room(seconds: float, level: float = 0.0005, seed: int = 0) -> np.ndarray:
    """The noise of a quiet room."""
    return (level * np.random.default_rng(seed).normal(size=round(seconds * RATE))).astype(np.float32)


def burst(seconds: float, level: float) -> np.ndarray:
    """A sound that fades in and out."""
    count = round(seconds * RATE)
    return (level * np.hanning(count) * np.sin(np.arange(count) * 0.3)).astype(np.float32)


def test_a_sound_is_cut_where_it_is() -> None:
    sound = room(6)
    places = [(1.0, 0.3), (2.5, 0.8), (4.4, 0.1)]
    for start, length in places:
        at = round(start * RATE)
        sound[at:at + round(length * RATE)] += burst(length, 0.3)
    cutter = recorder.SoundCutter()
    found = [s for at in range(0, len(sound), 333) for s in cutter.feed(sound[at:at + 333])]
    assert len(found) == 3
    for cut, (start, length) in zip(found, places, strict=True):
        at = next(i for i in range(len(sound)) if np.array_equal(sound[i:i + 50], cut[:50])) / RATE
        assert start - 0.25 <= at <= start + 0.02 and start + length <= at + len(cut) / RATE <= start + length + 0.3


def test_a_sound_that_does_not_end_is_cut_and_becomes_the_background() -> None:
    cutter = recorder.SoundCutter(1.0)
    found = cutter.feed(np.concatenate([room(1), room(5, 0.1, 1), 0.9 * burst(0.4, 1), room(1, 0.1, 2)]))
    assert len(found) == 2 and len(found[0]) == RATE and 0.4 < len(found[1]) / RATE < 0.8
    assert cutter.feed(room(3, 0.0)) == []  # silence is nothing


def test_what_is_of_no_use_is_told() -> None:
    assert recorder.faults_of(burst(0.3, 0.9)) == ""
    assert recorder.faults_of(np.clip(burst(0.3, 1.5), -1, 1)).startswith("clipped: it was louder than")
    assert recorder.faults_of(burst(0.3, 0.005)).startswith("faint: -46 dB of full scale")


class Mic:
    """A microphone that hears these sounds one after the other, and loses what comes at a place."""

    name, place = "a microphone", "here"

    def __init__(self, sound: np.ndarray, lost_at: int | None = None) -> None:
        self.sound, self.at, self.lost_at = sound, 0, lost_at
        self.played: list[np.ndarray] = []

    def listen(self, hear: Callable[[np.ndarray], bool], samples: int = 0) -> None:
        end = self.at + samples if samples else len(self.sound)
        while self.at < end:
            if self.lost_at is not None and self.at >= self.lost_at:
                self.lost_at = None
                raise LostSamples("a frame did not arrive")
            block = self.sound[self.at:min(self.at + 240, end)]
            self.at += len(block)
            if hear(block):
                return
        assert samples, "more was asked for than there is"

    def play(self, sound: np.ndarray) -> None:
        self.played.append(sound)


class Display:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.kept_files: list[Path] = []

    def level(self, block: np.ndarray, number: int, sounding: bool) -> None:
        pass

    def again(self, reason: str) -> None:
        self.reasons.append(reason)

    def kept(self, number: int, path: Path, samples: int) -> None:
        self.kept_files.append(path)
        assert number == len(self.kept_files)


def test_bad_sounds_are_recorded_again(tmp_path: Path) -> None:
    parts = [room(12), burst(0.4, 0.5), room(1), np.clip(burst(0.4, 2), -1, 1), room(1), burst(0.3, 0.006), room(1),
             burst(0.5, 0.4), room(2)]
    mic, display = Mic(np.concatenate(parts)), Display()
    plan = recorder.SoundPlan("cough", 2, out=tmp_path, person="ann", play=True)
    files = recorder.record_sounds(mic, plan, display)
    assert [reason.split(":")[0] for reason in display.reasons] == ["silent", "clipped", "faint"]
    assert files == display.kept_files and len(mic.played) == 2
    for path, wanted in zip(files, mic.played, strict=True):
        assert path.parent == tmp_path / "cough" and path.name.startswith("cough_ann_")
        sound = read_sound(path)
        assert sound.rate_hz == RATE and np.abs(sound.mono - wanted).max() <= 0.5 / 32768
    assert files[0] != files[1]


def test_what_was_lost_is_told_and_recorded_again(tmp_path: Path) -> None:
    sound = np.concatenate([room(2), burst(0.5, 0.5), room(3), burst(0.5, 0.5), room(1)])
    display = Display()
    files = recorder.record_sounds(Mic(sound, lost_at=int(2.2 * RATE)), recorder.SoundPlan("hey", 1, out=tmp_path),
                                   display)
    assert display.reasons == ["a frame did not arrive"] and len(files) == 1
    assert len(read_sound(files[0]).mono) / RATE == pytest.approx(0.5 + 0.4, abs=0.1)  # all of the second one
    display = Display()
    plan = recorder.SoundPlan("background", seconds=5, out=tmp_path)
    files = recorder.record_on(Mic(sound, lost_at=133 * 240), plan, display)
    assert [len(read_sound(path).mono) for path in files] == [133 * 240, 5 * RATE - 133 * 240]
    assert np.abs(np.concatenate([read_sound(path).mono for path in files]) - sound[:5 * RATE]).max() < 1e-4


def test_a_dead_microphone_is_named(tmp_path: Path) -> None:
    mic = Mic(np.zeros(9 * RATE, np.float32))
    with pytest.raises(UserError, match="the microphone gives 0 all the time; check its wires, and that its L/R pin"):
        recorder.record_sounds(mic, recorder.SoundPlan("hey", out=tmp_path), Display())


class Stream:
    """PortAudio's stream: another thread hands over blocks."""

    sound: np.ndarray
    overflow_at = -1

    def __init__(self, rate: int, block: int, channels: int, dtype: str, callback: Callable[..., None]) -> None:
        assert (rate, channels, dtype) == (RATE, 1, "float32")
        self.block, self.callback, self.running = block, callback, True

    def __enter__(self) -> Stream:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.running = False
        self.thread.join()

    def _run(self) -> None:
        for number, at in enumerate(range(0, len(self.sound), self.block)):
            if not self.running:
                return
            status = types.SimpleNamespace(input_overflow=number == Stream.overflow_at)
            self.callback(self.sound[at:at + self.block, None], self.block, None, status)


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> Any:
    module: Any = types.ModuleType("sounddevice")
    module.InputStream, module.PortAudioError = Stream, type("PortAudioError", (Exception,), {})
    module.heard = []
    module.play = lambda sound, rate, blocking: module.heard.append((len(sound), rate, blocking))
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


def test_the_pc_s_microphone(portaudio: Any, tmp_path: Path) -> None:
    Stream.sound = np.concatenate([room(1), burst(0.4, 0.5), room(1)])
    args = ["capture", "--mic", "pc", "--label", "cough", "--count", "2", "--out", tmp_path]
    out = midge(*args, "--play").stdout
    assert "the PC's microphone, 16000 samples a second" in out and out.count("cough_") == 2
    assert len(list((tmp_path / "cough").glob("*.wav"))) == 2
    assert [(rate, blocking) for _, rate, blocking in portaudio.heard] == [(RATE, True)] * 2
    portaudio.InputStream = lambda *a, **k: (_ for _ in ()).throw(portaudio.PortAudioError("no such device"))
    assert refusal(*args) == ("midge: the PC's microphone: no such device; plug one in, and choose it in the "
                                     "system's settings")


def test_options_that_do_not_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    for args, reason in (
        (["--play"], "--play goes with --mic: add it, or leave it out"),
        (["--mic", "pc", "--rate", "50"], "--mic knows no --rate: leave it out"),
        (["--mic", "pc", "--continuous"], "--continuous with --mic: say how long, as --seconds 60"),
        (["--mic", "pc"], "the PC's microphone needs the package sounddevice ("),
    ):
        assert reason in refusal("capture", "--label", "x", *args)
