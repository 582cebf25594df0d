# SPDX-License-Identifier: MIT
"""A small network of convolutions over time on the samples themselves, fitted in NumPy.

    z       = (samples - centre) / deviation of each column              [time, columns]
    first     relu(norm(z * filters + 0))                                kernel KERNEL, all columns to CHANNELS[0]
    blocks    relu(norm((x depthwise * filters) @ matrix))               a filter a channel, then dense over channels
    scores  = mean over time @ matrix + bias

norm is batch normalisation (Ioffe and Szegedy 2015, ICML), which is folded into the layer before it when the fit is
done, as is the standardisation: what boards run are convolutions alone. No layer pads, so that this is exact. Blocks
are those of Chollet 2017, Xception (CVPR), in one dimension.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .adam import Adam
from .ridge import log_softmax

KERNEL, CHANNELS = 5, (16, 24, 32, 32)  # of the first layer and of the blocks
MOST_STEPS = 64  # of time that are left behind the first layer
STRIDES = (2, 2, 1)  # of the blocks
STEPS, BATCH, RATE, DECAY = 1000, 64, 6e-3, 2e-2
DROPOUT, SMOOTHING = 0.2, 0.05
EPSILON, MOMENTUM = 1e-3, 0.95  # of batch normalisation


@dataclass(frozen=True)
class Layer:
    """relu(conv + bias). filters: [kernel, channels], one a channel, before the matrix [channels, out]; or None for a
    matrix [kernel * columns, out] over all columns of `kernel` steps at once.
    """

    filters: np.ndarray | None
    matrix: np.ndarray
    bias: np.ndarray
    kernel: int
    stride: int

    def before(self, x: np.ndarray) -> np.ndarray:
        """Return what the matrix is multiplied with, [n, steps, channels], of x [n, time, channels]."""
        if self.filters is None:
            return _unfolded(x, self.kernel, self.stride)
        return _filtered(x, self.filters, self.stride)

    def run(self, x: np.ndarray) -> np.ndarray:
        """Return the layer's output [n, steps, out] of x [n, time, channels]."""
        found: np.ndarray = np.maximum(self.before(x) @ self.matrix + self.bias, 0)
        return found


@dataclass(frozen=True)
class Convolutions:
    """scores = mean over time of the last layer's output @ matrix + bias. What goes in are counts."""

    layers: tuple[Layer, ...]
    matrix: np.ndarray
    bias: np.ndarray

    def scores(self, counts: np.ndarray) -> np.ndarray:
        """Return scores [n, classes] of windows of int16 counts [n, samples, columns]."""
        found = []
        for at in range(0, len(counts), 512):
            x = counts[at:at + 512].astype(np.float32)
            for layer in self.layers:
                x = layer.run(x)
            found.append(x.mean(axis=1) @ self.matrix + self.bias)
        return np.concatenate(found).astype(np.float64)


def _unfolded(x: np.ndarray, kernel: int, stride: int) -> np.ndarray:
    seen = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=1)[:, ::stride]
    return np.ascontiguousarray(seen.transpose(0, 1, 3, 2)).reshape(len(x), seen.shape[1], kernel * x.shape[2])


def _filtered(x: np.ndarray, filters: np.ndarray, stride: int) -> np.ndarray:
    steps = (x.shape[1] - len(filters)) // stride + 1
    total: np.ndarray = x[:, :stride * (steps - 1) + 1:stride] * filters[0]
    for i in range(1, len(filters)):
        total += x[:, i:i + stride * (steps - 1) + 1:stride] * filters[i]
    return total


class _Training:
    """The network as it is while it is fitted: matrices without bias, and what batch normalisation has."""

    def __init__(self, samples: int, columns: int, classes: int, rng: np.random.Generator) -> None:
        self.running: list[tuple[np.ndarray, np.ndarray]] = []  # mean and variance of each layer
        self.forms: list[tuple[bool, int, int]] = []  # of each layer: depthwise, kernel, stride
        self.values: list[np.ndarray] = []  # filters, matrix, gain and shift of each layer, then the last two
        first = max(1, -(-samples // MOST_STEPS))
        time, channels = samples, columns
        for i, (out, stride) in enumerate(zip(CHANNELS, (first, *STRIDES), strict=True)):
            kernel = KERNEL if i else max(KERNEL, first + 1)
            if time < kernel + stride:
                break
            inside = channels if i else kernel * channels
            filters = rng.normal(0, kernel**-0.5, (kernel, channels)) if i else np.zeros((0, 0))
            matrix = rng.normal(0, (2 / inside) ** 0.5, (inside, out))
            self.values += [filters, matrix, np.ones(out), np.zeros(out)]
            self.forms.append((i > 0, kernel, stride))
            self.running.append((np.zeros(out, np.float32), np.ones(out, np.float32)))
            time, channels = (time - kernel) // stride + 1, out
        self.values += [rng.normal(0, channels**-0.5, (channels, classes)), np.zeros(classes)]
        self.values = [v.astype(np.float32) for v in self.values]

    def layer(self, i: int) -> Layer:
        """Return layer i without its normalisation."""
        filters, matrix, *_ = self.values[4 * i:4 * i + 4]
        depthwise, kernel, stride = self.forms[i]
        return Layer(filters if depthwise else None, matrix, np.zeros(matrix.shape[1], np.float32), kernel, stride)

    def slopes(self, x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
        """Return the derivatives of the cross-entropy by each parameter, for a batch x [n, samples, columns]."""
        seen = []
        for i in range(len(self.forms)):
            gain, shift = self.values[4 * i + 2:4 * i + 4]
            layer = self.layer(i)
            inside = layer.before(x)
            out = inside @ layer.matrix
            mean, variance = out.mean(axis=(0, 1)), out.var(axis=(0, 1))
            before = self.running[i]
            self.running[i] = (MOMENTUM * before[0] + (1 - MOMENTUM) * mean,
                               MOMENTUM * before[1] + (1 - MOMENTUM) * variance)
            spread = np.sqrt(variance + EPSILON)
            even = (out - mean) / spread
            seen.append((layer, x, inside, even, spread))
            x = np.maximum(even * gain + shift, 0)
        matrix, bias = self.values[-2:]
        kept = (rng.random((len(x), x.shape[2]), np.float32) >= DROPOUT).astype(np.float32) / (1 - DROPOUT)
        pooled = x.mean(axis=1) * kept
        off = (np.exp(log_softmax(pooled @ matrix + bias)) - y) / len(y)
        found = [pooled.T @ off, off.sum(axis=0)]
        back = np.repeat((off @ matrix.T * kept / x.shape[1])[:, None], x.shape[1], axis=1)
        for i in reversed(range(len(seen))):
            own, back = _layer_slopes(*seen[i], back * (x > 0), self.values[4 * i + 2], i > 0)
            x = seen[i][1]
            found = own + found
        return found

    def folded(self, centre: np.ndarray, deviation: np.ndarray) -> Convolutions:
        """Return the network without normalisation. centre, deviation: of each column of what goes in."""
        layers = []
        for i, (mean, variance) in enumerate(self.running):
            gain, shift = (v.astype(np.float64) for v in self.values[4 * i + 2:4 * i + 4])
            layer = self.layer(i)
            factor = gain / np.sqrt(variance + EPSILON)
            matrix, bias = layer.matrix * factor, shift - mean * factor
            if not i:
                matrix = matrix / np.tile(deviation, layer.kernel)[:, None]
                bias = bias - np.tile(centre, layer.kernel) @ matrix
            layers.append(Layer(layer.filters, matrix, bias, layer.kernel, layer.stride))
        return Convolutions(tuple(layers), *(v.astype(np.float64) for v in self.values[-2:]))


def _layer_slopes(
    layer: Layer, x: np.ndarray, inside: np.ndarray, even: np.ndarray, spread: np.ndarray, back: np.ndarray,
    gain: np.ndarray, needs_more: bool,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the derivatives by a layer's filters, matrix, gain and shift, and by its input x.

    back: by what its normalisation gives, even * gain + shift.
    """
    of_gain, of_shift = (back * even).sum(axis=(0, 1)), back.sum(axis=(0, 1))
    count = back.shape[0] * back.shape[1]
    back = (back - of_shift / count - even * (of_gain / count)) * (gain / spread)
    flat = inside.reshape(count, -1)
    of_matrix = flat.T @ back.reshape(count, -1)
    if layer.filters is None or not needs_more:
        return [np.zeros((0, 0), np.float32), of_matrix, of_gain, of_shift], np.zeros(0, np.float32)
    back = back @ layer.matrix.T
    of_filters, before = np.empty_like(layer.filters), np.zeros_like(x)
    last = layer.stride * (back.shape[1] - 1) + 1
    for i, row in enumerate(layer.filters):
        of_filters[i] = np.einsum("ntc,ntc->c", x[:, i:i + last:layer.stride], back)
        before[:, i:i + last:layer.stride] += back * row
    return [of_filters, of_matrix, of_gain, of_shift], before


def fit_convolutions(
    counts: np.ndarray, targets: np.ndarray, weights: np.ndarray, classes: int, seed: int, steps: int
) -> Convolutions:
    """Fit to windows of int16 counts [n, samples, columns] with classes [n]; weights: how often each is drawn.

    The same windows and seed give the same numbers.
    """
    rng = np.random.default_rng([seed, 5])
    centre = counts.mean(axis=(0, 1), dtype=np.float64)
    deviation = np.maximum(counts.std(axis=(0, 1), dtype=np.float64), 1.0)
    network = _Training(counts.shape[1], counts.shape[2], classes, rng)
    adam = Adam(network.values, RATE, DECAY, steps)
    chances = np.cumsum(weights / weights.sum())
    wanted = (np.eye(classes) * (1 - SMOOTHING) + SMOOTHING / classes).astype(np.float32)
    for _ in range(steps):
        batch = np.minimum(np.searchsorted(chances, rng.random(BATCH)), len(counts) - 1)
        x = ((counts[batch] - centre) / deviation).astype(np.float32)
        adam.step(network.slopes(x, wanted[targets[batch]], rng))
        network.values = adam.values
    return network.folded(centre, deviation)
