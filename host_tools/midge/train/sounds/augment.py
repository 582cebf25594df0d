# SPDX-License-Identifier: MIT
"""More sounds from few: other voices, distances, rooms and noises, and sounds that are none of the classes.

Sizes are those of speakers, rooms and microphones; nothing here is fitted to a data set. Masks in features are
SpecAugment's (Park et al. 2019, Interspeech), mixed pairs those of Zhang et al. 2018, mixup (ICLR).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

PITCH = 0.1  # share by which a sound is played faster or slower
STRETCH, TRACT = 0.1, 0.12  # shares by which times and frequencies of features are stretched: tempo, vocal tracts
GAIN_DB = (-24.0, 3.0)
SNR_DB = (3.0, 30.0)
NOISY, IN_A_ROOM = 0.7, 0.3  # shares of variants
QUIET_DB = (-75.0, -55.0)  # the noise of microphones
ROOM_S = (0.1, 0.5)  # until a room's echo is 60 dB down
EQUALIZED_DB = 6.0  # what microphones and cases do to a spectrum
LOUDEST = 0.98
AS_LOUD = 0.02  # parts that differ by less hold the same
COLOURS = (0.0, 0.5, 1.0)  # exponents: white, pink, brown


def noise(rng: np.random.Generator, samples: int, rate_hz: int) -> np.ndarray:
    """Return a noise of unit power [samples]: of any colour, a hum, clicks, or some of it."""
    kind = rng.integers(3)
    power = np.fft.rfftfreq(max(samples, 2), 1 / rate_hz)
    spectrum = rng.normal(size=(len(power), 2)) @ np.array([1, 1j])
    spectrum *= np.maximum(power, 40.0) ** -(2 * rng.choice(COLOURS) * rng.uniform(0.5, 1))
    made: np.ndarray = np.fft.irfft(spectrum, max(samples, 2))[:samples]
    made = _unit(made)
    at = np.arange(samples) / rate_hz
    if kind == 1:
        pitch = rng.uniform(50, 400)
        hum = sum(rng.normal() / k * np.sin(2 * np.pi * (k * pitch * at + rng.random())) for k in range(1, 12))
        made = _unit(0.3 * made + hum * (1 + rng.random() * np.sin(2 * np.pi * rng.uniform(0.5, 8) * at)))
    elif kind == 2:
        bursts = np.zeros(samples)
        for start in rng.integers(0, samples, max(1, int(rng.uniform(1, 12) * samples / rate_hz))):
            length = int(rate_hz * rng.uniform(0.002, 0.15))
            tail = min(length, samples - start)
            bursts[start:start + tail] += rng.normal() * rng.normal(size=tail) * np.exp(-5 * np.arange(tail) / length)
        made = _unit(0.1 * made + _unit(bursts))
    return made


def _unit(x: np.ndarray) -> np.ndarray:
    return x / max(float(np.sqrt(np.mean(x * x))), 1e-9)


def loudness(x: np.ndarray, rate_hz: int) -> float:
    """Return the root mean square of a sound's louder parts: its blocks of 20 ms within 20 dB of the loudest."""
    block = max(rate_hz // 50, 1)
    whole = x[:len(x) // block * block] if len(x) >= block else np.resize(x, block)
    power = (whole.reshape(-1, block) ** 2).mean(axis=1)
    return float(np.sqrt(power[power >= power.max() / 100].mean()))


def loudest_part(x: np.ndarray, samples: int, rate_hz: int) -> np.ndarray:
    """Return the part of a recording that has so many samples and is loudest; what is said in it is in the middle.

    A shorter recording is returned as it is.
    """
    block = max(rate_hz // 100, 1)
    size, count = samples // block, len(x) // block
    if count <= size:
        return x
    levels = np.sqrt((x[:count * block].reshape(count, block) ** 2).mean(axis=1))
    sums = np.concatenate([[0.0], np.cumsum(levels)])
    inside = sums[size:] - sums[:-size]
    starts = np.flatnonzero(inside >= (1 - AS_LOUD) * inside.max())  # where all of it is inside
    start = int(starts.mean()) * block
    return x[start:start + samples]


def in_silence(x: np.ndarray, before: int, after: int, rng: np.random.Generator) -> np.ndarray:
    """Return a sound as it is, float32, with the noise of a microphone before, in and after it."""
    quiet = 10 ** (QUIET_DB[0] / 20) * rng.normal(size=before + len(x) + after)
    quiet[before:before + len(x)] += x
    return quiet.astype(np.float32)


def vary(
    x: np.ndarray, before: int, after: int, rng: np.random.Generator, rate_hz: int, noises: Sequence[np.ndarray]
) -> np.ndarray:
    """Return a variant of a sound [samples], with `before` and `after` samples of its noise around as many of it.

    noises: what to mix in, made or recorded.
    """
    count = len(x)
    speed = np.exp(rng.uniform(-PITCH, PITCH))
    middle = (count - 1) / 2
    sound = np.interp((np.arange(count) - middle) * speed + middle, np.arange(count), x, 0, 0)
    if speed > 1:
        edge = int(middle - middle / speed)  # where the faster sound has ended
        sound[:edge] = sound[count - edge:] = 0
    sound = _elsewhere(sound, rng, rate_hz)
    level = 10 ** (rng.uniform(*GAIN_DB) / 20) * LOUDEST / max(float(np.abs(sound).max()), 1e-9)
    sound = sound * level
    total = before + count + after
    around = 10 ** (rng.uniform(*QUIET_DB) / 20) * rng.normal(size=total)
    if rng.random() < NOISY:
        ratio = 10 ** (-rng.uniform(*SNR_DB) / 20)
        around += loudness(sound, rate_hz) * ratio * _part(noises[int(rng.integers(len(noises)))], total, rng)
    around[before:before + count] += sound
    return np.clip(around, -1, 1).astype(np.float32)


def _part(recorded: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """Return a part of a recording, of unit power; what is too short is repeated."""
    start = int(rng.integers(len(recorded)))
    return _unit(np.take(recorded, np.arange(start, start + samples), mode="wrap").astype(np.float64))


def _elsewhere(x: np.ndarray, rng: np.random.Generator, rate_hz: int) -> np.ndarray:
    """Return a sound through another microphone, and perhaps in a room with an echo that fades exponentially."""
    tail = int(rate_hz * rng.uniform(*ROOM_S)) if rng.random() < IN_A_ROOM else 1
    echo = rng.normal(size=tail) * np.exp(-6.9 * np.arange(tail) / tail) * rng.uniform(0.02, 0.15)
    echo[0] = 1
    size = 1 << int(np.ceil(np.log2(len(x) + tail)))
    bent = np.interp(np.linspace(0, 1, size // 2 + 1), np.linspace(0, 1, 6),
                     rng.uniform(-EQUALIZED_DB, EQUALIZED_DB, 6))
    spectrum = np.fft.rfft(x, size) * 10 ** (bent / 20)
    if tail > 1:
        spectrum *= np.fft.rfft(echo, size)
    heard: np.ndarray = np.fft.irfft(spectrum, size)[:len(x)]
    return heard


def _moves(bands: int) -> np.ndarray:
    """Return by how many bands of Mel's scale frequencies move where they are multiplied, per logarithm of the factor.

    The bands are the front end's: 125 to 7500 Hz, mel = 1127 ln(1 + f / 700).
    """
    low, high = (1127 * np.log1p(hz / 700) for hz in (125.0, 7500.0))
    apart = (high - low) / (bands + 1)
    hz = 700 * np.expm1((low + apart * np.arange(1, bands + 1)) / 1127)
    return np.asarray(1127 / apart * hz / (hz + 700))


def warp(segments: np.ndarray, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Return windows float32 [n, frames, bands] of int8 segments [n, more frames, bands], at random times.

    Times and frequencies are stretched, as other speakers would.
    """
    count, length, bands = segments.shape
    pace = np.exp(rng.uniform(-STRETCH, STRETCH, (count, 1)))
    room = (length - frames) / 2
    middle = (length - 1) / 2 + rng.uniform(-room, room, (count, 1))
    at = np.clip(middle + (np.arange(frames) - (frames - 1) / 2) * pace, 0, length - 1.001)
    below = at.astype(np.int64)
    part = (at - below).astype(np.float32)[:, :, None]
    rows = np.arange(count)[:, None]
    x = segments[rows, below] * (1 - part) + segments[rows, below + 1] * part
    at = np.clip(np.arange(bands) + rng.uniform(-TRACT, TRACT, (count, 1)) * _moves(bands), 0, bands - 1.001)
    below = at.astype(np.int64)[:, None, :]
    part = (at - at.astype(np.int64)).astype(np.float32)[:, None, :]
    warped: np.ndarray = (np.take_along_axis(x, below, 2) * (1 - part) + np.take_along_axis(x, below + 1, 2) * part)
    return warped


def strange(x: np.ndarray, rng: np.random.Generator, rate_hz: int) -> np.ndarray:
    """Return a sound that is none of the classes, made from one of them.

    It goes backwards, it is a beginning or an end, or its parts come in the wrong order.
    """
    kind = rng.integers(3)
    if kind == 0:
        return x[::-1].copy()
    if kind == 1:  # a beginning or an end
        kept = int(len(x) * rng.uniform(0.15, 0.4))
        made = np.zeros_like(x)
        if rng.random() < 0.5:
            made[:kept] = x[:kept]
        else:
            made[-kept:] = x[-kept:]
        return made
    parts = np.array_split(x, max(3, int(len(x) / rate_hz / rng.uniform(0.1, 0.2))))
    return np.concatenate(parts[::-1])


def mask(batch: np.ndarray, rng: np.random.Generator, value: float) -> None:
    """Put a value in place of a band of frequencies and a stretch of time of each of a batch [n, frames, bands]."""
    frames, bands = batch.shape[1:]
    for row in batch:
        width = int(rng.integers(0, bands // 8 + 1))
        start = int(rng.integers(0, bands - width + 1))
        row[:, start:start + width] = value
        width = int(rng.integers(0, frames // 12 + 1))
        start = int(rng.integers(0, frames - width + 1))
        row[start:start + width] = value
