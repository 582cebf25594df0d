# SPDX-License-Identifier: MIT
"""Networks of whole windows, turned into networks that stream: the same answers, and what cannot be turned."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from midge import api
from midge.convert.pipeline import convert_graph
from midge.core.batch import Engine
from midge.errors import UserError
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


def flattened(build: Builder, x: Tensor) -> Tensor:
    return build.reshape(x, (1, 1, 1, x.elements), "flat")


def turned(build: Builder, x: Tensor) -> Tensor:
    """A convolution over time as TensorFlow writes it, along the third axis."""
    across = build.reshape(x, (1, 1, x.shape[1], 8), "across")
    made = build.like("RELU", build.conv(across, weights(8, 1, 3, 8), None, (1, 1), [(0, 0), (0, 0)]))
    return build.reshape(made, (1, made.shape[2], 1, 8), "back")


@pytest.mark.parametrize("change", [flattened, turned])
def test_rows_that_are_laid_out_anew(change: Callable[[Builder, Tensor], Tensor]) -> None:
    found, wanted = both(network(change))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("stride", [1, 2])
def test_zeros_before_the_window_are_those_before_the_stream(stride: int) -> None:
    build = Builder("causal")
    source = Tensor("features", (1, FRAMES, 1, BANDS), "float32")
    x = build.conv(source, weights(8, 4, 1, BANDS), weights(8), (stride, 1), [(0, 0), (0, 0)])
    build.nodes[-1].attrs["explicit_padding"] = (3, 0)
    x.shape = (1, FRAMES // stride, 1, 8)
    windowed = build.graph([source], [build.dense(build.reduce("MEAN", x, [1, 2], keep=False), weights(3, 8), None)])
    found, wanted = both(windowed)
    np.testing.assert_allclose(found[0], wanted[0], atol=1e-6)
    assert np.abs(found[1:] - wanted[1:]).max() > 1e-3, "later there are rows before the window"


def test_a_windowed_network_is_converted_to_stream() -> None:
    """Keras's one-dimensional layers, from a file of floats to integers: equal to the whole windows' network."""
    keras = pytest.importorskip("keras")
    layers = keras.layers
    model = keras.Sequential([keras.Input((FRAMES, BANDS)), layers.Conv1D(8, 3, activation="relu"),
                              layers.SeparableConv1D(6, 3), layers.Flatten(), layers.Dense(3)])
    samples = RNG.normal(size=(40, FRAMES, BANDS)).astype(np.float32)
    whole, streaming = (api.convert(model, calibrate=samples, stream=rows) for rows in (None, 1))
    rows = np.concatenate(samples[:3])
    found = streaming.run(rows[:, None])
    windows = np.stack([rows[at:at + FRAMES] for at in range(len(rows) - FRAMES + 1)])
    np.testing.assert_array_equal(found[FRAMES - 1:], whole.run(windows))
    assert streaming.conversion.macs < whole.conversion.macs / 5
    with pytest.raises(UserError, match="choose 1 to 26"):
        api.convert(model, stream=27)


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
