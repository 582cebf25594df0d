# SPDX-License-Identifier: MIT
"""Labelled sounds, made: beeps, sweeps and knocks of several "makers", who differ in pitch and pace."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.support.waves import wave_bytes

RATE_HZ = 16000
MAKERS = ("ann", "bob", "cho", "dee")


def made_sound(kind: str, maker: int, rng: np.random.Generator) -> np.ndarray:
    """Return one sound, reals [samples] of about half a second."""
    at = np.arange(int(RATE_HZ * rng.uniform(0.4, 0.55))) / RATE_HZ
    pitch = 500 * 1.15**maker * rng.uniform(0.95, 1.05)
    if kind == "knock":
        x = np.zeros(len(at))
        for start in (0.05, 0.2, 0.35):
            late = at - start - rng.uniform(0, 0.02)
            x += np.where(late > 0, np.exp(-60 * late) * np.sin(2 * np.pi * 0.7 * pitch * late), 0)
            x += np.where(late > 0, np.exp(-200 * late), 0) * 0.3 * rng.normal(size=len(at))
    else:
        rise = 0.0 if kind == "beep" else 3.0
        phase = 2 * np.pi * pitch * (at + rise * at * at)
        x = (np.sin(phase) + 0.4 * np.sin(2 * phase)) * np.hanning(len(at)) ** 0.3
    made: np.ndarray = 0.4 * x / np.abs(x).max() + 0.003 * rng.normal(size=len(at))
    return made


def write_clips(folder: Path, each: int, kinds: tuple[str, ...] = ("beep", "knock", "sweep"), seed: int = 0) -> Path:
    """Write `each` sounds of every kind and maker as WAV files, a folder per kind; return the folder."""
    rng = np.random.default_rng(seed)
    for kind in kinds:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for maker, name in enumerate(MAKERS):
            for i in range(each):
                sound = made_sound(kind, maker, rng)
                (folder / kind / f"{kind}_{name}_{i}.wav").write_bytes(wave_bytes(sound[:, None], RATE_HZ))
    return folder


def made_stream(count: int, seed: int = 99) -> tuple[np.ndarray, list[tuple[float, float, str]]]:
    """Return sounds among faint noise, reals [samples], and of each its start and end in seconds and its kind."""
    rng = np.random.default_rng(seed)
    parts, events, at = list[np.ndarray](), list[tuple[float, float, str]](), 0
    for i in range(count):
        kind = ("beep", "knock", "sweep")[i % 3]
        sound = made_sound(kind, i % len(MAKERS), rng)
        before, after = (int(RATE_HZ * rng.uniform(0.8, 1.6)) for _ in range(2))
        parts.append(np.concatenate([np.zeros(before), sound, np.zeros(after)]))
        events.append(((at + before) / RATE_HZ, (at + before + len(sound)) / RATE_HZ, kind))
        at += before + len(sound) + after
    stream = np.concatenate(parts)
    return stream + 0.001 * rng.normal(size=len(stream)), events
