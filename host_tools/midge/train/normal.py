# SPDX-License-Identifier: MIT
"""A model of what is normal, from recordings of nothing else: how far a window is from it, in thresholds.

Features are the mean energies of bands, in logarithms. A distance is the root of the mean square of their deviations
from the nearest of a few centres, one for each way in which the machine runs. Its threshold comes from recordings that
the centres were not made from. The file gives the features, too: the board learns from them (mpy_lib/midge/anomaly.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from ..convert.pipeline import Conversion, convert_graph
from ..core.binding import Model
from ..errors import UserError
from ..graph import Graph, Tensor, motion
from ..graph.builder import Builder
from ..samples.takes import Takes
from .features import Signal, add_input, full_scale_of, quantized, to_counts
from .network import metadata_of
from .outcome import Made
from .recipe import is_of_one_unit
from .windows import MOST_SAMPLES

BANDS, FRAME = range(1, 16), 32  # in cycles a frame, of samples
SAMPLES = 128  # of a window, where nothing else is asked for
MOST_CENTRES = 4
WORTH = 0.9  # another centre has to bring windows left out so much nearer
RARITY, TAIL = 1000, 0.1  # one normal window in so many is beyond the threshold; what tells how distances fall off
FEWEST_WINDOWS = 40
LABEL = "not normal"
VOTES = "3/5"
STEP = 1 / 256  # of a distance, in thresholds


@dataclass
class Normal(Made):
    """A model of what is normal. distances: of windows left out, in thresholds, those of the last recording last."""

    takes: Takes
    signal: Signal
    centres: np.ndarray
    distances: np.ndarray
    windows: int
    conversion: Conversion
    seconds: float

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {"takes": len(self.takes.takes), "windows": self.windows, "window_samples": self.signal.samples,
                "rate_hz": self.signal.rate_hz, "centres": len(self.centres), "left_out": len(self.distances),
                "largest_left_out": round(float(self.distances.max()), 3),
                "beyond": int((self.distances >= 1).sum()), **self.conversion.cost(),
                "seconds": round(self.seconds, 3), "notes": self.takes.notes}


def learn_normal(found: Takes, window_s: float | None = None, seed: int = 0, name: str = "model") -> Normal:
    """Learn what is normal from takes, and convert it. The same takes and seed give the same bits.

    window_s: seconds; 128 samples by default. Raises UserError where there are too few windows.
    """
    start = perf_counter()
    windows, held = _windows(found, window_s)
    signal = _signal(found, windows)
    features = _features(signal, to_counts(windows, signal))
    known, rest = features[~held].astype(float), features[held].astype(float)
    centres, deviation = _centres(known, rest, np.random.default_rng(seed))
    distances = _distances(rest, centres, deviation)
    limit = max(threshold(distances), 1.0)  # one deviation is always normal
    graph = _network(signal, centres, deviation * limit, found, name)
    conversion = convert_graph(graph, [LABEL], name, 0)
    return Normal(found, signal, centres, distances / limit, len(windows), conversion, perf_counter() - start)


def threshold(distances: np.ndarray, rarity: int = RARITY) -> float:
    """Return the distance that one window in `rarity` exceeds, if the largest tenth falls off exponentially."""
    known = np.sort(distances)
    tail = max(int(len(known) * TAIL), 2)
    beyond = known[-tail:] - known[-tail - 1]
    return float(known[-tail - 1] + beyond.mean() * max(math.log(rarity * tail / len(known)), 0))


def _windows(found: Takes, window_s: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Return windows float32 [n, samples, columns] that overlap by half, and which are held back for the threshold.

    Every other take is held back, or the later half of a single one.
    """
    samples = SAMPLES if window_s is None else round(window_s * found.rate_hz)
    if not FRAME <= samples <= MOST_SAMPLES:
        raise UserError(f"{found.title}: a window of {samples} samples ({samples / found.rate_hz:.2f} s at "
                        f"{found.rate_hz:.4g} Hz); {FRAME} to {MOST_SAMPLES} will do: choose another --window")
    parts = [[take.values[at:at + samples] for at in range(0, len(take.values) - samples + 1, samples // 2)]
             for take in found.takes]
    if len(parts) == 1:
        held = [np.arange(len(parts[0])) > len(parts[0]) // 2]
    else:
        held = [np.full(len(part), i % 2 == 1) for i, part in enumerate(parts)]
    count = sum(map(len, parts))
    if count < FEWEST_WINDOWS:
        wanted = math.ceil((FEWEST_WINDOWS + 1) * samples / 2 / found.rate_hz)
        raise UserError(f"{found.title}: {count} windows of {samples / found.rate_hz:.2f} s; {FEWEST_WINDOWS} are "
                        f"wanted: record {wanted} s or more of what is normal")
    return np.stack([w for part in parts for w in part]).astype(np.float32), np.concatenate(held)


def _signal(found: Takes, windows: np.ndarray) -> Signal:
    first = found.takes[0]
    ranges = [max(t.range[i] for t in found.takes) for i in range(len(first.columns))] if all(
        t.range for t in found.takes) else []
    columns = len(first.columns)
    shape = Signal(windows.shape[1], first.columns, found.rate_hz, (1.0,) * columns, (), True)
    groups = [(0, columns)] if is_of_one_unit(first) else shape.groups
    return Signal(windows.shape[1], first.columns, found.rate_hz, full_scale_of(windows, ranges, groups), (), True)


def _add_features(build: Builder, counts: Tensor) -> Tensor:
    bands = motion.bands(build, counts, BANDS, FRAME, FRAME // 2, hold="mean")
    return build.reshape(bands, [bands.elements])


def _features(signal: Signal, counts: np.ndarray) -> np.ndarray:
    """Return int16 features [n, features] of windows of counts, on the core that boards run."""
    build = Builder("features")
    x = Tensor("samples", (signal.samples, len(signal.columns)), "int16", quantized(1 / 32768))
    made = convert_graph(build.graph([x], [_add_features(build, x)]), [], "features", 0)
    model = Model(made.blob, checksum=False)
    found = np.empty((len(counts), made.program.graph.outputs[0].elements), np.int16)
    for row, out in zip(np.ascontiguousarray(counts), found, strict=True):
        model.run([row.view(np.uint8).reshape(-1)], [out.view(np.uint8)])
    return found


def _distances(x: np.ndarray, centres: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return the root of the mean square of deviations from the nearest centre, [n]."""
    found: np.ndarray = np.sqrt((((x[:, None] - centres) / deviation) ** 2).mean(axis=2).min(axis=1))
    return found


def _centres(known: np.ndarray, rest: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return as few centres as do, [k, features], and the deviations about them, [features].

    Another centre is taken where it brings what was left out clearly nearer.
    """
    found = _means(known, 1, rng)
    for k in range(2, MOST_CENTRES + 1):
        more = _means(known, k, rng)
        ends = [float(_distances(rest, centres, found[1]).mean()) for centres, _ in (found, more)]
        if ends[1] > WORTH * ends[0]:
            break
        found = more
    return found


def _means(x: np.ndarray, k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return k means (Lloyd 1982) of standardised features, seeded far apart, and the deviations about them."""
    scale = np.maximum(x.std(axis=0), 1)
    centres = x[rng.integers(len(x))][None]
    while len(centres) < k:
        far = _distances(x, centres, scale)
        centres = np.concatenate([centres, x[int(far.argmax())][None]])
    for _ in range(20):
        nearest = (((x[:, None] - centres) / scale) ** 2).sum(axis=2).argmin(axis=1)
        centres = np.stack([x[nearest == i].mean(axis=0) if (nearest == i).any() else centres[i] for i in range(k)])
    return centres, np.maximum((x - centres[nearest]).std(axis=0), 1)


def _network(signal: Signal, centres: np.ndarray, unit: np.ndarray, found: Takes, name: str) -> Graph:
    """Return the graph from samples to the distance and the features. unit: what a distance of 1 is, [features]."""
    build = Builder(name)
    x, counts = add_input(build, signal)
    features = _add_features(build, counts)
    scales = 1 / (STEP * unit * math.sqrt(features.elements))
    distance = motion.centroids(build, features, centres, scales, root=True)
    if len(centres) > 1:
        distance = build.reduce("REDUCE_MIN", distance, [0], True, "nearest")
    distance.quantization = quantized(STEP)
    graph = build.graph([x], [distance, features])
    first = found.takes[0]
    graph.labels = [LABEL]
    graph.metadata = metadata_of(signal, list(first.units), list(first.range), [], 1.0, False) | {"stream.votes": VOTES}
    return graph
