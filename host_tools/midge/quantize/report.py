# SPDX-License-Identifier: MIT
"""How much each layer of a quantised network differs from the float one, which is worst, and what may help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..core.binding import Model
from ..graph import Graph, Tensor
from ..progress import Advance
from .observe import Observation
from .rewrite import Rewritten
from .trace import Trace

GOOD_DB = 30.0  # outputs are what the float network says, for nearly every purpose
UNEVEN = 16.0  # a layer's channels differ that much in range: equalisation may help
PERFECT_DB = 120.0  # stands for no noise at all


@dataclass
class Layer:
    """One layer. sqnr_db: signal to quantisation noise of its output; noise: what it adds, relative to its signal."""

    name: str
    op: str
    dtype: str
    sqnr_db: float
    noise: float
    low: float
    high: float
    unevenness: float  # largest by smallest range among its channels that are alive


@dataclass
class Report:
    """What quantisation did to a network, measured on `samples` of the calibration samples."""

    method: str
    bias_correction: bool
    equalized: int  # pairs of layers
    samples: int
    flips: int  # of them, whose highest score is another than the float network's
    outputs_db: dict[str, float]
    layers: list[Layer]
    worst: str = ""
    advice: str = ""
    float_ops: list[str] = field(default_factory=list)  # that have no integer kernel
    warnings: list[str] = field(default_factory=list)
    tried: list[dict[str, Any]] = field(default_factory=list)  # by --auto

    @property
    def sqnr_db(self) -> float:
        """Return the ratio of signal to noise of the worst output, in dB."""
        return min(self.outputs_db.values(), default=PERFECT_DB)

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {**asdict(self), "sqnr_db": self.sqnr_db}


class Noise:
    """Energies of signals and of differences, by tensor."""

    def __init__(self) -> None:
        self.signal: dict[int, float] = {}
        self.error: dict[int, float] = {}
        self.flips = 0  # samples whose highest score is another one

    def add(self, key: int, real: np.ndarray, found: np.ndarray) -> None:
        """Add the energies of a tensor: of its real values, and of what differs in those found."""
        wanted = real.astype(np.float64)
        self.signal[key] = self.signal.get(key, 0.0) + float(np.sum(wanted * wanted))
        difference = wanted - found
        self.error[key] = self.error.get(key, 0.0) + float(np.sum(difference * difference))

    def merge(self, other: Noise) -> None:
        """Add the energies and flips of other samples."""
        for mine, theirs in ((self.signal, other.signal), (self.error, other.error)):
            for key, energy in theirs.items():
                mine[key] = mine.get(key, 0.0) + energy
        self.flips += other.flips

    def relative(self, key: int) -> float:
        """Return noise by signal; 0 where there is none of either."""
        if self.error.get(key, 0.0) == 0.0:
            return 0.0
        return self.error[key] / max(self.signal[key], 1e-30)


def decibels(noise_by_signal: float) -> float:
    """Return noise by signal as the ratio of signal to noise in dB, PERFECT_DB at most."""
    return PERFECT_DB if noise_by_signal <= 0 else min(float(-10 * np.log10(noise_by_signal)), PERFECT_DB)


def measure(
    graph: Graph, done: Sequence[Rewritten], inputs: Sequence[np.ndarray], progress: Advance | None = None
) -> list[Noise]:
    """Run the float network and quantised ones of it side by side.

    Returns for each of `done` the noise of every tensor of the float graph, by its identity.
    """
    real, small = Trace(graph), [Trace(d.graph) for d in done]
    pairs = [{id(trace.root(twin)): id(real.root(tensor)) for tensor, twin in d.twins}
             for trace, d in zip(small, done, strict=True)]

    first = graph.outputs[0]
    scores = id(real.root(first)) if first.shape and 1 < first.elements == first.shape[-1] else 0

    def workers() -> tuple[list[Model], list[Noise]]:
        return [trace.model() for trace in small], [Noise() for _ in small]

    def each(model: Model, own: tuple[list[Model], list[Noise]], i: int) -> None:
        sample = [x[i] for x in inputs]
        wanted = {id(t): v.copy() for t, v in real.walk(model, sample)}
        for trace, places, quantised, noise in zip(small, pairs, *own, strict=True):
            for tensor, values in trace.walk(quantised, sample):
                key = places.get(id(tensor))
                if key is not None and key in wanted:
                    noise.add(key, wanted[key].reshape(-1), values.reshape(-1))
                    if key == scores:
                        noise.flips += int(wanted[key].argmax() != values.argmax())
            if progress is not None:
                progress(1)

    totals = [Noise() for _ in small]
    for _, parts in real.share(len(inputs[0]), workers, each):
        for total, part in zip(totals, parts, strict=True):
            total.merge(part)
    for tensor in graph.tensors():  # names of the same bytes
        root = real.root(tensor)
        for total in totals:
            if id(root) in total.signal and root is not tensor:
                total.signal[id(tensor)], total.error[id(tensor)] = total.signal[id(root)], total.error[id(root)]
    return totals


def layers_of(graph: Graph, seen: Observation, noise: Noise, dtypes: dict[int, str]) -> list[Layer]:
    """Return the layers that were measured, in their order."""
    found = []
    for node in graph.nodes:
        out = node.outputs[0] if node.outputs else None
        if out is None or id(out) not in noise.signal or out.dtype != "float32":
            continue
        before = sum(noise.relative(id(t)) for t in node.inputs if t is not None)
        here = noise.relative(id(out))
        statistics = seen.of(out)
        found.append(Layer(
            node.name, node.op, dtypes.get(id(node), "float32"), round(decibels(here), 2), max(here - before, 0.0),
            0.0 if statistics is None else statistics.low, 0.0 if statistics is None else statistics.high,
            round(_unevenness(seen, out), 1),
        ))
    return found


def _unevenness(seen: Observation, tensor: Tensor) -> float:
    statistics = seen.of(tensor)
    if statistics is None or statistics.channel_low is None or statistics.channel_high is None:
        return 1.0
    reach = np.maximum(np.abs(statistics.channel_low), np.abs(statistics.channel_high))
    alive = reach[reach > reach.max() * 1e-3] if reach.size else reach
    return float(alive.max() / alive.min()) if alive.size else 1.0


def judge(report: Report) -> None:
    """Name the layer that adds most noise, and say what to try."""
    layers = [layer for layer in report.layers if layer.noise > 0]
    if not layers:
        report.advice = "nothing: there is no noise"
        return
    worst = max(layers, key=lambda layer: layer.noise)
    report.worst = worst.name
    before = report.layers[max(report.layers.index(worst) - 1, 0)]
    uneven = max(worst.unevenness, before.unevenness)  # small channels drown in one layer and are missed in the next
    if report.sqnr_db >= GOOD_DB:
        report.advice = "nothing: the outputs follow the float network closely"
    elif uneven >= UNEVEN and not report.equalized and worst.dtype == "int8":
        report.advice = f"--equalize: channels there differ {uneven:.0f}-fold in range"
    elif worst.dtype == "int8":
        report.advice = f"--wide '{worst.name}' for 16 bits there, or --auto to let Midge search"
    else:
        report.advice = "more calibration samples, from the same source as those that the network will see"
