# SPDX-License-Identifier: MIT
"""Make an imported graph ready to be quantised: all weights float32, nothing left to fold."""

from __future__ import annotations

import numpy as np

from ..convert.pipeline import run_passes
from ..errors import UserError
from ..graph import NONSENSE, Graph, GraphError, Quantization, Tensor
from ..graph.tflite_ops import WEIGHTED

Known = dict[int, Quantization]  # weights that were int8 already, with their scales


def prepare(graph: Graph, title: str) -> tuple[Graph, Known]:
    """Return the graph after all passes, in float32, and what is known about weights that were int8 in a hybrid model.

    Raises UserError for a graph that is quantised already or that has nothing to quantise.
    """
    refuse_quantized(graph, title)
    try:
        graph = run_passes(graph.copy())
    except (GraphError, *NONSENSE) as error:
        raise UserError(f"{title}: damaged graph: {error}; export it again") from error
    known = _widen_weights(graph)
    if not any(t.dtype == "float32" for node in graph.nodes for t in node.outputs):
        raise UserError(f"{title}: has no float32 layers to quantise; convert it without --calibrate")
    return graph, known


def refuse_quantized(graph: Graph, title: str) -> None:
    """Raise UserError for a graph that calculates in integers already."""
    done = [t for t in graph.tensors() if t.dtype in ("int8", "uint8", "int16") and not t.is_constant
            and t.quantization is not None]
    if done:
        raise UserError(f"{title}: is quantised already ('{done[0].name}' is {done[0].dtype}); convert it without "
                        "--calibrate, or give the float model that it was made from")


def _widen_weights(graph: Graph) -> Known:
    """Turn the int8 weights of float layers into the float32 ones that they stand for."""
    known: Known = {}
    for node in graph.nodes:
        if node.op not in WEIGHTED:
            continue
        place = WEIGHTED[node.op]
        weights = node.input(place.weights)
        if weights is None or weights.data is None or weights.dtype != "int8" or weights.quantization is None:
            continue
        q = weights.quantization
        shape = [1] * weights.data.ndim
        if q.per_channel:
            shape[q.axis] = len(q.scale)
        real = (weights.data.astype(np.int64) - q.zero_point.reshape(shape)) * q.scale.reshape(shape)
        wide = Tensor(weights.name, weights.shape, "float32", None, real.astype(np.float32))
        node.inputs[place.weights] = wide
        channels = weights.shape[place.axis]
        if not np.any(q.zero_point) and weights.data.min() >= -127:
            known[id(wide)] = Quantization(np.broadcast_to(q.scale, channels).copy(), np.zeros(channels, np.int64),
                                           place.axis)
    return known
