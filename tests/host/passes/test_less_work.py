# SPDX-License-Identifier: MIT
"""What the converter leaves out: fewer steps, the same bits as TFLM computes for the whole model."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tflite_micro import runtime

from midge import load
from midge.convert.pipeline import Conversion, convert_model
from midge.graph import Graph, Node, Quantization, Tensor
from midge.graph.tflite_ops import Padding
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from midge.passes.dead_channels import drop_dead_channels

WINDOW = {"padding": "SAME", "stride_h": 1, "stride_w": 1}


def quantised(name: str, *shape: int, scale: float = 0.1, zero_point: int = 3) -> FlatTensor:
    return FlatTensor(name, shape, "int8", scale=scale, zero_point=zero_point)


def weights(name: str, values: np.ndarray) -> list[FlatTensor]:
    """Weights and their bias."""
    channels = values.shape[-1] if values.shape[0] == 1 else values.shape[0]
    bias = np.arange(channels, dtype=np.int32) * 37
    return [FlatTensor(name, data=values.astype(np.int8), scale=0.01), FlatTensor(name + "b", data=bias, scale=0.001)]


def checked(operators: list[FlatOperator], tensors: list[FlatTensor], outputs: list[str]) -> Conversion:
    """Convert, and compare with TFLM on random input."""
    model = model_bytes(FlatGraph(tensors, operators, [tensors[0].name], outputs))
    found = convert_model(model)
    device, oracle = load(found.blob), runtime.Interpreter.from_bytes(model)
    for seed in range(8):
        x = np.random.default_rng(seed).integers(-128, 128, tensors[0].shape).astype(np.int8)
        oracle.set_input(x, 0)
        oracle.invoke()
        found_outputs = [np.zeros(t.shape, np.int8) for t in device.outputs]
        device.run(x, out=found_outputs)
        for i, out in enumerate(found_outputs):
            assert out.tobytes() == oracle.get_output(i).tobytes()
    return found


def ops(found: Conversion) -> Counter[str]:
    return Counter(s.op.name for s in found.program.steps)


def function_of_function(*outputs: str) -> Conversion:
    tensors = [quantised("x", 1, 8), quantised("a", 1, 8, scale=1 / 256, zero_point=-128), quantised("y", 1, 8)]
    return checked(
        [FlatOperator("LOGISTIC", ["x"], ["a"]), FlatOperator("QUANTIZE", ["a"], ["y"])], tensors, list(outputs)
    )


def test_functions_of_functions_are_one_table() -> None:
    found = function_of_function("y")
    assert ops(found) == {"LUT": 1}
    assert "1 functions of functions joined" in found.program.graph.notes


def test_a_function_that_somebody_else_reads_stays() -> None:
    assert ops(function_of_function("y", "a")) == {"LUT": 2}


def convolution_and(activation: str, scale: float) -> Conversion:
    values = np.random.default_rng(1).integers(-90, 90, (4, 3, 3, 2))
    tensors = [quantised("x", 1, 5, 5, 2), *weights("w", values), quantised("a", 1, 5, 5, 4),
               quantised("y", 1, 5, 5, 4, scale=scale)]  # fmt: skip
    layers = [FlatOperator("CONV_2D", ["x", "w", "wb"], ["a"], WINDOW), FlatOperator(activation, ["a"], ["y"])]
    return checked(layers, tensors, ["y"])


@pytest.mark.parametrize("activation", ["RELU", "RELU6"])
def test_an_activation_goes_into_the_layer_before(activation: str) -> None:
    assert ops(convolution_and(activation, scale=0.1)) == {"CONV_2D": 1}


def test_an_activation_in_other_units_stays() -> None:
    assert ops(convolution_and("RELU", scale=0.07)) == {"CONV_2D": 1, "LUT": 1}


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
@pytest.mark.parametrize("stride", [1, 2])
def test_zeros_at_the_edge_of_kernels_go(kind: str, padding: str, stride: int) -> None:
    rng = np.random.default_rng(2)
    left_out = 0
    for _ in range(12):
        values = rng.integers(-90, 90, (1 if kind == "DEPTHWISE_CONV_2D" else 4, 4, 3, 4))
        top, bottom, left, right = rng.integers(0, 3, 4)
        values[:, :top] = values[:, :, :left] = 0
        values[:, 4 - bottom :] = values[:, :, 3 - right :] = 0
        h, w = rng.integers(4, 9, 2)
        reach = (3, 2) if padding == "VALID" else (0, 0)
        out = (1, -(-(h - reach[0]) // stride), -(-(w - reach[1]) // stride), 4)
        tensors = [quantised("x", 1, int(h), int(w), 4), *weights("w", values), quantised("y", *map(int, out))]
        options = {"padding": padding, "stride_h": stride, "stride_w": stride}
        options |= {"depth_multiplier": 1} if kind == "DEPTHWISE_CONV_2D" else {}
        found = checked([FlatOperator(kind, ["x", "w", "wb"], ["y"], options)], tensors, ["y"])
        left_out += int(np.prod(out[:3])) * values.size - found.macs
    assert left_out > 0


def test_branches_that_start_alike_share() -> None:
    values = np.random.default_rng(3).integers(-90, 90, (4, 1, 1, 4))
    tensors = [quantised("x", 1, 3, 3, 4), *weights("w", values), *weights("v", values),
               *(quantised(name, 1, 3, 3, 4) for name in "aby")]  # fmt: skip
    layers = [FlatOperator("CONV_2D", ["x", "w", "wb"], ["a"], WINDOW),
              FlatOperator("CONV_2D", ["x", "v", "vb"], ["b"], WINDOW),
              FlatOperator("ADD", ["a", "b"], ["y"])]  # fmt: skip
    assert ops(checked(layers, tensors, ["y"])) == {"CONV_2D": 1, "ADD": 1}


def test_billions_of_channels_are_left_alone() -> None:
    """A damaged file may claim any number of channels; looking at each would take minutes and gigabytes."""
    units = Quantization(np.array([0.1], np.float32), np.array([0]))
    x, y = (Tensor(name, (1, 4, 4, 2**31 - 1), "int8", units) for name in "xy")
    attrs = {"padding": Padding.VALID, "stride_h": 1, "stride_w": 1, "filter_height": 1, "filter_width": 1}
    graph = Graph("net", [x], [y], [Node("MAX_POOL_2D", [x], [y], attrs)])
    assert drop_dead_channels(graph).notes == []
