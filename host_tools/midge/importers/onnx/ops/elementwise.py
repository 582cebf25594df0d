# SPDX-License-Identifier: MIT
"""Functions of single elements and of pairs of them. Axes may be in any order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ....graph import Tensor, Unsupported
from ..registry import onnx_op
from ..values import OnnxContext, OnnxNode, Value

_UNARY = {
    "Relu": "RELU", "Sigmoid": "LOGISTIC", "Tanh": "TANH", "Exp": "EXP", "Log": "LOG", "Sqrt": "SQRT", "Abs": "ABS",
    "Neg": "NEG", "Floor": "FLOOR", "Ceil": "CEIL", "Round": "ROUND", "Sin": "SIN", "Cos": "COS", "Sign": "SIGN",
    "HardSwish": "HARD_SWISH", "Not": "LOGICAL_NOT", "Erf": "ERF",
}
_BINARY = {"Add": "ADD", "Sub": "SUB", "Mul": "MUL", "Div": "DIV", "Max": "MAXIMUM", "Min": "MINIMUM", "Sum": "ADD",
           "PRelu": "PRELU"}
_COMPARE = {"Less": "LESS", "Greater": "GREATER", "Equal": "EQUAL", "LessOrEqual": "LESS_EQUAL",
            "GreaterOrEqual": "GREATER_EQUAL", "And": "LOGICAL_AND", "Or": "LOGICAL_OR"}
_CASTS = {1: "float32", 2: "uint8", 3: "int8", 5: "int16", 6: "int32", 7: "int32", 9: "bool",
          11: "float32"}


_FLOAT16 = 10


def same(ctx: OnnxContext, value: Value) -> Tensor:
    """Return the tensor as it is stored."""
    return ctx.arranged(value, value.order if value.flat is None and value.order else tuple(range(len(value.shape))))


def order_of(value: Value) -> tuple[int, ...]:
    """Return the order in which the axes are stored: ONNX's own where none is given."""
    return value.order or tuple(range(len(value.shape)))


def each(ctx: OnnxContext, x: Value, function: Callable[[Tensor], Tensor]) -> Value:
    """Add a function of single elements, which keeps the order of axes, that of a flattened image as well."""
    if x.flat is not None:
        return Value(x.name, x.shape, flat=each(ctx, x.flat, function))
    return ctx.value(function(same(ctx, x)), order_of(x))


@onnx_op(*_UNARY)
def unary(ctx: OnnxContext, node: OnnxNode) -> Value:
    return each(ctx, node.input(0), lambda t: ctx.build.like(_UNARY[node.op], t, node.name))


@onnx_op("Identity", "Dropout")
def nothing(ctx: OnnxContext, node: OnnxNode) -> Value:
    if node.op == "Dropout" and node.has(2) and node.known(2, "training modes").any():
        raise Unsupported("dropout of a model in training; export it for inference")
    return node.input(0)


@onnx_op("Elu", "LeakyRelu", "Gelu", "HardSigmoid", "Reciprocal", "Softplus", "Softsign", "Clip", "Celu", "Selu",
         "Mish", "Swish", "ThresholdedRelu")
def function(ctx: OnnxContext, node: OnnxNode) -> Value:
    return each(ctx, node.input(0), lambda t: _function(ctx, node, t))


def _function(ctx: OnnxContext, node: OnnxNode, t: Tensor) -> Tensor:
    build, a, name = ctx.build, node.attrs, node.name
    match node.op:
        case "Elu":
            return _elu(ctx, t, 1.0, a.get("alpha", 1.0), 1.0, name)
        case "Celu":
            return _elu(ctx, t, 1.0, a.get("alpha", 1.0), a.get("alpha", 1.0), name)
        case "Selu":
            gamma = a.get("gamma", 1.05070102214813232421875)
            return _elu(ctx, t, gamma, gamma * a.get("alpha", 1.67326319217681884765625), 1.0, name)
        case "Mish":
            return build.binary("MUL", t, build.like("TANH", _softplus(ctx, t, name), name), name)
        case "Swish":
            scaled = build.binary("MUL", t, build.scalar(a.get("alpha", 1.0)), name)
            return build.binary("MUL", t, build.like("LOGISTIC", scaled, name), name)
        case "ThresholdedRelu":
            above = build.binary("GREATER", t, build.scalar(a.get("alpha", 1.0)), name, "bool")
            return build.add("SELECT_V2", [above, t, build.scalar(0.0)], t.shape, name)
        case "LeakyRelu":
            return build.like("LEAKY_RELU", t, name, alpha=float(a.get("alpha", 0.01)))
        case "Gelu":
            return build.like("GELU", t, name, approximate=a.get("approximate", "none") == "tanh")
        case "HardSigmoid":
            scaled = build.binary("MUL", t, build.scalar(a.get("alpha", 0.2)), name)
            return build.like("RELU_0_TO_1", build.binary("ADD", scaled, build.scalar(a.get("beta", 0.5)), name), name)
        case "Reciprocal":
            return build.binary("DIV", build.scalar(1.0), t, name)
        case "Softplus":
            return _softplus(ctx, t, name)
        case "Softsign":
            size = build.binary("ADD", build.like("ABS", t, name), build.scalar(1.0), name)
            return build.binary("DIV", t, size, name)
        case "Clip":
            low, high = _limit(node, 1, "min"), _limit(node, 2, "max")
            if t.dtype != "float32":
                raise Unsupported(f"{t.dtype} tensors; float32 can run")
            return build.clip(t, -np.inf if low is None else low, np.inf if high is None else high, name)
    raise Unsupported("no such function here")


def _elu(ctx: OnnxContext, t: Tensor, above: float, below: float, width: float, name: str) -> Tensor:
    """Add above * max(x, 0) + below * (exp(min(x, 0) / width) - 1)."""
    build = ctx.build
    if above == below == width == 1.0:
        return build.like("ELU", t, name)

    def times(x: Tensor, factor: float) -> Tensor:
        return x if factor == 1.0 else build.binary("MUL", x, build.scalar(factor), name)

    negative = times(build.binary("MINIMUM", t, build.scalar(0.0), name), 1.0 / width)
    return build.binary("ADD", times(build.like("RELU", t, name), above),
                        times(build.like("ELU", negative, name), below), name)


def _softplus(ctx: OnnxContext, t: Tensor, name: str) -> Tensor:
    """Add max(x, 0) + log(1 + exp(-|x|)), which no large number overflows."""
    build = ctx.build
    powers = build.like("EXP", build.like("NEG", build.like("ABS", t, name), name), name)
    rest = build.like("LOG", build.binary("ADD", powers, build.scalar(1.0), name), name)
    return build.binary("ADD", build.like("RELU", t, name), rest, name)


def _limit(node: OnnxNode, i: int, key: str) -> float | None:
    if key in node.attrs:
        return float(node.attrs[key])
    return float(node.known(i, "limits").reshape(-1)[0]) if node.has(i) else None


@onnx_op(*_BINARY)
def binary(ctx: OnnxContext, node: OnnxNode) -> Value:
    if len(node.inputs) == 1:
        return node.input(0)
    result = _binary(ctx, node, node.input(0), node.input(1))
    for i in range(2, len(node.inputs)):  # Max, Min and Sum take any number
        result = _binary(ctx, node, result, node.input(i))
    return result


@onnx_op("Mean")
def mean(ctx: OnnxContext, node: OnnxNode) -> Value:
    """Add the sum of all inputs, times 1 / their number."""
    values = [node.input(i) for i in range(len(node.inputs))]
    order = ctx.common_order(values)
    total, *others = (ctx.broadcast(v, order) for v in values)
    for other in others:
        total = ctx.build.binary("ADD", total, other, node.name)
    return ctx.value(ctx.build.binary("MUL", total, ctx.build.scalar(1.0 / len(values)), node.name), order)


def _binary(ctx: OnnxContext, node: OnnxNode, a: Value, b: Value) -> Value:
    if node.attrs.get("broadcast") and "axis" in node.attrs:
        raise Unsupported("broadcasting along an axis, as in opset 6; export the model with opset 13")
    order = ctx.common_order([a, b])
    left, right = ctx.broadcast(a, order), ctx.broadcast(b, order)
    return ctx.value(ctx.build.binary(_BINARY[node.op], left, right, node.name), order)


@onnx_op("Pow")
def power(ctx: OnnxContext, node: OnnxNode) -> Value:
    exponents = node.known(1, "exponents")
    build, name = ctx.build, node.name
    powers: dict[float, Callable[[Tensor], Tensor]] = {
        3: lambda t: build.binary("MUL", build.binary("MUL", t, t, name), t, name),
        2: lambda t: build.binary("MUL", t, t, name),
        1: lambda t: t,
        0.5: lambda t: build.like("SQRT", t, name),
        -0.5: lambda t: build.like("RSQRT", t, name),
        -1: lambda t: build.binary("DIV", build.scalar(1.0), t, name),
    }
    if exponents.size != 1:
        raise Unsupported("several exponents; one for all can run")
    exponent = float(exponents.reshape(-1)[0])
    if exponent in powers:
        return each(ctx, node.input(0), powers[exponent])
    if exponent.is_integer():
        raise Unsupported(f"the exponent {exponent:g}; {', '.join(map(str, powers))} and fractions can run")
    # Of negative numbers NaN, as in ONNX; of 0 exp(-inf).
    return each(ctx, node.input(0), lambda t: build.like("EXP", build.binary(
        "MUL", build.like("LOG", t, name), build.scalar(exponent), name), name))


@onnx_op(*_COMPARE)
def compare(ctx: OnnxContext, node: OnnxNode) -> Value:
    a, b = node.input(0), node.input(1)
    order = ctx.common_order([a, b])
    out = ctx.build.binary(_COMPARE[node.op], ctx.broadcast(a, order), ctx.broadcast(b, order), node.name, "bool")
    return ctx.value(out, order)


@onnx_op("Where")
def where(ctx: OnnxContext, node: OnnxNode) -> Value:
    values = [node.input(i) for i in range(3)]
    order = ctx.common_order(values)
    condition, a, b = (ctx.broadcast(v, order) for v in values)
    shape = np.broadcast_shapes(condition.shape, a.shape, b.shape)
    return ctx.value(ctx.build.add("SELECT_V2", [condition, a, b], shape, node.name, a.dtype), order)


@onnx_op("Cast")
def cast(ctx: OnnxContext, node: OnnxNode) -> Value:
    dtype = _CASTS.get(node.attrs["to"])
    if node.attrs["to"] == _FLOAT16:
        raise Unsupported("rounding to float16, which boards do not do; export the model in float32, without half() "
                          "and mixed precision")
    if dtype is None:
        raise Unsupported(f"a cast to ONNX's type {node.attrs['to']}")
    return each(ctx, node.input(0),
                lambda t: t if t.dtype == dtype else ctx.build.add("CAST", [t], t.shape, node.name, dtype))
