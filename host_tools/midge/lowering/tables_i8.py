# SPDX-License-Identifier: MIT
"""More functions of one int8 value, as tables: ABS, RSQRT, and those that TFLM tabulates in float32."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..graph import Node, Tensor, Unsupported
from ..graph import fixedpoint as fp
from .elementwise_i8 import float_table, table_rule


def _log(x: np.float32) -> float:
    return math.log(float(x)) if x > 0 else -math.inf


def _exp(x: np.float32) -> np.float32:
    """Rounded once, as a good C library's expf is and NumPy's is not."""
    return np.float32(np.exp(np.float64(x)))


FLOAT_FUNCTIONS: dict[str, Callable[[np.float32], float]] = {
    "ELU": lambda x: float(_exp(x) - np.float32(1)) if x < 0 else float(x),
    "EXP": lambda x: float(_exp(x)),
    "LOG": _log,
}


def _register(name: str, function: Callable[[np.float32], float]) -> None:
    @table_rule(name)
    def tabulated(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
        return float_table(source, out, function)


for _name, _function in FLOAT_FUNCTIONS.items():
    _register(_name, _function)


@table_rule("GELU")
def gelu(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
    def exact(x: np.float32) -> float:
        return 0.5 * float(x) * (1 + math.erf(float(x) * math.sqrt(0.5)))

    def by_tanh(x: np.float32) -> float:
        return 0.5 * float(x) * (1 + math.tanh(math.sqrt(2 / math.pi) * (float(x) + 0.044715 * float(x) ** 3)))

    return float_table(source, out, by_tanh if node.attrs.get("approximate", False) else exact)


@table_rule("ABS")
def absolute(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
    multiplier, shift = fp.quantize_multiplier(source.scale / out.scale)
    if source.scale == out.scale:
        return lambda q: abs(q - source.zero_point) + out.zero_point
    return lambda q: fp.requantize(abs(q - source.zero_point), multiplier, shift) + out.zero_point


@table_rule("RSQRT")
def rsqrt(node: Node, source: Tensor, out: Tensor) -> Callable[[int], int]:
    """1 / sqrt(x) by TFLM's integers; what is not positive gives the largest value."""
    multiplier, shift = fp.quantize_multiplier(1.0 / (math.sqrt(source.scale) * out.scale))
    if not -11 <= shift <= 30:
        raise Unsupported(f"the scales {source.scale} and {out.scale}; export the model again")

    def function(q: int) -> int:
        if q <= source.zero_point:
            return 127
        root, root_shift = fp.inverse_sqrt(q - source.zero_point)
        return fp.requantize(fp.requantize(1, root, root_shift + 20), multiplier, shift - 20) + out.zero_point

    return function
