# SPDX-License-Identifier: MIT
"""Arithmetic on plain int32, and CAST between all dtypes that the reference casts."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from midge.importers.tflite.writer import FlatTensor
from tests.ops.ops_elementwise import operands
from tests.support.draws import ACTIVATIONS, choice, integer, shape, values
from tests.support.op_tests import Case, op_test


@op_test("ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", dtype="int32")
def arithmetic(draw: Any, op: str) -> Case:
    a_shape, b_shape, out = operands(draw)
    a, b, y = (FlatTensor(name, s, "int32") for name, s in (("a", a_shape), ("b", b_shape), ("y", out)))
    feeds = [values(draw, a_shape, "int32"), values(draw, b_shape, "int32")]
    if op == "DIV":  # the reference stops at 0, and dies of INT_MIN / -1
        feeds[1][feeds[1] == 0] = 7
        feeds[0][feeds[0] == -(2**31)] = -(2**31) + 1
    if draw(st.booleans()):
        b.data = feeds.pop()
    fused = {} if op in ("MAXIMUM", "MINIMUM") else {"fused_activation_function": choice(draw, *ACTIVATIONS)}
    return Case(op, [a, b], [y], fused, feeds)


def cast_case(draw: Any, source: str, wanted: str) -> Case:
    dims = shape(draw)
    if source == "float32":
        rng = np.random.default_rng(integer(draw, 0, 2**32 - 1))
        fed = (rng.uniform(-300, 300, dims) * choice(draw, 0.01, 1, 1e3, 1e7, 1e20)).astype(np.float32)
        fed.flat[0] = choice(draw, np.nan, np.inf, -np.inf, 0.5, -0.5, 2**31, 2**32, 0)
    elif source == "bool":
        fed = values(draw, dims) > 0
    else:
        fed = values(draw, dims, source)
    return Case("CAST", [FlatTensor("x", dims, source)], [FlatTensor("y", dims, wanted)], feeds=[fed])


@op_test("CAST", dtype="int32", form="from and to all that TFLM casts")
def cast(draw: Any) -> Case:
    dtypes = ("int8", "int16", "int32", "uint32", "float32", "bool")
    return cast_case(draw, choice(draw, *dtypes), choice(draw, *dtypes))


@op_test("CAST", dtype="uint8", form="and 64 bits", engine="litert")
def cast_more(draw: Any) -> Case:
    dtypes = ("int8", "uint8", "int16", "int32", "int64")
    return cast_case(draw, choice(draw, *dtypes), choice(draw, *dtypes))
