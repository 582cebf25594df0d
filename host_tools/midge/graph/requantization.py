# SPDX-License-Identifier: MIT
"""What TFLite's quantised ops mean in integers: ranges of activations, multipliers, weights."""

from __future__ import annotations

import math

import numpy as np

from . import fixedpoint as fp
from .graph import Node, Tensor, Unsupported
from .tflite_ops import clamp_of, constant, required


def want_quantized(*tensors: Tensor | None) -> None:
    """Refuse tensors without a scale."""
    for tensor in tensors:
        if tensor is not None and tensor.quantization is None:
            raise Unsupported(f"'{tensor.name}' carries no scale; export the model fully quantised")
        if tensor is not None and (tensor.scale <= 0 or not math.isfinite(tensor.scale)):
            raise Unsupported(f"'{tensor.name}' has the scale {tensor.scale}; export the model again")


def want_symmetric(*tensors: Tensor) -> None:
    """Refuse int16 tensors without a scale, or with a zero point."""
    want_quantized(*tensors)
    for tensor in tensors:
        if tensor.zero_point != 0:
            raise Unsupported(f"the int16 tensor '{tensor.name}' with zero point {tensor.zero_point}; 0 can run, "
                              "as TensorFlow Lite's 16x8 quantisation makes it")


def quantize(tensor: Tensor, real: float) -> int:
    """Return a real in the tensor's units, unclamped; the division is in float32 as in TFLM."""
    want_quantized(tensor)
    return tensor.zero_point + fp.round_half_away(float(np.float32(real) / np.float32(tensor.scale)))


def activation_range(node: Node) -> dict[str, int]:
    """Return act_min and act_max of a fused activation, in units of the node's int8 or int16 output."""
    low, high = clamp_of(node)
    out = node.outputs[0]
    least, most = (-32768, 32767) if out.dtype == "int16" else (-128, 127)
    return {
        "act_min": least if math.isinf(low) else fp.clamp(quantize(out, low), least, most),
        "act_max": most if math.isinf(high) else fp.clamp(quantize(out, high), least, most),
    }


def multiplier_to(out: Tensor, scale: float) -> tuple[int, int]:
    """Return the multiplier and shift that take integers of `scale` to those of `out`. Raises Unsupported."""
    multiplier, shift = fp.quantize_multiplier(scale / out.scale)
    if shift > 30:
        raise Unsupported(f"output scale {out.scale} is far too small for its input; export the model again")
    return multiplier, shift


def weights_of(node: Node) -> tuple[np.ndarray, int]:
    """Return the weights as int8, and their zero point: 0 wherever they fit. Raises Unsupported."""
    tensor = required(node, 1)
    data = constant(node, 1, "weights")
    if tensor.dtype != "int8":
        raise Unsupported(f"{tensor.dtype} weights; int8 ones can run. Quantise the model when you export it")
    want_quantized(tensor)
    assert tensor.quantization is not None
    if not np.any(tensor.quantization.zero_point):
        return data, 0
    # TFLM's int8 convolutions leave the zero point out, so that only these mean what they say.
    if tensor.quantization.per_channel or not (node.op == "FULLY_CONNECTED" or is_legacy(node)):
        raise Unsupported(f"weights with the zero point {tensor.zero_point}; export them symmetric (zero point 0)")
    shifted = data.astype(np.int32) - tensor.zero_point
    if shifted.min() < -128 or shifted.max() > 127:
        return data, tensor.zero_point
    return shifted.astype(np.int8), 0


def symmetric_weights(node: Node) -> np.ndarray:
    """Return the weights as int8 with zero point 0. Raises Unsupported."""
    weights, zero_point = weights_of(node)
    if zero_point != 0:
        raise Unsupported(f"weights with the zero point {zero_point}; export them symmetric (zero point 0)")
    return weights


def is_legacy(node: Node) -> bool:
    """Tell whether a pass has made the node of one on uint8, which TFLite computes a little differently."""
    return bool(node.attrs.get("legacy_uint8"))


def multipliers(node: Node, channels: int, per_tensor_in_float: bool) -> list[tuple[int, int]]:
    """Return multiplier and shift of every output channel. Raises Unsupported.

    FULLY_CONNECTED with one scale multiplies the input's and the weights' scales in float32, where
    convolutions do it in double; both as TFLM does.
    """
    source, weights, out = required(node, 0), required(node, 1), node.outputs[0]
    want_quantized(source, weights, out)
    assert weights.quantization is not None
    scales = weights.quantization.scale
    if len(scales) not in (1, channels):
        raise Unsupported(f"{len(scales)} weight scales for {channels} output channels; export the model again")
    if per_tensor_in_float and len(scales) == 1:
        products = [float(np.float32(source.scale) * scales[0])]
    else:
        products = [source.scale * float(s) for s in scales]
    found = [multiplier_to(out, p) for p in products]
    return found * channels if len(found) == 1 else found
