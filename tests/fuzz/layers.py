# SPDX-License-Identifier: MIT
"""Draw stacks of Keras layers, to compare what Midge answers, in float and in int8, with Keras.

    python -m tests.fuzz.layers [--each 1000] [--seed 0] [--first 1]

In int8 the noise, over the samples for calibration, is what the quantiser says that it is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from midge import api
from midge.importers.keras.reader import load_keras
from tests.fuzz import drawing
from tests.support.keras_weights import shaken

keras = load_keras()
L = keras.layers

SHAPES = [(7, 6, 3), (3, 8, 5), (8, 8, 4), (9, 4), (6, 3), (5,), (12,)]
LAYOUTS = ("channels_last", "channels_last", "channels_first")
LARGEST = 1500  # values
CALIBRATION, DECIBELS, QUIET = 32, 0.5, 60.0  # what is that good is counted in float's roundings
ACTIVATIONS = ("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "hard_sigmoid", "swish", "mish", "sigmoid", "tanh",
               "softmax", "softplus", "softsign", "linear", None, None, None)


class Stack(drawing.Drawn):
    """Layers on one input, with some skips over layers."""

    kind, suffix, most = "layer", "keras", 6

    def begin(self) -> None:
        self.input = keras.Input(self.rng.choice(SHAPES))
        self.values, self.said = [self.input], list[str]()

    def step(self) -> None:
        x = self.rng.choice(self.values[-2:])
        step = self.rng.choice([*ANY, *RANKS.get(len(x.shape) - 1, [])])
        try:
            name, y = step(self, x)
        except (ValueError, TypeError, ArithmeticError, IndexError):  # what Keras does not take
            return
        if all(y.shape[1:]) and int(np.prod(y.shape[1:])) <= LARGEST:
            self.values.append(y)
            self.said.append(name)

    def __str__(self) -> str:
        return f"{self.input.shape[1:]} {' '.join(self.said)}"

    def keep(self, path: Path) -> None:
        self.model().save(path)

    def model(self) -> Any:
        last = self.values[-1]
        return shaken(keras.Model(self.input, L.Activation("relu")(last) if last is self.input else last))

    def compare(self) -> str:
        model = self.model()
        in_int8 = self.rng.random() < 0.3
        x = drawing.feeds(self.numbers, *self.input.shape[1:])
        try:
            wanted, near = (np.asarray(model(some)) for some in (x, x * drawing.NEARLY))
        except (ValueError, TypeError) as error:  # what it has built, and cannot run
            return f"{drawing.REFUSED}by Keras: {' '.join(str(error).split())}"
        said = drawing.difference(api.convert(model).engine.run([x[:, None]])[0], wanted, near)
        return said or (quantised(model, self.numbers) if in_int8 and np.isfinite(wanted).all() else "")

    # What hyper-parameters are drawn of.

    def size(self, most: int = 3) -> int:
        return self.rng.randint(1, most)

    def sizes(self, axes: int, most: int = 3) -> Any:
        """One number for all axes, or one for each."""
        return self.size(most) if self.rng.random() < 0.6 else tuple(self.size(most) for _ in range(axes))

    def cuts(self, axes: int) -> Any:
        """Numbers before and after each axis."""
        pairs = tuple((self.rng.randint(0, 2), self.rng.randint(0, 2)) for _ in range(axes))
        return pairs[0] if axes == 1 else self.choose(pairs, 1, (1, 2))

    def layout(self) -> str:
        return self.rng.choice(LAYOUTS)

    def axis(self, x: Any) -> int:
        return self.rng.choice([-1, self.rng.randrange(1, len(x.shape))])


def quantised(model: Any, numbers: np.random.Generator) -> str:
    """Return by how much the noise in int8 is more than the quantiser says, "" where it is not."""
    x = numbers.normal(size=(CALIBRATION, *model.input.shape[1:])).astype(np.float32)
    made = api.convert(model, calibrate=x)
    wanted = np.asarray(model(x), np.float64).reshape(-1)
    off = made.engine.run([x[:, None]])[0].reshape(-1) - wanted
    assert made.report is not None
    said, power = made.report.sqnr_db, float(np.sum(wanted**2))
    if power < 1e-9 or not np.any(off):
        return ""
    found = 10 * np.log10(power / float(np.sum(off**2)))
    return "" if found >= min(said - DECIBELS, QUIET) else f"int8 {found:.1f} dB, not the {said:.1f} dB it says"


Step = Callable[[Stack, Any], tuple[str, Any]]


def step(kinds: str, make: Callable[[Stack, Any], dict[str, Any]], axes: int = 0) -> Step:
    """Return a step: one of the layers of these names, which take the same hyper-parameters."""
    def draw(d: Stack, x: Any) -> tuple[str, Any]:
        kind, options = d.rng.choice(kinds.split()) + (f"{axes}D" if axes else ""), make(d, x)
        return f"{kind}({', '.join(f'{k}={v!r}' for k, v in options.items())})", getattr(L, kind)(**options)(x)
    return draw


def of_axes(axes: int) -> list[Step]:
    """The layers for rows and images."""
    def window(d: Stack, x: Any) -> dict[str, Any]:
        stride = d.choose({"strides": d.size(2)}, {"strides": d.sizes(axes)}, {"dilation_rate": d.sizes(axes, 2)}, {})
        return {"kernel_size": d.sizes(axes, 4), "padding": d.choose("valid", "same"), "data_format": d.layout(),
                "use_bias": d.choose(True, False), "activation": d.choose(*ACTIVATIONS), **stride}

    def convolution(d: Stack, x: Any) -> dict[str, Any]:
        options = {"filters": d.choose(1, 2, 3, 4, 6), **window(d, x)}
        channels = x.shape[1 if options["data_format"] == "channels_first" else -1]
        options["groups"] = d.choose(1, 1, 1, 2, channels)
        if axes == 1 and options["data_format"] == "channels_last" and d.rng.random() < 0.2:
            options["padding"] = "causal"
        return options

    def transposed(d: Stack, x: Any) -> dict[str, Any]:
        more = {"output_padding": 1} if d.rng.random() < 0.2 else {}
        return {"filters": d.size(), **window(d, x), **more}

    def pool(d: Stack, x: Any) -> dict[str, Any]:
        return {"pool_size": d.sizes(axes), "strides": d.choose(None, 1, 2, 3), "padding": d.choose("valid", "same"),
                "data_format": d.layout()}

    def upsampled(d: Stack, x: Any) -> dict[str, Any]:
        return {"size": d.sizes(axes), "data_format": d.layout(), "interpolation": d.choose("nearest", "bilinear")
                } if axes == 2 else {"size": d.size()}

    return [
        step("Conv", convolution, axes), step("Conv", convolution, axes),
        step("DepthwiseConv", lambda d, x: {"depth_multiplier": d.size(), **window(d, x)}, axes),
        step("SeparableConv", lambda d, x: {"filters": d.size(4), "depth_multiplier": d.size(2), **window(d, x)}, axes),
        step(f"Conv{axes}DTranspose", transposed), step("MaxPooling AveragePooling", pool, axes),
        step("GlobalMaxPooling GlobalAveragePooling",
             lambda d, x: {"keepdims": d.choose(True, False), "data_format": d.layout()}, axes),
        step("ZeroPadding", lambda d, x: {"padding": d.cuts(axes), "data_format": d.layout()}, axes),
        step("Cropping", lambda d, x: {"cropping": d.cuts(axes)}, axes), step("UpSampling", upsampled, axes),
        step("PReLU", lambda d, x: {"shared_axes": d.choose(None, [1], list(range(1, axes + 1)))}),
    ]


def recurrent(d: Stack, x: Any) -> tuple[str, Any]:
    """A recurrent layer, in one direction or both."""
    kind = d.choose("SimpleRNN", "GRU", "LSTM")
    options = {"return_sequences": d.choose(True, False), "go_backwards": d.choose(True, False, False),
               "use_bias": d.choose(True, True, False), "activation": d.choose("tanh", "relu", "sigmoid", "softsign")}
    if kind != "SimpleRNN":
        options["recurrent_activation"] = d.choose("sigmoid", "hard_sigmoid", "tanh")
    if kind == "GRU":
        options["reset_after"] = d.choose(True, False)
    layer = getattr(L, kind)(d.size(4), **options)
    merge = d.choose("", "", "concat", "sum", "mul", "ave")
    return f"{kind}({options}, both={merge!r})", (L.Bidirectional(layer, merge_mode=merge) if merge else layer)(x)


def merged(d: Stack, x: Any) -> tuple[str, Any]:
    """A value and one of before, or an activation of it."""
    kind = d.choose("Add", "Subtract", "Multiply", "Maximum", "Minimum", "Average", "Concatenate", "Dot")
    alike = [v for v in d.values if len(v.shape) == len(x.shape)] + [L.Activation("tanh")(x)]
    options = {"Concatenate": {"axis": d.axis(x)}, "Dot": {"axes": d.axis(x), "normalize": d.choose(True, False)}}
    return kind, getattr(L, kind)(**options.get(kind, {}))([x, d.rng.choice(alike)])


def reshaped(d: Stack, x: Any) -> tuple[str, Any]:
    """The values of x in one to three axes."""
    count = int(np.prod(x.shape[1:]))
    first = d.rng.choice([n for n in range(1, count + 1) if count % n == 0])
    target = d.choose((-1,), (first, -1), (first, 1, -1), (1, -1, first))
    return f"Reshape({target})", L.Reshape(target)(x)


def in_time(d: Stack, x: Any) -> tuple[str, Any]:
    """A layer on each row."""
    inner = d.choose(lambda: L.Dense(d.size(4), activation="relu"), L.Flatten, lambda: L.LayerNormalization(),
                     lambda: L.Conv1D(2, 2, padding="same"), lambda: L.GlobalAveragePooling1D())()
    return f"TimeDistributed({type(inner).__name__})", L.TimeDistributed(inner)(x)


def permuted(d: Stack, x: Any) -> dict[str, Any]:
    return {"dims": tuple(d.rng.sample(range(1, len(x.shape)), len(x.shape) - 1))}


def grouped(d: Stack, x: Any) -> dict[str, Any]:
    axis = d.axis(x)
    return {"groups": d.choose(1, -1, *(n for n in (2, 3) if x.shape[axis] % n == 0)), "axis": axis}


ANY: list[Step] = [
    merged, reshaped,
    step("Dense", lambda d, x: {"units": d.size(6), "activation": d.choose(*ACTIVATIONS),
                                "use_bias": d.choose(True, False)}),
    step("Activation", lambda d, x: {"activation": d.choose(*ACTIVATIONS[:-3])}),
    step("ReLU", lambda d, x: {"max_value": d.choose(None, 1.5), "negative_slope": d.choose(0.0, 0.2),
                               "threshold": d.choose(0.0, 0.4)}),
    step("LeakyReLU", lambda d, x: {"negative_slope": d.choose(0.1, 0.5)}),
    step("ELU", lambda d, x: {"alpha": d.choose(0.5, 1.0)}),
    step("Softmax RMSNormalization", lambda d, x: {"axis": d.axis(x)}),
    step("BatchNormalization LayerNormalization", lambda d, x: {"axis": d.axis(x), "scale": d.choose(True, False)}),
    step("GroupNormalization", grouped),
    step("Rescaling", lambda d, x: {"scale": d.choose(0.5, -2.0), "offset": d.choose(0.0, 0.3)}),
    step("Flatten", lambda d, x: {"data_format": d.layout()}), step("Permute", permuted),
    step("Dropout", lambda d, x: {"rate": 0.3}),
]
RANKS: dict[int, list[Step]] = {
    1: [step("RepeatVector", lambda d, x: {"n": d.size(5)})],
    2: [*of_axes(1), recurrent, recurrent, in_time], 3: [*of_axes(2), in_time],
}


if __name__ == "__main__":
    drawing.main(Stack, 1000)
