# SPDX-License-Identifier: MIT
"""The float32 LSTM over several runs, state and all, against LiteRT's reference kernels and a formula in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from midge.convert.pipeline import convert_model
from midge.core import binding as _midge
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes

RUNS = 4


def in_numpy(feeds: list[np.ndarray], w: list[np.ndarray], b: list[np.ndarray], clip: float, time_major: bool
             ) -> list[np.ndarray]:
    """i, f, c, o = W x + R h + b; c = s(f) c + s(i) tanh(c); h = s(o) tanh(c)."""
    units = len(b[0])
    first = feeds[0] if time_major else feeds[0].swapaxes(0, 1)
    h = c = np.zeros((first.shape[1], units))
    found = []
    for feed in feeds:
        answer = []
        for x in feed if time_major else feed.swapaxes(0, 1):
            i, f, g, o = (x @ w[k].T + h @ w[k + 4].T + b[k] for k in range(4))
            c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
            c = np.clip(c, -clip, clip) if clip else c
            h = np.tanh(c) / (1 + np.exp(-o))
            answer.append(h)
        stacked = np.stack(answer)
        found.append(stacked if time_major else stacked.swapaxes(0, 1))
    return found


def in_litert(model: bytes, feeds: list[np.ndarray]) -> list[np.ndarray]:
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(
        model_content=model, experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    found = []
    for values in feeds:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
        interpreter.invoke()
        found.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    return found


@pytest.mark.parametrize("engine", ["numpy", "litert"])
@pytest.mark.parametrize("seed", range(6))
def test_lstm(seed: int, engine: str) -> None:
    rng = np.random.default_rng(seed)
    batches, steps, inputs, units = (int(rng.integers(1, n)) for n in (3, 5, 9, 8))
    time_major, clip = bool(seed % 2), (0.0, 0.5, 10.0)[seed % 3]
    lead = (steps, batches) if time_major else (batches, steps)
    x, y = FlatTensor("x", (*lead, inputs)), FlatTensor("y", (*lead, units))
    states = [FlatTensor(name, (batches, units), is_variable=True) for name in ("hidden", "cell")]
    w = [rng.uniform(-1, 1, (units, inputs if i < 4 else units)).astype(np.float32) for i in range(8)]
    b = [rng.uniform(-1, 1, units).astype(np.float32) for _ in range(4)]
    constants = [FlatTensor(f"{kind}{i}", data=v) for kind, of in (("w", w), ("b", b)) for i, v in enumerate(of)]
    names = ["x", *(f"w{i}" for i in range(8)), None, None, None, *(f"b{i}" for i in range(4)), None, None,
             "hidden", "cell", None, None, None, None]
    options = {"fused_activation_function": "TANH", "cell_clip": clip, "time_major": time_major}
    operator = FlatOperator("UNIDIRECTIONAL_SEQUENCE_LSTM", names, ["y"], options)
    model = model_bytes(FlatGraph([x, *states, *constants, y], [operator], ["x"], ["y"]))
    feeds = [rng.uniform(-2, 2, x.shape).astype(np.float32) for _ in range(RUNS)]
    expected = in_numpy(feeds, w, b, clip, time_major) if engine == "numpy" else in_litert(model, feeds)
    runner = _midge.Model(convert_model(model).blob)
    for values, wanted in zip(feeds, expected, strict=True):
        out = bytearray(4 * wanted.size)
        runner.run([values.tobytes()], [out])
        np.testing.assert_allclose(np.frombuffer(out, np.float32).reshape(wanted.shape), wanted, 1e-5, 1e-6)
