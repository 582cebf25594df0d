# SPDX-License-Identifier: MIT
"""Seeds of the ops of motion."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from midge.graph import Graph, Tensor, forests, motion
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


@seed
def lagged() -> Graph:
    return built((5, 3), lambda build, x: motion.lagged(build, x, [0, 2, 4], first=1, axes=2, floor=3))


@seed
def standardize() -> Graph:
    return built((3,), lambda build, x: motion.standardize(build, x, np.array([1, -300, 0]), np.array([2.5, 90, 0])))


@seed
def standardize_i16() -> Graph:
    return built((2,), lambda build, x: motion.standardize(build, x, np.zeros(2), np.array([3, 700]), 0.001, "int16"))


def forest_of(leaves: int) -> forests.Forest:
    """Three trees: one with nodes of all four kinds, one of one split, one that is a leaf."""
    left, right = np.array([1, 2, -1, -1, 5, -1, 7, -1, -1]), np.array([4, 3, -1, -1, 6, -1, 8, -1, -1])
    threshold = np.array([-3.5, 40, 0, 0, 100, 0, -7, 0, 0])
    shares = np.eye(3)[[0, 0, 0, 1, 0, 2, 0, 1, 2]]
    if leaves == forests.ROWS:
        shares[2] = [0.25, 0.25, 0.5]
    value = np.arange(9) - 4.5 if leaves == forests.VALUES else shares
    large = forests.Tree(left, right, np.array([0, 1, 0, 0, 2, 0, 1, 0, 0]), threshold, value)
    trees = [large, *(forests.Tree(left[at:] - at, right[at:] - at, large.feature[at:], threshold[at:], value[at:])
                      for at in (6, 8))]
    if leaves == forests.VALUES:
        return forests.regressor(trees, 3, 2, (1.0, -2.0))
    return forests.classifier(trees, 3)


@seed
def trees_votes() -> Graph:
    return built((3,), lambda build, x: forests.trees(build, x, forest_of(forests.VOTES)))


@seed
def trees_rows() -> Graph:
    return built((3,), lambda build, x: forests.trees(build, x, forest_of(forests.ROWS)))


@seed
def trees_values() -> Graph:
    return built((3,), lambda build, x: forests.trees(build, x, forest_of(forests.VALUES)))


@seed
def centroids() -> Graph:
    return built((3,), lambda build, x: motion.centroids(build, x, np.eye(3)[:2] * 90, offsets=[5, -6]))


@seed
def centroids_scaled() -> Graph:
    scales = np.array([[0.3, 256, 0], [4, 5, 6]])
    return built((3,), lambda build, x: motion.centroids(build, x, np.eye(3)[:2] * 90, scales, root=True))


@seed
def random_conv() -> Graph:
    patterns = [motion.Pattern((0, 4, 8), 1, (0, 2), (5, -5)), motion.Pattern((1, 2, 3), 3, (1,), (0,), True)]
    return built((10, 3), lambda build, x: motion.random_conv(build, x, patterns))
