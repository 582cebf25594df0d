# SPDX-License-Identifier: MIT
"""TensorFlow Lite's 8-bit and 16x8 quantisation schemes: what each op demands of its tensors.

int8: real = scale * (q - zero_point), weights symmetric in [-127, 127] with a scale per channel, biases int32 at the
scale input * weights. int16: zero points are 0, biases int64. Source: "LiteRT 8-bit quantization specification"
(ai.google.dev/edge/litert), and for 16 bits TFLM's kernels.
"""

from __future__ import annotations

import math

import numpy as np

from ..graph import Node, Quantization, Tensor
from ..graph.tflite_ops import WEIGHTED, Activation, activation_of

LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"

# Output scale and zero point that the kernels take for granted.
FIXED: dict[str, dict[str, tuple[float, int]]] = {
    "int8": {"SOFTMAX": (1 / 256, -128), "LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0),
             "L2_NORMALIZATION": (1 / 128, 0), LSTM: (1 / 128, 0)},
    "int16": {"SOFTMAX": (1 / 32768, 0), "LOGISTIC": (1 / 32768, 0), "TANH": (1 / 32768, 0)},
}

# Ops whose data inputs and outputs share one scale, because they only choose or move values.
_MOVES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "SLICE", "STRIDED_SLICE", "SPLIT", "SPLIT_V", "UNPACK",
          "PACK", "CONCATENATION", "PAD", "PADV2")
_MOVES_8 = ("MIRROR_PAD", "GATHER", "GATHER_ND", "TILE", "BROADCAST_TO", "REVERSE_V2", "SPACE_TO_DEPTH",
            "DEPTH_TO_SPACE", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR",
            "REDUCE_MAX", "REDUCE_MIN", "REVERSE_SEQUENCE", "SELECT", "SELECT_V2", "RELU6")
_CHOICES = ("MAX_POOL_2D", "AVERAGE_POOL_2D", "MAXIMUM", "MINIMUM")
SAME_SCALE = frozenset(_MOVES + _MOVES_8 + _CHOICES)

# Ops whose output has a scale of its own.
_FREE = ("ADD", "SUB", "MUL", "MEAN", "LEAKY_RELU", "RELU", "BATCH_MATMUL")
_FREE_8 = ("SUM", "ELU", "EXP", "LOG", "GELU", "HARD_SWISH", "ABS", "RSQRT", "SQUARED_DIFFERENCE", "PRELU",
           "RELU_N1_TO_1", "CUMSUM", "DIV")

RUNS_IN = {
    "int8": frozenset((*WEIGHTED, *FIXED["int8"], *SAME_SCALE, *_FREE, *_FREE_8)),
    "int16": frozenset((*WEIGHTED, *FIXED["int16"], *_MOVES, *_CHOICES, *_FREE)),
}
LIMITS = {"int8": (-128, 127), "int16": (-32768, 32767)}


def data_inputs(node: Node) -> list[int]:
    """Return the inputs that carry values to be quantised; not weights, biases, axes and shapes."""
    if node.op in WEIGHTED:
        weights = node.input(WEIGHTED[node.op].weights)
        own = [WEIGHTED[node.op].data]
        return [0, 1] if node.op == "FULLY_CONNECTED" and weights is not None and weights.data is None else own
    if node.op == LSTM:
        return [0]
    return [i for i, t in enumerate(node.inputs) if t is not None and t.dtype == "float32"]


def can_run(node: Node, dtype: str) -> bool:
    """Tell whether a float node's op has a kernel of this dtype in the scheme."""
    if node.op not in RUNS_IN[dtype] or any(t.dtype != "float32" for t in node.outputs):
        return False
    if node.op == LSTM:  # states that outlive a run have no range that one run shows
        return bool(node.attrs.get("from_zeros")) and len(node.outputs) == 1
    if activation_of(node) in (Activation.TANH, Activation.SIGN_BIT):
        return False
    if node.op in WEIGHTED:
        weights, bias = node.input(WEIGHTED[node.op].weights), node.input(WEIGHTED[node.op].bias)
        if weights is None or (bias is not None and bias.data is None):
            return False
        if weights.data is None:
            return node.op == "FULLY_CONNECTED" and dtype == "int8" and bias is None
    return bool(data_inputs(node))


def parameters(low: float, high: float, dtype: str) -> Quantization:
    """Return the scale and zero point that cover [low, high] and hold 0 exactly."""
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    least, most = LIMITS[dtype]
    tiny = 1e-9
    if dtype == "int16":
        return per_tensor(max(-low, high, tiny) / most, 0)
    scale = max(high - low, tiny) / (most - least)
    return per_tensor(scale, int(np.clip(math.floor(least - low / scale + 0.5), least, most)))


def per_tensor(scale: float, zero_point: int) -> Quantization:
    """Return a quantisation of one scale."""
    return Quantization(np.array([scale], np.float32), np.array([zero_point], np.int64))


def quantize_array(values: np.ndarray, q: Quantization, dtype: str) -> np.ndarray:
    """Return a constant with one scale, rounded half away from zero and saturated."""
    steps = values.astype(np.float64) / float(q.scale[0])
    whole = np.copysign(np.floor(np.abs(steps) + 0.5), steps) + int(q.zero_point[0])
    return np.asarray(np.clip(whole, *LIMITS[dtype]), dtype)


def weight_channels(weights: np.ndarray, axis: int) -> np.ndarray:
    """Return weights as [channels, taps]."""
    return np.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1)


def quantize_weights(
    weights: np.ndarray, axis: int, bias: np.ndarray | None, in_scale: float, out_scale: float, wide: bool,
    scales: np.ndarray | None = None,
) -> tuple[np.ndarray, Quantization]:
    """Return int8 weights, symmetric in [-127, 127], with a scale per channel.

    A channel's scale grows where its bias would not fit into the accumulator otherwise; a channel without weights
    gets one that keeps its bias exact to 1/256 of a step of the output. wide: the bias has 64 bits.
    scales: those to use, instead of the smallest ones that hold every weight.
    """
    rows = weight_channels(weights, axis).astype(np.float64)
    largest = np.abs(rows).max(axis=1) if rows.shape[1] else np.zeros(len(rows))
    found = largest / 127 if scales is None else scales.astype(np.float64)
    idle = out_scale / in_scale / 256
    found = np.where(found > 0, found, idle)
    # The smallest product of scales whose multiplier and bias fit the accumulator.
    found = np.maximum(found, out_scale / in_scale * 2.0**-30)
    if bias is not None and not wide:
        found = np.maximum(found, np.abs(bias.astype(np.float64)) / in_scale / 2.0**29)
    found = found.astype(np.float32)
    steps = rows / found.astype(np.float64)[:, None]
    whole = np.clip(np.copysign(np.floor(np.abs(steps) + 0.5), steps), -127, 127).astype(np.int8)
    moved = np.moveaxis(weights, axis, 0)
    data = np.ascontiguousarray(np.moveaxis(whole.reshape(moved.shape), 0, axis))
    return data, Quantization(found, np.zeros(len(found), np.int64), axis)


def quantize_bias(bias: np.ndarray, scales: np.ndarray, dtype: str) -> np.ndarray:
    """Return biases at the scale input * weights of each channel."""
    steps = bias.reshape(-1).astype(np.float64) / scales.astype(np.float64)
    limits = np.iinfo(dtype)
    bounds = (limits.min, limits.max) if dtype == "int32" else (-(2**40), 2**40)
    return np.asarray(np.clip(np.rint(steps), *bounds), dtype)


def bias_tensor(name: str, data: np.ndarray, scales: np.ndarray) -> Tensor:
    """Return quantised biases as a constant with a scale per channel and zero points of 0."""
    q = Quantization(scales.astype(np.float32), np.zeros(len(scales), np.int64))
    return Tensor(name, data.shape, str(data.dtype), q, data)
