# SPDX-License-Identifier: MIT
"""Count the instructions of single layers on emulated cores, a row each, packed for the core.

    build/venv/bin/python tests/bench/layers.py [--targets cortex-m4,cortex-m7]
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np

from bench import build, run, targets
from midge.convert import convert
from midge.tflite_writer import Graph, Operator, Tensor, model_bytes

RANDOM = np.random.default_rng(7)


def _model(op: str, shape: tuple[int, ...], out: tuple[int, ...], options: dict[str, Any], *constants: Tensor,
           twice: bool = False, out_scale: float = 0.05, out_zero_point: int = -128) -> bytes:  # fmt: skip
    inputs = [Tensor(name, shape, "int8", scale=0.04, zero_point=-7) for name in ("a", "b")[: 1 + twice]]
    y = Tensor("y", out, "int8", scale=out_scale, zero_point=out_zero_point)
    names = [t.name for t in [*inputs, *constants]]
    graph = Graph([*inputs, *constants, y], [Operator(op, names, ["y"], options)], [t.name for t in inputs], ["y"])
    return model_bytes(graph)


def _weights(shape: tuple[int, ...], axis: int) -> list[Tensor]:
    channels = shape[axis]
    scale = [0.01] * channels
    data = RANDOM.integers(-127, 128, shape, np.int8)
    bias = RANDOM.integers(-3000, 3000, channels, np.int32)
    return [
        Tensor("w", data=data, scale=scale, zero_point=[0] * channels, quantized_dimension=axis),
        Tensor("bias", data=bias, scale=[0.0004] * channels, zero_point=[0] * channels),
    ]


def conv(
    size: tuple[int, int, int], out_c: int, kernel: tuple[int, int], stride: int = 1, depthwise: bool = False
) -> tuple[bytes, int]:
    """A model of one convolution with SAME padding and RELU; and its multiplications."""
    h, w, in_c = size
    out = (1, -(-h // stride), -(-w // stride), out_c)
    options = {"padding": "SAME", "stride_h": stride, "stride_w": stride, "fused_activation_function": "RELU"}
    if depthwise:
        options |= {"depth_multiplier": out_c // in_c}
        model = _model("DEPTHWISE_CONV_2D", (1, *size), out, options, *_weights((1, *kernel, out_c), 3))
        return model, int(np.prod(out)) * kernel[0] * kernel[1]
    model = _model("CONV_2D", (1, *size), out, options, *_weights((out_c, *kernel, in_c), 0))
    return model, int(np.prod(out)) * kernel[0] * kernel[1] * in_c


def dense(inputs: int, outputs: int) -> tuple[bytes, int]:
    """A fully connected layer; and its multiplications."""
    weights = Tensor("w", data=RANDOM.integers(-127, 128, (outputs, inputs), np.int8), scale=0.01)
    bias = Tensor("bias", data=RANDOM.integers(-3000, 3000, outputs, np.int32), scale=0.0004)
    options = {"fused_activation_function": "RELU"}
    return _model("FULLY_CONNECTED", (1, inputs), (1, outputs), options, weights, bias), inputs * outputs


def max_pool() -> tuple[bytes, int]:
    """Max pooling 2x2; and its inputs."""
    options = {"padding": "VALID", "stride_h": 2, "stride_w": 2, "filter_height": 2, "filter_width": 2}
    model = _model("MAX_POOL_2D", (1, 16, 16, 32), (1, 8, 8, 32), options, out_scale=0.04, out_zero_point=-7)
    return model, 16 * 16 * 32


def add() -> tuple[bytes, int]:
    """An addition with RELU; and its elements."""
    shape = (1, 16, 16, 16)
    return _model("ADD", shape, shape, {"fused_activation_function": "RELU"}, twice=True), 4096


def softmax() -> tuple[bytes, int]:
    """Softmax over 12 classes; and how many they are."""
    return _model("SOFTMAX", (1, 12), (1, 12), {"beta": 1.0}, out_scale=1 / 256), 12


LAYERS = {
    "conv 3x3 16x16x16 to 32": lambda: conv((16, 16, 16), 32, (3, 3)),
    "conv 3x3 8x8x64 to 64": lambda: conv((8, 8, 64), 64, (3, 3)),
    "conv 3x3 32x32x3 to 16": lambda: conv((32, 32, 3), 16, (3, 3)),
    "conv 10x4 s2 49x10x1 to 64": lambda: conv((49, 10, 1), 64, (10, 4), 2),
    "1x1 25x5x64 to 64": lambda: conv((25, 5, 64), 64, (1, 1)),
    "1x1 24x24x16 to 32": lambda: conv((24, 24, 16), 32, (1, 1)),
    "1x1 48x48x8 to 16": lambda: conv((48, 48, 8), 16, (1, 1)),
    "depthwise 3x3 25x5x64": lambda: conv((25, 5, 64), 64, (3, 3), depthwise=True),
    "depthwise 3x3 s2 24x24x32": lambda: conv((24, 24, 32), 32, (3, 3), 2, depthwise=True),
    "depthwise 5x5 12x12x64": lambda: conv((12, 12, 64), 64, (5, 5), depthwise=True),
    "fully connected 640 to 128": lambda: dense(640, 128),
    "max pool 2x2 16x16x32, an input": max_pool,
    "add 16x16x16, an element": add,
    "softmax of 12, an element": softmax,
}


@click.command()
@click.option("--targets", "names", default="cortex-m4", help=f"Of {', '.join(targets())}.")
def main(names: str) -> None:
    """Print the instructions of each layer a multiplication, or an element where it has none."""
    cores = names.split(",")
    click.echo(f"{'instructions a MAC':34}" + "".join(f"{core:>14}" for core in cores))
    with tempfile.TemporaryDirectory() as folder:
        programs = {core: build(core, Path(folder)) for core in cores}
        for name, make in LAYERS.items():
            model, work = make()
            path = Path(folder) / "layer.tflite"
            path.write_bytes(model)
            counts = [run(programs[core], core, convert(path, target=core).blob).total / work for core in cores]
            click.echo(f"{name:34}" + "".join(f"{count:14.2f}" for count in counts))


if __name__ == "__main__":
    main()
