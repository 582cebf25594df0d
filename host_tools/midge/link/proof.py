# SPDX-License-Identifier: MIT
"""A model so small that every board runs it, to prove that a board computes what this machine computes."""

from __future__ import annotations

from functools import cache

import numpy as np

from .. import load
from ..convert.pipeline import convert_model
from ..importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes


@cache
def proof() -> tuple[bytes, bytes, bytes]:
    """Return a small model, its input, and the output that this machine's core computes: what a board must answer.

    The input is 16 int8 values, the output 8.
    """
    model = convert_model(_dense_tflite()).blob
    x = np.random.default_rng(1).integers(-128, 128, 16).astype(np.int8).tobytes()
    y = bytearray(8)
    load(model).run(x, out=y)
    return model, x, bytes(y)


def _dense_tflite() -> bytes:
    """Return a .tflite file: a fully connected int8 layer, 16 values to 8, with relu."""
    rng = np.random.default_rng(2)
    weights = rng.integers(-127, 128, (8, 16)).astype(np.int8)
    bias = rng.integers(-500, 500, 8).astype(np.int32)
    return model_bytes(FlatGraph(
        tensors=[
            FlatTensor("x", (1, 16), "int8", scale=0.05, zero_point=3),
            FlatTensor("w", data=weights, scale=0.01),
            FlatTensor("b", data=bias, scale=0.0005),
            FlatTensor("y", (1, 8), "int8", scale=0.1, zero_point=-5),
        ],
        operators=[FlatOperator("FULLY_CONNECTED", ["x", "w", "b"], ["y"], {"fused_activation_function": "RELU"})],
        inputs=["x"], outputs=["y"],
    ))
