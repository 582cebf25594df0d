# SPDX-License-Identifier: MIT
"""Movements that are no gesture, made from takes and from what hands do: they teach a model to say "unknown".

Four kinds: gestures of which the window sees only the beginning or the end; a sensor at rest, in any position; strokes
and turns without a plan; steps. Strokes rise and fall as hands do (Flash and Hogan 1985, J. Neuroscience 5:1688).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .augment import rotations, wander

SEEN = (0.05, 0.3)  # share of a gesture's energy that a part of it has
ANY_POSITION_DEGREES = 45.0


def negatives(
    x: np.ndarray, count: int, rng: np.random.Generator, rate_hz: float, triples: Sequence[int], size: np.ndarray,
    parts: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Return movements that are no gesture, `count` of each kind, and of which window each was made.

    x: windows of gestures [n, samples, columns]. triples, size: as augment takes them. parts: parts of gestures, too.
    """
    made, sources = [], []
    for kind in (*[_parts] * parts, _rest, _strokes, _steps):
        source = rng.permutation(np.resize(rng.permutation(len(x)), count))
        made.append(kind(x[source].astype(np.float64), rng, rate_hz, triples, size))
        sources.append(source)
    return np.concatenate(made), np.concatenate(sources)


def _parts(
    x: np.ndarray, rng: np.random.Generator, rate: float, triples: Sequence[int], size: np.ndarray
) -> np.ndarray:
    """Slide windows off their gesture until only a part of its energy is left."""
    out = np.empty_like(x)
    samples = x.shape[1]
    energy = (((x - np.median(x, axis=1, keepdims=True)) / size) ** 2).sum(axis=2).cumsum(axis=1)
    energy /= np.maximum(energy[:, -1:], 1e-12)
    for i, (row, share) in enumerate(zip(x, rng.uniform(*SEEN, len(x)), strict=True)):
        if rng.random() < 0.5:  # its beginning, at the window's end
            kept = min(int(np.searchsorted(energy[i], share)) + 1, samples)
            out[i] = np.concatenate([np.repeat(row[:1], samples - kept, axis=0), row[:kept]])
        else:
            kept = samples - min(int(np.searchsorted(energy[i], 1 - share)), samples - 1)
            out[i] = np.concatenate([row[samples - kept:], np.repeat(row[-1:], samples - kept, axis=0)])
    out += 0.03 * size * rng.normal(size=x.shape)
    return out


def _still(x: np.ndarray, rng: np.random.Generator, triples: Sequence[int], size: np.ndarray) -> np.ndarray:
    """Return windows that hold what each one shows on average, turned into some other position."""
    mean = x.mean(axis=1)
    turns = rotations(rng, len(x), ANY_POSITION_DEGREES)
    for first in triples:
        mean[:, first:first + 3] = np.einsum("nij,nj->ni", turns, mean[:, first:first + 3])
    held: np.ndarray = np.repeat(mean[:, None], x.shape[1], axis=1) + 0.02 * size * rng.normal(size=x.shape)
    return held


def _rest(
    x: np.ndarray, rng: np.random.Generator, rate: float, triples: Sequence[int], size: np.ndarray
) -> np.ndarray:
    """Hold still, with a tremor of any size up to a fifth of a movement."""
    shake = np.exp(rng.uniform(np.log(0.005), np.log(0.2), (len(x), 1, 1)))
    out = _still(x, rng, triples, size)
    out += shake * size * wander(rng, len(x), x.shape[1], x.shape[2], 10)
    return out


def _strokes(
    x: np.ndarray, rng: np.random.Generator, rate: float, triples: Sequence[int], size: np.ndarray
) -> np.ndarray:
    """Make one to five strokes in any directions, some of which turn the sensor for good."""
    out = _still(x, rng, triples, size)
    time = np.arange(x.shape[1]) / rate
    for i in range(len(x)):
        rest = out[i].mean(axis=0)
        for _ in range(int(rng.integers(1, 6))):
            u = np.clip((time - rng.uniform(-0.5, time[-1])) / np.exp(rng.uniform(np.log(0.2), np.log(1.2))), 0, 1)
            push = (u - 3 * u**2 + 2 * u**3) / 0.0962  # minimum-jerk acceleration, 1 at its peak
            out[i] += push[:, None] * size * rng.normal(size=x.shape[2]) * rng.uniform(0.2, 3)
            turned = u**3 * (10 - 15 * u + 6 * u**2)
            for first in triples:
                turn = np.cross(rng.normal(size=3), rest[first:first + 3]) * np.radians(rng.uniform(5, 40))
                out[i, :, first:first + 3] += turned[:, None] * turn
    return out


def _steps(
    x: np.ndarray, rng: np.random.Generator, rate: float, triples: Sequence[int], size: np.ndarray
) -> np.ndarray:
    """Walk: 1.4 to 2.4 steps a second, with half and whole multiples of that."""
    time = np.arange(x.shape[1]) / rate
    phase = 2 * np.pi * (rng.uniform(1.4, 2.4, (len(x), 1)) * time + rng.random((len(x), 1)))
    out = _still(x, rng, triples, size)
    strength = rng.uniform(0.1, 1.5, (len(x), 1, 1))
    for multiple, share in ((0.5, 1.0), (1.0, 1.0), (2.0, 0.5), (3.0, 0.5)):
        swing = np.sin(phase * multiple + 2 * np.pi * rng.random((len(x), 1)))
        out += share * strength * size * swing[:, :, None] * rng.normal(size=(len(x), 1, x.shape[2]))
    return out

