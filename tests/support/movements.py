# SPDX-License-Identifier: MIT
"""Small sets of made takes: movements that differ in their order, and rest."""

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
