# SPDX-License-Identifier: MIT
"""Convolutions, pools, normalisation and resizing: ops that want channels last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ....graph import Tensor, Unsupported
from ....graph.tflite_ops import VALID, MirrorMode, same_pads
from ..registry import onnx_op
from ..values import OnnxContext, OnnxNode, Value, channels_last
from .elementwise import order_of, same


def flat_image(ctx: OnnxContext, value: Value) -> Tensor:
    """Return [N, H, W, C] of an image of two spatial axes or of one, whose H is then 1. Raises Unsupported."""
    rank = len(value.shape)
    if rank not in (3, 4):
        raise Unsupported(f"an input of shape {list(value.shape)}; images of one or two spatial axes can run")
    t = ctx.image(value)
    return ctx.build.reshape(t, (t.shape[0], 1, *t.shape[1:])) if rank == 3 else t


def back(ctx: OnnxContext, t: Tensor, rank: int) -> Value:
    """Return the value of [N, H, W, C], with one spatial axis where there was one."""
    if rank == 3:
        t = ctx.build.reshape(t, (t.shape[0], *t.shape[2:]))
    return ctx.value(t, channels_last(rank))


def both(values: Sequence[int] | None, fill: int, rank: int) -> list[int]:
    """Return a number for H and one for W."""
    given = list(values) if values is not None else [fill] * (rank - 2)
    return [fill, *given] if rank == 3 else given


def paddings(node: OnnxNode, x: Value, kernel: list[int], strides: list[int], dilations: list[int]
             ) -> list[tuple[int, int]]:
    """Return (before, after) of H and W, the kernel's and image's sizes being those of [N, H, W, C]."""
    rank = len(x.shape)
    auto = node.attrs.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        sizes = [1, *x.shape[2:]] if rank == 3 else list(x.shape[2:])
        found = [same_pads(*window) for window in zip(sizes, kernel, strides, dilations, strict=True)]
        return found if auto == "SAME_UPPER" else [(more, less) for less, more in found]
    pads = node.ints("pads") or [0] * (2 * (rank - 2))
    before, after = pads[: rank - 2], pads[rank - 2 :]
    pairs = list(zip(before, after, strict=True))
    return [(0, 0), *pairs] if rank == 3 else pairs


def conv_weights(node: OnnxNode, i: int) -> np.ndarray:
    """Return weights [M, C / groups, KH, KW] as [M, KH, KW, C / groups]. Raises Unsupported."""
    weights = node.known(i, "weights")
    if weights.ndim == 3:
        weights = weights[:, :, None, :]
    if weights.ndim != 4:
        raise Unsupported(f"weights of shape {list(weights.shape)}; kernels of one or two axes can run")
    return np.ascontiguousarray(weights.transpose(0, 2, 3, 1))


@onnx_op("Conv")
def conv(ctx: OnnxContext, node: OnnxNode) -> Value:
    x, rank = node.input(0), len(node.input(0).shape)
    weights = conv_weights(node, 1).astype(np.float32)
    bias = node.known(2, "biases").astype(np.float32) if node.has(2) else None
    strides, dilations = both(node.ints("strides"), 1, rank), both(node.ints("dilations"), 1, rank)
    pads = paddings(node, x, list(weights.shape[1:3]), strides, dilations)
    t = ctx.build.conv(flat_image(ctx, x), weights, bias, strides, pads, dilations, node.attrs.get("group", 1),
                       node.name, node.steps(1, 0))
    return back(ctx, t, rank)


@onnx_op("ConvTranspose")
def conv_transpose(ctx: OnnxContext, node: OnnxNode) -> Value:
    x, rank = node.input(0), len(node.input(0).shape)
    if any(d != 1 for d in node.ints("dilations") or []):
        raise Unsupported("dilations; a plain transposed convolution can run")
    if "output_shape" in node.attrs or node.attrs.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise Unsupported("paddings that follow from the output's shape; export it with explicit pads")
    weights, groups = conv_weights(node, 1).astype(np.float32), node.attrs.get("group", 1)  # [C, KH, KW, M / groups]
    kernel, strides = list(weights.shape[1:3]), both(node.ints("strides"), 1, rank)
    extra = both(node.ints("output_padding"), 0, rank)
    pads = paddings(node, x, kernel, strides, [1, 1])
    t = flat_image(ctx, x)
    full = [(t.shape[i + 1] - 1) * strides[i] + kernel[i] + extra[i] for i in range(2)]
    channels = weights.shape[3]
    bias = node.known(2, "biases").astype(np.float32) if node.has(2) else np.zeros(channels * groups, np.float32)
    shape, inside = (t.shape[0], *full, channels), t.shape[3] // groups
    parts = []
    for g in range(groups):
        own = np.ascontiguousarray(weights[g * inside : (g + 1) * inside].transpose(3, 1, 2, 0))
        inputs = [ctx.build.axes(shape), ctx.build.constant(own, "weights"),
                  ctx.build.along(t, 3, g * inside, (g + 1) * inside),
                  ctx.build.constant(bias[g * channels : (g + 1) * channels], "bias")]
        parts.append(ctx.build.add("TRANSPOSE_CONV", inputs, shape, node.name, padding=VALID, stride_h=strides[0],
                                   stride_w=strides[1]))
    out = parts[0] if groups == 1 else ctx.build.concatenate(parts, 3, node.name)
    for i, (before, after) in enumerate(pads):
        out = ctx.build.along(out, i + 1, before, full[i] - after)
    return back(ctx, out, rank)


@onnx_op("MaxPool", "AveragePool")
def pool(ctx: OnnxContext, node: OnnxNode) -> Value:
    x, rank = node.input(0), len(node.input(0).shape)
    kernel, strides = both(node.ints("kernel_shape"), 1, rank), both(node.ints("strides"), 1, rank)
    if any(d != 1 for d in node.ints("dilations") or []):
        raise Unsupported("a dilated window; windows in one piece can run")
    if len(node.outputs) > 1 and node.outputs[1]:
        raise Unsupported("the places of maxima as a second output; export the model without")
    pads = paddings(node, x, kernel, strides, [1, 1])
    t = flat_image(ctx, x)
    spans = [t.shape[i + 1] + sum(pads[i]) - kernel[i] for i in range(2)]
    up = bool(node.attrs.get("ceil_mode", 0))
    size = [(-(-s // strides[i]) if up else s // strides[i]) + 1 for i, s in enumerate(spans)]
    for i in range(2):  # no window starts beyond the image
        if up and (size[i] - 1) * strides[i] >= t.shape[i + 1] + pads[i][0]:
            size[i] -= 1
    op = "MAX_POOL_2D" if node.op == "MaxPool" else "AVERAGE_POOL_2D"
    if node.op == "AveragePool" and node.attrs.get("count_include_pad", 0) and any(map(any, pads)):
        t, pads = ctx.build.pad(t, [(0, 0), *pads, (0, 0)]), [(0, 0), (0, 0)]
    return back(ctx, ctx.build.pool(op, t, kernel, strides, [p[0] for p in pads], size, node.name), rank)


@onnx_op("GlobalAveragePool", "GlobalMaxPool")
def global_pool(ctx: OnnxContext, node: OnnxNode) -> Value:
    x, rank = node.input(0), len(node.input(0).shape)
    op = "MEAN" if node.op == "GlobalAveragePool" else "REDUCE_MAX"
    t = ctx.build.reduce(op, ctx.image(x), range(1, rank - 1), True, node.name)
    return ctx.value(t, channels_last(rank))


@onnx_op("BatchNormalization")
def batch_normalization(ctx: OnnxContext, node: OnnxNode) -> Value:
    x = node.input(0)
    if node.attrs.get("training_mode", 0):
        raise Unsupported("a model in training; export it for inference")
    scale, shift, mean, variance = (node.known(i, "parameters").astype(np.float64) for i in range(1, 5))
    factor = scale / np.sqrt(variance + node.attrs.get("epsilon", 1e-5))
    rank = len(x.shape)
    order = channels_last(rank) if rank > 2 else tuple(range(rank))
    t = ctx.arranged(x, order)
    t = ctx.build.affine(t, factor.astype(np.float32), (shift - mean * factor).astype(np.float32), node.name)
    return ctx.value(t, order)


@onnx_op("InstanceNormalization")
def instance_normalization(ctx: OnnxContext, node: OnnxNode) -> Value:
    x, rank = node.input(0), len(node.input(0).shape)
    scale, shift = (node.known(i, "parameters").astype(np.float32) for i in (1, 2))
    t = ctx.build.normalize(ctx.image(x), range(1, rank - 1), node.attrs.get("epsilon", 1e-5), node.name)
    return ctx.value(ctx.build.affine(t, scale, shift, node.name), channels_last(rank))


@onnx_op("GroupNormalization")
def group_normalization(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Normalize each group of channels; scale and shift are of channels, before opset 21 of groups."""
    x, groups = node.input(0), node.attrs["num_groups"]
    batch, channels = x.shape[:2]
    if channels % groups:
        raise Unsupported(f"{channels} channels in {groups} groups; export the model again")
    scale, shift = (node.known(i, "parameters").astype(np.float32) for i in (1, 2))
    if node.opset < 21:
        scale, shift = (np.repeat(values, channels // groups) for values in (scale, shift))
    t = ctx.build.reshape(ctx.plain(x), (batch, groups, -(-int(np.prod(x.shape[1:])) // groups)))
    t = ctx.build.reshape(ctx.build.normalize(t, [2], node.attrs.get("epsilon", 1e-5), node.name), x.shape)
    return ctx.value(ctx.build.affine(ctx.image(ctx.value(t)), scale, shift, node.name), channels_last(len(x.shape)))


@onnx_op("LayerNormalization")
def layer_normalization(ctx: OnnxContext, node: OnnxNode) -> Value:
    x, rank = node.input(0), len(node.input(0).shape)
    axis = node.attrs.get("axis", -1) % rank
    t = ctx.build.normalize(ctx.plain(x), range(axis, rank), node.attrs.get("epsilon", 1e-5), node.name)
    t = ctx.build.binary("MUL", t, ctx.broadcast(node.input(1), tuple(range(rank))), node.name)
    if node.has(2):
        t = ctx.build.binary("ADD", t, ctx.broadcast(node.input(2), tuple(range(rank))), node.name)
    return ctx.value(t)


@onnx_op("Resize", "Upsample")
def resize(ctx: OnnxContext, node: OnnxNode) -> Value:
    x, rank = node.input(0), len(node.input(0).shape)
    if rank != 4 or node.ints("axes"):
        raise Unsupported(f"an input of shape {list(x.shape)}; images [N, C, H, W] can run")
    last = 1 if node.op == "Upsample" or node.opset < 11 else 2
    if node.has(3) and node.op == "Resize":
        size = [int(v) for v in node.known(3, "sizes")[2:]]
    else:
        factors = node.attrs["scales"] if "scales" in node.attrs else node.known(last, "scales")
        size = [int(np.floor(x.shape[i] * float(factors[i]))) for i in (2, 3)]
        if any(float(f) != 1 for f in factors[:2]):
            raise Unsupported("a change of the number of channels")
    mode = node.attrs.get("mode", "nearest")
    where = node.attrs.get("coordinate_transformation_mode", "half_pixel" if last == 2 else "asymmetric")
    ops = {"nearest": "RESIZE_NEAREST_NEIGHBOR", "linear": "RESIZE_BILINEAR"}
    whole = all(n % x.shape[i + 2] == 0 for i, n in enumerate(size))
    rounding = node.attrs.get("nearest_mode", "round_prefer_floor" if last == 2 else "floor")
    exact = mode == "linear" or (where == "asymmetric" and rounding == "floor") or (
        whole and where == "half_pixel" and rounding.startswith("round"))
    if mode not in ops or where not in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel") or not exact:
        raise Unsupported(f"the mode {mode}, {where}, {rounding}; linear, or nearest by whole factors can run")
    t = ctx.image(x)
    corners = {"align_corners": where == "align_corners", "half_pixel_centers": where.endswith("half_pixel")}
    shape = (t.shape[0], *size, t.shape[3])
    return ctx.value(ctx.build.add(ops[mode], [t, ctx.build.axes(size)], shape, node.name, **corners), channels_last(4))


@onnx_op("DepthToSpace", "SpaceToDepth")
def depth_and_space(ctx: OnnxContext, node: OnnxNode) -> Value:
    t, b = ctx.image(node.input(0)), node.attrs["blocksize"]
    n, h, w, c = t.shape
    if node.attrs.get("mode", "DCR") == "CRD":  # PyTorch's PixelShuffle
        apart = ctx.build.transpose(ctx.build.reshape(t, (n, h, w, c // b**2, b, b)), (0, 1, 4, 2, 5, 3))
        return ctx.value(ctx.build.reshape(apart, (n, h * b, w * b, c // b**2), node.name), channels_last(4))
    wide = node.op == "DepthToSpace"
    shape = (n, h * b, w * b, c // b**2) if wide else (n, h // b, w // b, c * b**2)
    op = "DEPTH_TO_SPACE" if wide else "SPACE_TO_DEPTH"
    return ctx.value(ctx.build.add(op, [t], shape, node.name, block_size=b), channels_last(4))


@onnx_op("Pad")
def pad(ctx: OnnxContext, node: OnnxNode) -> Value:
    x, rank = node.input(0), len(node.input(0).shape)
    pads = node.ints("pads", 1) or node.ints("paddings") or []
    value = float(node.attrs["value"]) if "value" in node.attrs else (
        float(node.known(2, "pad values").reshape(-1)[0]) if node.has(2) else 0.0)
    axes = node.ints("axes", 3) or list(range(rank))
    pairs = [(0, 0)] * rank
    for i, axis in enumerate(axes):
        pairs[axis % rank] = (pads[i], pads[i + len(axes)])
    t, order, mode = same(ctx, x), order_of(x), node.attrs.get("mode", "constant")
    turned = [pairs[axis] for axis in order]
    if any(p < 0 for pair in pairs for p in pair):
        starts = [max(-before, 0) for before, _ in turned]
        ends = [d - max(-after, 0) for d, (_, after) in zip(t.shape, turned, strict=True)]
        t = ctx.build.slice(t, starts, ends, [1] * rank)
        turned = [(max(before, 0), max(after, 0)) for before, after in turned]
    if mode == "constant":
        return ctx.value(ctx.build.pad(t, turned, value), order)
    if mode in ("edge", "wrap"):
        for axis, (before, after) in enumerate(turned):
            t = _repeated(ctx, t, axis, before, after, mode, node.name)
        return ctx.value(t, order)
    if mode != "reflect":
        raise Unsupported(f"the mode {mode}; constant, reflect, edge and wrap can run")
    shape = [d + sum(p) for d, p in zip(t.shape, turned, strict=True)]
    inputs = [t, ctx.build.constant(np.array(turned, np.int32), "paddings")]
    return ctx.value(ctx.build.add("MIRROR_PAD", inputs, shape, node.name, mode=MirrorMode.REFLECT), order)


def _repeated(ctx: OnnxContext, t: Tensor, axis: int, before: int, after: int, mode: str, name: str) -> Tensor:
    """Put what an axis ends with around it: its first and last entry again and again, or its other end."""
    size, build = t.shape[axis], ctx.build
    if not before and not after:
        return t
    if mode == "wrap":
        if max(before, after) > size:
            raise Unsupported(f"a pad of {max(before, after)} around {size} that wraps more than once")
        parts = [build.along(t, axis, size - before, size)] if before else []
        parts += [t, *([build.along(t, axis, 0, after)] if after else [])]
    else:
        first, last = build.along(t, axis, 0, 1), build.along(t, axis, size - 1, size)
        parts = [first] * before + [t] + [last] * after
    return build.concatenate(parts, axis, name)
