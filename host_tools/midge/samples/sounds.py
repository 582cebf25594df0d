# SPDX-License-Identifier: MIT
"""Labelled sounds to train on: a folder per class, with files of any rate and kind, checked and brought to one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..errors import UserError
from .doubts import Doubts
from .faults import noted, raise_faults
from .groups import groups_of
from .labels import is_quiet
from .sound_files import SOUNDS, Sound, read_sound, resample
from .takes import Timed, longest_run, twins

RATE_HZ = 16_000  # what networks hear
LEAST_RATE_HZ = 8_000  # speech by telephone; below it little is left
SILENT = 10 ** (-70 / 20)  # of full scale
CLIPPED_SAMPLES = 4  # in a row at full scale
SHIFTED = 0.02  # of full scale, that the mean may be off
SHORTEST_S = 0.1


@dataclass(frozen=True)
class Clip(Timed):
    """One labelled sound. values: float32 [samples] at `rate_hz`, full scale is -1 to 1. group: "" where unknown.

    recorded_hz: the rate of its file.
    """

    rate_hz: float = RATE_HZ
    group: str = ""
    recorded_hz: int = RATE_HZ


@dataclass
class Clips:
    """Clips of one rate. notes: what is doubtful, with file and remedy. grouped_by: how groups were found, or ""."""

    clips: list[Clip]
    title: str = "sounds"
    notes: list[str] = field(default_factory=list)
    grouped_by: str = ""

    @property
    def labels(self) -> list[str]:
        """The classes, in alphabetical order."""
        return sorted({clip.label for clip in self.clips})


def holds_sounds(folder: Path) -> bool:
    """Tell whether a folder has folders of sounds in it."""
    return folder.is_dir() and any(_files(inside) for inside in folder.iterdir() if inside.is_dir())


def read_sounds(source: str | Path, groups: Path | None = None) -> Clips:
    """Return the sounds of a folder, one folder per class, as one channel at 16 kHz, checked.

    groups: a .csv file with a file's name and its group, such as its speaker, per line. Without it names tell, where
    they do. Raises UserError, with file and remedy, where a file is damaged, silent or of another kind, or where there
    are too few classes or clips.
    """
    path = Path(source)
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; name a folder with one folder of sounds per class")
    clips, faults, doubts = list[Clip](), list[str](), _Doubts()
    for folder in sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith(".")):
        files = _files(folder)
        if not files:
            faults.append(f"{folder}: no sounds in this class's folder; fill it, or remove it")
        for file in files:
            with noted(faults):
                clips.append(_clip(file, folder.name, doubts))
    raise_faults(faults, "sounds")
    found = Clips(clips, str(source), doubts.texts())
    check_clips(found)
    names, found.grouped_by = groups_of(clips, groups)
    found.clips = [replace(clip, group=name) for clip, name in zip(clips, names, strict=True)]
    return found


def read_clips(source: str | Path, label: str) -> Clips:
    """Return all sounds in a folder and below it, or in one file, as clips of one class, checked.

    Raises UserError, with file and remedy, where one is damaged, silent or of another kind, or where there is none.
    """
    path = Path(source)
    files = [path] if path.is_file() else sorted(
        p for p in path.rglob("*") if p.suffix.lower() in SOUNDS and not p.name.startswith("."))
    if not files:
        raise UserError(f"{path}: no sounds in it; name a folder of .wav, .flac or .ogg files")
    clips, faults, doubts = list[Clip](), list[str](), _Doubts()
    for file in files:
        with noted(faults):
            clips.append(_clip(file, label, doubts))
    raise_faults(faults, "sounds")
    return Clips(clips, str(source), doubts.texts())


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SOUNDS and not p.name.startswith("."))


def _clip(path: Path, label: str, doubts: _Doubts) -> Clip:
    sound = read_sound(path)
    doubts.look(path, sound)
    mono = sound.mono
    check_rate(path, sound)
    if len(mono) < SHORTEST_S * sound.rate_hz:
        raise UserError(f"{path}: {len(mono) / sound.rate_hz:.3f} s long; {SHORTEST_S} s at least are wanted: record "
                        "it again, or remove it")
    mean = float(mono.mean())
    if abs(mean) > SHIFTED:
        doubts.add("are shifted by a constant voltage, which was taken out; check the microphone's coupling", path)
        mono = mono - np.float32(mean)
    if float(np.abs(mono).max()) < SILENT and not is_quiet(label):
        raise UserError(f"{path}: silent; check that the microphone was on, and record it again, or move it to a "
                        "folder 'silence'")
    return Clip(str(path), label, resample(mono, sound.rate_hz, RATE_HZ), RATE_HZ, recorded_hz=sound.rate_hz)


def check_rate(path: Path, sound: Sound) -> None:
    """Raise UserError where a sound lacks most of what front ends hear."""
    if sound.rate_hz < LEAST_RATE_HZ:
        raise UserError(f"{path}: {sound.rate_hz} samples a second; the front end hears up to 7500 Hz, for which "
                        f"{RATE_HZ} are wanted and {LEAST_RATE_HZ} just do: record it again")


class _Doubts(Doubts):
    """Notes on files of sounds."""

    def look(self, path: Path, sound: Sound) -> None:
        """Note what a file has that a microphone on a board has not."""
        channels = sound.values.shape[1]
        if channels > 1:
            self.add(f"have {channels} channels, which were mixed into one", path)
        if sound.rate_hz < RATE_HZ:
            self.add(f"have {sound.rate_hz} samples a second, so nothing above {sound.rate_hz // 2} Hz, which a "
                     f"board's microphone will hear; record at {RATE_HZ}", path)
        top = np.abs(sound.values).max(axis=1) >= 0.999
        if top.any() and longest_run(top) >= CLIPPED_SAMPLES:
            self.add("are clipped; lower the gain, or stand further away, and record them again", path)


def check_clips(found: Clips) -> None:
    """Check that clips can be trained on together; adds notes on what is doubtful. Raises UserError."""
    counts = Counter(clip.label for clip in found.clips)
    if not counts:
        raise UserError(f"{found.title}: no sounds in it; put one folder per class into it, with .wav files")
    if all(map(is_quiet, counts)):
        quiet = ", ".join(map(repr, sorted(counts)))
        raise UserError(f"{found.title}: only sounds of {quiet}, which are never answered; add a folder with "
                        "what is to be heard")
    if len(found.clips) < len(counts) * 2:
        raise UserError(f"{found.title}: {len(found.clips)} clips of {len(counts)} classes; 10 to 50 a class are "
                        "wanted, from several people or places")
    for label, count in sorted(counts.items()):
        if count < 2:
            first = next(clip for clip in found.clips if clip.label == label)
            raise UserError(f"{first.path}: the only sound of '{label}'; 10 to 50 a class are wanted, some of them to "
                            "check with")
    found.notes += twins(found.clips)
