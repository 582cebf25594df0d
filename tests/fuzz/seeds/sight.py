# SPDX-License-Identifier: MIT
"""Seeds of the ops of sight."""

from __future__ import annotations

from midge.graph import Graph, sight
from midge.graph.builder import Builder
from midge.graph.sight import Crop, Picture
from tests.fuzz.seeds import seed, tensor
from tests.support.sight import eye


@seed
def image() -> Graph:
    return eye(Picture("rgb565", 8, 6), Crop(2, 1, 6, 5), (1, 2, 4, 1), "int8")


@seed
def image_aligned() -> Graph:
    return eye(Picture("rgb565le", 12, 3), Crop(0, 0, 12, 3), (1, 2, 3, 1), "int8")


@seed
def image_colours() -> Graph:
    return eye(Picture("yuv422", 6, 4), Crop(2, 0, 4, 3), (1, 2, 2, 3), "int8")


@seed
def image_bytes() -> Graph:
    return eye(Picture("rgb888", 4, 3), Crop(0, 0, 4, 3), (1, 3, 2, 3), "int8")


@seed
def image_bilinear() -> Graph:
    return eye(Picture("rgb565", 8, 7), Crop(0, 0, 8, 7), (1, 3, 3, 1), "int8", bilinear=True)


@seed
def image_mosaic() -> Graph:
    return eye(Picture("bayer-gbrg", 8, 6), Crop(0, 0, 8, 6), (1, 2, 3, 3), "int8")


@seed
def blobs() -> Graph:
    build = Builder("seed")
    x = tensor("scores", 1, 3, 4, 3, zero_point=-128)
    return build.graph([x], sight.blobs(build, x, 3.0, 2))
