# SPDX-License-Identifier: MIT
"""Seeds of the ops of motion."""

from __future__ import annotations

from collections.abc import Callable

from midge.graph import Graph, Tensor, motion
from midge.graph.builder import Builder
from tests.fuzz.seeds import seed, tensor


def built(shape: tuple[int, ...], build: Callable[[Builder, Tensor], Tensor]) -> Graph:
    """A network of what `build` adds to an int16 input."""
    builder = Builder("seed")
    x = tensor("x", *shape, dtype="int16", zero_point=0)
    return builder.graph([x], [build(builder, x)])


@seed
def moments() -> Graph:
    return built((6, 3), lambda build, x: motion.moments(build, x, first=1, fraction=2, dead_band=1))


@seed
def bands() -> Graph:
    return built((12, 3), lambda build, x: motion.bands(build, x, [1, 2, 3], 8, 2, first=1))


@seed
def bands_mean() -> Graph:
    return built((8, 1), lambda build, x: motion.bands(build, x, [1, 1.5], 4, 3, hold="mean"))
