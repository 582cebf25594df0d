# SPDX-License-Identifier: MIT
"""AVERAGE_POOL_2D, MAX_POOL_2D, MEAN and SOFTMAX."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from midge.importers.tflite.writer import FlatTensor
from tests.ops.ops_linear import ODD, window
from tests.support.draws import (
    SIX_FITS,
    chance,
    choice,
    constant,
    integer,
    like,
    near,
    power,
    shape,
    tensor,
    values,
    within_clamps,
)
from tests.support.op_tests import Case, op_test


@op_test("AVERAGE_POOL_2D", "MAX_POOL_2D", limits=ODD)
def pool_2d(draw: Any, op: str) -> Case:
    options, kernel, (in_h, in_w), (out_h, out_w) = window(draw, dilated=False)
    n, channels = integer(draw, 1, 2), integer(draw, 1, 17)
    x = tensor(draw, "x", (n, in_h, in_w, channels))
    x.scale = max(x.scale, SIX_FITS)
    within_clamps(draw, options["fused_activation_function"], x)
    options |= {"filter_height": kernel[0], "filter_width": kernel[1]}
    return Case(op, [x], [like(x, "y", (n, out_h, out_w, channels))], options, [values(draw, x.shape)])


@op_test("MEAN", limits=ODD)
def mean(draw: Any) -> Case:
    x = tensor(draw, "x", shape(draw, 1, 5, elements=1500))
    rank = len(x.shape)
    axes = draw(st.lists(st.integers(-rank, rank - 1), min_size=1, max_size=4))
    keep = draw(st.booleans())
    gone = {a % rank for a in axes}
    out = tuple(1 if i in gone else d for i, d in enumerate(x.shape) if keep or i not in gone)
    y = tensor(draw, "y", out, scale_=near(draw, x.scale)) if draw(st.booleans()) else like(x, "y", out)
    return Case("MEAN", [x, constant("axes", axes)], [y], {"keep_dims": keep}, [values(draw, x.shape)])


# TFLM aborts where the exponentials add up to 512; Midge then answers what the quotients round to.
@op_test("SOFTMAX", limits={"at most 4095 can run": "the sum's 32 bits hold no more"}, unanswered=0.4)
def softmax(draw: Any) -> Case:
    depth = 5000 if chance(draw, 16) else choice(draw, 1, 2, 3, 10, 35, 256, 1000, 4095)
    x = tensor(draw, "x", (*shape(draw, 0, 3, elements=4), depth), scale_=power(draw, -10, 6))
    y = FlatTensor("y", x.shape, "int8", scale=1 / 256, zero_point=-128)
    beta = choice(draw, 1.0, 1.0, power(draw, -3, 3))
    return Case("SOFTMAX", [x], [y], {"beta": beta}, [values(draw, x.shape)])
