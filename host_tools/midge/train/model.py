# SPDX-License-Identifier: MIT
"""A trained model: the file for boards, what it is worth, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..convert.pipeline import convert_graph
from ..core.batch import Engine
from ..progress import Stage, silent
from ..samples.takes import Take, Takes
from .judge import judge
from .judgement import Share
from .network import metadata_of, network
from .outcome import Outcome, Words, compare
from .recipe import Fitted, Options, fit

MOST_COMPARED = 3000


@dataclass
class Trained(Outcome):
    """A model that was trained on takes. Agreement is counted over windows and variants."""

    fitted: Fitted

    @property
    def words(self) -> Words:
        """How to speak of it."""
        kinds = {"take": "takes", "person": "people", "session": "sessions"}
        windows, signal, options = self.fitted.windows, self.fitted.signal, self.fitted.options
        about = (f"{len(self.recordings)} takes, windows of {windows.samples / signal.rate_hz:.2f} s at "
                 f"{signal.rate_hz:.4g} Hz of {', '.join(signal.columns)}; head {self.fitted.kind}, seed "
                 f"{options.seed}")
        return Words(about, "takes", kinds[self.fitted.windows.group_kind], "windows", "gestures", "movements")

    @property
    def recordings(self) -> Sequence[Take]:
        """The takes."""
        return self.fitted.recordings

    @property
    def notes(self) -> list[str]:
        """What is doubtful about the takes."""
        return self.fitted.takes.notes

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        fitted, windows = self.fitted, self.fitted.windows
        return {
            "takes": len(fitted.takes.takes), "windows": len(windows.values), "window_samples": windows.samples,
            "rate_hz": fitted.signal.rate_hz, "left_out": windows.group_kind, **super().facts(),
            "features": fitted.front.count, "patterns": len(fitted.front.patterns),
            "tried": [{"head": t.head, "patterns": t.patterns, "variants": t.variants,
                       "accuracy": round(t.accuracy, 4)} for t in fitted.tried],
            "head": fitted.kind, "seed": fitted.options.seed, "seconds": round(fitted.seconds, 3),
            "notes": fitted.takes.notes,
        }


def train(
    found: Takes, options: Options | None = None, name: str = "model", target: str | None = None, stage: Stage = silent,
    background: Takes | None = None,
) -> Trained:
    """Train a model on takes, judge it, and convert it. Raises UserError where the takes do not do.

    name: what the device calls it. target: a core or board to pack the weights for. background: recordings without
    gestures.
    """
    fitted = fit(found, options, stage, background)
    judgement = judge(fitted)
    first, signal = found.takes[0], fitted.signal
    quiet = [fitted.labels[i] for i in fitted.quiet]
    metadata = metadata_of(signal, list(first.units), list(first.range), quiet, judgement.threshold,
                           fitted.windows.is_gesture)
    graph = network(signal, fitted.head, fitted.base, fitted.factor, fitted.rows, name, fitted.labels, metadata,
                    fitted.front.patterns, fitted.reach)
    conversion = convert_graph(graph, fitted.labels, name, 0, target)
    return Trained(fitted.labels, judgement, conversion, *_compare(fitted, conversion.blob, stage), fitted)


def _compare(fitted: Fitted, blob: bytes, stage: Stage) -> tuple[Share, Share, Share]:
    """Return how often the file's integers answer as the head's floats do, and how often either is right."""
    values = fitted.windows.values[:MOST_COMPARED]
    truth = fitted.windows.targets[:MOST_COMPARED]
    (scores,) = Engine(blob, threads=1).run([values], stage("the file's integers", len(values)))
    integers = scores.reshape(len(values), -1).argmax(axis=1)
    floats = fitted.scores(values).argmax(axis=1)
    return compare(integers, floats, truth)
