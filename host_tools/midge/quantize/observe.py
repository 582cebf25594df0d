# SPDX-License-Identifier: MIT
"""Run the float network over the calibration samples and keep what each tensor's values were."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.binding import Model
from ..errors import UserError
from ..graph import Graph, Tensor
from ..progress import Advance
from .ranges import Statistics
from .trace import Trace

Inputs = Sequence[np.ndarray]  # for each input of the model an array [samples, ...]


class Observation:
    """Statistics of every float tensor of a graph."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._found: dict[int, Statistics] = {}

    def of(self, tensor: Tensor) -> Statistics | None:
        """Return what is known about a tensor; None where it was not seen."""
        return self._found.get(id(self._trace.root(tensor)))

    def merge(self, parts: list[dict[int, Statistics]]) -> None:
        """Take in the extremes that each worker found, by tensor."""
        for part in parts:
            for key, statistics in part.items():
                self._found.setdefault(key, Statistics()).merge_extremes(statistics)

    def histograms_like(self) -> dict[int, Statistics]:
        """Return empty statistics for histograms between the extremes that were found, by tensor."""
        return {key: Statistics(s.low, s.high) for key, s in self._found.items()}

    def merge_histograms(self, parts: list[dict[int, Statistics]]) -> None:
        """Add the histograms that each worker counted, by tensor."""
        for part in parts:
            for key, statistics in part.items():
                self._found[key].bins += statistics.bins

    def check(self) -> None:
        """Refuse networks whose values are no numbers on these samples."""
        for tensor in self._trace.tensors:
            s = self._found.get(id(tensor))
            if s is not None and not (np.isfinite(s.low) and np.isfinite(s.high)):
                raise UserError(f"{self._trace.name}: '{tensor.name}' becomes NaN or infinite on these samples; "
                                "are they in the units that the network was trained on?")


def observe(graph: Graph, inputs: Inputs, histograms: bool = True, progress: Advance | None = None) -> Observation:
    """Run all samples, twice where histograms are wanted: their limits must be known first."""
    trace = Trace(graph)
    seen = Observation(trace)

    def extremes(model: Model, own: dict[int, Statistics], i: int) -> None:
        for tensor, values in trace.walk(model, [x[i] for x in inputs]):
            if tensor.dtype == "float32" and values.size:
                own.setdefault(id(tensor), Statistics()).add_extremes(values)

    def fill(model: Model, own: dict[int, Statistics], i: int) -> None:
        for tensor, values in trace.walk(model, [x[i] for x in inputs]):
            if id(tensor) in own:
                own[id(tensor)].add_histogram(values)

    seen.merge(trace.share(len(inputs[0]), dict, extremes, progress))
    seen.check()
    if histograms:
        seen.merge_histograms(trace.share(len(inputs[0]), seen.histograms_like, fill, progress))
    return seen
