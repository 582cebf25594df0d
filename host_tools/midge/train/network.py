# SPDX-License-Identifier: MIT
"""From a fitted head to a network of integers: features, scales, one or two layers, softmax.

The head's numbers become those of TensorFlow Lite's 16x8 scheme: activations int16, weights int8 with a scale per
class. Standardised features are centred, so that rounding the weights moves no score on average.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..graph import Graph, Quantization, Tensor, motion
from ..graph.builder import Builder
from .convolutions import Convolutions
from .convolved import add_convolutions
from .dense import Dense
from .features import Signal, add_features, add_input, quantized
from .integers import add_dense
from .reach import LEAST, Reach
from .ridge import CLIP, Linear, Rows

Z_STEP = CLIP / 32768  # of standardised features
UNKNOWN = "unknown"
NEAR = 4096  # of a distance, what the limit is
MOST_SCALE = 32000.0  # of what CENTROIDS takes
HOP_S = 0.1  # from one look at a gesture to the next
VOTES, REST_S = (2, 3), 0.5  # windows of the last ones that must agree; after an answer


Head = Linear | Dense | Convolutions


def network(
    signal: Signal, head: Head, base: Linear | Dense, factor: float, seen_before: Rows, name: str, labels: list[str],
    metadata: dict[str, str], patterns: Sequence[motion.Pattern] = (), reach: Reach | None = None,
) -> Graph:
    """Return the graph from samples to the scores of all classes, softmax(factor * the head's scores).

    base: whose standardisation of features the reach is of. reach: how far a movement may be from all gestures; what is
    farther gets the scores of the class "unknown". seen_before: rows like those that it will see, which the ranges of
    activations are taken from.
    """
    build = Builder(name)
    x, counts = add_input(build, signal)
    if not isinstance(head, Convolutions) or reach is not None:
        vector = add_features(build, counts, signal, patterns)
        z = motion.standardize(build, build.reshape(vector, [1, vector.elements]), base.centre, base.deviation, Z_STEP,
                               "int16")
    if isinstance(head, Convolutions):
        logits = add_convolutions(build, counts, head, factor, seen_before.counts)
    else:
        features = seen_before.features
        seen = head.scores(features) * factor
    if isinstance(head, Linear):
        logits = add_dense(build, z, head.weights * factor, head.bias * factor, seen)
    elif isinstance(head, Dense):
        inside = head.hidden(features)
        hidden = add_dense(build, z, head.first, head.first_bias, inside, relu=True)
        logits = add_dense(build, hidden, head.second * factor, head.second_bias * factor, seen)
    if reach is not None:
        logits = _refuse(build, z, logits, reach, labels.index(UNKNOWN))
    wide = logits.dtype == "int16"
    grid = quantized(1 / 32768) if wide else Quantization(np.array([1 / 256], np.float32), np.array([-128], np.int64))
    scores = build.add("SOFTMAX", [logits], logits.shape, "scores", logits.dtype, grid, beta=1.0)
    graph = build.graph([x], [scores])
    graph.labels, graph.metadata = labels, metadata
    return graph


def _refuse(build: Builder, z: Tensor, logits: Tensor, reach: Reach, unknown: int) -> Tensor:
    """Put the logits of the unknown in place of those of what is too far from all gestures."""
    scales = np.where(reach.deviation > LEAST, Z_STEP / np.maximum(reach.deviation, LEAST), 0)
    scales *= NEAR / (reach.limit * np.sqrt(z.elements))
    distance = motion.centroids(build, z, reach.middles / Z_STEP, np.minimum(scales, MOST_SCALE))
    nearest = build.reduce("REDUCE_MIN", distance, [0], True, "nearest") if len(reach.middles) > 1 else distance
    far = build.binary("GREATER", nearest, build.constant(np.array([NEAR**2 >> 8], np.int32)), "far", "bool")
    ends = np.iinfo(logits.dtype)
    surely = np.where(np.arange(logits.elements) == unknown, ends.max, ends.min).astype(logits.dtype)[None]
    refused = build.constant(surely)
    refused.quantization = logits.quantization
    return build.add("SELECT_V2", [far, refused, logits], logits.shape, "near", logits.dtype, logits.quantization)


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
        found |= {"stream.votes": f"{VOTES[0]}/{VOTES[1]}", "stream.refractory_ms": f"{1000 * REST_S:g}"}
    if quiet:
        found["stream.quiet"] = ",".join(quiet)
    return found
