# SPDX-License-Identifier: MIT
"""Small networks that stream: convolutions over time, every layer of which can go on from where it stopped.

    3 frames at a time, dense over 5 of them and all bands      30 ms a step from here on
    blocks: one filter over time for each channel, then a dense layer over channels
    a dense layer to the classes, its scores averaged over the window, softmax

After microWakeWord's MixedNets and depthwise-separable keyword spotters (Zhang et al. 2017, Hello Edge). Trained in
Keras on JAX; the filters over time are sums of shifted products, which XLA computes on a PC's processor many times
faster than it does depthwise convolutions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ...graph import Graph, Tensor
from ...graph.builder import Builder
from ...progress import Advance
from .. import descent
from .augment import mask, warp
from .features import BANDS, TOP

FIRST, STEP = 5, 3  # frames that the first layer sees, and goes on by
KERNELS = (5, 7, 9)  # steps that the filters of blocks see
RATE, WEIGHT_DECAY, SMOOTHING, DROPOUT = 4e-3, 1e-3, 0.05, 0.1
MIXED = 0.1  # share of examples that are mixed from two
BATCH = 64
EPSILON = 1e-3  # of batch normalisation


@dataclass(frozen=True)
class Shape:
    """How large a network is. frames: of its window. width: its channels."""

    frames: int
    classes: int
    width: int = 64

    @property
    def steps(self) -> int:
        """How many steps of scores are averaged."""
        return (self.frames - FIRST) // STEP + 1 - sum(k - 1 for k in KERNELS)


def window_frames(seconds: float) -> int:
    """Return the length of a window in frames that no layer leaves a rest of."""
    steps = max(round((100 * seconds - FIRST) / STEP) + 1, sum(k - 1 for k in KERNELS) + 4)
    return FIRST + STEP * (steps - 1)


@dataclass
class Examples:
    """What is trained on. segments: int8 [examples, frames with room to shift, BANDS]; targets: of each.

    used: which of them are; chances: how likely each of these is drawn. smoothing: of targets. mixed: share of examples
    that are mixed from two.
    """

    segments: np.ndarray
    targets: np.ndarray
    used: np.ndarray
    chances: np.ndarray
    smoothing: float = SMOOTHING
    mixed: float = MIXED


@dataclass
class Weights:
    """A trained network's numbers: `dense` as (matrix [in, out], bias), `filters` [kernel, channels] of each block."""

    dense: list[tuple[np.ndarray, np.ndarray]]
    filters: list[np.ndarray]


def load_keras() -> Any:
    """Return Keras on JAX. Raises UserError."""
    return descent.load_keras("training on sounds")


def go_down(steps: int, seed: int) -> descent.Descent:
    """Return how networks of sounds are trained."""
    return descent.Descent(steps, RATE, WEIGHT_DECAY, seed)


@cache
def _trainer(shape: Shape, steps: int, seed: int) -> descent.Trainer:
    keras = load_keras()

    def loss(network: Any, batch: Any, key: Any) -> Any:
        return _cross_entropy(network(batch[0]), batch[1])

    return descent.Trainer(keras, lambda: layers_of(keras, shape), loss, go_down(steps, seed))


def _cross_entropy(scores: Any, y: Any) -> Any:
    """Return the loss of scores before softmax. y: what they should be after it, [n, classes]."""
    import jax

    return -(y * jax.nn.log_softmax(scores)).sum(axis=1).mean()


def fit_network(shape: Shape, examples: Examples, steps: int, seed: int, advance: Advance) -> Weights:
    """Train a network. The same examples, steps and seed give the same numbers on the same machine."""
    rng = np.random.default_rng([seed, 4])
    return weights_of(_trainer(shape, steps, seed).fit(lambda number: _batch(examples, shape, rng), advance))


def _batch(examples: Examples, shape: Shape, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a batch: windows at random times of random segments, masked, and some of them mixed."""
    chosen = examples.used[rng.choice(len(examples.used), BATCH, p=examples.chances)]
    x = (warp(examples.segments[chosen], shape.frames, rng) + 128) / 255
    mask(x, rng, 0.0)
    y = np.eye(shape.classes, dtype=np.float32)[examples.targets[chosen]]
    y = y * (1 - examples.smoothing) + examples.smoothing / shape.classes
    other = rng.permutation(BATCH)
    share = np.where(rng.random(BATCH) < examples.mixed, rng.beta(0.4, 0.4, BATCH), 1.0).astype(np.float32)
    x = share[:, None, None] * x + (1 - share)[:, None, None] * x[other]
    y = share[:, None] * y + (1 - share)[:, None] * y[other]
    return unfold(x), y


def unfold(x: np.ndarray) -> np.ndarray:
    """Return windows [n, frames, BANDS] as what each step of the first layer sees, [n, steps, FIRST * BANDS]."""
    seen = np.lib.stride_tricks.sliding_window_view(x, FIRST, axis=1)[:, ::STEP]
    return np.ascontiguousarray(seen.transpose(0, 1, 3, 2)).reshape(len(x), seen.shape[1], FIRST * x.shape[2])


def layers_of(keras: Any, shape: Shape) -> Any:
    """Return the network in Keras, from unfolded windows of features, 0 to 1, to the logarithms of scores."""
    layers, width = keras.layers, shape.width
    steps = (shape.frames - FIRST) // STEP + 1

    class Filters(keras.layers.Layer):  # type: ignore[misc]
        """One filter over time for each channel."""

        def __init__(self, size: int) -> None:
            super().__init__()
            self.size = size

        def build(self, input_shape: Any) -> None:
            start = keras.initializers.RandomNormal(stddev=self.size**-0.5)
            self.kernel = self.add_weight(shape=(self.size, input_shape[-1]), initializer=start)

        def call(self, x: Any) -> Any:
            length = x.shape[1] - self.size + 1
            return sum(x[:, i:i + length] * self.kernel[i] for i in range(self.size))

    def dense(x: Any) -> Any:
        x = layers.Dense(width, use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(epsilon=EPSILON, momentum=0.97)(x))

    source = keras.Input((steps, FIRST * BANDS))
    x = dense(source)
    for size in KERNELS:
        x = dense(Filters(size)(x))
    x = layers.Dense(shape.classes)(layers.SpatialDropout1D(DROPOUT)(x))
    return keras.Model(source, layers.GlobalAveragePooling1D()(x))


def weights_of(model: Any) -> Weights:
    """Return a network's numbers, its normalisations folded into the dense layers before them."""
    dense, filters = list[tuple[np.ndarray, np.ndarray]](), list[np.ndarray]()
    for layer in model.layers:
        values = [np.asarray(w, np.float64) for w in layer.get_weights()]
        if type(layer).__name__ == "Dense":
            dense.append((values[0], values[1] if len(values) > 1 else np.zeros(values[0].shape[1])))
        elif type(layer).__name__ == "BatchNormalization":
            scale, shift, mean, variance = values
            factor = scale / np.sqrt(variance + EPSILON)
            matrix, bias = dense[-1]
            dense[-1] = matrix * factor, (bias - mean) * factor + shift
        elif values and type(layer).__name__ == "Filters":
            filters.append(values[0])
    first, bias = dense[0]
    dense[0] = first / TOP, bias  # features, 0 to TOP
    return Weights(dense, filters)


def logits(weights: Weights, x: np.ndarray) -> np.ndarray:
    """Return the scores before softmax [n, classes] of windows of features in reals [n, frames, BANDS]."""
    y: np.ndarray = unfold(np.asarray(x, np.float32))
    for i, (matrix, bias) in enumerate(weights.dense):
        y = y @ matrix.astype(np.float32) + bias.astype(np.float32)
        if i + 1 < len(weights.dense):
            y = np.maximum(y, 0)
        if i < len(weights.filters):
            kernel = weights.filters[i].astype(np.float32)
            length = y.shape[1] - len(kernel) + 1
            y = np.sum([y[:, k:k + length] * kernel[k] for k in range(len(kernel))], axis=0)
    return np.asarray(y.mean(axis=1))


def windowed(weights: Weights, frames: int, factor: float | None, name: str) -> Graph:
    """Return the network as a graph of floats, from a window of features [1, frames, 1, BANDS] to scores [1, classes].

    factor: what scores before softmax are multiplied with, so that they are as sure as they are right. None for a
    network that embeds: instead of softmax, its rows are brought to one length.
    """
    build = Builder(name)
    source = Tensor("features", (1, frames, 1, BANDS), "float32")
    x = source
    last = len(weights.dense) - 1
    for i, (matrix, bias) in enumerate(weights.dense):
        scale = factor if i == last and factor is not None else 1.0
        kernel = FIRST if i == 0 else 1
        shaped = (matrix.T * scale).reshape(matrix.shape[1], kernel, 1, -1).astype(np.float32)
        x = build.conv(x, shaped, (bias * scale).astype(np.float32), (STEP if i == 0 else 1, 1), [(0, 0), (0, 0)],
                       name=f"dense {i}" if i < last else "scores a step")
        if i < last:
            x = build.like("RELU", x, f"relu {i}")
        if i < len(weights.filters):
            filters = weights.filters[i].T[:, :, None, None].astype(np.float32)
            x = build.conv(x, filters, None, (1, 1), [(0, 0), (0, 0)], groups=filters.shape[0], name=f"filters {i}")
    mean = build.reduce("MEAN", x, [1, 2], keep=False, name="mean")
    if factor is None:
        return build.graph([source], [build.like("L2_NORMALIZATION", mean, "embedding")])
    return build.graph([source], [build.add("SOFTMAX", [mean], mean.shape, "scores", beta=1.0)])
