# SPDX-License-Identifier: MIT
"""Keras 3 models: every layer's float answers beside Keras's own, folding, and files that cannot be read."""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from midge.api import ConvertedModel, convert
from midge.cli.main import cli
from midge.errors import UnsupportedModel, UserError
from midge.importers import read_model
from midge.importers.keras import reader, registry
from tests.support import ROOT
from tests.support.keras_weights import shaken

keras = pytest.importorskip("keras", reason="keras is not installed: pip install 'midge[keras]'")
pytest.importorskip("jax", reason="jax is not installed: pip install 'midge[keras]'")

L, K = keras.layers, keras.ops
RNG = np.random.default_rng(7)


def through(model: Any, folder: Path) -> ConvertedModel:
    """The model saved, and read by Midge."""
    path = folder / "net.keras"
    model.save(path)
    return convert(path)


def compare(model: Any, folder: Path, *inputs: np.ndarray) -> ConvertedModel:
    """Midge's answers within 1e-4 of Keras's, relative to the largest."""
    converted = through(model, folder)
    wanted = model.predict(list(inputs) if len(inputs) > 1 else inputs[0], batch_size=1, verbose=0)
    found = converted.run(*inputs)
    wanted = wanted if isinstance(wanted, (list, tuple)) else [wanted]
    found = found if isinstance(found, list) else [found]
    assert len(found) == len(wanted)
    for got, want in zip(found, wanted, strict=True):
        assert np.any(want != 0)
        got = got.reshape(want.shape)
        assert np.max(np.abs(got - want)) <= 1e-4 * max(np.max(np.abs(want)), 1e-3)
    return converted


IMAGE, ROWS, VECTOR = (9, 8, 4), (7, 4), (6,)
CASES: dict[str, tuple[tuple[int, ...], Callable[[], Any]]] = {
    "Dense": (VECTOR, lambda: L.Dense(5, activation="relu")),
    "Dense on rows": (ROWS, lambda: L.Dense(5, use_bias=False)),
    "Conv1D": (ROWS, lambda: L.Conv1D(5, 3, activation="relu")),
    "Conv1D causal": (ROWS, lambda: L.Conv1D(5, 3, padding="causal", dilation_rate=2)),
    "Conv1D same": (ROWS, lambda: L.Conv1D(5, 4, padding="same", strides=2)),
    "Conv2D": (IMAGE, lambda: L.Conv2D(5, 3, strides=2, padding="same", activation="tanh")),
    "Conv2D even": (IMAGE, lambda: L.Conv2D(5, (2, 4), padding="same", use_bias=False)),
    "Conv2D dilated": (IMAGE, lambda: L.Conv2D(5, 3, dilation_rate=2, padding="same")),
    "Conv2D groups": (IMAGE, lambda: L.Conv2D(6, 3, groups=2)),
    "DepthwiseConv1D": (ROWS, lambda: L.DepthwiseConv1D(3, depth_multiplier=2)),
    "DepthwiseConv2D": (IMAGE, lambda: L.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2)),
    "SeparableConv1D": (ROWS, lambda: L.SeparableConv1D(5, 3, padding="same", activation="relu")),
    "SeparableConv2D": (IMAGE, lambda: L.SeparableConv2D(5, 3, depth_multiplier=2)),
    "Conv2DTranspose even": (IMAGE, lambda: L.Conv2DTranspose(3, (4, 2), strides=2, padding="same")),
    "Conv1DTranspose": (ROWS, lambda: L.Conv1DTranspose(5, 4, strides=2, padding="same")),
    "Conv2DTranspose": (IMAGE, lambda: L.Conv2DTranspose(3, 3, strides=2, padding="same", activation="relu")),
    "Conv2DTranspose valid": (IMAGE, lambda: L.Conv2DTranspose(3, (2, 3), strides=(3, 2))),
    "Conv2DTranspose more": (IMAGE, lambda: L.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=1)),
    "Conv2DTranspose dilated": (IMAGE, lambda: L.Conv2DTranspose(3, 3, dilation_rate=2)),
    "BatchNormalization": (IMAGE, lambda: L.BatchNormalization()),
    "BatchNormalization first": (IMAGE, lambda: L.BatchNormalization(axis=1, scale=False)),
    "LayerNormalization": (ROWS, lambda: L.LayerNormalization()),
    "LayerNormalization axes": (IMAGE, lambda: L.LayerNormalization(axis=(1, 2, 3))),
    "RMSNormalization": (ROWS, lambda: L.RMSNormalization()),
    "GroupNormalization": (IMAGE, lambda: L.GroupNormalization(2)),
    "Normalization": (ROWS, lambda: L.Normalization(mean=[1.0, 2, 3, 4], variance=[1.0, 4, 9, 2])),
    "Normalization back": (ROWS, lambda: L.Normalization(mean=2.0, variance=3.0, axis=None, invert=True)),
    "Rescaling": (IMAGE, lambda: L.Rescaling(2.0, -1.0)),
    "Activation": (ROWS, lambda: L.Activation("tanh")),
    "ReLU": (ROWS, lambda: L.ReLU()),
    "ReLU most": (ROWS, lambda: L.ReLU(max_value=1.5)),
    "ReLU slope": (ROWS, lambda: L.ReLU(negative_slope=0.3, max_value=1.0)),
    "ReLU threshold": (ROWS, lambda: L.ReLU(negative_slope=0.3, threshold=0.5, max_value=1.5)),
    "LeakyReLU": (ROWS, lambda: L.LeakyReLU(negative_slope=0.1)),
    "PReLU": (IMAGE, lambda: L.PReLU(shared_axes=[1, 2])),
    "PReLU each": (ROWS, lambda: L.PReLU()),
    "ELU": (ROWS, lambda: L.ELU(alpha=0.5)),
    "Softmax": (ROWS, lambda: L.Softmax()),
    "Softmax axis": (ROWS, lambda: L.Softmax(axis=1)),
    "Dropout": (ROWS, lambda: L.Dropout(0.5)),
    "SpatialDropout1D": (ROWS, lambda: L.SpatialDropout1D(0.5)),
    "SpatialDropout2D": (IMAGE, lambda: L.SpatialDropout2D(0.5)),
    "GaussianDropout": (ROWS, lambda: L.GaussianDropout(0.5)),
    "GaussianNoise": (ROWS, lambda: L.GaussianNoise(0.5)),
    "AlphaDropout": (ROWS, lambda: L.AlphaDropout(0.5)),
    "ActivityRegularization": (ROWS, lambda: L.ActivityRegularization(l1=0.1)),
    "RandomFlip": (IMAGE, lambda: L.RandomFlip()),
    "RandomRotation": (IMAGE, lambda: L.RandomRotation(0.2)),
    "RandomZoom": (IMAGE, lambda: L.RandomZoom(0.2)),
    "RandomTranslation": (IMAGE, lambda: L.RandomTranslation(0.2, 0.2)),
    "RandomContrast": (IMAGE, lambda: L.RandomContrast(0.2)),
    "RandomBrightness": (IMAGE, lambda: L.RandomBrightness(0.2)),
    "Identity": (ROWS, lambda: L.Identity()),
    "Flatten": (IMAGE, lambda: L.Flatten()),
    "Reshape": (IMAGE, lambda: L.Reshape((4, -1))),
    "Permute": (IMAGE, lambda: L.Permute((3, 1, 2))),
    "RepeatVector": (VECTOR, lambda: L.RepeatVector(3)),
    "ZeroPadding1D": (ROWS, lambda: L.ZeroPadding1D((1, 2))),
    "ZeroPadding2D": (IMAGE, lambda: L.ZeroPadding2D(((1, 2), (0, 3)))),
    "Cropping1D": (ROWS, lambda: L.Cropping1D((1, 2))),
    "Cropping2D": (IMAGE, lambda: L.Cropping2D(((1, 2), (0, 3)))),
    "UpSampling1D": (ROWS, lambda: L.UpSampling1D(3)),
    "UpSampling2D": (IMAGE, lambda: L.UpSampling2D((2, 3))),
    "UpSampling2D bilinear": (IMAGE, lambda: L.UpSampling2D(2, interpolation="bilinear")),
    "MaxPooling1D": (ROWS, lambda: L.MaxPooling1D(3, strides=2)),
    "MaxPooling2D": (IMAGE, lambda: L.MaxPooling2D(2)),
    "MaxPooling2D same": (IMAGE, lambda: L.MaxPooling2D(3, strides=2, padding="same")),
    "AveragePooling1D": (ROWS, lambda: L.AveragePooling1D(2)),
    "AveragePooling2D": (IMAGE, lambda: L.AveragePooling2D((3, 2), padding="same")),
    "GlobalMaxPooling1D": (ROWS, lambda: L.GlobalMaxPooling1D()),
    "GlobalMaxPooling2D": (IMAGE, lambda: L.GlobalMaxPooling2D(keepdims=True)),
    "GlobalAveragePooling1D": (ROWS, lambda: L.GlobalAveragePooling1D(keepdims=True)),
    "GlobalAveragePooling2D": (IMAGE, lambda: L.GlobalAveragePooling2D()),
    "SimpleRNN": (ROWS, lambda: L.SimpleRNN(3, return_sequences=True)),
    "SimpleRNN relu": (ROWS, lambda: L.SimpleRNN(3, activation="relu", use_bias=False, go_backwards=True)),
    "GRU": (ROWS, lambda: L.GRU(3)),
    "GRU early": (ROWS, lambda: L.GRU(3, reset_after=False, return_sequences=True, go_backwards=True)),
    "GRU unbiased": (ROWS, lambda: L.GRU(3, use_bias=False)),
    "LSTM": (ROWS, lambda: L.LSTM(3, return_sequences=True)),
    "LSTM hard": (ROWS, lambda: L.LSTM(3, recurrent_activation="hard_sigmoid", unit_forget_bias=False)),
    "RNN": (ROWS, lambda: L.RNN(L.GRUCell(3), return_sequences=True)),
    "Bidirectional": (ROWS, lambda: L.Bidirectional(L.LSTM(3, return_sequences=True))),
    "Bidirectional sum": (ROWS, lambda: L.Bidirectional(L.GRU(3), merge_mode="sum")),
    "Bidirectional ave": (ROWS, lambda: L.Bidirectional(L.GRU(3, return_sequences=True), merge_mode="ave")),
    "TimeDistributed": ((3, *IMAGE), lambda: L.TimeDistributed(L.Conv2D(2, 3, activation="relu"))),
    "TimeDistributed flat": ((3, *IMAGE), lambda: L.TimeDistributed(L.Flatten())),
    "channels first": ((4, 8, 9), lambda: L.Conv2D(5, 3, data_format="channels_first", strides=2)),
    "channels first softmax": ((4, 8, 9), lambda: L.Conv2D(5, 3, data_format="channels_first", activation="softmax")),
    "channels first rows": ((4, 8), lambda: L.Conv1DTranspose(3, 2, data_format="channels_first",
                                                              activation="softmax")),
    "channels first flat": ((4, 8, 9), lambda: L.Flatten(data_format="channels_first")),
    "channels first mean": ((4, 8, 9), lambda: L.GlobalAveragePooling2D(data_format="channels_first", keepdims=True)),
}


def test_a_layer_of_other_dimensions_in_time_is_refused(tmp_path: Path) -> None:
    """Keras takes the mean of single values, which it would not do outside of TimeDistributed."""
    model = keras.Sequential([keras.Input((6, 3)), L.TimeDistributed(L.GlobalAveragePooling1D())])
    with pytest.raises(UnsupportedModel, match=r"shape \[6, 3\], which is not of the 3 dimensions"):
        through(model, tmp_path)


@pytest.mark.parametrize("case", CASES)
def test_layer(case: str, tmp_path: Path) -> None:
    shape, make = CASES[case]
    model = shaken(keras.Sequential([keras.Input(shape), make()]))
    compare(model, tmp_path, RNG.normal(0, 1.5, (3, *shape)).astype(np.float32))


ACTIVATIONS = ("relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "hard_sigmoid", "hard_tanh", "hard_swish", "swish",
               "mish", "sigmoid", "tanh", "softmax", "log_softmax", "softplus", "softsign", "exponential", "linear")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name: str, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((6, 5)), L.Activation(name)])
    compare(model, tmp_path, RNG.normal(0, 4, (4, 6, 5)).astype(np.float32))


FUNCTIONS = ("abs", "cast", "ceil", "cos", "exp", "floor", "log", "negative", "prod", "round", "rsqrt", "sign", "sin",
             "sqrt", "square", "transpose", "max", "mean", "min", "sum")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name: str, tmp_path: Path) -> None:
    i = keras.Input((5, 6))
    more = {"cast": ("float32",), "prod": (1,), "max": (1,), "mean": (-1,), "min": (1,), "sum": (2,),
            "transpose": ((0, 2, 1),)}
    x = np.float32(0.3) + np.abs(RNG.normal(size=(2, 5, 6))).astype(np.float32)
    compare(keras.Model(i, getattr(K, name)(i, *more.get(name, ()))), tmp_path, x)


def test_softplus_of_large_values(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), L.Activation("softplus")])
    compare(model, tmp_path, np.array([[-200, 200, 1000, 0]], np.float32))


MERGES: dict[str, Callable[[Any, Any], Any]] = {
    "Add": lambda a, b: L.Add()([a, b, a]),
    "Subtract": lambda a, b: L.Subtract()([a, b]),
    "Multiply": lambda a, b: L.Multiply()([a, b]),
    "Average": lambda a, b: L.Average()([a, b, b]),
    "Maximum": lambda a, b: L.Maximum()([a, b]),
    "Minimum": lambda a, b: L.Minimum()([a, b]),
    "Concatenate": lambda a, b: L.Concatenate(axis=1)([a, b]),
    "Dot": lambda a, b: L.Dot(axes=2)([a, b]),
    "Dot other axes": lambda a, b: L.Dot(axes=(2, 1))([a, L.Permute((2, 1))(b)]),
    "Dot normalised": lambda a, b: L.Dot(axes=1, normalize=True)([L.Flatten()(a), L.Flatten()(b)]),
    "x + y": lambda a, b: 1.0 - a * 2.0 + b / 4.0,
    "x - constant": lambda a, b: a - np.arange(4, dtype=np.float32) + K.multiply(b, 0.5),
    "x ** 2": lambda a, b: a**2 + K.sqrt(K.abs(b)),
    "-x": lambda a, b: -a + K.maximum(b, 0.2) - K.minimum(b, 0.1),
    "x @ y": lambda a, b: K.matmul(a, K.transpose(b, (0, 2, 1))),
    "slices": lambda a, b: a[:, 1:5:2, :2] + b[..., 2:4, -2:],
    "one row": lambda a, b: a[:, -1] + b[:, 0],
    "mean": lambda a, b: K.mean(a, axis=1) + K.max(b, axis=1) - K.min(a, axis=-2),
    "sum": lambda a, b: K.sum(a, axis=(1, 2), keepdims=True) * b,
    "reshape": lambda a, b: K.reshape(a, (-1, 28)) + K.reshape(b, (-1, 28)),
    "concatenate": lambda a, b: K.concatenate([a, b], axis=-1),
    "expand": lambda a, b: K.squeeze(K.expand_dims(a, 1), 1) + b,
    "functions": lambda a, b: K.relu(a) + K.sigmoid(b) + K.leaky_relu(a, negative_slope=0.3) + K.silu(b) + K.exp(a),
    "clip": lambda a, b: K.clip(a, -0.5, 0.7) + keras.activations.relu(b, max_value=0.5),
    "softmax": lambda a, b: K.softmax(a, axis=1) + K.log_softmax(b) + K.gelu(a) + K.gelu(a, approximate=False),
}


@pytest.mark.parametrize("case", MERGES)
def test_several_inputs(case: str, tmp_path: Path) -> None:
    a, b = keras.Input((7, 4), name="a"), keras.Input((7, 4), name="b")
    model = keras.Model([a, b], MERGES[case](a, b))
    compare(model, tmp_path, *(RNG.normal(size=(3, 7, 4)).astype(np.float32) for _ in range(2)))


def test_normalization_that_has_seen_data(tmp_path: Path) -> None:
    x = RNG.normal(3, 5, (50, 4)).astype(np.float32)
    layer = L.Normalization()
    layer.adapt(x)
    compare(keras.Sequential([keras.Input((4,)), layer]), tmp_path, x[:3])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV3Small"])
def test_networks_of_keras_applications(name: str, tmp_path: Path) -> None:
    alpha = {"MobileNet": 0.25, "MobileNetV3Small": 0.75}[name]
    model = shaken(getattr(keras.applications, name)((48, 48, 3), alpha=alpha, weights=None, classes=5,
                                                     classifier_activation=None))
    converted = compare(model, tmp_path, RNG.uniform(-1, 1, (1, 48, 48, 3)).astype(np.float32))
    assert not {"PAD", "TRANSPOSE"} & {step.source for step in converted.conversion.program.steps}


def test_embedding(tmp_path: Path) -> None:
    model = shaken(keras.Sequential([keras.Input((5,)), L.Embedding(300, 4), L.LSTM(3), L.Dense(2)]))
    words = RNG.integers(0, 300, (4, 5))
    converted = compare(model, tmp_path, words.astype(np.float32))
    assert converted.conversion.program.graph.inputs[0].dtype == "int32"


def test_whole_numbers_of_type_int32(tmp_path: Path) -> None:
    i = keras.Input((5,), dtype="int32")
    model = shaken(keras.Model(i, L.GlobalAveragePooling1D()(L.Embedding(30, 4)(i))))
    compare(model, tmp_path, RNG.integers(0, 30, (4, 5)).astype(np.int32))


def test_states_go_in_and_out(tmp_path: Path) -> None:
    x, h, c = keras.Input((4, 3)), keras.Input((5,)), keras.Input((5,))
    model = shaken(keras.Model([x, h, c], L.LSTM(5, return_state=True)(x, initial_state=[h, c])))
    compare(model, tmp_path, *(RNG.normal(size=(2, *s)).astype(np.float32) for s in ((4, 3), (5,), (5,))))


def residual_model() -> Any:
    """Nested models, one of them used twice, a shared layer, two outputs."""
    inner_in = keras.Input((8, 8, 4))
    inner = keras.Model(inner_in, L.ReLU()(L.BatchNormalization()(L.Conv2D(4, 3, padding="same")(inner_in))))
    head = keras.Sequential([L.GlobalAveragePooling2D(), L.Dense(3)], name="head")
    i = keras.Input((8, 8, 2), name="image")
    stem = L.Conv2D(4, 1)(i)
    x = L.Add()([stem, inner(stem)])
    x = inner(x)
    x = L.BatchNormalization()(x)
    return shaken(keras.Model(i, [head(x), L.Softmax(name="scores")(L.Flatten()(stem))]))


def test_nested_models(tmp_path: Path) -> None:
    compare(residual_model(), tmp_path, RNG.normal(size=(2, 8, 8, 2)).astype(np.float32))


@pytest.mark.parametrize("conv", [
    lambda: L.Conv2D(4, 3), lambda: L.DepthwiseConv2D(3, depth_multiplier=2), lambda: L.Dense(4),
    lambda: L.Conv1D(4, 3), lambda: L.SeparableConv2D(3, 3), lambda: L.Conv2D(4, 3, use_bias=False),
    lambda: L.Conv2DTranspose(3, 2, strides=2), lambda: L.Conv2DTranspose(3, 4, strides=2, padding="same"),
])
def test_batch_normalization_costs_nothing(conv: Callable[[], Any], tmp_path: Path) -> None:
    layer = conv()
    shape = (7, 3) if "1D" in type(layer).__name__ else (7, 7, 3)
    model = shaken(keras.Sequential([keras.Input(shape), layer, L.BatchNormalization(), L.ReLU()]))
    converted = compare(model, tmp_path, RNG.normal(size=(2, *shape)).astype(np.float32))
    sources = {step.source for step in converted.conversion.program.steps}
    assert not sources & {"MUL", "ADD"}


def test_batch_normalization_stays_where_its_input_is_read_twice(tmp_path: Path) -> None:
    i = keras.Input((6, 6, 2))
    x = L.Conv2D(3, 3)(i)
    model = shaken(keras.Model(i, L.Concatenate()([x, L.BatchNormalization()(L.Dropout(0.1)(x))])))
    compare(model, tmp_path, RNG.normal(size=(2, 6, 6, 2)).astype(np.float32))


def test_open_shape_is_given_by_name_or_alone(tmp_path: Path) -> None:
    model = shaken(keras.Sequential([keras.Input((None, None, 3)), L.Conv2D(4, 3), L.GlobalMaxPooling2D()]))
    path = tmp_path / "open.keras"
    model.save(path)
    with pytest.raises(UserError, match="--shape 1,N,N,3"):
        convert(path)
    x = RNG.normal(size=(1, 6, 5, 3)).astype(np.float32)
    got = convert(path, shapes=(1, 6, 5, 3)).run(x)
    assert np.allclose(got.reshape(-1), model.predict(x, verbose=0).reshape(-1), atol=1e-4)


def test_quantised_here(tmp_path: Path) -> None:
    model = shaken(keras.Sequential([
        keras.Input((8, 8, 1)), L.Conv2D(6, 3), L.BatchNormalization(), L.ReLU(), L.MaxPooling2D(), L.Flatten(),
        L.Dense(3),
    ]))
    model.save(tmp_path / "net.keras")
    x = RNG.normal(size=(64, 8, 8, 1)).astype(np.float32)
    quantised = convert(tmp_path / "net.keras", calibrate=x)
    dtypes = {t.dtype for step in quantised.conversion.program.steps for t in step.outputs}
    want, got = model.predict(x, verbose=0), quantised.run(x)
    assert dtypes == {"int8"}
    assert np.mean(np.argmax(want, 1) == np.argmax(got.reshape(want.shape), 1)) > 0.9


def test_every_layer_is_documented_and_tested() -> None:
    text = (ROOT / "host_tools/docs/keras.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`(\w+)`", text.split("## Layers")[1].split("## Activations")[0]))
    tested = {case.split()[0] for case in (*CASES, *MERGES)} | {"Embedding"}
    assert set(registry.LAYERS) == listed
    assert set(registry.LAYERS) <= tested
    named = re.findall(r"`(\w+)`", text.split("## Activations")[1].split("; any")[0])
    assert named == list(ACTIVATIONS)


# Files that cannot be read, or models that cannot run


def saved(folder: Path, *layers: Any, shape: tuple[int, ...] = (6, 4)) -> Path:
    path = folder / "net.keras"
    keras.Sequential([keras.Input(shape), *layers]).save(path)
    return path


def test_all_unsupported_layers_are_named(tmp_path: Path) -> None:
    path = saved(tmp_path, L.Conv1D(4, 3, name="fine"), L.UnitNormalization(name="odd"),
                 L.SimpleRNN(3, name="ok", return_sequences=True),
                 L.Activation("squareplus", name="square"), L.UnitNormalization(name="odder"))
    with pytest.raises(UnsupportedModel) as error:
        read_model(path)
    assert [layer for _, layer, _ in error.value.items] == ["odd", "square", "odder"]
    assert "UnitNormalization (2x, first 'odd')" in str(error.value) and "squareplus" in str(error.value)


def test_masks_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, L.Embedding(9, 4, mask_zero=True), L.LSTM(3), shape=(5,))
    with pytest.raises(UnsupportedModel, match="mask_zero=False"):
        read_model(path)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), L.Dense(1, name="broken")])
    model.weights[0].assign(np.full((2, 1), np.nan, np.float32))
    model.save(tmp_path / "net.keras")
    with pytest.raises(UnsupportedModel, match="'broken'.*NaN"):
        read_model(tmp_path / "net.keras")


def test_code_of_its_own_is_named_and_never_run(tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable("tests")
    class Twice(L.Layer):  # type: ignore[misc,name-defined]
        def call(self, x: Any) -> Any:
            return 2 * x

    def crooked(x: Any) -> Any:
        return x

    path = saved(tmp_path, Twice(name="twice"), L.Lambda(lambda x: x, name="anything"),
                 L.Dense(3, activation=crooked, name="bent"))
    with pytest.raises(UnsupportedModel) as error:
        read_model(path)
    assert {layer for _, layer, _ in error.value.items} == {"twice", "anything", "bent"}
    assert "Lambda" in str(error.value) and "crooked" in str(error.value)


def test_subclassed_model_is_refused_with_the_remedy(tmp_path: Path) -> None:
    class Mine(keras.Model):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.inner = L.Dense(2)

        def call(self, x: Any) -> Any:
            return self.inner(x)

    model = Mine()
    model(np.zeros((1, 3), np.float32))
    model.save(tmp_path / "mine.keras")
    with pytest.raises(UserError, match=r"Mine.*keras.Model\(inputs, outputs\)"):
        read_model(tmp_path / "mine.keras")


def test_old_hdf5_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "old.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(UserError, match="Keras 2 wrote them.*load_model"):
        read_model(path)


def test_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photos.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("holiday.txt", "sunny")
    with pytest.raises(UserError, match=r"no \.keras file of Keras 3.*config.json"):
        read_model(path)


def test_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MOST_UNPACKED", 1 << 20)
    path = saved(tmp_path, L.Dense(2))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more.bin", bytes(2 << 20))
    with pytest.raises(UserError, match="B unpacked"):
        read_model(path)


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return saved(tmp_path_factory.mktemp("keras"), L.Conv1D(3, 3), L.Flatten(), L.Dense(2)).read_bytes()


@given(at=st.floats(0, 1), value=st.binary(min_size=1, max_size=8), cut=st.booleans())
def test_damaged_files_are_refused_in_one_line(whole_file: bytes, at: float, value: bytes, cut: bool) -> None:
    place = int(at * (len(whole_file) - 1))
    data = whole_file[:place] if cut else whole_file[:place] + value + whole_file[place + len(value) :]
    try:
        read_model(data or b"PK\x03\x04", "damaged")
    except UserError as error:
        assert str(error).startswith("damaged: ") and "\n" not in str(error)


@given(key=st.sampled_from(["filters", "kernel_size", "units", "name", "batch_shape", "activation", "strides"]),
       value=st.one_of(st.none(), st.integers(-3, 1 << 40), st.text(max_size=3),
                       st.lists(st.integers(-2, 9), max_size=3)))
def test_nonsense_in_the_description_is_refused(whole_file: bytes, tmp_path_factory: pytest.TempPathFactory, key: str,
                                                value: Any) -> None:
    path = tmp_path_factory.mktemp("nonsense") / "net.keras"
    path.write_bytes(whole_file)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    for item in config["config"]["layers"]:
        if key in item["config"]:
            item["config"][key] = value
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    try:
        convert(path)
    except UserError as error:
        assert "Traceback" not in str(error)


def test_missing_extra_is_one_line_with_the_pip_command(
    tmp_path: Path, whole_file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)  # as where it is not installed
    with pytest.raises(UserError, match=r"pip install 'midge\[keras\]'"):
        read_model(whole_file, "net")


def test_command(tmp_path: Path, whole_file: bytes) -> None:
    path = tmp_path / "net.keras"
    path.write_bytes(whole_file)
    result = CliRunner().invoke(cli, ["convert", str(path)])
    assert result.exit_code == 0 and (tmp_path / "net.midge").exists()
    assert "midge run" in result.output


def test_a_model_in_python_is_converted_as_its_file_is(tmp_path: Path) -> None:
    model = shaken(keras.Sequential([keras.Input((4,)), L.Dense(3, activation="relu"), L.Dense(2)], name="small"))
    model.save(tmp_path / "small.keras")
    assert convert(model).blob == convert(tmp_path / "small.keras").blob
    with pytest.raises(UserError, match="builtins.dict is no model that can be read; give a path"):
        convert({})
