# SPDX-License-Identifier: MIT
"""From a fitted head to a network of integers: features, scales, one or two layers, softmax.

The head's numbers become those of TensorFlow Lite's 16x8 scheme: activations int16, weights int8 with a scale per
class. What rounding the weights changes on average is taken out of the biases.
"""

from __future__ import annotations

import numpy as np

from ..graph import Graph, Quantization, Tensor
from ..graph.builder import Builder
from ..graph.tflite_ops import Activation
from .dense import Dense
from .features import Signal, add_features, add_input, quantized
from .ridge import Linear

ROOM = 1.25  # by how much values may exceed those seen before they saturate
HOP_S = 0.1  # from one look at a gesture to the next


def network(
    signal: Signal, head: Linear | Dense, factor: float, features: np.ndarray, name: str, labels: list[str],
    metadata: dict[str, str],
) -> Graph:
    """Return the graph from samples to the scores of all classes, softmax(factor * the head's scores).

    features: int16 rows [n, features] like those that it will see, which the ranges of activations are taken from.
    """
    build = Builder(name)
    x, counts = add_input(build, signal)
    vector = build.reshape(add_features(build, counts, signal), [1, features.shape[1]])
    scaled, units, centre = _add_scaled(build, vector, head, features)
    seen = head.scores(features) * factor
    if isinstance(head, Linear):
        logits = _add_layer(build, scaled, units, head.weights * factor, head.bias * factor, centre, seen)
    else:
        inside = head.hidden(features)
        hidden = _add_layer(build, scaled, units, head.first, head.first_bias, centre, inside, relu=True)
        ones = np.ones(inside.shape[1])
        logits = _add_layer(build, hidden, ones, head.second * factor, head.second_bias * factor, 0 * ones, seen)
    scores = build.add("SOFTMAX", [logits], logits.shape, "scores", "int16", quantized(1 / 32768), beta=1.0)
    graph = build.graph([x], [scores])
    graph.labels, graph.metadata = labels, metadata
    return graph


def _add_scaled(
    build: Builder, vector: Tensor, head: Linear | Dense, features: np.ndarray
) -> tuple[Tensor, np.ndarray, np.ndarray]:
    """Add a factor per feature, about 1 / deviation, so that one scale serves all.

    Returns the scaled features, the deviation that each factor really stands for, and the centres in those units.
    """
    useful = head.deviation > 0
    inverse = np.where(useful, 1 / np.where(useful, head.deviation, 1), 0.0)
    step = float(inverse.max() or 1.0) / 32767
    whole = np.round(inverse / step)
    build_factor = build.constant(whole.astype(np.int16).reshape(1, -1), "factors")
    build_factor.quantization = quantized(step)
    vector = _as_plain(build, vector)
    reach = float(np.abs(features * (whole * step)).max() or 1.0)
    out = build.add("MUL", [vector, build_factor], vector.shape, "scaled", "int16", quantized(ROOM * reach / 32767))
    return out, np.where(whole > 0, inverse / np.where(whole > 0, whole * step, 1), 0.0), head.centre * whole * step


def _as_plain(build: Builder, vector: Tensor) -> Tensor:
    """Give features, which have formats of their own, the scale 1."""
    vector.quantization = quantized(1.0)
    return vector


def _add_layer(
    build: Builder, x: Tensor, units: np.ndarray, weights: np.ndarray, bias: np.ndarray, centre: np.ndarray,
    outputs: np.ndarray, relu: bool = False,
) -> Tensor:
    """Add (x - centre) * units @ weights + bias, with int8 weights and a scale per output.

    outputs: what it gives for samples like those that it will see.
    """
    w = (weights * units[:, None]).T  # [outputs, inputs]
    steps = np.maximum(np.abs(w).max(axis=1), 1e-12) / 127
    whole = np.clip(np.round(w / steps[:, None]), -127, 127)
    constant = build.constant(whole.astype(np.int8), "weights")
    constant.quantization = Quantization(steps.astype(np.float32), np.zeros(len(steps), np.int64), 0)
    exact = steps.astype(np.float32).astype(np.float64)
    offset = bias - (whole * exact[:, None]) @ centre
    sums = build.constant(np.round(offset / (exact * x.scale)).astype(np.int64), "bias")
    sums.data = np.round(offset / (exact * x.scale)).astype(np.int64)
    sums.dtype = "int64"
    sums.quantization = Quantization((exact * x.scale).astype(np.float32), np.zeros(len(steps), np.int64), 0)
    reach = float(np.abs(outputs).max() or 1.0)
    return build.add("FULLY_CONNECTED", [x, constant, sums], (1, len(steps)), "hidden" if relu else "logits", "int16",
                     quantized(ROOM * reach / 32767), keep_num_dims=True,
                     fused_activation_function=Activation.RELU if relu else Activation.NONE)


def metadata_of(signal: Signal, units: list[str], ranges: list[float], quiet: list[str], threshold: float,
                is_gesture: bool) -> dict[str, str]:
    """Return what a stream on the board has to know: the sensor that it was trained on, and when an answer counts."""
    found = {"sensor.rate_hz": f"{signal.rate_hz:.6g}", "sensor.columns": ",".join(signal.columns)}
    if any(units):
        found["sensor.units"] = ",".join(unit or "raw" for unit in units)
    if ranges:
        found["sensor.range"] = ",".join(f"{r:g}" for r in ranges)
    hop = max(1, round(HOP_S * signal.rate_hz)) if is_gesture else max(1, signal.samples // 2)
    found |= {"stream.hop": str(hop), "stream.threshold": f"{threshold:g}"}
    if is_gesture:
        found |= {"stream.votes": "2/3", "stream.refractory_ms": "500"}
    if quiet:
        found["stream.quiet"] = ",".join(quiet)
    return found
