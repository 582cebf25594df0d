# SPDX-License-Identifier: MIT
"""Layers in strips of rows, and parts without copies: less memory, the same bits."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from midge import load
from midge.cli.convert import convert as command
from midge.convert.pipeline import Conversion, convert_model
from midge.errors import UserError
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes


def answer(conversion: Conversion, seed: int = 0) -> bytes:
    """The outputs for random input, from an arena full of rubbish."""
    model = load(conversion.blob, arena=bytearray(b"\x5a" * conversion.plan.arena_size))
    draw = np.random.default_rng(seed)
    x = np.concatenate([draw.integers(-128, 128, t.shape).astype(np.int8).reshape(-1) for t in model.inputs])
    out = bytearray(sum(int(np.prod(t.shape)) for t in model.outputs))
    model.run(x, out=out)
    return bytes(out)


@st.composite
def networks(draw: st.DrawFn) -> bytes:
    """A few convolutions, depthwise ones and pools one behind the other."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    h, w, c = draw(st.integers(4, 24)), draw(st.integers(2, 8)), draw(st.integers(1, 4))
    tensors = [FlatTensor("x", (1, h, w, c), "int8", scale=0.1, zero_point=3)]
    operators = []
    for i in range(draw(st.integers(2, 5))):
        kind = draw(st.sampled_from(("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D")))
        kernel, stride = draw(st.integers(1, min(3, h, w))), draw(st.integers(1, 2))
        padding = draw(st.sampled_from(("SAME", "VALID")))
        options = {"padding": padding, "stride_h": stride, "stride_w": stride}
        names = [tensors[-1].name if i == 0 else f"y{i - 1}"]
        out_c, scale, zero = c, 0.1, 3
        if kind.endswith("CONV_2D"):
            depthwise = kind.startswith("DEPTH")
            out_c = c if depthwise else draw(st.integers(1, 6))
            dims = (1, kernel, kernel, c) if depthwise else (out_c, kernel, kernel, c)
            weights = rng.integers(-127, 128, dims).astype(np.int8)
            bias = rng.integers(-500, 500, out_c).astype(np.int32)
            tensors += [FlatTensor(f"w{i}", data=weights, scale=0.01), FlatTensor(f"b{i}", data=bias, scale=0.001)]
            names += [f"w{i}", f"b{i}"]
            options |= {"depth_multiplier": 1} if depthwise else {}
        else:
            options |= {"filter_height": kernel, "filter_width": kernel}
        reach = kernel - 1 if padding == "VALID" else 0
        h, w, c = -(-(h - reach) // stride), -(-(w - reach) // stride), out_c
        tensors.append(FlatTensor(f"y{i}", (1, h, w, c), "int8", scale=scale, zero_point=zero))
        operators.append(FlatOperator(kind, names, [f"y{i}"], options))
    return model_bytes(FlatGraph(tensors, operators, ["x"], [operators[-1].outputs[0]]))


@settings(max_examples=max(settings().max_examples // 4, 10))
@given(networks(), st.integers(0, 100), st.sampled_from((None, "cortex-m4", "cortex-m55")))
def test_strips_compute_the_same(model: bytes, percent: int, target: str | None) -> None:
    whole = convert_model(model, target=target)
    for part in (percent, 50, 0):
        try:
            cut = convert_model(model, target=target, arena_limit=whole.plan.arena_size * part // 100)
        except UserError as error:
            assert "no arena of" in str(error)
            continue
        assert cut.plan.arena_size <= whole.plan.arena_size * part // 100
        assert answer(cut) == answer(whole)


def test_a_real_network_in_two_thirds_of_its_memory(shared: Path) -> None:
    path = shared / "models/mlperf-tiny/vww_96_int8.tflite"
    whole, cut = convert_model(path), convert_model(path, arena_limit=40_000)
    assert cut.plan.arena_size <= 40_000 < whole.plan.arena_size
    assert cut.macs <= 1.05 * whole.macs
    assert any("rows at a time" in note for note in cut.program.graph.notes)
    assert answer(cut) == answer(whole)


def test_what_cannot_be_says_what_could(wand_tflite: Path) -> None:
    with pytest.raises(UserError, match=r"no arena of 500 B was found, the smallest takes \d+ B; give it more"):
        convert_model(wand_tflite, arena_limit=500)
    error = CliRunner().invoke(command, [str(wand_tflite), "--arena-limit", "lots"])
    assert error.exit_code == 2 and "'lots' is no size; write 40000 or 40k" in error.output


def parts(ops: list[FlatOperator], tensors: list[FlatTensor], inputs: list[str], outputs: list[str]) -> Conversion:
    return convert_model(model_bytes(FlatGraph(tensors, ops, inputs, outputs)))


def quantised(name: str, *shape: int) -> FlatTensor:
    return FlatTensor(name, shape, "int8", scale=0.1, zero_point=3)


def test_parts_that_lie_in_one_piece_are_not_copied() -> None:
    """split -> relu of each part -> concatenation, all along the outermost axis: no copy is left."""
    tensors = [quantised("x", 1, 6, 4), FlatTensor("axis", data=np.array(1, np.int32)),
               *(quantised(n, 1, 3, 4) for n in ("a", "b", "p", "q")), quantised("y", 1, 6, 4)]  # fmt: skip
    ops = [FlatOperator("SPLIT", ["axis", "x"], ["a", "b"], {"num_splits": 2}), FlatOperator("RELU", ["a"], ["p"]),
           FlatOperator("RELU", ["b"], ["q"]),
           FlatOperator("CONCATENATION", ["q", "p"], ["y"], {"axis": 1})]  # fmt: skip
    found = parts(ops, tensors, ["x"], ["y"])
    assert Counter(s.op.name for s in found.program.steps) == {"LUT": 2}
    model = load(found.blob)
    x, out = np.arange(-12, 12, dtype=np.int8), np.zeros(24, np.int8)
    model.run(x, out=out)
    relu = np.maximum(x, 3)
    assert out.tolist() == [*relu[12:], *relu[:12]]


def test_a_part_that_stands_in_two_places_is_copied_once() -> None:
    tensors = [quantised("x", 1, 4), quantised("a", 1, 4), quantised("y", 2, 4)]
    ops = [FlatOperator("RELU", ["x"], ["a"]), FlatOperator("CONCATENATION", ["a", "a"], ["y"], {"axis": 0})]
    found = parts(ops, tensors, ["x"], ["y"])
    model, out = load(found.blob), np.zeros(8, np.int8)
    model.run(np.array([-5, 0, 5, 9], np.int8), out=out)
    assert out.tolist() == [3, 3, 5, 9] * 2
