# SPDX-License-Identifier: MIT
"""Draw stacks of PyTorch modules, exported by both of its exporters, to compare what Midge answers with PyTorch.

    build/venv-torch/bin/python -m tests.fuzz.modules [--each 300] [--seed 0] [--first 1]
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from midge import api
from midge.errors import UnsupportedModel
from tests.fuzz import drawing
from tests.torch.__main__ import EXPORTERS
from tests.torch.modules import Call, shaken

SHAPES = [(1, 3, 8, 6), (1, 4, 9, 9), (1, 2, 12), (1, 4, 7), (1, 6), (1, 12)]
LARGEST = 2000  # values
ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Sigmoid,
               nn.Tanh, nn.Softplus, nn.Softsign, nn.Tanhshrink, nn.Softshrink, nn.Hardshrink, nn.Hardtanh,
               nn.Hardsigmoid, nn.Hardswish, nn.LogSigmoid)


class Network(nn.Module):
    """Modules one after the other; some take an earlier value as well."""

    def __init__(self) -> None:
        super().__init__()
        self.parts, self.sources = nn.ModuleList(), list[list[int]]()

    def forward(self, x: Tensor) -> Tensor:
        values = [x]
        for part, sources in zip(self.parts, self.sources, strict=True):
            values.append(part(*(values[i] for i in sources)))
        return values[-1] + 0 if len(values) == 1 else values[-1]


class Modules(drawing.Drawn):
    """A network as it grows, with the values that an example gives."""

    kind, suffix, most = "module", "onnx", 6

    def begin(self) -> None:
        torch.manual_seed(self.rng.randrange(2**31))
        self.network, self.said = Network(), list[str]()
        self.values = [torch.randn(self.rng.choice(SHAPES))]
        self.written = b""

    def step(self) -> None:
        torch.manual_seed(self.rng.randrange(2**31))
        at = len(self.values) - 1 - self.rng.choice((0, 0, 1) if len(self.values) > 1 else (0,))
        x, sources = self.values[at], [at]
        if self.rng.random() < 0.15:
            sources.append(self.rng.randrange(len(self.values)))
            make = joined
        else:
            make = self.rng.choice([*ANY, *RANKS.get(x.dim(), [])])
        try:
            part = make(self, x).eval()
            with torch.no_grad():
                y = part(*(self.values[i] for i in sources))
        except (RuntimeError, ValueError, IndexError, ZeroDivisionError, AssertionError):  # what PyTorch does not take
            return
        if 0 < y.numel() <= LARGEST and y.dim() > 1:
            self.network.parts.append(part)
            self.network.sources.append(sources)
            self.values.append(y)
            self.said.append(f"{make.__name__}: {part}" if isinstance(part, Call) else " ".join(str(part).split()))

    def __str__(self) -> str:
        return f"{tuple(self.values[0].shape)} {' | '.join(self.said)}"

    def keep(self, path: Path) -> None:
        path.write_bytes(self.written)

    def compare(self) -> str:
        x = drawing.feeds(self.numbers, *self.values[0].shape)
        network = self.network.eval()
        with torch.no_grad():
            wanted, near = (np.stack([network(torch.from_numpy(one)).numpy().reshape(-1) for one in some])
                            for some in (x, x * drawing.NEARLY))
        refusals = []
        for name, dynamo in EXPORTERS.items():
            try:
                self.exported(dynamo)
            except Exception as error:  # an exporter has no family of errors
                refusals.append(f"{drawing.REFUSED}by {name}: {' '.join(str(error).split())}")
                continue
            try:
                said = drawing.difference(drawing.onnx_answers(api.convert(onnx.load_from_string(self.written)), x),
                                          wanted, near)
            except UnsupportedModel as refusal:
                refusals.append(f"{drawing.REFUSED}{name}: {refusal.items[0][0]}: {refusal.items[0][2]}")
                continue
            if said:
                return f"{name}: {said}"
        return refusals[0] if refusals else ""

    def exported(self, dynamo: bool) -> None:
        """Have PyTorch write the network as `written`."""
        file = io.BytesIO()
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            torch.onnx.export(self.network, (self.values[0],), file, dynamo=dynamo, verbose=False)
        self.written = file.getvalue()

    # What hyper-parameters are drawn of.

    def size(self, most: int = 3) -> int:
        return self.rng.randint(1, most)

    def sizes(self, axes: int, most: int = 3) -> tuple[int, ...]:
        return tuple(self.size(most) for _ in range(axes))


Make = Callable[[Modules, Tensor], nn.Module]


def joined(d: Modules, x: Tensor) -> nn.Module:
    """A function of two values of the same shape, or nearly."""
    return Call(d.choose(torch.add, torch.sub, torch.mul, torch.maximum, torch.minimum,
                         lambda a, b: torch.cat([a, b], 1), lambda a, b: a @ b.transpose(-1, -2)))


def activation(d: Modules, x: Tensor) -> nn.Module:
    return d.rng.choice(ACTIVATIONS)()  # type: ignore[no-any-return]


def softmax(d: Modules, x: Tensor) -> nn.Module:
    return d.choose(nn.Softmax, nn.LogSoftmax, nn.Softmin)(d.rng.randrange(1, x.dim()))  # type: ignore[no-any-return]


def linear(d: Modules, x: Tensor) -> nn.Module:
    return nn.Linear(x.shape[-1], d.size(6), bias=d.choose(True, False))


def convolution(d: Modules, x: Tensor) -> nn.Module:
    axes, channels = x.dim() - 2, x.shape[1]
    groups = d.choose(1, 1, channels, 2)
    stride = d.choose({"stride": d.sizes(axes, 2)}, {"dilation": d.sizes(axes, 2)}, {})
    padding = d.choose("valid", d.sizes(axes, 2), 0) if "stride" in stride else d.choose("same", d.sizes(axes, 2), 1)
    return (nn.Conv1d if axes == 1 else nn.Conv2d)(
        channels, groups * d.size(3), d.sizes(axes, 4), groups=groups, padding=padding, bias=d.choose(True, False),
        padding_mode=d.choose("zeros", "zeros", "reflect", "replicate", "circular"), **stride)


def transposed(d: Modules, x: Tensor) -> nn.Module:
    axes, channels = x.dim() - 2, x.shape[1]
    return (nn.ConvTranspose1d if axes == 1 else nn.ConvTranspose2d)(
        channels, channels * d.size(2), d.sizes(axes, 4), stride=d.sizes(axes, 3), padding=d.choose(0, 1),
        output_padding=d.choose(0, 0, 1), dilation=d.choose(1, 1, 2), groups=d.choose(1, 1, channels))


def pool(d: Modules, x: Tensor) -> nn.Module:
    axes, window = x.dim() - 2, d.sizes(x.dim() - 2)
    name = d.choose("MaxPool", "AvgPool", "LPPool", "AdaptiveAvgPool", "AdaptiveMaxPool")
    kind = getattr(nn, f"{name}{axes}d")
    if name.startswith("Adaptive"):
        return kind(d.choose(1, d.sizes(axes)))  # type: ignore[no-any-return]
    options: dict[str, Any] = {"stride": d.choose(None, 1, 2), "ceil_mode": d.choose(False, True)}
    if name == "LPPool":
        return kind(2, d.choose(2, 3), **options)  # type: ignore[no-any-return]
    options |= {"padding": d.choose(0, 1)} | ({"count_include_pad": d.choose(True, False)} if name == "AvgPool" else {})
    return kind(window, **options)  # type: ignore[no-any-return]


def norm(d: Modules, x: Tensor) -> nn.Module:
    channels, axes = x.shape[1], x.dim() - 2
    last = tuple(x.shape[-d.size(max(axes, 1)):])
    choices: list[Callable[[], nn.Module]] = [lambda: nn.LayerNorm(last, elementwise_affine=d.choose(True, False)),
                                              lambda: nn.RMSNorm(last)]
    if axes:
        groups = d.choose(*(n for n in (1, 2, channels) if channels % n == 0))
        choices += [lambda: nn.GroupNorm(groups, channels), lambda: getattr(nn, f"BatchNorm{axes}d")(channels),
                    lambda: getattr(nn, f"InstanceNorm{axes}d")(channels, affine=d.choose(True, False)),
                    lambda: nn.LocalResponseNorm(d.size(3))]
    return shaken(d.rng.choice(choices)())


def padding(d: Modules, x: Tensor) -> nn.Module:
    axes = x.dim() - 2
    kind = d.choose("ReflectionPad", "ReplicationPad", "CircularPad", "ZeroPad")
    return getattr(nn, f"{kind}{axes}d")(tuple(d.rng.randint(0, 2) for _ in range(2 * axes)))  # type: ignore[no-any-return]


def upsampled(d: Modules, x: Tensor) -> nn.Module:
    mode = d.choose("nearest", "bilinear", "bicubic") if x.dim() == 4 else d.choose("nearest", "linear")
    corners = {"align_corners": d.choose(True, False)} if mode != "nearest" else {}
    factor = d.choose({"scale_factor": d.choose(2, 3)}, {"size": tuple(n + d.size(4) for n in x.shape[2:])})
    return nn.Upsample(mode=mode, **factor, **corners)


def function(d: Modules, x: Tensor) -> nn.Module:
    """A function of torch on one value."""
    axis, other = d.rng.randrange(1, x.dim()), d.rng.randrange(1, x.dim())
    keep, count = d.choose(True, False), d.size(3)
    return Call(d.choose(
        lambda x: x.mean(axis, keepdim=keep), lambda x: x.sum(axis, keepdim=keep), lambda x: x.amax(axis, keepdim=keep),
        lambda x: x.std(axis, keepdim=keep), lambda x: x.logsumexp(axis, keepdim=keep),
        lambda x: x.transpose(axis, other), lambda x: x.flip(axis), lambda x: torch.roll(x, count, axis),
        lambda x: x.narrow(axis, 0, x.shape[axis] // 2),
        lambda x: x.flatten(1), lambda x: x.unsqueeze(axis), lambda x: x.cumsum(axis), lambda x: x.clamp(-0.5, 0.5),
        lambda x: x.repeat_interleave(count, axis), lambda x: torch.where(x > 0, x, x * 0.1), lambda x: x * x + 1,
        lambda x: torch.cat(x.chunk(2, axis)[::-1], axis), lambda x: x.norm(dim=axis, keepdim=keep),
        lambda x: torch.stack([x, x * 2], axis).flatten(axis, axis + 1), lambda x: x.select(axis, 0),
        lambda x: x.unfold(axis, 2, count).flatten(-2)))


def recurrent(d: Modules, x: Tensor) -> nn.Module:
    kind = d.choose(nn.RNN, nn.GRU, nn.LSTM)
    return Call(lambda rnn, x: rnn(x)[0], kind(
        x.shape[-1], d.size(4), batch_first=True, num_layers=d.choose(1, 1, 2), bidirectional=d.choose(False, True),
        bias=d.choose(True, False)))


def attention(d: Modules, x: Tensor) -> nn.Module:
    heads = d.choose(*(n for n in (1, 2) if x.shape[-1] % n == 0))
    return d.choose(  # type: ignore[no-any-return]
        lambda: Call(lambda m, x: m(x, x, x, need_weights=False)[0],
                     nn.MultiheadAttention(x.shape[-1], heads, batch_first=True)),
        lambda: nn.TransformerEncoderLayer(x.shape[-1], heads, 8, batch_first=True, norm_first=d.choose(True, False)))()


ANY: list[Make] = [activation, activation, softmax, linear, norm, function, function]
RANKS: dict[int, list[Make]] = {
    3: [convolution, convolution, transposed, pool, padding, upsampled, recurrent, recurrent, attention],
    4: [convolution, convolution, convolution, transposed, pool, padding, upsampled],
}

if __name__ == "__main__":
    logging.disable()
    drawing.main(Modules, 300)
