# SPDX-License-Identifier: MIT
"""Sound of the kinds that a microphone and its cable produce, for tests of audio front ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from midge.graph.sound import RATE_HZ

FULL = 32767


def _speech_like(rng: np.random.Generator, n: int) -> np.ndarray:
    """Noise in three bands that come and go by syllables, over a buzz of a voice's pitch."""
    t = np.arange(n) / RATE_HZ
    syllables = np.abs(np.sin(2 * np.pi * rng.uniform(1.5, 5) * t + rng.uniform(0, 6))) ** 2
    sound = 0.3 * np.sign(np.sin(2 * np.pi * rng.uniform(80, 250) * t))
    for low, high in ((250, 900), (900, 2500), (2500, 7000)):
        sound += rng.normal(0, 0.5, n) * np.sin(2 * np.pi * rng.uniform(low, high) * t)
    return 10 ** rng.uniform(1, 4) * syllables * sound


def _silence(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.zeros(n) if rng.integers(2) else rng.integers(-1, 2, n).astype(float)


def _full_scale(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.choice(np.array([-FULL - 1.0, FULL]), n)


def _constant(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.uniform(-FULL, FULL) + rng.normal(0, rng.choice(np.array([0.0, 0.5, 100.0])), n)


def _clipped_tone(rng: np.random.Generator, n: int) -> np.ndarray:
    t = np.arange(n) / RATE_HZ
    return 10 ** rng.uniform(4, 6) * np.sin(2 * np.pi * rng.uniform(20, 7900) * t + rng.uniform(0, 6))


def _clicks(rng: np.random.Generator, n: int) -> np.ndarray:
    sound = rng.normal(0, 2, n)
    sound[rng.integers(0, n, 1 + n // 2000)] = rng.choice(np.array([-FULL - 1.0, FULL, 300.0]))
    return sound


_KINDS = (_speech_like, _silence, _full_scale, _constant, _clipped_tone, _clicks, _speech_like, _speech_like)


def sounds(seconds: float, seed: int) -> Iterator[np.ndarray]:
    """Yield stretches of int16 samples at 16 kHz, of 0.3 to 3 s and every kind in turn, `seconds` in all."""
    rng = np.random.default_rng(seed)
    left, number = round(seconds * RATE_HZ), 0
    while left:
        n = min(left, int(rng.integers(RATE_HZ * 3 // 10, 3 * RATE_HZ)))
        sound = _KINDS[number % len(_KINDS)](rng, n)
        yield np.round(sound.clip(-FULL - 1, FULL)).astype(np.int16)
        left -= n
        number += 1
