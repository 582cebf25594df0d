# SPDX-License-Identifier: MIT
"""Wake words by their manifests: one, or several networks that share what they hear and an arena."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ..errors import UserError
from ..graph import Graph, Node, Tensor
from ..importers import open_source, read_model
from ..passes.variables import resolve_variables
from .manifest import Manifest, read_manifest

_PER_WORD = ("stream.threshold", "stream.mean")


def read_words(
    graph: Graph, labels: Sequence[str], title: str, manifest: str | Path | None, also: Sequence[str | Path]
) -> tuple[Graph, Sequence[str], Manifest | None, list[str]]:
    """Return a network with what its manifest says, its labels, the manifest, and doubts.

    also: manifests of further words. Each one's network is the file of that name beside it, and takes the same
    features: the graph then has a score for each word. Raises UserError.
    """
    if manifest is None:
        if also:
            raise UserError(f"{title}: --also adds words to one with a manifest; give --manifest for the first")
        return graph, labels, None, []
    word = read_manifest(Path(manifest))
    graph, first, doubts = word.describe(graph, title)
    words, graphs = list(first), [graph]
    for path in map(Path, also):
        other = read_manifest(path)
        if other.step_ms != word.step_ms:
            raise UserError(f"{path}: steps of {other.step_ms} ms, the first word has {word.step_ms}; convert it apart")
        network = path.parent / PurePosixPath(other.model.replace("\\", "/")).name
        told, _, more = other.describe(read_model(open_source(network)), str(network))
        words.append(other.word)
        graphs.append(told)
        doubts += more
        _check_alike(graphs[0], told, network)
    return _joined(graphs) if also else graph, labels or words, word, doubts


def _check_alike(first: Graph, other: Graph, path: Path) -> None:
    for name, a, b in (("takes", first.inputs, other.inputs), ("gives", first.outputs, other.outputs)):
        units = [(t.dtype, t.shape, t.scale, t.zero_point) for t in (*a, *b)]
        if len(units) != 2 or units[0] != units[1]:
            raise UserError(f"{path}: {name} {', '.join(map(str, b))}, the first word's network {a[0]}, or in other "
                            "units; convert it apart")


def _joined(graphs: Sequence[Graph]) -> Graph:
    """Return a graph of networks that have their input in common, with their scores side by side."""
    parts = [resolve_variables(graph.copy()) for graph in graphs]
    first = parts[0]
    for part in parts[1:]:
        part.replace(part.inputs[0], first.inputs[0])
        first.nodes += part.nodes
    scores = [part.outputs[0] for part in parts]
    shape = (*scores[0].shape[:-1], len(parts))
    both = Tensor("scores", shape, scores[0].dtype, scores[0].quantization)
    first.nodes.append(Node("CONCATENATION", [*scores], [both], {"axis": len(shape) - 1}))
    first.outputs = [both]
    for key in _PER_WORD:
        first.metadata[key] = ",".join(graph.metadata[key] for graph in graphs)
    return first
