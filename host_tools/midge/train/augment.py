# SPDX-License-Identifier: MIT
"""More takes from few: what changes from one repetition of a movement to the next, and what does not change it.

Sizes are what hands and sensors do (stretches of 12 %, grips turned by 8 degrees); nothing here is fitted to a data
set. After Um et al. 2017, Data augmentation of wearable sensor data (ICMI).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

STRETCH, SHIFT, BEND = 0.12, 0.09, 0.015  # shares of the time, of the window
GAIN, TURN_DEGREES = 0.15, 8.0
WOBBLE, NOISE = 0.1, 0.03  # in units of the movement's size


def augment(
    x: np.ndarray, times: int, rng: np.random.Generator, triples: Sequence[int], size: np.ndarray
) -> np.ndarray:
    """Return `times` variants of each window: [n * times, samples, columns], those of one window together.

    x: float [n, samples, columns]. triples: first columns of what has an x, a y and a z, turned together.
    size: of the movements in each column, what typical_size says.
    """
    x = np.repeat(np.asarray(x, np.float64), times, axis=0)
    count, samples, columns = x.shape
    stretch = 1 + rng.uniform(-STRETCH, STRETCH, (count, 1))
    middle = (samples - 1) / 2
    at = (np.arange(samples) - middle) / stretch + middle + samples * rng.uniform(-SHIFT, SHIFT, (count, 1))
    at += BEND * samples * wander(rng, count, samples, 1, 2)[:, :, 0]
    x = resample(x, at)
    rest = x.mean(axis=1, keepdims=True)  # gravity, and a gyroscope's offset
    x = rest + (x - rest) * np.exp(rng.uniform(-GAIN, GAIN, (count, 1, 1)))
    x += WOBBLE * size * wander(rng, count, samples, columns, 4)
    if triples:
        turns = rotations(rng, count, TURN_DEGREES)
        for first in triples:
            x[:, :, first:first + 3] = np.einsum("nij,ntj->nti", turns, x[:, :, first:first + 3])
    noisy: np.ndarray = x + NOISE * size * rng.normal(size=x.shape)
    return noisy


def typical_size(x: np.ndarray) -> np.ndarray:
    """Return the size of movements in each column of windows [n, samples, columns]: the median of their deviations."""
    least = 1e-6 * max(float(np.abs(x).max()), 1e-6)
    size: np.ndarray = np.maximum(np.median(x.std(axis=1), axis=0), least)
    return size


def triples_of(columns: Sequence[str]) -> list[int]:
    """Return the first column of each x, y, z that belong together: ax, ay, az or gyro_x, gyro_y, gyro_z."""
    ends = [name.strip().lower()[-1:] for name in columns]
    return [i for i in range(len(ends) - 2) if ends[i:i + 3] == ["x", "y", "z"]]


def wander(rng: np.random.Generator, count: int, samples: int, columns: int, modes: int) -> np.ndarray:
    """Return slow curves of about unit size, [count, samples, columns]: a few sines with random phases."""
    time = np.linspace(0, 1, samples)[None, :, None]
    curve = np.zeros((count, samples, columns))
    for k in range(1, modes + 1):
        cycles = k * rng.uniform(0.5, 1, (count, 1, columns))
        size = rng.normal(size=(count, 1, columns)) / k
        curve += size * np.sin(2 * np.pi * (cycles * time + rng.random((count, 1, columns))))
    return curve


def resample(x: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return windows [n, samples, columns] at other times, [n, any] in samples; what lies outside is held."""
    at = np.clip(at, 0, x.shape[1] - 1)
    below = np.minimum(at.astype(np.int64), x.shape[1] - 2)
    part = (at - below)[:, :, None]
    row = np.arange(len(x))[:, None]
    between: np.ndarray = x[row, below] * (1 - part) + x[row, below + 1] * part
    return between


def rotations(rng: np.random.Generator, count: int, degrees: float) -> np.ndarray:
    """Return turns about random axes, [count, 3, 3], by normally distributed angles (Rodrigues' formula)."""
    axis = rng.normal(size=(count, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    angle = np.radians(degrees) * rng.normal(size=(count, 1, 1))
    cross = np.zeros((count, 3, 3))
    cross[:, [2, 0, 1], [1, 2, 0]] = axis
    cross[:, [1, 2, 0], [2, 0, 1]] = -axis
    turned: np.ndarray = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
    return turned
