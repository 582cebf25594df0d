# SPDX-License-Identifier: MIT
"""Packed weights: the same answers as plain ones, in no more of an arena than the tiles are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midge.convert.pipeline import Conversion, convert_model
from midge.core import binding as _midge
from midge.fileformat.opset import layout_number
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes

SWAR_PIXELS, SWAR_CHANNELS = layout_number("CONV_2D", "swar_pixels"), layout_number("CONV_2D", "swar_channels")
TARGETS = {"cortex-m0plus": SWAR_PIXELS, "cortex-m3": SWAR_PIXELS, "rv32": SWAR_CHANNELS}


def layer(op: str, shape: tuple[int, int, int], weights: np.ndarray, out: tuple[int, int, int], stride: int) -> bytes:
    """A model of one convolution of an int8 image."""
    axis, channels = (3, weights.shape[3]) if op == "DEPTHWISE_CONV_2D" else (0, weights.shape[0])
    scales = np.full(channels, 0.01, np.float32)
    zeros = np.zeros(channels, np.int64)
    tensors = [
        FlatTensor("x", (1, *shape), "int8", scale=0.05, zero_point=-7),
        FlatTensor("w", data=weights, scale=scales, zero_point=zeros, quantized_dimension=axis),
        FlatTensor("b", data=np.arange(channels, dtype=np.int32) * 97, scale=0.05 * scales, zero_point=zeros),
        FlatTensor("y", (1, *out), "int8", scale=0.3, zero_point=5),
    ]
    options: dict[str, Any] = {"padding": "SAME", "stride_h": stride, "stride_w": stride}
    if op == "DEPTHWISE_CONV_2D":
        options["depth_multiplier"] = channels // shape[2]
    return model_bytes(FlatGraph(tensors, [FlatOperator(op, ["x", "w", "b"], ["y"], options)], ["x"], ["y"]))


def outputs(conversion: Conversion, x: np.ndarray) -> bytes:
    y = bytearray(conversion.plan.blocks and conversion.program.graph.outputs[0].size)
    _midge.Model(conversion.blob).run([x.tobytes()], [y])
    return bytes(y)


@given(st.data())
def test_pairs_give_the_same_answers(data: st.DataObject) -> None:
    draw = data.draw
    depthwise = draw(st.booleans())
    h, w, c, n, kernel = (draw(st.integers(1, most)) for most in (12, 12, 20, 9, 4))
    stride, seed = draw(st.integers(1, 2)), draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    shape = (1, kernel, kernel, c * draw(st.integers(1, 3))) if depthwise else (n, kernel, kernel, c)
    weights = random.integers(-127, 128, shape).astype(np.int8)
    out = (-(-h // stride), -(-w // stride), shape[3] if depthwise else n)
    op = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    model = layer(op, (h, w, c), weights, out, stride)
    x = random.integers(-128, 128, (h, w, c)).astype(np.int8)
    plain = outputs(convert_model(model), x)
    for target, layout in TARGETS.items():
        packed = convert_model(model, target=target)
        assert packed.program.steps[0].params["layout"] == layout
        assert outputs(packed, x) == plain


@given(taps=st.integers(1, 900), n=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_one_pixel_gives_the_same_answers_in_chunks_too(taps: int, n: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.integers(-127, 128, (n, 1, 1, taps)).astype(np.int8)
    model = layer("CONV_2D", (1, 1, taps), weights, (1, 1, n), 1)
    x = random.integers(-128, 128, (1, 1, taps)).astype(np.int8)
    packed = convert_model(model, target="cortex-m0plus")
    step = packed.program.steps[0]
    assert step.params["layout"] == SWAR_PIXELS
    assert step.scratch <= max(1280, 6 * 72 + 16 * -(-n // 4))
    assert outputs(packed, x) == outputs(convert_model(model), x)


@pytest.mark.parametrize("worst", [-128, 127])
def test_weights_that_overflow_a_field_stay_plain(worst: int) -> None:
    weights = np.full((3, 1, 1, 8), worst, np.int8)
    packed = convert_model(layer("CONV_2D", (4, 4, 8), weights, (4, 4, 3), 1), target="cortex-m0plus")
    assert packed.program.steps[0].params["layout"] == (SWAR_PIXELS if worst == 127 else 0)


def test_tiles_grow_into_idle_memory_only(wand_tflite: Path) -> None:
    plain, packed = convert_model(wand_tflite), convert_model(wand_tflite, target="cortex-m0plus")
    assert packed.plan.arena_size <= plain.plan.arena_size + 1280 + 16
    assert any(step.scratch > 1280 for step in packed.program.steps)
