# SPDX-License-Identifier: MIT
"""A trained model: the file for boards, what it is worth, and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..convert.pipeline import Conversion, convert_graph
from ..core.batch import Engine
from ..progress import Stage, silent
from ..samples.takes import Takes
from .judge import Judgement, Share, judge
from .network import metadata_of, network
from .recipe import Fitted, Options, fit

MOST_COMPARED = 3000


@dataclass
class Trained:
    """A model that was trained on takes. agreement: windows and variants that integers and floats answer alike."""

    fitted: Fitted
    judgement: Judgement
    conversion: Conversion
    agreement: Share
    integer_right: Share  # of the same windows and variants, by the file's integers
    float_right: Share

    @property
    def blob(self) -> bytes:
        """The bytes of the .midge file."""
        return self.conversion.blob

    @property
    def labels(self) -> list[str]:
        """The classes, in the order of the scores."""
        return self.fitted.labels

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        windows, judged = self.fitted.windows, self.judgement
        return {
            "labels": self.labels, "takes": len(self.fitted.takes.takes), "windows": len(windows.values),
            "window_samples": windows.samples, "rate_hz": self.fitted.signal.rate_hz, "left_out": windows.group_kind,
            "accuracy": _share_facts(judged.accuracy),
            "accuracy_idle_is_not_unknown": _share_facts(judged.strict),
            "classes": [{"name": c.name, "takes": c.takes, "recall": _share_facts(c.recall),
                         "precision": _share_facts(c.precision)} for c in judged.classes],
            "confusion": judged.confusion,
            "mistakes": [{"is": self.labels[i], "said": self.labels[j], "takes": paths}
                         for (i, j), paths in sorted(judged.cells.items()) if i != j],
            "suspicious": [{"take": s.take.path, "label": s.take.label, "looks_like": s.says,
                            "score": round(s.score, 3)} for s in judged.suspicions],
            "learning_curve": [{"takes": n, "accuracy": round(a, 4)} for n, a in judged.curve],
            "threshold": judged.threshold,
            **({"found_at_threshold": _share_facts(judged.found_at_threshold)} if judged.found_at_threshold else {}),
            "false_per_hour_made": judged.false_per_hour,
            "float_agreement": _share_facts(self.agreement), "flash_bytes": len(self.blob),
            "arena_bytes": self.conversion.plan.arena_size, "macs": self.conversion.macs,
            "features": self.fitted.front.count, "patterns": len(self.fitted.front.patterns),
            "tried": [{"patterns": t.patterns, "variants": t.variants, "accuracy": round(t.accuracy, 4)}
                      for t in self.fitted.tried],
            "head": self.fitted.options.head, "seed": self.fitted.options.seed,
            "seconds": round(self.fitted.seconds, 3), "advice": judged.advice, "notes": self.fitted.takes.notes,
        }


def _share_facts(share: Share) -> dict[str, Any]:
    low, high = share.interval
    return {"right": share.right, "count": share.count, "share": round(share.value, 4), "low": round(low, 4),
            "high": round(high, 4)}


def train(
    found: Takes, options: Options | None = None, name: str = "model", target: str | None = None, stage: Stage = silent
) -> Trained:
    """Train a model on takes, judge it, and convert it. Raises UserError where the takes do not do.

    name: what the device calls it. target: a core or board to pack the weights for.
    """
    fitted = fit(found, options, stage)
    judgement = judge(fitted)
    first, signal = found.takes[0], fitted.signal
    quiet = [fitted.labels[i] for i in fitted.quiet]
    metadata = metadata_of(signal, list(first.units), list(first.range), quiet, judgement.threshold,
                           fitted.windows.is_gesture)
    features = fitted.rows.features
    graph = network(signal, fitted.head, fitted.factor, features, name, fitted.labels, metadata,
                    fitted.front.patterns)
    conversion = convert_graph(graph, fitted.labels, name, 0, target)
    return Trained(fitted, judgement, conversion, *_compare(fitted, conversion.blob, stage))


def _compare(fitted: Fitted, blob: bytes, stage: Stage) -> tuple[Share, Share, Share]:
    """Return how often the file's integers answer as the head's floats do, and how often either is right."""
    values = fitted.windows.values[:MOST_COMPARED]
    truth = fitted.windows.targets[:MOST_COMPARED]
    (scores,) = Engine(blob, threads=1).run([values], stage("the file's integers", len(values)))
    integers = scores.reshape(len(values), -1).argmax(axis=1)
    floats = fitted.head.scores(fitted.rows.features[:len(values)]).argmax(axis=1)
    count = len(values)
    return tuple(Share(int(np.sum(a == b)), count, count)
                 for a, b in ((integers, floats), (integers, truth), (floats, truth)))  # type: ignore[return-value]
