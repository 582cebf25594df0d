# SPDX-License-Identifier: MIT
"""From a fitted head to a network of integers: features, scales, one or two layers, softmax.

The head's numbers become those of TensorFlow Lite's 16x8 scheme: activations int16, weights int8 with a scale per
class. Standardised features are centred, so that rounding the weights moves no score on average.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..graph import Graph, motion
from ..graph.builder import Builder
from .dense import Dense
from .features import Signal, add_features, add_input, quantized
from .integers import add_dense
from .ridge import CLIP, Linear

Z_STEP = CLIP / 32768  # of standardised features
HOP_S = 0.1  # from one look at a gesture to the next


def network(
    signal: Signal, head: Linear | Dense, factor: float, features: np.ndarray, name: str, labels: list[str],
    metadata: dict[str, str], patterns: Sequence[motion.Pattern] = (),
) -> Graph:
    """Return the graph from samples to the scores of all classes, softmax(factor * the head's scores).

    features: int16 rows [n, features] like those that it will see, which the ranges of activations are taken from.
    """
    build = Builder(name)
    x, counts = add_input(build, signal)
    vector = build.reshape(add_features(build, counts, signal, patterns), [1, features.shape[1]])
    z = motion.standardize(build, vector, head.centre, head.deviation, Z_STEP, "int16")
    seen = head.scores(features) * factor
    if isinstance(head, Linear):
        logits = add_dense(build, z, head.weights * factor, head.bias * factor, seen)
    else:
        inside = head.hidden(features)
        hidden = add_dense(build, z, head.first, head.first_bias, inside, relu=True)
        logits = add_dense(build, hidden, head.second * factor, head.second_bias * factor, seen)
    scores = build.add("SOFTMAX", [logits], logits.shape, "scores", "int16", quantized(1 / 32768), beta=1.0)
    graph = build.graph([x], [scores])
    graph.labels, graph.metadata = labels, metadata
    return graph


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
