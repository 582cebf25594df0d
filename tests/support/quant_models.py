# SPDX-License-Identifier: MIT
"""Small float networks for the tests of quantisation and evaluation, written as .tflite bytes."""

from __future__ import annotations

import numpy as np

from midge.convert.pipeline import convert_graph
from midge.core.batch import Engine
from midge.graph import Graph
from midge.importers import read_model
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes, option_fields
from midge.quantize import Options, Report, quantize

CONV = {"padding": "SAME", "stride_h": 1, "stride_w": 1, "fused_activation_function": "RELU"}


def weights(rng: np.random.Generator, *shape: int) -> np.ndarray:
    fan_in = int(np.prod(shape[1:]))
    return (rng.normal(size=shape) / np.sqrt(fan_in)).astype(np.float32)


def small_cnn(seed: int = 0, uneven: float = 1.0) -> bytes:
    """8x8x1 -> conv, depthwise, 1x1 conv, max pool, mean, dense, softmax over 3 classes.

    uneven: by how much the first layer's channels differ in range, without changing what the network computes.
    """
    rng = np.random.default_rng(seed)
    spread = np.geomspace(1.0, uneven, 4).astype(np.float32)
    first = weights(rng, 4, 3, 3, 1) * spread.reshape(4, 1, 1, 1)
    depth = np.abs(weights(rng, 1, 3, 3, 4)) / spread
    tensors = [
        FlatTensor("x", (1, 8, 8, 1)), FlatTensor("w1", data=first),
        FlatTensor("b1", data=rng.normal(size=4).astype(np.float32) * 0.1 * spread), FlatTensor("a", (1, 8, 8, 4)),
        FlatTensor("w2", data=depth), FlatTensor("b2", data=rng.normal(size=4).astype(np.float32) * 0.1),
        FlatTensor("b", (1, 8, 8, 4)), FlatTensor("w3", data=weights(rng, 6, 1, 1, 4)),
        FlatTensor("b3", data=rng.normal(size=6).astype(np.float32) * 0.1), FlatTensor("c", (1, 8, 8, 6)),
        FlatTensor("p", (1, 4, 4, 6)), FlatTensor("axes", data=np.array([1, 2], np.int32)), FlatTensor("m", (1, 6)),
        FlatTensor("w4", data=4 * weights(rng, 3, 6)), FlatTensor("b4", data=np.zeros(3, np.float32)),
        FlatTensor("d", (1, 3)),
        FlatTensor("y", (1, 3)),
    ]
    operators = [
        FlatOperator("CONV_2D", ["x", "w1", "b1"], ["a"], {**CONV, "dilation_w_factor": 1, "dilation_h_factor": 1}),
        FlatOperator("DEPTHWISE_CONV_2D", ["a", "w2", "b2"], ["b"],
                 {**CONV, "depth_multiplier": 1, "dilation_w_factor": 1, "dilation_h_factor": 1}),
        FlatOperator("CONV_2D", ["b", "w3", "b3"], ["c"], {**CONV, "dilation_w_factor": 1, "dilation_h_factor": 1}),
        FlatOperator("MAX_POOL_2D", ["c"], ["p"], {"padding": "VALID", "stride_h": 2, "stride_w": 2, "filter_height": 2,
                                                "filter_width": 2}),
        FlatOperator("MEAN", ["p", "axes"], ["m"], {"keep_dims": False}),
        FlatOperator("FULLY_CONNECTED", ["m", "w4", "b4"], ["d"]),
        FlatOperator("SOFTMAX", ["d"], ["y"], {"beta": 1.0}),
    ]
    return model_bytes(FlatGraph(tensors, operators, ["x"], ["y"]))


def samples(count: int = 64, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 8, 8, 1)).astype(np.float32)


def one_layer(op: str, options: dict[str, object], out: tuple[int, ...], *extra: FlatTensor,
              shape: tuple[int, ...] = (1, 4, 4, 2)) -> bytes:
    """x -> op -> y, with constants as further inputs."""
    tensors = [FlatTensor("x", shape), *extra, FlatTensor("y", out)]
    return model_bytes(
        FlatGraph(tensors, [FlatOperator(op, ["x", *(t.name for t in extra)], ["y"], options)], ["x"], ["y"])
    )


def autoencoder(seed: int = 0) -> bytes:
    """8 values through 3 and back."""
    rng = np.random.default_rng(seed)
    base = np.linalg.qr(rng.normal(size=(8, 3)))[0].astype(np.float32)
    tensors = [FlatTensor("x", (1, 8)), FlatTensor("w1", data=np.ascontiguousarray(base.T)),
               FlatTensor("b1", data=np.zeros(3, np.float32)), FlatTensor("h", (1, 3)), FlatTensor("w2", data=base),
               FlatTensor("b2", data=np.zeros(8, np.float32)), FlatTensor("y", (1, 8))]
    operators = [FlatOperator("FULLY_CONNECTED", ["x", "w1", "b1"], ["h"]),
                 FlatOperator("FULLY_CONNECTED", ["h", "w2", "b2"], ["y"])]
    return model_bytes(FlatGraph(tensors, operators, ["x"], ["y"]))


def as_tflite(graph: Graph) -> bytes:
    """A quantised graph as a .tflite file, for TFLM to run."""
    names = {id(t): f"t{i}" for i, t in enumerate(graph.tensors())}
    tensors = []
    for tensor in graph.tensors():
        q = tensor.quantization
        units = {} if q is None else {"scale": q.scale, "zero_point": q.zero_point, "quantized_dimension": q.axis}
        tensors.append(FlatTensor(names[id(tensor)], tensor.shape, tensor.dtype, tensor.data, **units))
    operators = [
        FlatOperator(n.op, [None if t is None else names[id(t)] for t in n.inputs], [names[id(t)] for t in n.outputs],
                 {k: v for k, v in n.attrs.items() if k in option_fields(n.op)})
        for n in graph.nodes
    ]
    return model_bytes(FlatGraph(tensors, operators, [names[id(t)] for t in graph.inputs],
                             [names[id(t)] for t in graph.outputs]))


def quantized(model: bytes, x: np.ndarray, options: Options | None = None) -> tuple[Graph, Report]:
    """Quantise a float model, calibrated on x."""
    done = quantize(read_model(model), [x], options)
    return done.graph, done.report


def outputs(graph: Graph, x: np.ndarray) -> np.ndarray:
    """Run a graph on the core, and return its first output."""
    return Engine(convert_graph(graph, [], "test", 0).blob).run([x])[0]
