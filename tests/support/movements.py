# SPDX-License-Identifier: MIT
"""Small sets of made takes: movements that differ in their order, rest, and a fan that hums."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from midge.samples.takes import Take, Takes

RATE_HZ, SAMPLES = 50.0, 64
KINDS = ("ring", "zigzag", "idle")


def movement(kind: str, rng: np.random.Generator, samples: int = SAMPLES) -> np.ndarray:
    """Return a take of an accelerometer in g [samples, 3], gravity on z."""
    time = np.arange(samples) / RATE_HZ
    at, width = rng.uniform(0.5, 0.7), 0.18
    size = rng.uniform(0.4, 0.8)
    pulse = np.exp(-(((time - at) / width) ** 2)) * size
    phase = 2 * np.pi * rng.uniform(1.8, 2.2) * (time - at)
    x = np.zeros((samples, 3))
    if kind == "ring":
        x[:, 1], x[:, 2] = pulse * np.cos(phase), pulse * np.sin(phase)
    elif kind == "zigzag":
        x[:, 1], x[:, 2] = pulse * np.cos(phase), pulse * np.cos(2 * phase)
    x[:, 2] += 1
    return np.asarray(x + rng.normal(0, 0.01, x.shape), np.float32)


def made_takes(count: int = 5, seed: int = 0, kinds: tuple[str, ...] = KINDS) -> Takes:
    """Return so many takes of each kind."""
    rng = np.random.default_rng(seed)
    return Takes([Take(f"{kind}/{kind}-{i}.csv", kind, movement(kind, rng), RATE_HZ, ("ax", "ay", "az"), ("g",) * 3,
                       (4.0,) * 3, line=8) for kind in kinds for i in range(count)], "made")


def write_takes(folder: Path, found: Takes) -> Path:
    """Write takes as `midge capture` does; returns the folder."""
    for take in found.takes:
        path = folder / take.path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["# midge take: 1", f"# label: {take.label}", f"# rate_hz: {take.rate_hz:g}", "# units: g,g,g",
                 "# range: 4,4,4", f"# samples: {len(take.values)}", "ax,ay,az"]
        path.write_text("\n".join([*lines, *(",".join(f"{v:.6g}" for v in row) for row in take.values)]) + "\n",
                        encoding="utf-8")
    return folder


def hum(rng: np.random.Generator, samples: int, rate_hz: float = 200.0, wobble: float = 0.0) -> np.ndarray:
    """Return what a sensor on a fan measures in g [samples, 3]: its turning, blades, noise, and a wobble if it ails."""
    time = np.arange(samples) / rate_hz
    turn = 2 * np.pi * np.cumsum(rate_hz / 10 * (1 + 0.01 * rng.normal(size=samples))) / rate_hz + rng.uniform(0, 6)
    x = 0.02 * rng.normal(size=(samples, 3))
    x += np.stack([0.1 * np.sin(turn), 0.1 * np.cos(turn), 0.05 * np.sin(3 * turn)], axis=1)
    x += wobble * np.sin(2 * np.pi * rate_hz / 6 * time)[:, None]
    x[:, 2] += 1
    return np.asarray(x, np.float32)


def hums(count: int = 3, samples: int = 2600, rate_hz: float = 200.0) -> Takes:
    """Return recordings of a fan that is as it should be."""
    rng = np.random.default_rng(0)
    return Takes([Take(f"normal/fan-{i}.csv", "normal", hum(rng, samples, rate_hz), rate_hz, ("ax", "ay", "az"),
                       ("g",) * 3, (4.0,) * 3, line=8) for i in range(count)], "fan")


def write_hums(folder: Path) -> Path:
    """Write recordings of a fan as `midge capture` does; returns the folder."""
    return write_takes(folder, hums())
