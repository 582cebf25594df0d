# SPDX-License-Identifier: MIT
"""Layers with weights: dense ones, convolutions in one and two dimensions, normalisations, embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from ....graph import Tensor, Unsupported
from ....graph.tflite_ops import SAME, VALID, same_pads
from ..registry import Call, KerasContext, layer
from .activations import activate

Pads = list[tuple[int, int]]


def as_image(ctx: KerasContext, x: Tensor) -> Tensor:
    """Return a sequence [N, T, C] as an image [N, T, 1, C]; an image as it is."""
    n, *rest, channels = x.shape
    if len(rest) not in (1, 2):
        raise Unsupported(f"an input of shape {list(x.shape)}; one and two dimensions can run")
    return x if len(rest) == 2 else ctx.build.reshape(x, (n, rest[0], 1, channels))


def as_before(ctx: KerasContext, image: Tensor, x: Tensor) -> Tensor:
    """Return what was made of as_image(x), with as many dimensions as x."""
    if len(x.shape) == 4:
        return image
    n, length, _, channels = image.shape
    return ctx.build.reshape(image, (n, length, channels))


def pair(values: Sequence[int] | int, fill: int = 1) -> list[int]:
    """Return a number for each of an image's two axes from what a layer has: one, or one per axis."""
    values = [values] if isinstance(values, int) else [int(v) for v in values]
    return [*values, fill][:2]


def window_pads(padding: str, size: Sequence[int], kernel: Sequence[int], strides: Sequence[int],
                dilations: Sequence[int] = (1, 1)) -> Pads:
    """Return how many zeros before and after each axis make a window fit as Keras's `padding` says."""
    if padding == "same":
        return [same_pads(*window) for window in zip(size, kernel, strides, dilations, strict=True)]
    return [((k - 1) * d if padding == "causal" else 0, 0) for k, d in zip(kernel, dilations, strict=True)]


def bias_of(ctx: KerasContext, op: Any) -> np.ndarray | None:
    """Return a layer's biases as float32 [out]; None where it has none."""
    return None if op.bias is None else ctx.weights(op.bias)


def image_kernel(kernel: np.ndarray) -> np.ndarray:
    """Return [K, in, out] as [K, 1, in, out]; a kernel of two dimensions as it is."""
    return kernel[:, None] if kernel.ndim == 3 else kernel


def convolve(ctx: KerasContext, call: Call, x: Tensor, weights: np.ndarray, bias: np.ndarray | None,
             groups: int = 1) -> Tensor:
    """Add a convolution with the window that the layer describes. x an image, weights [M, KH, KW, C / groups]."""
    op = call.op
    strides, dilations = pair(op.strides), pair(op.dilation_rate)
    pads = window_pads(op.padding, x.shape[1:3], weights.shape[1:3], strides, dilations)
    return ctx.build.conv(x, weights, bias, strides, pads, dilations, groups, call.name)


def by_channel(kernel: np.ndarray) -> np.ndarray:
    """Return a depthwise kernel [KH, KW, C, multiplier] as the weights of a convolution in C groups."""
    return kernel.reshape(*kernel.shape[:2], -1).transpose(2, 0, 1)[..., None]


@layer("Dense")
def _dense(ctx: KerasContext, call: Call) -> Tensor:
    y = ctx.build.dense(call.x, ctx.weights(call.op.kernel).T, bias_of(ctx, call.op), call.name)
    return activate(ctx, call, y)


@layer("Conv1D", "Conv2D")
def _conv(ctx: KerasContext, call: Call) -> Tensor:
    x = as_image(ctx, call.x)
    weights = image_kernel(ctx.weights(call.op.kernel)).transpose(3, 0, 1, 2)
    y = convolve(ctx, call, x, weights, bias_of(ctx, call.op), call.op.groups)
    return as_before(ctx, activate(ctx, call, y), call.x)


@layer("DepthwiseConv1D", "DepthwiseConv2D")
def _depthwise_conv(ctx: KerasContext, call: Call) -> Tensor:
    x = as_image(ctx, call.x)
    weights = by_channel(image_kernel(ctx.weights(call.op.kernel)))
    y = convolve(ctx, call, x, weights, bias_of(ctx, call.op), x.shape[3])
    return as_before(ctx, activate(ctx, call, y), call.x)


@layer("SeparableConv1D", "SeparableConv2D")
def _separable_conv(ctx: KerasContext, call: Call) -> Tensor:
    x, op = as_image(ctx, call.x), call.op
    y = convolve(ctx, call, x, by_channel(image_kernel(ctx.weights(op.depthwise_kernel))), None, x.shape[3])
    points = image_kernel(ctx.weights(op.pointwise_kernel)).transpose(3, 0, 1, 2)
    y = ctx.build.conv(y, points, bias_of(ctx, op), (1, 1), [(0, 0)] * 2, name=call.name)
    return as_before(ctx, activate(ctx, call, y), call.x)


@layer("Conv1DTranspose", "Conv2DTranspose")
def _conv_transpose(ctx: KerasContext, call: Call) -> Tensor:
    """Add a transposed convolution: it has (n - 1) * stride + kernel outputs; Keras's are some of these, or zeros more.

    Keras's first one is number `first` of them, in each axis.
    """
    x, op, build = as_image(ctx, call.x), call.op, ctx.build
    kernel = image_kernel(ctx.weights(op.kernel)).transpose(2, 0, 1, 3)
    strides, dilations = pair(op.strides), pair(op.dilation_rate)
    spread = np.zeros((kernel.shape[0], *(((k - 1) * d + 1) for k, d in zip(kernel.shape[1:3], dilations, strict=True)),
                       kernel.shape[3]), np.float32)
    spread[:, :: dilations[0], :: dilations[1]] = kernel
    more = [None, None] if op.output_padding is None else pair(op.output_padding, 0)
    first: list[int] = []
    size: list[int] = []
    for i in range(2):
        if i == 1 and len(call.x.shape) == 3:  # a sequence's second axis, which is none
            first, size = [*first, 0], [*size, 1]
            continue
        k, s, extra = spread.shape[i + 1], strides[i], more[i]
        if op.padding == "valid":
            cut, back = 0, max(s - k, 0) if extra is None else extra
        else:
            around = s + k - 2 if extra is None else k + k % 2 - 2 + extra
            left = min(around - around // 2, k - 1)
            cut, back = k - 1 - left, around - left - (k - 1)
        first.append(cut)
        size.append((x.shape[i + 1] - 1) * s + k - cut + back)
    whole = [a + b for a, b in zip(first, size, strict=True)]
    padding = VALID
    if first == [same_pads(size[i], spread.shape[i + 1], strides[i])[0] for i in range(2)]:
        padding, whole, first = SAME, size, [0, 0]
    bias = np.zeros(len(spread), np.float32) if op.bias is None else ctx.weights(op.bias)
    shape = (x.shape[0], *whole, len(spread))
    inputs = [build.axes(shape), build.constant(spread, "weights"), x, build.constant(bias, "bias")]
    y = build.add("TRANSPOSE_CONV", inputs, shape, call.name, padding=padding, stride_h=strides[0],
                  stride_w=strides[1])
    y = build.slice(y, (0, *first, 0), shape, (1, 1, 1, 1))
    return as_before(ctx, activate(ctx, call, y), call.x)


def scaled(
    ctx: KerasContext, call: Call, x: Tensor, scale: np.ndarray, shift: np.ndarray, axes: Sequence[int]
) -> Tensor:
    """Add scale * x + shift, with an entry for each place along axes."""
    rank = len(x.shape)
    axes = [a % rank for a in axes]
    shape = [d if i in axes else 1 for i, d in enumerate(x.shape)][min(axes) :]
    return ctx.build.affine(x, scale.reshape(shape), shift.reshape(shape), call.name)


@layer("BatchNormalization")
def _batch_normalization(ctx: KerasContext, call: Call) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta"""
    op = call.op
    mean, variance = (ctx.weights(v).astype(np.float64) for v in (op.moving_mean, op.moving_variance))
    scale = 1 / np.sqrt(variance + op.epsilon)
    if op.gamma is not None:
        scale = scale * ctx.weights(op.gamma)
    shift = -mean * scale + (0 if op.beta is None else ctx.weights(op.beta))
    return scaled(ctx, call, call.x, scale, shift, [op.axis])


@layer("LayerNormalization", "RMSNormalization", "GroupNormalization")
def _normalization(ctx: KerasContext, call: Call) -> Tensor:
    x, op, build = call.x, call.op, ctx.build
    rank = len(x.shape)
    given = [op.axis] if isinstance(op.axis, int) else list(op.axis)
    axes = [a % rank for a in given]
    gamma, beta = (getattr(op, name, None) for name in ("gamma", "beta"))
    gamma = getattr(op, "scale", None) if type(op).__name__ == "RMSNormalization" else gamma
    if type(op).__name__ == "GroupNormalization":
        if axes != [rank - 1]:
            raise Unsupported("groups of another axis than the last; use axis=-1")
        groups = x.shape[-1] if op.groups == -1 else op.groups
        parts = build.reshape(x, (x.shape[0], prod(x.shape[1:-1]), groups, x.shape[-1] // groups))
        y = build.reshape(build.normalize(parts, [1, 3], op.epsilon, call.name), x.shape)
    elif type(op).__name__ == "RMSNormalization" or getattr(op, "rms_scaling", False):
        mean = build.reduce("MEAN", build.binary("MUL", x, x, call.name), axes, True, call.name)
        factor = build.like("RSQRT", build.binary("ADD", mean, build.scalar(op.epsilon), call.name), call.name)
        y = build.binary("MUL", x, factor, call.name)
    else:
        y = build.normalize(x, axes, op.epsilon, call.name)
    size = [x.shape[a] for a in axes]
    scale = np.ones(size) if gamma is None else ctx.weights(gamma)
    shift = np.zeros(size) if beta is None else ctx.weights(beta)
    return scaled(ctx, call, y, scale, shift, axes)


@layer("Normalization")
def _statistics(ctx: KerasContext, call: Call) -> Tensor:
    """(x - mean) / sqrt(variance), or back again"""
    op, rank = call.op, len(call.x.shape)
    mean, deviation = ctx.weights(op.mean), np.maximum(np.sqrt(ctx.weights(op.variance)), 1e-7)
    if op.invert:
        scale, shift = deviation, mean
    else:
        scale, shift = 1 / deviation, -mean / deviation
    scale, shift = (_without_batch(v, rank) for v in (scale, shift))
    return ctx.build.affine(real(ctx, call.x), scale, shift, call.name)


def _without_batch(values: np.ndarray, rank: int) -> np.ndarray:
    return values.reshape(values.shape[1:]) if values.ndim == rank and values.shape[0] == 1 and rank > 1 else values


@layer("Rescaling")
def _rescaling(ctx: KerasContext, call: Call) -> Tensor:
    scale, offset = (np.asarray(v, np.float32) for v in (call.op.scale, call.op.offset))
    return ctx.build.affine(real(ctx, call.x), scale, offset, call.name)


def real(ctx: KerasContext, x: Tensor) -> Tensor:
    """Return x in float32."""
    return x if x.dtype == "float32" else ctx.build.add("CAST", [x], x.shape, x.name)


@layer("Embedding")
def _embedding(ctx: KerasContext, call: Call) -> Tensor:
    x, op, build = call.x, call.op, ctx.build
    if op.mask_zero:
        raise Unsupported("mask_zero=True, for masks cannot run; train with mask_zero=False")
    if x.dtype != "int32":
        x = build.add("CAST", [x], x.shape, call.name, "int32")
    table = build.constant(ctx.weights(op.embeddings), "embeddings")
    return build.add("GATHER", [table, x], (*x.shape, table.shape[1]), call.name, axis=0, batch_dims=0)
