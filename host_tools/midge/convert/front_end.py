# SPDX-License-Identifier: MIT
"""A front end before a feature network: samples of sound go in, and what the network answers comes out."""

from __future__ import annotations

from ..errors import UserError
from ..graph import Graph, Tensor, sound
from ..graph.builder import Builder
from .manifest import Manifest

KINDS = {"micro": 10, "micro:20": 20}  # the steps in ms
_REMEMBER = {"READ_VARIABLE", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM"}
_DTYPES = ("int8", "uint8", "int16", "float32")
HOP_MS = 100  # by how much the window of a network that remembers nothing moves from one run to the next


def choose_step(kind: str | None, manifest: Manifest | None, title: str, searched: bool = False) -> int | None:
    """Return the step in ms of the front end that is wanted, None for none. Raises UserError.

    kind: one of KINDS. manifest: what a wake word's says. searched: a search runs the network, on features.
    """
    if searched and (kind or manifest):
        raise UserError(f"{title}: --auto runs the network on features; leave it out, or --front-end")
    if kind is None:
        return None if manifest is None else manifest.step_ms
    if kind not in KINDS:
        raise UserError(f"{title}: no front end {kind!r}; there are: {', '.join(KINDS)}")
    if manifest is not None and manifest.step_ms != KINDS[kind]:
        raise UserError(f"{title}: the manifest wants steps of {manifest.step_ms} ms, --front-end {kind} has "
                        f"{KINDS[kind]}; leave out --front-end")
    return KINDS[kind]


def put_front_end(graph: Graph, title: str, step_ms: int = 10) -> Graph:
    """Return a graph that takes samples of sound and computes the features that another graph takes.

    graph: a network whose one input is rows of 40 features, [..., 40]; it stays as it is. If it remembers what came
    before, each run brings it as many new rows as its input has; otherwise its input is a window over the latest rows
    that moves on by HOP_MS. step_ms: from one row to the next, 10 or 20.

    The input becomes int16 [samples at 16 kHz]. The metadata say so to streams and to midge.listen. Raises UserError.
    """
    source = _input_of(graph, title)
    rows = source.elements // sound.CHANNELS
    new = rows if any(node.op in _REMEMBER for node in graph.nodes) else min(rows, HOP_MS // step_ms)
    samples = new * step_ms * sound.RATE_HZ // 1000
    build = Builder(graph.name)
    x = Tensor("sound", (samples,), "int16")
    build.unique(x.name)
    features = sound.features(build, x, step_ms, source.quantization, source.dtype, rows)
    given = build.reshape(features, source.shape, "features")
    made = graph.copy()
    made.replace(made.inputs[0], given)
    made.nodes = [*build.nodes, *made.nodes]
    made.inputs = [x]
    made.metadata |= {"sensor.rate_hz": str(sound.RATE_HZ), "sensor.columns": "sound", "stream.hop": str(samples)}
    return made


def _input_of(graph: Graph, title: str) -> Tensor:
    """Return the input that takes features. Raises UserError where the front end does not fit it."""
    if len(graph.inputs) != 1:
        raise UserError(f"{title}: {len(graph.inputs)} inputs; a front end gives one; convert it without --front-end")
    source = graph.inputs[0]
    if source.shape[-1:] != (sound.CHANNELS,) and source.shape[-2:] != (sound.CHANNELS, 1):
        raise UserError(f"{title}: takes {list(source.shape)}; the front end micro gives rows of {sound.CHANNELS} "
                        "features; convert a network for these, or leave out --front-end")
    if source.dtype not in _DTYPES or (source.dtype != "float32" and not source.scale):
        raise UserError(f"{title}: takes {source.dtype} without a scale; the front end gives {', '.join(_DTYPES)} with "
                        "one; export the model with its quantisation")
    return source
