# SPDX-License-Identifier: MIT
"""What others do with the same takes: the recipe of micro:bit CreateAI, and a random forest on usual features.

CreateAI's recipe is rebuilt from its description (microbit-foundation/ml-trainer): eight features an axis, batch
normalisation, 16 rectified units, softmax; gradient descent at 0.1, 160 epochs, batches of 16, as Keras's defaults
have the rest.
"""

from __future__ import annotations

import numpy as np


def createai_features(x: np.ndarray) -> np.ndarray:
    """Return max, mean, min, deviation, peaks, sum of absolutes, crossings of zero and RMS of each axis.

    x: [n, samples, axes]; returns [n, 8 * axes].
    """
    crossings = (np.signbit(x[:, 1:]) != np.signbit(x[:, :-1])).mean(axis=1)
    parts = [x.max(axis=1), x.mean(axis=1), x.min(axis=1), x.std(axis=1), _peaks(x), np.abs(x).sum(axis=1), crossings,
             np.sqrt((x**2).mean(axis=1))]
    return np.concatenate(parts, axis=1)


def _peaks(x: np.ndarray, lag: int = 5, threshold: float = 3.5, influence: float = 0.5) -> np.ndarray:
    """Return how many peaks each axis has: runs of values that far above the mean of the last few, smoothed."""
    filtered = x.astype(np.float64).copy()
    count = np.zeros((len(x), x.shape[2]))
    before = np.zeros_like(count, bool)
    for t in range(lag, x.shape[1]):
        past = filtered[:, t - lag:t]
        mean, deviation = past.mean(axis=1), past.std(axis=1)
        far = np.abs(x[:, t] - mean) > threshold * deviation
        filtered[:, t] = np.where(far, influence * x[:, t] + (1 - influence) * filtered[:, t - 1], x[:, t])
        high = far & (x[:, t] > mean)
        count += high & ~before
        before = high
    return count


class CreateAI:
    """The network of micro:bit CreateAI."""

    def __init__(self, x: np.ndarray, y: np.ndarray, classes: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        f = createai_features(x)
        width = f.shape[1]
        self.gamma, self.beta = np.ones(width), np.zeros(width)
        self.mean, self.variance = np.zeros(width), np.ones(width)
        self.layers = [self._glorot(rng, width, 16), np.zeros(16), self._glorot(rng, 16, classes), np.zeros(classes)]
        one_hot = np.eye(classes)[y]
        for _ in range(160):
            order = rng.permutation(len(f))
            for at in range(0, len(f), 16):
                self._step(f[order[at:at + 16]], one_hot[order[at:at + 16]])

    @staticmethod
    def _glorot(rng: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
        limit = np.sqrt(6 / (fan_in + fan_out))
        return rng.uniform(-limit, limit, (fan_in, fan_out))

    def _step(self, f: np.ndarray, y: np.ndarray, rate: float = 0.1) -> None:
        mean, variance = f.mean(axis=0), f.var(axis=0)
        self.mean, self.variance = 0.99 * self.mean + 0.01 * mean, 0.99 * self.variance + 0.01 * variance
        root = np.sqrt(variance + 1e-3)
        z = (f - mean) / root
        w1, b1, w2, b2 = self.layers
        x = self.gamma * z + self.beta
        hidden = np.maximum(x @ w1 + b1, 0)
        off = (_softmax(hidden @ w2 + b2) - y) / len(y)
        back = (off @ w2.T) * (hidden > 0)
        to_x = back @ w1.T
        slopes = [x.T @ back, back.sum(axis=0), hidden.T @ off, off.sum(axis=0)]
        self.gamma = self.gamma - rate * (to_x * z).sum(axis=0)
        self.beta = self.beta - rate * to_x.sum(axis=0)
        self.layers = [w - rate * s for w, s in zip(self.layers, slopes, strict=True)]

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return class numbers [n] of windows [n, samples, axes]."""
        w1, b1, w2, b2 = self.layers
        z = self.gamma * (createai_features(x) - self.mean) / np.sqrt(self.variance + 1e-3) + self.beta
        said: np.ndarray = (np.maximum(z @ w1 + b1, 0) @ w2 + b2).argmax(axis=1)
        return said


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    found: np.ndarray = e / e.sum(axis=1, keepdims=True)
    return found


def spectral_features(x: np.ndarray) -> np.ndarray:
    """Return RMS, skewness, kurtosis, and the largest log power of each bin of a 16-point transform, for each axis."""
    d = x - x.mean(axis=1, keepdims=True)
    rms = np.sqrt((d**2).mean(axis=1)) + 1e-6
    moments = [rms, (d**3).mean(axis=1) / rms**3, (d**4).mean(axis=1) / rms**4]
    frames = np.stack([d[:, at:at + 16] for at in range(0, x.shape[1] - 15, 8)], axis=1)
    power = (np.abs(np.fft.rfft(frames * np.hanning(16)[:, None], axis=2)) ** 2).max(axis=1)[:, 1:]
    return np.concatenate([*moments, np.log10(power + 1e-6).reshape(len(x), -1)], axis=1)


def random_forest(x: np.ndarray, y: np.ndarray, tests: np.ndarray, seed: int) -> np.ndarray:
    """Return what a forest of 200 trees on both kinds of features says of test windows."""
    from sklearn.ensemble import RandomForestClassifier

    both = [np.concatenate([createai_features(w), spectral_features(w)], axis=1) for w in (x, tests)]
    said: np.ndarray = RandomForestClassifier(200, random_state=seed).fit(both[0], y).predict(both[1])
    return said
