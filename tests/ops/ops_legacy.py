# SPDX-License-Identifier: MIT
"""Legacy uint8 models: the int8 cases with every byte moved by 128, against LiteRT, for TFLM takes no uint8."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from midge.importers.tflite.writer import FlatTensor
from tests.ops import ops_elementwise, ops_int8, ops_linear, ops_movement, ops_pooling
from tests.support.draws import chance, every_byte, integer, like, near, power, tensor
from tests.support.op_tests import Case, op_test

FUSED = {"a fused (TANH|SIGN_BIT)": "activations that LiteRT silently leaves out"}

def legacy(case: Case, draw: Any) -> Case:
    """The same with uint8 tensors; weights take one scale and a zero point."""
    for t in {id(t): t for t in [*case.inputs, *case.outputs] if t is not None}.values():
        if t.dtype == "int4":  # came later than uint8
            t.dtype = "int8"
        if t.dtype != "int8":
            if t.dtype == "int32" and t.scale is not None:
                t.scale = float(np.atleast_1d(t.scale)[0])
            continue
        t.dtype = "uint8"
        if t.scale is not None:
            t.scale = float(np.max(t.scale))
        if t.name == "weights":
            t.zero_point = integer(draw, -128, 127)
        t.zero_point = int(t.zero_point) + 128
        if isinstance(t.data, np.ndarray):
            t.data = t.data.view(np.uint8) ^ np.uint8(128)
    case.feeds = [f.view(np.uint8) ^ np.uint8(128) if f.dtype == np.int8 else f for f in case.feeds]
    return case


def settle(case: Case) -> Case:
    """A bias has the scale of the products, which LiteRT checks for uint8.

    The output's is twice that or more: a sum that overflows when shifted to the left is undefined in LiteRT.
    """
    x, weights, bias = case.inputs
    product = float(np.float32(x.scale) * np.float32(weights.scale))
    if bias is not None:
        bias.scale = product
    case.outputs[0].scale = max(float(case.outputs[0].scale), 2 * product)
    return case


@op_test("CONV_2D", dtype="uint8", engine="litert", limits=ops_linear.NOT_YET)
def conv_2d(draw: Any) -> Case:
    case = legacy(draw(st.composite(ops_linear.conv_2d)()), draw)
    if case.inputs[2] is None:  # which LiteRT demands of uint8
        case.inputs[2] = FlatTensor("bias", data=np.zeros(case.inputs[1].shape[0], np.int32))
    return settle(case)


@op_test("DEPTHWISE_CONV_2D", dtype="uint8", engine="litert", limits=ops_linear.NOT_YET, unanswered=0.5)
def depthwise_conv_2d(draw: Any) -> Case:
    return settle(legacy(draw(st.composite(ops_linear.depthwise_conv_2d)()), draw))


# LiteRT's reference kernel rounds a fully connected layer once; Midge twice, as TFLM does for int8: one step apart.
@op_test("FULLY_CONNECTED", dtype="uint8", engine="litert", tolerance=(0, 1), limits=ops_linear.NOT_YET, unanswered=0.5)
def fully_connected(draw: Any) -> Case:
    return settle(legacy(draw(st.composite(ops_linear.fully_connected)()), draw))


@op_test("AVERAGE_POOL_2D", "MAX_POOL_2D", dtype="uint8", engine="litert", limits=FUSED)
def pool_2d(draw: Any, op: str) -> Case:
    case = draw(st.composite(ops_pooling.pool_2d)(op))
    case.inputs[0].scale = case.outputs[0].scale = power(draw, -12, 2)  # LiteRT's ranges overflow for tiny ones
    return legacy(case, draw)


@op_test("MEAN", dtype="uint8", engine="litert")
def mean(draw: Any) -> Case:
    return legacy(draw(st.composite(ops_pooling.mean)()), draw)


@op_test("SOFTMAX", dtype="uint8", engine="litert", limits={"at most 4095 can run": "the sum's 32 bits hold no more"})
def softmax(draw: Any) -> Case:
    return legacy(draw(st.composite(ops_pooling.softmax)()), draw)


@op_test("ADD", "MUL", dtype="uint8", engine="litert", limits=FUSED)
def binary(draw: Any, op: str) -> Case:
    return legacy(draw(st.composite(ops_elementwise.binary)(op)), draw)


@op_test("SUB", dtype="uint8", engine="litert", limits=FUSED)
def sub(draw: Any) -> Case:
    return legacy(draw(st.composite(ops_int8.scaled_difference)("SUB")), draw)


@op_test("LOGISTIC", "TANH", dtype="uint8", engine="litert")
def curve(draw: Any, op: str) -> Case:
    x, fed = every_byte(draw)
    x.scale = power(draw, -8, 0)
    y = FlatTensor("y", x.shape, "int8", scale=1 / 256 if op == "LOGISTIC" else 1 / 128,
               zero_point=-128 if op == "LOGISTIC" else 0)
    return legacy(Case(op, [x], [y], feeds=[fed]), draw)


@op_test("RELU", dtype="uint8", engine="litert")
def relu(draw: Any) -> Case:
    return legacy(draw(st.composite(ops_elementwise.rescaled)("RELU")), draw)


@op_test("RELU6", dtype="uint8", engine="litert")
def relu6(draw: Any) -> Case:
    return legacy(draw(st.composite(ops_elementwise.relu6)()), draw)


@op_test("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", dtype="uint8", engine="litert")
def resize(draw: Any, op: str) -> Case:
    return legacy(draw(st.composite(ops_int8.resize)(op)), draw)


@op_test("CONCATENATION", dtype="uint8", engine="litert")
def concatenation(draw: Any) -> Case:
    case = draw(st.composite(ops_movement.concatenation)())
    if chance(draw, 2):  # other scales than the output's
        for part in case.inputs:
            part.scale = near(draw, part.scale, wide=1)
    return legacy(case, draw)


@op_test("ARG_MAX", dtype="uint8", engine="litert")
def arg_max(draw: Any) -> Case:
    return legacy(draw(st.composite(ops_int8.arg_extreme)("ARG_MAX")), draw)


@op_test("PAD", dtype="uint8", engine="litert")
def pad(draw: Any) -> Case:
    x = tensor(draw, "x", (2, 3, 2))
    y = like(x, "y", (3, 4, 4))
    paddings = FlatTensor("paddings", data=np.array([[1, 0], [0, 1], [1, 1]], np.int32))
    return legacy(Case("PAD", [x, paddings], [y], {}, [np.arange(12).astype(np.int8).reshape(x.shape)]), draw)
