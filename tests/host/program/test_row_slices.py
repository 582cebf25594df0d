# SPDX-License-Identifier: MIT
"""Layers in strips of rows, and parts without copies: less memory, the same bits."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from midge.cli.convert import convert as command
from midge.convert import pipeline
from midge.convert.pipeline import convert_model
from midge.errors import UserError
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from midge.lowering.program import Program
from midge.program.arena import plan_arena
from midge.program.row_slices import FittedProgram, Pack
from tests.support.int8_models import answer


@st.composite
def networks(draw: st.DrawFn) -> bytes:
    """A few convolutions, depthwise ones and pools one behind the other, and sums with earlier ones."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    h, w, c = draw(st.integers(4, 24)), draw(st.integers(2, 8)), draw(st.integers(1, 4))
    tensors = [FlatTensor("x", (1, h, w, c), "int8", scale=0.1, zero_point=3)]
    operators, last, images = [], "x", {"x": (h, w, c)}
    for i in range(draw(st.integers(2, 5))):
        kind = draw(st.sampled_from(("CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "AVERAGE_POOL_2D")))
        kernel, stride = draw(st.integers(1, min(3, h, w))), draw(st.integers(1, 2))
        padding = draw(st.sampled_from(("SAME", "VALID")))
        options = {"padding": padding, "stride_h": stride, "stride_w": stride}
        names = [last]
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
        last = f"y{i}"
        alike = [name for name, shape in images.items() if shape == (h, w, c)]
        images[last] = h, w, c
        if alike and draw(st.booleans()):
            terms = draw(st.permutations((last, draw(st.sampled_from(alike)))))
            last = f"s{i}"
            tensors.append(FlatTensor(last, (1, h, w, c), "int8", scale=0.13, zero_point=zero))
            operators.append(FlatOperator("ADD", list(terms), [last], {}))
            images[last] = h, w, c
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


def residual() -> bytes:
    """Three convolutions and the sum of what the first and the last give."""
    rng = np.random.default_rng(5)
    shape = 1, 16, 16, 8
    tensors = [FlatTensor("x", (1, 16, 16, 3), "int8", scale=0.1, zero_point=3)]
    operators, last, c = [], "x", 3
    for i in range(3):
        weights, bias = rng.integers(-127, 128, (8, 3, 3, c)), rng.integers(-500, 500, 8)
        tensors += [FlatTensor(f"w{i}", data=weights.astype(np.int8), scale=0.01),
                    FlatTensor(f"b{i}", data=bias.astype(np.int32), scale=0.001),
                    FlatTensor(f"y{i}", shape, "int8", scale=0.2, zero_point=-5)]
        options = {"padding": "SAME", "stride_h": 1, "stride_w": 1}
        operators.append(FlatOperator("CONV_2D", [last, f"w{i}", f"b{i}"], [f"y{i}"], options))
        last, c = f"y{i}", 8
    tensors.append(FlatTensor("s", shape, "int8", scale=0.3, zero_point=4))
    operators.append(FlatOperator("ADD", ["y0", "y2"], ["s"], {}))
    return model_bytes(FlatGraph(tensors, operators, ["x"], ["s"]))


@pytest.mark.parametrize("target", [None, "cortex-m4", "cortex-m0plus"])
def test_a_sum_runs_with_the_convolution_before_it(monkeypatch: pytest.MonkeyPatch, target: str | None) -> None:
    joined = convert_model(residual(), target=target)

    def apart(program: Program, pack: Pack) -> FittedProgram:
        whole = pack(program, 0)
        return FittedProgram(whole, plan_arena(whole), [])

    monkeypatch.setattr(pipeline, "join_sums", apart)
    whole = convert_model(residual(), target=target)
    assert joined.plan.arena_size <= 0.9 * whole.plan.arena_size
    assert joined.macs == whole.macs
    assert any(note.startswith("2 layers from 'y2' on run") for note in joined.program.graph.notes)
    assert not whole.program.graph.notes
    assert answer(joined) == answer(whole)


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
