# SPDX-License-Identifier: MIT
"""Dense layers in integers, from weights of floats and what was seen behind them.

Numbers become those of TensorFlow Lite's schemes: weights int8 with a scale per output; activations int16 without zero
point and biases int64, or activations int8 and biases int32.
"""

from __future__ import annotations

import numpy as np

from ..graph import Quantization, Tensor
from ..graph.builder import Builder
from ..graph.tflite_ops import Activation
from .features import quantized

ROOM = 1.25  # by how much values may exceed those seen before they saturate


def add_dense(
    build: Builder, x: Tensor, weights: np.ndarray, bias: np.ndarray, outputs: np.ndarray, relu: bool = False
) -> Tensor:
    """Add x @ weights + bias, of the dtype of x.

    outputs: what it gives for samples like those that it will see.
    """
    steps = (np.maximum(np.abs(weights).max(axis=0), 1e-12) / 127).astype(np.float32)
    whole = np.clip(np.round(weights / steps), -127, 127).astype(np.int8)
    constant = build.weights(np.ascontiguousarray(whole.T), steps)
    units = steps.astype(np.float64) * x.scale
    wide = np.int64 if x.dtype == "int16" else np.int32
    sums = Tensor(build.unique("bias"), (len(steps),), np.dtype(wide).name, Quantization(
        units.astype(np.float32), np.zeros(len(steps), np.int64)), np.round(bias / units).astype(wide))
    return build.add("FULLY_CONNECTED", [x, constant, sums], (1, len(steps)), "hidden" if relu else "logits", x.dtype,
                     _range_of(outputs, x.dtype), keep_num_dims=True,
                     fused_activation_function=Activation.RELU if relu else Activation.NONE)


def _range_of(outputs: np.ndarray, dtype: str) -> Quantization:
    if dtype == "int16":
        return quantized(ROOM * float(np.abs(outputs).max() or 1.0) / 32767)
    low, high = min(float(outputs.min()), 0.0), max(float(outputs.max()), 0.0)
    step = max(ROOM * (high - low), 1e-6) / 255
    return Quantization(np.array([step], np.float32), np.array([round(-0.5 - (low + high) / 2 / step)], np.int64))
