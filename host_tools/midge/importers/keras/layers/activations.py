# SPDX-License-Identifier: MIT
"""Functions of single elements, whether they are layers, functions of keras.ops, or a layer's `activation`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ....graph import Tensor, Unsupported
from ....graph.builder import Builder
from ..registry import FUNCTIONS, LAYERS, Call, KerasContext, layer

Params = dict[str, Any]
ActivationFunction = Callable[[Builder, Tensor, str, Params], Tensor]
_ACTIVATIONS: dict[str, ActivationFunction] = {}
_PARAMS = ("negative_slope", "max_value", "threshold", "alpha", "approximate", "axis", "x_min", "x_max")

# Functions of TFLite's that are Keras's as well.
_SAME = {
    "relu6": "RELU6", "sigmoid": "LOGISTIC", "tanh": "TANH", "hardsilu": "HARD_SWISH", "exp": "EXP",
    "exponential": "EXP", "log": "LOG", "absolute": "ABS", "abs": "ABS", "negative": "NEG", "sqrt": "SQRT",
    "rsqrt": "RSQRT", "square": "SQUARE", "sin": "SIN", "cos": "COS", "floor": "FLOOR", "ceil": "CEIL",
    "sign": "SIGN", "round": "ROUND",
}


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def activation(*names: str) -> Callable[[ActivationFunction], ActivationFunction]:
    """Register the function that imports the activations of these names, lower case without underscores."""

    def register(function: ActivationFunction) -> ActivationFunction:
        _ACTIVATIONS.update(dict.fromkeys(names, function))
        return function

    return register


def activate(ctx: KerasContext, call: Call, x: Tensor) -> Tensor:
    """Return what a layer's own activation makes of x, whose channels are last, also where the layer has them first."""
    function = getattr(call.op, "activation", None)
    if getattr(call.op, "data_format", None) != "channels_first" or not _has_an_axis(function):
        return apply(ctx, function, x, call.name)
    # A softmax goes over the layer's last axis, that of length or width.
    last = len(call.x.shape) - 2
    order = (0, 3, *(i for i in (1, 2) if i != last), last)
    turned = apply(ctx, function, ctx.build.transpose(x, order), call.name)
    return ctx.build.transpose(turned, [order.index(i) for i in range(4)])


def _has_an_axis(function: Any) -> bool:
    return hasattr(function, "get_weights") or (callable(function) and "axis" in inspect.signature(function).parameters)


def apply(ctx: KerasContext, function: Any, x: Tensor, name: str) -> Tensor:
    """Add an activation: a function of keras.activations, or a layer. Raises Unsupported."""
    if function is None:
        return x
    if hasattr(function, "get_weights"):
        found = ctx.call(function, [x])
        assert isinstance(found, Tensor)
        return found
    known = _ACTIVATIONS.get(_plain(getattr(function, "__name__", "")))
    if known is None or not str(getattr(function, "__module__", "")).startswith("keras."):
        what = getattr(function, "__name__", function)
        raise Unsupported(f"the activation {what}; the documents list those that can run")
    parameters = inspect.signature(function).parameters.values()
    return known(ctx.build, x, name, {p.name: p.default for p in parameters if p.default is not p.empty})


def _by_attributes(ctx: KerasContext, call: Call) -> Tensor:
    params = {name: getattr(call.op, name) for name in _PARAMS if hasattr(call.op, name)}
    return _ACTIVATIONS[_plain(type(call.op).__name__)](ctx.build, call.x, call.name, params)


@layer("Activation")
def _activation(ctx: KerasContext, call: Call) -> Tensor:
    return activate(ctx, call, call.x)


@layer("PReLU")
def _prelu(ctx: KerasContext, call: Call) -> Tensor:
    x = call.x
    return ctx.build.add("PRELU", [x, ctx.build.constant(ctx.weights(call.op.alpha))], x.shape, call.name)


for _name, _op in _SAME.items():
    _ACTIVATIONS[_name] = lambda build, x, name, params, op=_op: build.like(op, x, name)  # type: ignore[misc]


@activation("linear", "identity")
def _linear(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    return x


@activation("relu")
def _relu(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    """max_value above it, x above the threshold, negative_slope * (x - threshold) below."""
    slope, most, threshold = (params.get(key) or 0.0 for key in ("negative_slope", "max_value", "threshold"))
    most = np.inf if params.get("max_value") is None else most
    if threshold == 0 and slope == 0:
        return build.clip(x, 0.0, most, name)
    if threshold == 0:
        result = build.like("LEAKY_RELU", x, name, alpha=float(slope))
    else:
        above = build.binary("SUB", x, build.scalar(threshold), name)
        bent = build.like("LEAKY_RELU", above, name, alpha=float(slope))
        step = build.clip(build.like("CEIL", above, name), 0.0, 1.0, name)  # 1 above the threshold
        result = build.binary("ADD", bent, build.binary("MUL", step, build.scalar(threshold), name), name)
    return build.clip(result, -np.inf, most, name)


@activation("leakyrelu")
def _leaky_relu(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    return build.like("LEAKY_RELU", x, name, alpha=float(params["negative_slope"]))


@activation("elu")
def _elu(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    alpha = float(params.get("alpha", 1.0))
    if alpha == 1:
        return build.like("ELU", x, name)
    below = build.like("ELU", build.binary("MINIMUM", x, build.scalar(0.0), name), name)
    return build.binary("ADD", build.like("RELU", x, name), build.binary("MUL", below, build.scalar(alpha), name), name)


@activation("selu")
def _selu(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    inner = _elu(build, x, name, {"alpha": 1.6732632423543772})
    return build.binary("MUL", inner, build.scalar(1.0507009873554805), name)


@activation("gelu")
def _gelu(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    return build.like("GELU", x, name, approximate=bool(params.get("approximate", True)))


@activation("hardsigmoid")
def _hard_sigmoid(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    """relu6(x + 3) / 6"""
    inner = build.like("RELU6", build.binary("ADD", x, build.scalar(3.0), name), name)
    return build.binary("MUL", inner, build.scalar(1 / 6), name)


@activation("hardtanh")
def _hard_tanh(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    return build.clip(x, -1.0, 1.0, name)


@activation("silu")
def _silu(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    return build.binary("MUL", x, build.like("LOGISTIC", x, name), name)


@activation("softplus")
def _softplus(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    """log(1 + exp(x)), as relu(x) + log(1 + exp(-|x|)), which does not overflow"""
    small = build.like("EXP", build.like("NEG", build.like("ABS", x, name), name), name)
    rest = build.like("LOG", build.binary("ADD", small, build.scalar(1.0), name), name)
    return build.binary("ADD", build.like("RELU", x, name), rest, name)


@activation("mish")
def _mish(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    return build.binary("MUL", x, build.like("TANH", _softplus(build, x, name, params), name), name)


@activation("softsign")
def _softsign(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    return build.binary("DIV", x, build.binary("ADD", build.like("ABS", x, name), build.scalar(1.0), name), name)


@activation("softmax")
def _softmax(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    return _along_axis("SOFTMAX", build, x, name, params)


@activation("logsoftmax")
def _log_softmax(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    return _along_axis("LOG_SOFTMAX", build, x, name, params)


def _along_axis(op: str, build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    axis, rank = params.get("axis", -1), len(x.shape)
    axis = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
    if not isinstance(axis, int):
        raise Unsupported(f"over the axes {axis}; over one can run")
    order = [i for i in range(rank) if i != axis % rank] + [axis % rank]
    turned = build.like(op, build.transpose(x, order), name)
    return build.transpose(turned, [order.index(i) for i in range(rank)])


@activation("clip")
def _clip(build: Builder, x: Tensor, name: str, params: Params) -> Tensor:
    return build.clip(x, float(params["x_min"]), float(params["x_max"]), name)


LAYERS.update(dict.fromkeys(("ReLU", "LeakyReLU", "ELU", "Softmax", "Identity"), _by_attributes))
FUNCTIONS.update(dict.fromkeys((
    "ReLU", "Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Gelu", "HardSigmoid", "HardTanh", "HardSilu", "Sigmoid",
    "Silu", "Tanh", "Softplus", "Softsign", "Mish", "Softmax", "LogSoftmax", "Exp", "Log", "Absolute", "Abs",
    "Negative", "Sqrt", "Rsqrt", "Square", "Sin", "Cos", "Floor", "Ceil", "Sign", "Round", "Clip", "Identity",
), _by_attributes))
