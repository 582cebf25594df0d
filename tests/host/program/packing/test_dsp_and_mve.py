# SPDX-License-Identifier: MIT
"""Layers packed for MVE compute the same bits as plain ones."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from midge import load
from midge.convert.pipeline import Conversion, convert_model
from midge.fileformat.read import decode
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes


def answer(conversion: Conversion) -> bytes:
    model = load(conversion.blob, arena=bytearray(b"\x5a" * conversion.plan.arena_size))
    x = np.random.default_rng(0).integers(-128, 128, model.inputs[0].shape).astype(np.int8)
    out = bytearray(int(np.prod(model.outputs[0].shape)))
    model.run(x, out=out)
    return bytes(out)


@st.composite
def layers(draw: st.DrawFn) -> bytes:
    """A convolution, or a depthwise one with or without a channel multiplier."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    depthwise = draw(st.booleans())
    h, w, c = draw(st.integers(1, 12)), draw(st.integers(1, 12)), draw(st.one_of(st.just(1), st.integers(1, 40)))
    kernel, stride = draw(st.integers(1, min(h, w, 5))), draw(st.integers(1, 2))
    out_c = c * draw(st.sampled_from((1, 1, 8 if c == 1 else 2))) if depthwise else draw(st.integers(1, 20))
    shape = (1, kernel, kernel, out_c) if depthwise else (out_c, kernel, kernel, c)
    scales = rng.uniform(0.002, 0.01, out_c).astype(np.float32)
    padding = draw(st.sampled_from(("SAME", "VALID")))
    options = {"padding": padding, "stride_h": stride, "stride_w": stride, "fused_activation_function": "RELU"}
    reach = kernel - 1 if padding == "VALID" else 0
    tensors = [
        FlatTensor("x", (1, h, w, c), "int8", scale=0.1, zero_point=3),
        FlatTensor("w", data=rng.integers(-127, 128, shape).astype(np.int8), scale=scales,
               zero_point=np.zeros(out_c, np.int64), quantized_dimension=3 if depthwise else 0),
        FlatTensor("b", data=rng.integers(-500, 500, out_c).astype(np.int32), scale=0.1 * scales,
               zero_point=np.zeros(out_c, np.int64)),
        FlatTensor("y", (1, -(-(h - reach) // stride), -(-(w - reach) // stride), out_c), "int8", scale=0.2,
                   zero_point=-9),
    ]
    kind = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    options |= {"depth_multiplier": out_c // c} if depthwise else {}
    return model_bytes(FlatGraph(tensors, [FlatOperator(kind, ["x", "w", "b"], ["y"], options)], ["x"], ["y"]))


@given(layers(), st.sampled_from(("cortex-m4", "cortex-m55")))
def test_packed_layers_compute_the_same(model: bytes, target: str) -> None:
    assert answer(convert_model(model, target=target)) == answer(convert_model(model))


def test_a_depthwise_layer_of_one_channel_becomes_a_convolution() -> None:
    rng = np.random.default_rng(1)
    tensors = [
        FlatTensor("x", (1, 9, 9, 1), "int8", scale=0.1, zero_point=3),
        FlatTensor("w", data=rng.integers(-127, 128, (1, 3, 3, 8)).astype(np.int8), scale=0.01),
        FlatTensor("y", (1, 9, 9, 8), "int8", scale=0.5, zero_point=0),
    ]
    options = {"padding": "SAME", "stride_h": 1, "stride_w": 1, "depth_multiplier": 8}
    model = model_bytes(
        FlatGraph(tensors, [FlatOperator("DEPTHWISE_CONV_2D", ["x", "w"], ["y"], options)], ["x"], ["y"])
    )
    packed = convert_model(model, target="cortex-m55")
    assert [node.op.name for node in decode(packed.blob).nodes] == ["CONV_2D"]
    assert answer(packed) == answer(convert_model(model))
