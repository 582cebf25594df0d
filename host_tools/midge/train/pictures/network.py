# SPDX-License-Identifier: MIT
"""Small networks for pictures: 3 x 3 convolutions, of which some go on by two pixels, and what answers after them.

    classes: the mean over the picture of the last layer's channels, a dense layer, softmax
    things:  at an eighth of the picture's size, two layers for each cell on its own, softmax over nothing and classes

The second are those of Edge Impulse's FOMO. All layers but the last are followed by batch normalisation and relu.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...graph import Graph, Tensor
from ...graph.builder import Builder
from ...graph.tflite_ops import same_pads

EPSILON, MOMENTUM = 1e-3, 0.97  # of batch normalisation
DROPOUT = 0.2
SMALL, LARGE = 40, 80  # pixels of the shorter side: below, one layer fewer goes by two; above, one more
CELL = 8  # pixels of a grid's cell
HEAD = 32  # channels of a cell before its scores


@dataclass(frozen=True)
class Shape:
    """How large a network is. width: the channels of its first layer. classes: of scores, with nothing for grids."""

    height: int
    pixels: int  # of a row
    channels: int
    classes: int
    width: int
    grid: bool = False

    @property
    def layers(self) -> list[tuple[int, int, int]]:
        """Kernel, channels and stride of each convolution."""
        w = self.width
        if self.grid:
            return [(3, w, 2), (3, 2 * w, 2), (3, 2 * w, 1), (3, 4 * w, 2), (3, 4 * w, 1), (3, 4 * w, 1), (3, 4 * w, 1),
                    (1, HEAD, 1), (1, self.classes, 1)]
        side = min(self.height, self.pixels)
        return [(3, w, 1 if side < SMALL else 2), (3, w, 2 if side > LARGE else 1), (3, 2 * w, 2), (3, 3 * w, 2),
                (3, 4 * w, 1), (3, 6 * w, 2)]

    @property
    def cells(self) -> tuple[int, int]:
        """Rows and columns of a grid."""
        return -(-self.height // CELL), -(-self.pixels // CELL)


@dataclass
class Weights:
    """A trained network's numbers, normalisation folded in: each layer's kernel [k, k, in, out] and bias [out]."""

    layers: list[tuple[np.ndarray, np.ndarray]]


def build_model(keras: Any, shape: Shape) -> Any:
    """Return the network in Keras, from pictures 0 to 1 to the logarithms of scores."""
    layers = keras.layers
    x = source = keras.Input((shape.height, shape.pixels, shape.channels))
    for i, (kernel, channels, stride) in enumerate(shape.layers, 1):
        if shape.grid and i == len(shape.layers):
            return keras.Model(source, layers.Conv2D(channels, kernel)(x))
        x = layers.Conv2D(channels, kernel, strides=stride, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(epsilon=EPSILON, momentum=MOMENTUM)(x))
    x = layers.Dropout(DROPOUT)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(source, layers.Dense(shape.classes)(x))


def weights_of(model: Any) -> Weights:
    """Return a Keras network's numbers."""
    found = list[tuple[np.ndarray, np.ndarray]]()
    for layer in model.layers:
        values = [np.asarray(w, np.float64) for w in layer.get_weights()]
        kind = type(layer).__name__
        if kind in ("Conv2D", "Dense"):
            kernel = values[0] if kind == "Conv2D" else values[0][None, None]
            found.append((kernel, values[1] if len(values) > 1 else np.zeros(kernel.shape[3])))
        elif kind == "BatchNormalization":
            scale, shift, mean, variance = values
            factor = scale / np.sqrt(variance + EPSILON)
            kernel, bias = found[-1]
            found[-1] = kernel * factor, (bias - mean) * factor + shift
    return Weights(found)


def untrained(shape: Shape, seed: int = 0) -> Weights:
    """Return numbers of the size that trained ones have, to tell what a network takes on a board."""
    rng = np.random.default_rng(seed)
    found, before = list[tuple[np.ndarray, np.ndarray]](), shape.channels
    for kernel, channels, _ in [*shape.layers, *([] if shape.grid else [(1, shape.classes, 1)])]:
        deviation = (2 / (kernel * kernel * before)) ** 0.5
        found.append((deviation * rng.normal(size=(kernel, kernel, before, channels)), np.zeros(channels)))
        before = channels
    return Weights(found)


def float_graph(weights: Weights, shape: Shape, factor: float | None, name: str) -> Graph:
    """Return the network as a graph of floats, from a picture 0 to 1 [1, height, width, channels] to scores.

    factor: what scores before softmax are multiplied with, so that they are as sure as they are right. None for a
    network that embeds: instead of softmax, its rows are brought to one length.
    """
    build = Builder(name)
    source = Tensor("picture", (1, shape.height, shape.pixels, shape.channels), "float32")
    x, last = source, len(weights.layers) - 1
    for i, (kernel, bias) in enumerate(weights.layers):
        scale = factor if i == last and factor is not None else 1.0
        turned = (scale * kernel.transpose(3, 0, 1, 2)).astype(np.float32)
        k, _, stride = shape.layers[i] if i < len(shape.layers) else (1, 0, 1)
        if i == last and not shape.grid:
            x = build.reduce("MEAN", x, [1, 2], keep=True, name="mean")
        pads = [same_pads(size, k, stride) for size in x.shape[1:3]]
        x = build.conv(x, turned, (scale * bias).astype(np.float32), (stride, stride), pads,
                       name=f"layer {i + 1}" if i < last else "logits")
        if i < last:
            x = build.like("RELU", x, f"relu {i + 1}")
    if not shape.grid:
        x = build.reshape(x, (1, shape.classes))
    if factor is None:
        return build.graph([source], [build.like("L2_NORMALIZATION", x, "embedding")])
    return build.graph([source], [build.add("SOFTMAX", [x], x.shape, "scores", beta=1.0)])
