# SPDX-License-Identifier: MIT
"""Small int8 models whose converted form must compute what TFLM does, to the bit."""

from __future__ import annotations

from collections import Counter

import numpy as np
from tflite_micro import runtime

from midge import load
from midge.convert.pipeline import Conversion, convert_model
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes


def quantised(name: str, *shape: int, scale: float = 0.1, zero_point: int = 3) -> FlatTensor:
    """An int8 activation."""
    return FlatTensor(name, shape, "int8", scale=scale, zero_point=zero_point)


def weights(name: str, values: np.ndarray) -> list[FlatTensor]:
    """Weights and their bias."""
    channels = values.shape[-1] if values.shape[0] == 1 else values.shape[0]
    bias = np.arange(channels, dtype=np.int32) * 37
    return [FlatTensor(name, data=values.astype(np.int8), scale=0.01), FlatTensor(name + "b", data=bias, scale=0.001)]


def checked(operators: list[FlatOperator], tensors: list[FlatTensor], outputs: list[str]) -> Conversion:
    """Convert, and compare with TFLM on random input."""
    model = model_bytes(FlatGraph(tensors, operators, [tensors[0].name], outputs))
    found = convert_model(model)
    device, oracle = load(found.blob), runtime.Interpreter.from_bytes(model)
    for seed in range(8):
        x = np.random.default_rng(seed).integers(-128, 128, tensors[0].shape).astype(np.int8)
        oracle.set_input(x, 0)
        oracle.invoke()
        found_outputs = [np.zeros(t.shape, np.int8) for t in device.outputs]
        device.run(x, out=found_outputs)
        for i, out in enumerate(found_outputs):
            assert out.tobytes() == oracle.get_output(i).tobytes()
    return found


def ops(found: Conversion) -> Counter[str]:
    """Count the device ops of a conversion."""
    return Counter(s.op.name for s in found.program.steps)


def answer(conversion: Conversion, seed: int = 0) -> bytes:
    """The outputs for random input, from an arena full of rubbish."""
    model = load(conversion.blob, arena=bytearray(b"\x5a" * conversion.plan.arena_size))
    draw = np.random.default_rng(seed)
    x = np.concatenate([draw.integers(-128, 128, t.shape).astype(np.int8).reshape(-1) for t in model.inputs])
    out = bytearray(sum(int(np.prod(t.shape)) for t in model.outputs))
    model.run(x, out=out)
    return bytes(out)
