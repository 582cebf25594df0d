# SPDX-License-Identifier: MIT
"""Layers on places in an image or a sequence: pools, paddings, cuts, enlargements."""

from __future__ import annotations

from ....graph import Tensor, Unsupported
from ..registry import Call, KerasContext, layer
from .linear import as_before, as_image, pair, window_pads


@layer("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D")
def _pool(ctx: KerasContext, call: Call) -> Tensor:
    x, op = as_image(ctx, call.x), call.op
    kernel, strides = pair(op.pool_size), pair(op.strides if op.strides is not None else op.pool_size)
    pads = window_pads(op.padding, x.shape[1:3], kernel, strides)
    size = [(x.shape[i + 1] + sum(pads[i]) - kernel[i]) // strides[i] + 1 for i in range(2)]
    kind = "MAX_POOL_2D" if type(op).__name__.startswith("Max") else "AVERAGE_POOL_2D"
    y = ctx.build.pool(kind, x, kernel, strides, [before for before, _ in pads], size, call.name)
    return as_before(ctx, y, call.x)


@layer("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D")
def _global_pool(ctx: KerasContext, call: Call) -> Tensor:
    kind = "REDUCE_MAX" if "Max" in type(call.op).__name__ else "MEAN"
    return ctx.build.reduce(kind, call.x, range(1, len(call.x.shape) - 1), call.op.keepdims, call.name)


@layer("ZeroPadding1D", "ZeroPadding2D")
def _zero_padding(ctx: KerasContext, call: Call) -> Tensor:
    return ctx.build.pad(call.x, [(0, 0), *_sides(call.op.padding), (0, 0)])


@layer("Cropping1D", "Cropping2D")
def _cropping(ctx: KerasContext, call: Call) -> Tensor:
    x, sides = call.x, [(0, 0), *_sides(call.op.cropping), (0, 0)]
    starts = [before for before, _ in sides]
    ends = [d - after for d, (_, after) in zip(x.shape, sides, strict=True)]
    return ctx.build.slice(x, starts, ends, [1] * len(ends))


def _sides(values: object) -> list[tuple[int, int]]:
    """Return what goes before and after each axis; layers of one dimension have a single pair."""
    pairs = list(values)  # type: ignore[call-overload]
    return [tuple(pairs)] if isinstance(pairs[0], int) else [(int(a), int(b)) for a, b in pairs]


@layer("UpSampling1D", "UpSampling2D")
def _up_sampling(ctx: KerasContext, call: Call) -> Tensor:
    x, op = as_image(ctx, call.x), call.op
    way = getattr(op, "interpolation", "nearest")
    if way not in ("nearest", "bilinear"):
        raise Unsupported(f"{way} interpolation; nearest and bilinear can run")
    factors = pair(op.size)
    size = [x.shape[i + 1] * factors[i] for i in range(2)]
    kind = "RESIZE_NEAREST_NEIGHBOR" if way == "nearest" else "RESIZE_BILINEAR"
    y = ctx.build.add(kind, [x, ctx.build.axes(size)], (x.shape[0], *size, x.shape[3]), call.name,
                      align_corners=False, half_pixel_centers=way == "bilinear")
    return as_before(ctx, y, call.x)
