# SPDX-License-Identifier: MIT
"""Ops that move values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from midge.importers.tflite.writer import FlatTensor
from tests.support.draws import axis, chance, choice, constant, integer, like, shape, tensor, values
from tests.support.op_tests import Case, op_test


@op_test("RESHAPE")
def reshape(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw))
    rest, out = math.prod(x.shape), []
    for _ in range(integer(draw, 0, 3)):
        out.append(choice(draw, *(d for d in range(1, rest + 1) if rest % d == 0)))
        rest //= out[-1]
    out.append(rest)
    wanted = list(out)
    if draw(st.booleans()):
        wanted[integer(draw, 0, len(out) - 1)] = -1
    new_shape = [constant("shape", wanted)] if draw(st.booleans()) else []
    return Case("RESHAPE", [x, *new_shape], [like(x, "y", tuple(out))], {"new_shape": wanted}, [values(draw, x.shape)])


@op_test("SQUEEZE")
def squeeze(draw: Any) -> Case:
    x = tensor(draw, "x", tuple(choice(draw, 1, d) for d in shape(draw)))
    ones = [i for i, d in enumerate(x.shape) if d == 1]
    dims = draw(st.lists(st.sampled_from(ones), unique=True)) if ones else []
    gone = dims or ones
    out = tuple(d for i, d in enumerate(x.shape) if i not in gone)
    dims = [i - len(x.shape) if draw(st.booleans()) else i for i in dims]
    return Case("SQUEEZE", [x], [like(x, "y", out)], {"squeeze_dims": dims}, [values(draw, x.shape)])


@op_test("EXPAND_DIMS")
def expand_dims(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw, 1, 3))
    at = axis(draw, len(x.shape) + 1)
    y = like(x, "y", np.expand_dims(np.empty(x.shape), at).shape)
    return Case("EXPAND_DIMS", [x, constant("axis", at)], [y], {}, [values(draw, x.shape)])


@op_test("PAD", "PADV2")
def pad(draw: Any, op: str) -> Case:
    x = tensor(draw, "x", shape(draw))
    paddings = [(integer(draw, 0, 3), integer(draw, 0, 3)) for _ in x.shape]
    y = like(x, "y", tuple(d + sum(p) for d, p in zip(x.shape, paddings, strict=True)))
    value = like(x, "value", ())
    value.data = np.array(integer(draw, -128, 127), np.int8)
    inputs = [x, constant("paddings", paddings)]
    if op == "PADV2":
        inputs.append(value)
    return Case(op, inputs, [y], {}, [values(draw, x.shape)])


@op_test("CONCATENATION")
def concatenation(draw: Any) -> Case:
    dims = shape(draw, 1, 5, elements=200)
    along = axis(draw, len(dims))
    first = tensor(draw, "x", dims)
    parts: list[FlatTensor] = []
    for i in range(integer(draw, 1, 7)):
        length = integer(draw, 1, 5)
        part = like(first, f"x{i}", tuple(length if k == along % len(dims) else d for k, d in enumerate(dims)))
        if i and chance(draw, 4):
            part.data = values(draw, part.shape)
        parts.append(choice(draw, *parts) if parts and chance(draw, 8) else part)
    total = sum(part.shape[along] for part in parts)
    y = like(first, "y", tuple(total if k == along % len(dims) else d for k, d in enumerate(dims)))
    fed = dict.fromkeys(part.name for part in parts if part.data is None)
    by_name = {part.name: part for part in parts}
    feeds = [values(draw, by_name[name].shape) for name in fed]
    return Case("CONCATENATION", parts, [y], {"axis": along}, feeds, version=2)


@op_test("TRANSPOSE")
def transpose(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw, 1, 5))
    order = draw(st.permutations(range(len(x.shape))))
    y = like(x, "y", tuple(x.shape[i] for i in order))
    return Case("TRANSPOSE", [x, constant("order", order)], [y], {}, [values(draw, x.shape)])


@op_test("STRIDED_SLICE")
def strided_slice(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw))
    begins, ends, steps = [], [], []
    masks = {"begin_mask": 0, "end_mask": 0, "shrink_axis_mask": 0, "ellipsis_mask": 0, "new_axis_mask": 0}
    picks: list[Any] = []
    for i, d in enumerate(x.shape):
        step = choice(draw, 1, 1, 2, 3, -1, -2)
        if chance(draw, 5):
            at = axis(draw, d)
            if chance(draw, 8):
                masks["begin_mask"] |= 1 << i
            begins, ends, steps = [*begins, at], [*ends, at + 1], [*steps, 1]
            masks["shrink_axis_mask"] |= 1 << i
            picks.append(0 if masks["begin_mask"] >> i & 1 else at)
            continue
        begin, end = integer(draw, -d - 2, d + 2), integer(draw, -d - 2, d + 2)
        no_begin, no_end = draw(st.booleans()), draw(st.booleans())
        if not len(range(*slice(None if no_begin else begin, None if no_end else end, step).indices(d))):
            no_begin = no_end = True  # no empty result
        begins, ends, steps = [*begins, begin], [*ends, end], [*steps, step]
        masks["begin_mask"] |= no_begin << i
        masks["end_mask"] |= no_end << i
        picks.append(slice(None if no_begin else begin, None if no_end else end, step))
    y = like(x, "y", np.empty(x.shape)[tuple(picks)].shape)
    slices = [constant("begin", begins), constant("end", ends), constant("steps", steps)]
    return Case("STRIDED_SLICE", [x, *slices], [y], masks, [values(draw, x.shape)])
