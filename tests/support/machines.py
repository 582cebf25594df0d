# SPDX-License-Identifier: MIT
"""Sounds of machines that run, simulated: a motor's hum, its fan's noise, and, with a fault, a loose part that rattles.

No machine was recorded. Each differs in pitch, in how even it runs, and in what of its case rings.
"""

from __future__ import annotations

import numpy as np

RATE_HZ = 16000


def running(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Return a machine that runs as it should, reals [samples]."""
    count = round(seconds * RATE_HZ)
    turns = rng.uniform(18, 35)  # a second
    phase = 2 * np.pi * np.cumsum(turns * (1 + 0.01 * np.sin(np.arange(count) * 2 * np.pi * 0.7 / RATE_HZ))) / RATE_HZ
    hum = sum(rng.uniform(0.2, 1) / k * np.sin(k * phase + rng.uniform(0, 6)) for k in (1, 2, 3, 4, 6, 8, 12))
    spectrum = np.fft.rfft(rng.normal(size=count))
    spectrum *= np.maximum(np.fft.rfftfreq(count, 1 / RATE_HZ), 80) ** -0.5
    air = np.fft.irfft(spectrum, count)
    made: np.ndarray = 0.06 * hum + 0.03 * air / air.std() * (1 + 0.2 * np.sin(phase))
    return made


def rattling(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Return a machine in which something is loose: it strikes several times a second, unevenly, and rings."""
    made = running(rng, seconds)
    ring = np.arange(round(0.03 * RATE_HZ)) / RATE_HZ
    tones = rng.uniform(1200, 5500, 3)
    at = 0.0
    while (at := at + rng.uniform(0.03, 0.12)) < seconds - 0.03:
        strike = sum(np.exp(-150 * ring) * np.sin(2 * np.pi * tone * ring) for tone in tones * rng.uniform(0.98, 1.02))
        start = round(at * RATE_HZ)
        made[start:start + len(ring)] += rng.uniform(0.06, 0.2) * strike
    return made
