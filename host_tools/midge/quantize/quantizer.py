# SPDX-License-Identifier: MIT
"""The whole of quantisation: options in, the best graph that they allow out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from ..graph import Graph, Node, Tensor
from ..progress import Stage, silent
from . import scheme
from .equalize import equalize
from .observe import Observation, observe
from .prepare import Known, prepare
from .ranges import METHODS
from .report import Noise, Report, decibels, judge, layers_of, measure
from .rewrite import Recipe, Rewritten, choose_dtypes, rewrite

MOST_MEASURED = 48  # samples on which candidates are compared
_NEARLY = 2.0  # dB
# Entropy looks at single tensors and is rarely best for a network's outputs.
_AUTO = ("minmax", "average", "percentile", "mse")


@dataclass(frozen=True)
class Options:
    """How to quantise. What is "auto" or None is tried out, and what gives least noise at the outputs is kept.

    method: "auto", or one of METHODS. activations: "int8", or "int16" for 16-bit activations with 8-bit weights.
    wide: names of layers with 16-bit outputs among 8-bit ones. float_io: inputs and outputs stay float32.
    """

    method: str = "auto"
    bias_correction: bool | None = None
    equalize: bool | None = None
    activations: str = "int8"
    wide: tuple[str, ...] = ()
    float_io: bool = False


@dataclass
class Quantized:
    """A graph in integers and how well it follows the float one."""

    graph: Graph
    report: Report


@dataclass(frozen=True)
class _Candidate:
    """A float graph with what was observed in it, and a way to quantise it."""

    graph: Graph
    seen: Observation
    known: Known
    method: str
    bias_correction: bool
    pairs: int = 0


class Quantizer:
    """Observes a float network once; quantises it as often as wanted.

    graph: as an importer gives it; it stays as it is. inputs: for each input an array [samples, ...] of real values, in
    the units that the network was trained on. Raises UserError where graph or samples do not fit.
    """

    def __init__(self, graph: Graph, inputs: Sequence[np.ndarray], title: str = "model", stage: Stage = silent) -> None:
        self.title, self.stage, self.inputs = title, stage, list(inputs)
        self.graph, self.known = prepare(graph, title)
        count = len(self.inputs[0])
        self.seen = observe(self.graph, self.inputs, progress=stage("observing the float network", 2 * count))
        picked = np.unique(np.linspace(0, count - 1, min(count, MOST_MEASURED)).astype(int))
        self.few = [x[picked] for x in self.inputs]
        self._equal: tuple[Graph, Observation, Known, int] | None = None

    def quantize(self, options: Options | None = None) -> Quantized:
        """Return the network in integers, with the report on its layers. Raises UserError."""
        options = options or Options()
        groups = self._candidates(options)
        tell = self.stage("measuring quantised networks", sum(len(g) for g in groups) * len(self.few[0]))
        measured: list[tuple[float, _Candidate, Rewritten, Noise, dict[int, str]]] = []
        for candidates in groups:
            graph = candidates[0].graph if candidates else self.graph
            dtypes = self._dtypes(graph, options)
            done = [rewrite(graph, c.seen, Recipe(dtypes, c.method, c.bias_correction, options.float_io, c.known))
                    for c in candidates]
            for candidate, made, noise in zip(candidates, done, measure(graph, done, self.few, tell), strict=True):
                level = float(np.mean([decibels(noise.relative(id(t))) for t in graph.outputs]))
                measured.append((level, candidate, made, noise, dtypes))
        # Of those that are nearly as quiet as the quietest, the one that decides most often as the float network.
        least = max(level for level, *_ in measured) - _NEARLY
        _, candidate, made, noise, dtypes = max((m for m in measured if m[0] >= least),
                                                key=lambda m: (-m[3].flips, m[0]))
        report = Report(
            candidate.method, candidate.bias_correction, candidate.pairs, len(self.few[0]), noise.flips,
            {t.name: round(decibels(noise.relative(id(t))), 2) for t in candidate.graph.outputs},
            layers_of(candidate.graph, candidate.seen, noise, dtypes),
            float_ops=[f"{n.op} '{n.name}'" for n in candidate.graph.nodes if dtypes[id(n)] == "float32"],
        )
        judge(report)
        return Quantized(made.graph, report)

    def _dtypes(self, graph: Graph, options: Options) -> dict[int, str]:
        unknown = set(options.wide) - {n.name for n in graph.nodes}
        if unknown:
            raise UserError(f"{self.title}: has no layer '{min(unknown)}'; the report lists them")
        # 16 bits of a layer's output are worth something where its readers take them.
        named = [n for n in graph.nodes if n.name in options.wide]
        readers = [r for n in named for out in n.outputs for r in _readers(graph, out)]
        return choose_dtypes(graph, frozenset(id(n) for n in [*named, *readers]), options.activations)

    def _candidates(self, options: Options) -> list[list[_Candidate]]:
        """Return what to try: a list for the network as it is, and one for the equalised network."""
        if options.method not in ("auto", *METHODS):
            raise UserError(f"no method '{options.method}'; there are auto, {', '.join(METHODS)}")
        if options.activations not in scheme.RUNS_IN:
            raise UserError(f"activations of {options.activations}; there are {', '.join(scheme.RUNS_IN)}")
        wide = options.activations == "int16"  # whose ranges are never cut
        methods = ["minmax"] if wide else list(_AUTO) if options.method == "auto" else [options.method]
        corrections = [True, False] if options.bias_correction is None else [options.bias_correction]
        groups = []
        if not options.equalize:
            groups.append([_Candidate(self.graph, self.seen, self.known, m, c) for m in methods for c in corrections])
        if options.equalize or (options.equalize is None and not wide):
            graph, seen, known, pairs = self._equalized()
            if options.equalize and not pairs:
                raise UserError(f"{self.title}: has no two layers in a row to equalise (with nothing or a relu "
                                "between them); leave --equalize out")
            if pairs:
                groups.append([_Candidate(graph, seen, known, m, c, pairs) for m in methods for c in corrections])
        return groups

    def _equalized(self) -> tuple[Graph, Observation, Known, int]:
        if self._equal is None:
            graph, known, pairs = equalize(self.graph, self.seen, self.known)
            tell = self.stage("observing the equalised network", 2 * len(self.inputs[0]) if pairs else 0)
            seen = observe(graph, self.inputs, progress=tell) if pairs else self.seen
            self._equal = (graph, seen, known, pairs)
        return self._equal


def _readers(graph: Graph, tensor: Tensor) -> list[Node]:
    """Return the nodes that calculate with a tensor: its readers, and theirs where one only moves values."""
    found = []
    for node in graph.consumers(tensor):
        found.append(node)
        if node.op in scheme.SAME_SCALE:
            found += [r for out in node.outputs for r in _readers(graph, out)]
    return found


def quantize(
    graph: Graph, inputs: Sequence[np.ndarray], options: Options | None = None, title: str = "model",
    stage: Stage = silent,
) -> Quantized:
    """Quantise a float graph with calibration samples; see Quantizer and Options."""
    return Quantizer(graph, inputs, title, stage).quantize(options)
