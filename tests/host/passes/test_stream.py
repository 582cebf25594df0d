# SPDX-License-Identifier: MIT
"""Networks of whole windows, turned into networks that stream: the same answers, and what cannot be turned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from midge.convert.pipeline import convert_graph
from midge.core.batch import Engine
from midge.graph import Graph, Tensor, Unsupported
from midge.graph.builder import Builder
from midge.graph.tflite_ops import SAME
from midge.passes.stream import stream
from midge.quantize import Options, quantize

FRAMES, BANDS, HOP = 26, 6, 2
RNG = np.random.default_rng(5)


def weights(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32) / np.float32(np.sqrt(np.prod(shape[1:])))


def network(change: Callable[[Builder, Tensor], Tensor] = lambda build, x: x, dilation: int = 1) -> Graph:
    """Return a keyword spotter in small: every layer that can be streamed. change: put something into its middle."""
    build = Builder("net")
    source = Tensor("features", (1, FRAMES, 1, BANDS), "float32")
    x = build.conv(source, weights(8, 4, 1, BANDS), weights(8), (2, 1), [(0, 0), (0, 0)])
    x = build.like("RELU", x)
    x = build.conv(x, weights(8, 3, 1, 1), None, (1, 1), [(0, 0), (0, 0)], (dilation, 1), groups=8)
    x = build.like("RELU", build.conv(x, weights(8, 1, 1, 8), weights(8), (1, 1), [(0, 0), (0, 0)]))
    x = change(build, x)
    mean = build.reduce("MEAN", x, [1, 2], keep=False)
    scores = build.dense(mean, weights(3, mean.shape[-1]), weights(3))
    return build.graph([source], [build.add("SOFTMAX", [scores], scores.shape, "scores", beta=1.0)])


def both(windowed: Graph) -> tuple[np.ndarray, np.ndarray]:
    """Return the answers of a network to every window of some rows, and of what it becomes, to the rows themselves."""
    rows = RNG.normal(size=(3 * FRAMES, 1, BANDS)).astype(np.float32)
    windows = np.stack([rows[end - FRAMES:end] for end in range(FRAMES, len(rows) + 1, HOP)])
    (wanted,) = Engine(convert_graph(windowed, [], "net", 0).blob).run([windows[:, None]])
    (found,) = Engine(convert_graph(stream(windowed, HOP), [], "net", 0).blob).run([rows.reshape(-1, 1, HOP, 1, BANDS)])
    return found[FRAMES // HOP - 1:], wanted


@pytest.mark.parametrize("dilation", [1, 2])
def test_integers_are_equal_to_the_bit(dilation: int) -> None:
    samples = RNG.normal(size=(40, 1, FRAMES, 1, BANDS)).astype(np.float32)
    made = quantize(network(dilation=dilation), [samples], Options(method="minmax", equalize=False)).graph
    found, wanted = both(made)
    assert len(np.unique(wanted)) > 20
    np.testing.assert_array_equal(found, wanted)


def test_it_costs_only_what_is_new() -> None:
    windowed = network()
    nodes = len(windowed.nodes)
    macs = [convert_graph(graph, [], "net", 0).macs for graph in (windowed, stream(windowed, HOP))]
    assert macs[1] < macs[0] / 6
    assert len(windowed.nodes) == nodes and windowed.inputs[0].shape[1] == FRAMES, "the network stays as it is"


@pytest.mark.parametrize("change", [
    lambda build, x: build.pool("MAX_POOL_2D", x, (3, 1), (1, 1), (0, 0), (x.shape[1] - 2, 1)),
    lambda build, x: build.binary("ADD", build.like("TANH", x), build.like("LOGISTIC", x)),
    lambda build, x: build.dense(x, weights(4, 8), weights(4)),
], ids=["pool", "branches", "dense"])
def test_other_layers(change: Callable[[Builder, Tensor], Tensor]) -> None:
    found, wanted = both(network(change))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def padded(build: Builder, x: Tensor) -> Tensor:
    made = build.conv(x, weights(8, 3, 1, 8), None, (1, 1), [(0, 0), (0, 0)])
    build.nodes[-1].attrs["padding"] = SAME
    made.shape = x.shape
    return made


@pytest.mark.parametrize(("change", "words"), [
    (padded, "rows of padding around the window"),
    (lambda build, x: build.add("REVERSE_V2", [x, build.axes([1])], x.shape), "has no streaming form"),
    (lambda build, x: build.conv(x, weights(8, 2, 1, 8), None, (3, 1), [(0, 0), (0, 0)]), "every 3. row, of 1 new"),
    (lambda build, x: build.binary("ADD", x, build.along(x, 1, 0, 1)), "has no streaming form"),
])
def test_what_cannot_be_streamed(change: Callable[[Builder, Tensor], Tensor], words: str) -> None:
    with pytest.raises(Unsupported) as caught:
        stream(network(change), HOP)
    assert words in str(caught.value) and "cannot be streamed" in str(caught.value)
