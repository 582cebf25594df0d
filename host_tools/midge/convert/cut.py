# SPDX-License-Identifier: MIT
"""Cut a network at an inner tensor: its front, frozen, sees for what is trained on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..files import write_whole
from ..graph import Graph, Node, Tensor
from ..importers import open_source, read_model
from ..importers.tflite.export import tflite_bytes
from ..passes.prune import drop_unused
from .pipeline import convert_graph

_AFTER = {"SOFTMAX", "LOGISTIC", "LOG_SOFTMAX", "QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE"}  # of a last layer
_LAYERS = {"FULLY_CONNECTED", "CONV_2D"}


def front_of(graph: Graph, layer: str, title: str) -> Graph:
    """Return a copy of a graph that ends at a layer's output, without what comes after it, and without labels.

    layer: a layer's name, or the unambiguous end of one; "" for what the last layer that has weights takes.
    Raises UserError where there is no such layer.
    """
    graph = graph.copy()
    options = "--at takes " + choice(graph, any_size)
    graph.outputs = [named(graph, layer, title, options) if layer else before_last(graph, title, options)]
    graph.labels = []
    return drop_unused(graph)


@dataclass(frozen=True)
class Front:
    """A front that was written: the layer that it ends at, what that gives, and how much of the network it is."""

    layer: str
    dtype: str
    shape: tuple[int, ...]
    layers: int
    all_layers: int
    bytes: int


def cut(model: str | Path, output: str | Path, layer: str = "") -> Front:
    """Write the front of a network, up to a layer: what a head can be trained on (train_pictures, front=...).

    model: a file that an importer reads. output: a .tflite file, or a .midge file for boards. layer: its name, or the
    unambiguous end of it; by default what the last layer with weights takes. Raises UserError.
    """
    path = Path(output)
    if path.suffix not in (".tflite", ".midge"):
        raise UserError(f"{path}: a front is written as .tflite, to train on, or as .midge, for boards; name it so")
    source = open_source(model, None)
    graph = read_model(source, None)
    front = front_of(graph, layer, source.title)
    end = front.outputs[0]
    blob = tflite_bytes(front, source.title) if path.suffix == ".tflite" else convert_graph(
        front, [], source.title, len(source.data)).blob
    write_whole(path, lambda aside: aside.write_bytes(blob))
    return Front(end.name, end.dtype, end.shape, len(front.nodes), len(graph.nodes), len(blob))


def any_size(tensor: Tensor) -> bool:
    """Tell that a tensor of any size will do."""
    return True


def before_last(graph: Graph, title: str, options: str) -> Tensor:
    """Return what the last layer with weights takes, without the classes that it was trained for. Raises UserError.

    options: what the error says may be chosen.
    """
    made: dict[int, Node] = {id(t): node for node in graph.nodes for t in node.outputs}
    tensor = graph.outputs[0]
    while (node := made.get(id(tensor))) is not None and node.op in _AFTER and node.inputs[0] is not None:
        tensor = node.inputs[0]
    found = node.inputs[0] if node is not None and node.op in _LAYERS else None
    while found is not None and (node := made.get(id(found))) is not None and node.op in _AFTER:
        found = node.inputs[0]
    if found is None or id(found) not in made:
        raise UserError(f"{title}: no layer before the last one was found; {options}")
    return found


def named(graph: Graph, layer: str, title: str, options: str) -> Tensor:
    """Return the output that has a name, or alone ends with it. Raises UserError."""
    outputs = [t for node in graph.nodes for t in node.outputs]
    found = [t for t in outputs if t.name == layer] or [t for t in outputs if t.name.endswith(layer)]
    if len(found) != 1:
        raise UserError(f"{title}: {len(found) or 'no'} layers are named '{layer}'; {options}")
    return found[0]


def choice(graph: Graph, fits: Callable[[Tensor], bool]) -> str:
    """Return the names of the layers that fit, the latest first, "" where none does."""
    names = [t.name for node in reversed(graph.nodes) for t in node.outputs
             if fits(t) and not any(t is o for o in graph.outputs)]
    return ", ".join(names[:6])
