# SPDX-License-Identifier: MIT
"""What the converter leaves out: fewer steps, the same bits as TFLM computes for the whole model."""

from __future__ import annotations

import numpy as np
import pytest

from midge.convert.pipeline import Conversion
from midge.importers.tflite.writer import FlatOperator
from tests.support.int8_models import checked, ops, quantised, weights

WINDOW = {"padding": "SAME", "stride_h": 1, "stride_w": 1}


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
               quantised("y", 1, 5, 5, 4, scale=scale)]
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
