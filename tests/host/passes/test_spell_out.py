# SPDX-License-Identifier: MIT
"""LSTMs with extras over several runs, state and all, against LiteRT and a formula; blocks at places worked out."""

from __future__ import annotations

import numpy as np
import pytest

from midge.convert.pipeline import convert_model
from midge.core import binding as _midge
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from tests.host.lowering.test_recurrent_f32 import in_litert

RUNS, BATCHES, STEPS, INPUTS, UNITS = 3, 2, 4, 5, 6
PEEPHOLES, PROJECTION, NORMS, COUPLED = "peepholes", "projection", "norms", "coupled"
KINDS = [{PEEPHOLES}, {PROJECTION}, {NORMS}, {PEEPHOLES, PROJECTION, NORMS}, {COUPLED}, {COUPLED, PEEPHOLES, NORMS}]


def weights_of(rng: np.random.Generator, extras: set[str]) -> list[np.ndarray | None]:
    """The op's inputs 1 to 23 but for its states, None for what an LSTM has not."""
    out = 3 if PROJECTION in extras else UNITS
    shapes: list[tuple[int, ...] | None] = [(UNITS, INPUTS)] * 4 + [(UNITS, out)] * 4
    shapes += [(UNITS,) if PEEPHOLES in extras else None] * 3 + [(UNITS,)] * 4
    shapes += [(out, UNITS), (out,)] if PROJECTION in extras else [None] * 2
    shapes += [None] * 2 + [(UNITS,) if NORMS in extras else None] * 4
    for place in (0, 4, 8, 11, 19) if COUPLED in extras else ():  # what the input gate has
        shapes[place] = None
    return [None if s is None else rng.uniform(-1, 1, s).astype(np.float32) for s in shapes]


def in_numpy(feeds: list[np.ndarray], w: list[np.ndarray | None], clips: tuple[float, float]) -> list[np.ndarray]:
    """Each gate of W x + R h + P c; normalised and scaled, if so; plus its bias."""
    def gate(k: int, x: np.ndarray, seen: np.ndarray, function: str) -> np.ndarray:
        total = x @ w[k].T + h @ w[4 + k].T
        peephole = w[8 + (0, 1, 0, 2)[k]] if k != 2 else None
        total = total if peephole is None else total + seen * peephole
        if w[19 + k] is not None:
            total = (total - total.mean(1, keepdims=True)) / np.sqrt(total.var(1, keepdims=True) + 1e-8) * w[19 + k]
        total = total + w[11 + k]
        return np.tanh(total) if function == "tanh" else 1 / (1 + np.exp(-total))

    c, h = np.zeros((BATCHES, UNITS)), np.zeros((BATCHES, w[5].shape[1]))
    found = []
    for feed in feeds:
        answer = []
        for x in feed.swapaxes(0, 1):
            forget = gate(1, x, c, "sigmoid")
            enter = 1 - forget if w[0] is None else gate(0, x, c, "sigmoid")
            c = np.clip(forget * c + enter * gate(2, x, c, "tanh"), -clips[0], clips[0])
            h = gate(3, x, c, "sigmoid") * np.tanh(c)
            if w[15] is not None:
                h = np.clip(h @ w[15].T + w[16], -clips[1], clips[1])
            answer.append(h)
        found.append(np.stack(answer, 1))
    return found


@pytest.mark.parametrize("engine", ["numpy", "litert"])
@pytest.mark.parametrize("extras", KINDS, ids=lambda kinds: "+".join(sorted(kinds)))
def test_lstms_with_extras(extras: set[str], engine: str) -> None:
    rng = np.random.default_rng(len(extras))
    w, clips = weights_of(rng, extras), (0.7, 0.6)
    width = w[5].shape[1]
    x, y = FlatTensor("x", (BATCHES, STEPS, INPUTS)), FlatTensor("y", (BATCHES, STEPS, width))
    states = [FlatTensor("hidden", (BATCHES, width), is_variable=True),
              FlatTensor("cell", (BATCHES, UNITS), is_variable=True)]
    constants = [FlatTensor(f"w{i}", data=data) for i, data in enumerate(w) if data is not None]
    names = ["x", *(None if data is None else f"w{i}" for i, data in enumerate(w))]
    names[18:20] = ["hidden", "cell"]
    options = {"fused_activation_function": "TANH", "cell_clip": clips[0], "proj_clip": clips[1]}
    operator = FlatOperator("UNIDIRECTIONAL_SEQUENCE_LSTM", names, ["y"], options)
    model = model_bytes(FlatGraph([x, *states, *constants, y], [operator], ["x"], ["y"]))
    feeds = [rng.uniform(-2, 2, x.shape).astype(np.float32) for _ in range(RUNS)]
    expected = in_numpy(feeds, w, clips) if engine == "numpy" else in_litert(model, feeds)
    runner = _midge.Model(convert_model(model).blob)
    for values, wanted in zip(feeds, expected, strict=True):
        out = bytearray(4 * wanted.size)
        runner.run([values.tobytes()], [out])
        np.testing.assert_allclose(np.frombuffer(out, np.float32).reshape(wanted.shape), wanted, 1e-4, 1e-5)


@pytest.mark.parametrize(("shape", "part"), [((8,), (4,)), ((3, 5), (2, 2)), ((2, 3, 4), (1, 3, 2))])
@pytest.mark.parametrize("dtype", ["float32", "int8", "int32"])
def test_blocks_at_places_that_are_worked_out(shape: tuple[int, ...], part: tuple[int, ...], dtype: str) -> None:
    rng = np.random.default_rng(0)
    kind = {"dtype": dtype, **({"scale": 0.5} if dtype == "int8" else {})}
    tensors = [FlatTensor("x", shape, **kind), FlatTensor("part", part, **kind), FlatTensor("y", shape, **kind),
               FlatTensor("at", (len(shape),), "int32")]
    operator = FlatOperator("DYNAMIC_UPDATE_SLICE", ["x", "part", "at"], ["y"], {})
    runner = _midge.Model(convert_model(model_bytes(FlatGraph(tensors, [operator], ["x", "part", "at"], ["y"]))).blob)
    for at in [(0,) * len(shape), (1,) * len(shape), (-3,) * len(shape), (2**31 - 1,) * len(shape)]:
        x, u = (rng.integers(-100, 100, s).astype(dtype) for s in (shape, part))
        wanted = x.copy()
        first = [min(max(a, 0), d - p) for a, d, p in zip(at, shape, part, strict=True)]
        wanted[tuple(slice(a, a + p) for a, p in zip(first, part, strict=True))] = u
        out = bytearray(wanted.nbytes)
        runner.run([x.tobytes(), u.tobytes(), np.array(at, np.int32).tobytes()], [out])
        np.testing.assert_array_equal(np.frombuffer(out, dtype).reshape(shape), wanted)
