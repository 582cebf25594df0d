# SPDX-License-Identifier: MIT
"""Layers and functions that move values, and layers that do nothing but while training."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ....graph import Tensor, Unsupported
from ..registry import Call, KerasContext, function, layer
from .linear import real


@layer(
    "Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianDropout", "GaussianNoise", "AlphaDropout",
    "ActivityRegularization", "RandomBrightness", "RandomContrast", "RandomFlip", "RandomRotation", "RandomTranslation",
    "RandomZoom",
)
def _nothing(ctx: KerasContext, call: Call) -> Tensor:
    """Leave out what only happens while training."""
    return call.x


@layer("Flatten")
def _flatten(ctx: KerasContext, call: Call) -> Tensor:
    return ctx.build.reshape(call.x, (call.x.shape[0], prod(call.x.shape[1:])), call.name)


@layer("Reshape")
def _reshape(ctx: KerasContext, call: Call) -> Tensor:
    return _reshaped(ctx, call, (call.x.shape[0], *call.op.target_shape))


@function("Reshape")
def _reshape_function(ctx: KerasContext, call: Call) -> Tensor:
    return _reshaped(ctx, call, tuple(call.op.newshape))


def _reshaped(ctx: KerasContext, call: Call, shape: Sequence[int | None]) -> Tensor:
    dims = [-1 if d is None else int(d) for d in shape]
    if dims.count(-1) == 2:  # an open batch and one more
        dims[0] = call.x.shape[0]
    rest = prod(d for d in dims if d != -1)
    dims = [call.x.elements // rest if d == -1 else d for d in dims]
    if prod(dims) != call.x.elements:
        raise Unsupported(f"{list(call.x.shape)} into {dims}; leave the batch to -1")
    return ctx.build.reshape(call.x, dims, call.name)


@layer("Permute")
def _permute(ctx: KerasContext, call: Call) -> Tensor:
    return ctx.build.transpose(call.x, (0, *call.op.dims))


@function("Transpose")
def _transpose(ctx: KerasContext, call: Call) -> Tensor:
    return ctx.build.transpose(call.x, call.op.axes or range(len(call.x.shape))[::-1])


@layer("RepeatVector")
def _repeat_vector(ctx: KerasContext, call: Call) -> Tensor:
    x, n, build = call.x, call.op.n, ctx.build
    row = build.reshape(x, (x.shape[0], 1, x.shape[1]))
    return build.add("TILE", [row, build.axes((1, n, 1))], (x.shape[0], n, x.shape[1]), call.name)


@function("Squeeze", "ExpandDims")
def _one_axis(ctx: KerasContext, call: Call) -> Tensor:
    """Add or remove axes of one element."""
    shape, axis = list(call.x.shape), call.op.axis
    given = range(len(shape)) if axis is None else [axis] if isinstance(axis, int) else list(axis)
    if type(call.op).__name__ == "ExpandDims":
        for a in sorted(a % (len(shape) + 1) for a in given):
            shape.insert(a, 1)
    else:
        gone = {a % len(shape) for a in given}
        shape = [d for i, d in enumerate(shape) if i not in gone or (axis is None and d != 1)]
    return ctx.build.reshape(call.x, shape, call.name)


@function("GetItem")
def _get_item(ctx: KerasContext, call: Call) -> Tensor:
    """Take x[key], with slices, whole numbers and an ellipsis."""
    x, key = call.args[0], call.args[1] if len(call.args) > 1 else call.kwargs["key"]
    keys = list(key) if isinstance(key, (list, tuple)) else [key]
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        keys[at : at + 1] = [slice(None)] * (len(x.shape) - len(keys) + 1)
    keys += [slice(None)] * (len(x.shape) - len(keys))
    if not all(isinstance(k, (int, slice)) for k in keys):
        raise Unsupported("an index that is neither a slice nor a number")
    ranges = [range(d)[k] if isinstance(k, slice) else range(d)[k :][:1] for d, k in zip(x.shape, keys, strict=True)]
    cut = ctx.build.slice(x, [r.start for r in ranges], [r.stop for r in ranges], [r.step for r in ranges])
    return ctx.build.reshape(cut, [len(r) for r, k in zip(ranges, keys, strict=True) if isinstance(k, slice)])


@function("Cast")
def _cast(ctx: KerasContext, call: Call) -> Tensor:
    if "float" not in str(call.op.dtype):
        raise Unsupported(f"a cast to {call.op.dtype}; float32 can run")
    return real(ctx, call.x)
