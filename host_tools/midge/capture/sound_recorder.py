# SPDX-License-Identifier: MIT
"""Record sounds by their loudness: each is cut out of what goes on, looked at, and kept as a WAV file or made again."""

from __future__ import annotations

import re
import tempfile
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from ..errors import UserError
from ..samples.take_format import check_label
from ..samples.takes import longest_run
from .frames import LostSamples
from .microphones import RATE_HZ, Microphone
from .recorder import now

_FRAME = RATE_HZ // 100  # samples whose loudness counts as one
_RISE, _FALL = 10.0, 3.0  # times the background's power: what begins a sound, and what goes on with one
_FLOOR = 10 ** (-60 / 10)  # of full scale's power: below it nothing begins
_BEGINS, _ENDS = 2, 30  # frames in a row
_AROUND = 20  # frames that are kept before and after
_FOLLOWS = 0.02  # share by which the background is led by each frame without a sound
_SETTLES = 30  # frames, of which the background is known
_CLIPPED_SAMPLES = 4  # in a row at full scale
_FULL = 0.999
_FAINT = 10 ** (-40 / 20)  # of full scale: what is never louder than that is recorded again
_NOTHING_S = 10.0  # without a sound, after which that is said
_DEAD_S = 3.0  # of the same value all the time: no microphone gives that
_LOSSES_IN_A_ROW = 3
LONGEST_S = 3.0


@dataclass(frozen=True)
class SoundPlan:
    """What is to be recorded. seconds: how long a sound is at most; of a continuous recording how long it is."""

    label: str
    count: int = 1
    seconds: float = LONGEST_S
    out: Path = Path("data")
    person: str = ""
    play: bool = False


class SoundDisplay(Protocol):
    """Whoever shows what goes on."""

    def level(self, block: np.ndarray, number: int, sounding: bool) -> None:
        """Show how loud it is while a sound is waited for or going on. block: samples that came, or none."""

    def again(self, reason: str) -> None:
        """Say why a sound is recorded again."""

    def kept(self, number: int, path: Path, samples: int) -> None:
        """Tell of a file that has been written."""


class SoundCutter:
    """Cuts what is louder than the background out of sound that goes on. longest_s: where it cuts at the latest."""

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self.longest = max(round(longest_s * RATE_HZ / _FRAME), 2 * _AROUND)
        self._rest = np.zeros(0, np.float32)
        self._frames: list[np.ndarray] = []  # of the sound, or of what may go before one
        self._background: list[float] = []
        self._power = 0.0
        self._loud = self._calm = 0
        self.sounding = False

    def feed(self, block: np.ndarray) -> list[np.ndarray]:
        """Take in samples, float32, and return the sounds that ended, with a fifth of a second around each."""
        self._rest = np.concatenate([self._rest, block])
        found = []
        whole = len(self._rest) // _FRAME
        for frame in self._rest[:whole * _FRAME].reshape(whole, _FRAME):
            sound = self._hear(frame)
            if sound is not None:
                found.append(sound)
        self._rest = self._rest[whole * _FRAME:]
        return found

    def _hear(self, frame: np.ndarray) -> np.ndarray | None:
        power = float(np.var(frame))
        self._frames.append(frame)
        if len(self._background) < _SETTLES:
            self._background.append(power)
            self._power = float(np.median(self._background))
            return None
        if not self.sounding:
            self._loud = self._loud + 1 if power > max(_RISE * self._power, _FLOOR) else 0
            self.sounding, self._calm = self._loud >= _BEGINS, 0
            if not self.sounding:
                del self._frames[:-_AROUND - _BEGINS]
                if not self._loud:
                    self._power += _FOLLOWS * (power - self._power)
            return None
        self._calm = 0 if power > max(_FALL * self._power, _FLOOR) else self._calm + 1
        if self._calm < _ENDS and len(self._frames) < self.longest:
            return None
        sound = np.concatenate(self._frames[:len(self._frames) - max(self._calm - _AROUND, 0)])
        if self._calm < _ENDS:  # it goes on: that is the background now
            self._power = power
        self._frames, self._loud, self.sounding = self._frames[-_AROUND:], 0, False
        return sound


def faults_of(sound: np.ndarray) -> str:
    """Return why a sound is of no use, or ""."""
    if longest_run(np.abs(sound) >= _FULL) >= _CLIPPED_SAMPLES:
        return "clipped: it was louder than the microphone can tell; stand further away, or lower the gain"
    loudest = float(np.abs(sound).max(initial=0.0))
    if loudest < _FAINT:
        return (f"faint: {20 * np.log10(max(loudest, 1e-6)):.0f} dB of full scale at the loudest; come nearer, or "
                "raise the gain")
    return ""


def record_sounds(
    mic: Microphone, plan: SoundPlan, display: SoundDisplay, stopped: Callable[[], bool] = lambda: False
) -> list[Path]:
    """Record the sounds of a plan, each where it is louder than the background, and return their files.

    stopped: whether to end. Raises UserError; the sounds before it are on the disk.
    """
    check_label(plan.label)
    files: list[Path] = []
    losses = 0
    while len(files) < plan.count and not stopped():
        take = _Take(plan, files, display, stopped)
        try:
            mic.listen(take.hear)
        except LostSamples as lost:
            losses = 1 if take.came > RATE_HZ else losses + 1
            if losses >= _LOSSES_IN_A_ROW:
                raise UserError(f"{mic.place}: sound was lost {losses} times in a row ({lost}); try another cable"
                                ) from lost
            display.again(str(lost))
        if take.kept is not None and plan.play:
            mic.play(take.kept)
    return files


class _Take:
    """What is heard from one start of the microphone to its end."""

    def __init__(
        self, plan: SoundPlan, files: list[Path], display: SoundDisplay, stopped: Callable[[], bool]
    ) -> None:
        self.plan, self.files, self.display, self.stopped = plan, files, display, stopped
        self.cutter = SoundCutter(plan.seconds)
        self.kept: np.ndarray | None = None
        self.came = self.since = 0
        self.low, self.high = np.inf, -np.inf

    def hear(self, block: np.ndarray) -> bool:
        """Take in samples; tell whether that is enough."""
        self.came += len(block)
        self.since += len(block)
        self._check_alive(block)
        for sound in self.cutter.feed(block):
            self.since = 0
            reason = faults_of(sound)
            if reason:
                self.display.again(reason)
            elif len(self.files) < self.plan.count:
                self.files.append(write_sound(self.plan.out, sound, self.plan.label, self.plan.person))
                self.display.kept(len(self.files), self.files[-1], len(sound))
                self.kept = sound
                if self.plan.play:
                    return True
        if self.since > _NOTHING_S * RATE_HZ:
            self.since = 0
            self.display.again(f"silent: nothing was louder than the background for {_NOTHING_S:g} s; come nearer, or "
                               "raise the gain")
        if len(self.files) >= self.plan.count:
            return True
        self.display.level(block, len(self.files) + 1, self.cutter.sounding)
        return self.stopped()

    def _check_alive(self, block: np.ndarray) -> None:
        if len(block) and self.came <= _DEAD_S * RATE_HZ:
            self.low, self.high = min(self.low, float(block.min())), max(self.high, float(block.max()))
            if self.came > 0.9 * _DEAD_S * RATE_HZ and self.low == self.high:
                raise UserError(f"the microphone gives {self.low:g} all the time; check its wires, and that its L/R "
                                "pin is low (or name ,right with --mic)")


def record_on(
    mic: Microphone, plan: SoundPlan, display: SoundDisplay, stopped: Callable[[], bool] = lambda: False
) -> list[Path]:
    """Record plan.seconds of whatever is heard, or until stopped; a new file begins where samples were lost.

    Raises UserError; what came before is on the disk.
    """
    check_label(plan.label)
    wanted = round(plan.seconds * RATE_HZ)
    files: list[Path] = []
    came, losses = 0, 0
    while came < wanted and not stopped():
        blocks: list[np.ndarray] = []

        def hear(block: np.ndarray, blocks: list[np.ndarray] = blocks) -> bool:
            blocks.append(block)
            display.level(block, len(files) + 1, True)
            return stopped()

        reason = ""
        try:
            mic.listen(hear, wanted - came)
        except LostSamples as lost:
            reason = str(lost)
        sound = np.concatenate([np.zeros(0, np.float32), *blocks])[:wanted - came]
        came += len(sound)
        if len(sound) >= RATE_HZ or (len(sound) and not reason):
            files.append(write_sound(plan.out, sound, plan.label, plan.person))
            display.kept(len(files), files[-1], len(sound))
            losses = 0
        if reason:
            losses += 1
            if losses >= _LOSSES_IN_A_ROW:
                raise UserError(f"{mic.place}: sound was lost {losses} times in a row ({reason}); try another cable")
            display.again(reason)
    return files


def write_sound(out: Path, sound: np.ndarray, label: str, person: str = "") -> Path:
    """Write reals [samples] at 16 kHz as a new file, <out>/<label>/<label>_<person>_<time>-<number>.wav; return it.

    Nothing is written over. Where that place takes no file, the sound is kept in the folder for temporary files, and
    the UserError that is raised says where.
    """
    stem = "_".join([re.sub(r"[^\w-]+", "-", part).replace("_", "-") for part in (label, person) if part]
                    + [re.sub(r"[-:Z]", "", now())])
    folder = out / check_label(label)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            path = folder / f"{stem}-{number}.wav"
            try:
                with path.open("xb") as file:
                    _write_wave(file, sound)
                return path
            except FileExistsError:
                number += 1
    except OSError as error:
        with tempfile.NamedTemporaryFile(suffix=".wav", delete=False) as rescued:
            _write_wave(rescued, sound)
        raise UserError(f"{folder}: {error.strerror or error}; this sound is in {rescued.name}") from error


def _write_wave(file: object, sound: np.ndarray) -> None:
    with wave.open(file, "wb") as out:  # type: ignore[call-overload]
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(np.clip(np.round(sound * 32768), -32768, 32767).astype("<i2").tobytes())
