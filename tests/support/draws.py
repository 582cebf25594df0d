# SPDX-License-Identifier: MIT
"""What the op tests draw: shapes, quantisations, values, and tensors made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from midge.importers.tflite.writer import FlatTensor

SIX_FITS = 2.0**-28  # a smaller scale, and the 6 of RELU6 overflows an int32: TFLM's result is left to the compiler
ACTIVATIONS = ["NONE", "RELU", "RELU6", "RELU_N1_TO_1"]


def integer(draw: Any, low: int, high: int) -> int:
    return draw(st.integers(low, high))


def choice(draw: Any, *options: Any) -> Any:
    return draw(st.sampled_from(options))


def chance(draw: Any, one_in: int) -> bool:
    return draw(st.integers(0, one_in - 1)) == one_in // 2  # the ends are drawn more often


def shape(draw: Any, low: int = 1, high: int = 4, elements: int = 600) -> tuple[int, ...]:
    """A shape of rank low to high."""
    dims: list[int] = []
    for _ in range(integer(draw, low, high)):
        dims.append(integer(draw, 1, min(9, max(1, elements // math.prod(dims)))))
    return tuple(dims)


def power(draw: Any, low: float, high: float) -> float:
    """A float32 between 2^low and 2^high, evenly spread over the exponents; now and then a power of two itself."""
    exponent = draw(st.floats(low, high, width=32))
    return float(np.float32(2.0 ** (round(exponent) if chance(draw, 4) else exponent)))


def scale(draw: Any) -> float:
    """Mostly what networks have, now and then tiny or huge."""
    return power(draw, -40, 40) if chance(draw, 6) else power(draw, -12, 2)


def near(draw: Any, natural: float, wide: float = 20) -> float:
    """A scale of the order of `natural`, now and then far from it, within a factor of 2^wide."""
    spread = wide if chance(draw, 6) else 2
    return float(np.clip(np.float32(natural * power(draw, -spread, spread)), 1e-37, 1e37))


def limits(dtype: str) -> tuple[int, int]:
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)


def zero_point(draw: Any, dtype: str = "int8") -> int:
    low, high = limits(dtype)
    if dtype not in ("int8", "uint8"):
        return 0
    return choice(draw, low, high, (low + high + 1) // 2) if draw(st.booleans()) else integer(draw, low, high)


def values(draw: Any, shape: tuple[int, ...], dtype: str = "int8") -> np.ndarray:
    """Integers of a shape: spread evenly, at both ends, all the same, or small."""
    low, high = limits(dtype)
    rng = np.random.default_rng(integer(draw, 0, 2**32 - 1))
    style = choice(draw, "even", "ends", "same", "small")
    if style == "ends":
        return rng.choice(np.array([low, low + 1, high - 1, high], dtype), shape)
    if style == "same":
        return np.full(shape, choice(draw, low, high, 0, 1), dtype)
    low, high = (max(low, -3), min(high, 4)) if style == "small" else (low, high)
    return rng.integers(low, high, shape, dtype, endpoint=True)


def tensor(
    draw: Any, name: str, shape: tuple[int, ...], dtype: str = "int8", scale_: float | None = None
) -> FlatTensor:
    """An activation with a drawn quantisation."""
    drawn = scale(draw) if scale_ is None else scale_
    return FlatTensor(name, shape, dtype, scale=drawn, zero_point=zero_point(draw, dtype))


def like(x: FlatTensor, name: str, shape: tuple[int, ...] | None = None) -> FlatTensor:
    """A tensor of the same dtype and quantisation."""
    return FlatTensor(name, x.shape if shape is None else shape, x.dtype, scale=x.scale, zero_point=x.zero_point)


def every_byte(draw: Any, name: str = "x", dtype: str = "int8") -> tuple[FlatTensor, np.ndarray]:
    """An activation and values for it that hold every value of its dtype once."""
    dims = choice(draw, (256,), (1, 256), (2, 128), (4, 8, 8), (1, 16, 2, 8), (2, 4, 8, 4))
    low, high = limits(dtype)
    return tensor(draw, name, dims, dtype), np.arange(low, high + 1).astype(dtype).reshape(dims)


def activation(draw: Any) -> str:
    """A fused activation; now and then one of those that no kernel fuses."""
    return choice(draw, "TANH", "SIGN_BIT") if chance(draw, 32) else choice(draw, *ACTIVATIONS)


def within_clamps(draw: Any, name: str, y: FlatTensor, *others: FlatTensor | None) -> None:
    """Half the time, scale tensors alike so that the clamps of activation `name` lie among the values of `y`."""
    if name in ("RELU6", "RELU_N1_TO_1") and draw(st.booleans()):
        factor = np.float32(power(draw, -6, -2) / y.scale)
        for t in {id(t): t for t in [y, *others] if t is not None and t.scale is not None}.values():
            t.scale = np.float32(t.scale) * factor if np.ndim(t.scale) else float(np.float32(t.scale) * factor)


def constant(name: str, values_: Any, dtype: str = "int32") -> FlatTensor:
    """A parameter that an op takes as a tensor: axes, paddings, a shape."""
    return FlatTensor(name, data=np.array(values_, dtype))


def axis(draw: Any, rank: int) -> int:
    """An axis, counted from either end."""
    return integer(draw, -rank, rank - 1)
