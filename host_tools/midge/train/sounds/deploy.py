# SPDX-License-Identifier: MIT
"""From a trained network to one that boards run: integers, a stream, and the front end before them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...convert.front_end import of_step, put_front_end
from ...graph import Graph
from ...passes.stream import stream
from ...quantize import Options, quantize
from .features import BANDS, FRAME_HOP, RATE_HZ, STEP_MS, to_reals
from .network import STEP, Weights, windowed

MOST_CALIBRATED = 400  # windows
MEAN_MS = 150  # over which answers are averaged
REFRACTORY_MS = 1000


def streaming_network(
    weights: Weights, factor: float | None, windows: np.ndarray, name: str, labels: Sequence[str],
    metadata: dict[str, str],
) -> Graph:
    """Return the graph from new samples, int16 [480], to scores, int8 [1, classes], that keeps what it needs.

    windows: int8 [n, frames, BANDS] of features like those that it will see, for the ranges of its integers.
    """
    return streaming(integers_of(weights, factor, windows, name), name, labels, metadata)


def integers_of(weights: Weights, factor: float | None, windows: np.ndarray, name: str) -> Graph:
    """Return the quantised graph from a window of features, [1, frames, 1, BANDS], to scores."""
    chosen = windows[np.linspace(0, len(windows) - 1, min(len(windows), MOST_CALIBRATED)).astype(int)]
    frames = windows.shape[1]
    samples = to_reals(chosen).reshape(-1, 1, frames, 1, BANDS)
    floats = windowed(weights, frames, factor, name)
    return quantize(floats, [samples], Options(method="minmax", equalize=False), name).graph


def streaming(integers: Graph, name: str, labels: Sequence[str], metadata: dict[str, str]) -> Graph:
    """Return a quantised graph of windows as one that streams, with the front end before it."""
    graph = put_front_end(stream(integers, STEP), name, of_step(STEP_MS))
    graph.labels = list(labels)
    graph.metadata |= metadata
    return graph


def metadata_of(quiet: Sequence[str], threshold: float, mean_ms: int = MEAN_MS) -> dict[str, str]:
    """Return what a stream on the board has to know beside what the front end tells: when an answer counts."""
    found = {"stream.mean": str(round(mean_ms * RATE_HZ / 1000 / (STEP * FRAME_HOP))),
             "stream.threshold": f"{threshold:g}", "stream.refractory_ms": str(REFRACTORY_MS)}
    if quiet:
        found["stream.quiet"] = ",".join(quiet)
    return found
