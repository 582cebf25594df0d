# SPDX-License-Identifier: MIT
"""Nodes that turn a camera's picture into a network's image, and a network's grid into boxes.

Their arithmetic is that of native_module/core/kernels/vision/image.c and blobs.c.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from .builder import Builder
from .graph import Node, Quantization, Tensor

# What cameras give: the kernel's number, and bytes of a pixel. The order of bytes is as they come.
FORMATS = {"grey": (0, 1), "rgb565": (1, 2), "rgb565le": (2, 2), "yuv422": (3, 2), "uyvy": (4, 2), "rgb888": (5, 3),
           "bayer-rggb": (6, 1), "bayer-grbg": (7, 1), "bayer-gbrg": (8, 1), "bayer-bggr": (9, 1)}
YUV = ("yuv422", "uyvy")
MOSAIC = "bayer-"  # then the colours of the first two pixels of the first two rows
MOSAICS = tuple(format for format in FORMATS if format.startswith(MOSAIC))
# What pictures become in training: pixel / first - second.
PIXEL_UNITS = {"0..255": (1.0, 0.0), "0..1": (255.0, 0.0), "-1..1": (127.5, 1.0)}
_NORMALISED = re.compile(r"mean ([-0-9.,e+]{1,99}) std ([-0-9.,e+]{1,99})")
UNITS = "picture.units"  # the key of metadata
_SUMS = 65535  # that a column's sum can hold
_GEOMETRY = re.compile(r"([0-9]{1,5})x([0-9]{1,5})\+([0-9]{1,5})\+([0-9]{1,5})")


@dataclass(frozen=True)
class Crop:
    """The part of a picture that is looked at, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}+{self.left}+{self.top}"


def read_crop(text: str) -> Crop | None:
    """Return a crop from the text that it has, WIDTHxHEIGHT+LEFT+TOP; None for any other."""
    found = _GEOMETRY.fullmatch(text)
    if found is None:
        return None
    width, height, left, top = map(int, found.groups())
    return Crop(left, top, width, height)


@dataclass(frozen=True)
class Picture:
    """What a camera gives: format, one of FORMATS, and its pixels."""

    format: str
    width: int
    height: int

    @property
    def bytes_per_pixel(self) -> int:
        """Return what a pixel takes."""
        return FORMATS[self.format][1]

    @property
    def pitch(self) -> int:
        """Return how wide and high the least part is that has all colours, which the kernel takes for a pixel."""
        return 2 if self.format in MOSAICS else 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of its bytes, rows first."""
        return (self.height, self.width, self.bytes_per_pixel)

    def __str__(self) -> str:
        return f"{self.format},{self.width}x{self.height}"


def pixel_units(name: str, dtype: str, scale: float, zero_point: int) -> tuple[str, str]:
    """Return what pictures were turned into for training, as far as an input's scale tells, and a note on that.

    Raises UserError where it does not.
    """
    if not scale:
        raise UserError(f"the float input '{name}' does not tell what pictures were turned into for training; "
                        f"say --pixels {', '.join(PIXEL_UNITS)}")
    least = 0 if dtype == "uint8" else -128
    low, high = (scale * (q - zero_point) for q in (least, least + 255))
    units = "0..255" if high > 16 else "-1..1" if low < -0.25 else "0..1"
    return units, (f"pictures as {units}, which the input's range {low:.3g} to {high:.3g} suggests; "
                   "--pixels says otherwise")


def normalised(mean: Sequence[float], deviation: Sequence[float]) -> str:
    """Return the units of pixels of 0 to 255 less a mean, by a deviation, one or one per channel: "" for none.

    They are a key of PIXEL_UNITS, or "mean M std S", which pixel_scale reads.
    """
    counts = {len(mean), len(deviation)}
    if counts not in ({1}, {3}) or not all(map(math.isfinite, (*mean, *deviation))) or min(deviation) <= 0:
        return ""
    for name, (divisor, minus) in PIXEL_UNITS.items():
        if np.allclose(deviation, divisor, rtol=0.01) and np.allclose(mean, minus * divisor, atol=1):
            return name
    return f"mean {','.join(f'{v:g}' for v in mean)} std {','.join(f'{v:g}' for v in deviation)}"


def pixel_scale(units: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what pixels of 0 to 255 are divided by, and what is taken away then, one or one per channel.

    Raises UserError for units that are none.
    """
    if units in PIXEL_UNITS:
        divisor, minus = PIXEL_UNITS[units]
        return np.array([divisor], np.float32), np.array([minus], np.float32)
    found = _NORMALISED.fullmatch(units)
    try:
        mean, deviation = ([float(v) for v in part.split(",")] for part in (found.groups() if found else ("", "")))
    except ValueError:
        mean = deviation = []
    if not normalised(mean, deviation):
        raise UserError(f"pixels in units of {units}; there are {', '.join(PIXEL_UNITS)}")
    return np.array(deviation, np.float32), np.array(mean, np.float32) / np.array(deviation, np.float32)


def most_of(format: str, channels: int) -> tuple[int, ...]:
    """Return the largest value of each channel, as the kernel has them: of grey, or of red, green and blue."""
    rgb565 = format in ("rgb565", "rgb565le")
    mosaic = format in MOSAICS
    if channels == 1:
        return (5 * 31 + 5 * 63 + 2 * 31 if rgb565 else 17 * 255 if format == "rgb888" or mosaic else 255,)
    return (31, 63, 31) if rgb565 else (510, 510, 510) if mosaic else (255, 255, 255)


def parts_of(pixels: int, outputs: int, bilinear: bool) -> tuple[int, int]:
    """Return of how many parts a pixel is, and of how many of them an output, along a side; as few as can be.

    An output is all that lies between it and the next, or, bilinear, as wide as a pixel around its own middle: of two
    pixels then, by how near they are, as with the half-pixel centres of TensorFlow, and OpenCV's INTER_LINEAR.
    """
    common = math.gcd(pixels, outputs)
    step, share = pixels // common, outputs // common
    if not bilinear:
        return share, step
    share *= 1 + (step - share) % 2  # so that what is left out is the same before and behind
    return share, share


def problem_of(
    picture: Picture, crop: Crop, height: int, width: int, channels: int, bilinear: bool = False
) -> str:
    """Return why a crop cannot become an image of height x width, "" where it can."""
    pitch = picture.pitch
    if crop.width < pitch * width or crop.height < pitch * height:
        return f"it is smaller than the network's {width}x{height}" + " times two colours each way" * (pitch > 1)
    if crop.left + crop.width > picture.width or crop.top + crop.height > picture.height:
        return f"it is not in a picture of {picture.width}x{picture.height}"
    if crop.width % 2 or (picture.format in YUV and crop.left % 2):
        return "pixels are taken in pairs: an even width, and of YUV formats an even left edge"
    if pitch > 1 and (crop.width % 4 or any(n % 2 for n in (crop.left, crop.top, crop.height, *picture.shape[:2]))):
        return "a mosaic's pixels are taken in fours: even sides and edges, and a width of whole fours"
    (_, step_h), (_, step_w) = (parts_of(pixels // pitch, outputs, bilinear)
                                for pixels, outputs in ((crop.height, height), (crop.width, width)))
    most = max(most_of(picture.format, channels))
    if most * step_h > _SUMS or 512 * most * step_h * step_w > 1 << 32:
        return (f"{crop.height} rows for {height} are {step_h} parts of a row each, too many for the sums of columns; "
                f"take a height with a larger common divisor with {height}")
    return ""


def largest_crop(picture: Picture, height: int, width: int, channels: int, bilinear: bool = False) -> Crop | None:
    """Return the largest crop in the middle of a picture that has the shape of an image; None where there is none."""
    common = math.gcd(width, height)
    w, h = width // common, height // common
    for times in range(min(picture.width // w, picture.height // h), 0, -1):
        left = (picture.width - times * w) // 4 * 2
        top = (picture.height - times * h) // (2 * picture.pitch) * picture.pitch
        crop = Crop(left, top, times * w, times * h)
        if not problem_of(picture, crop, height, width, channels, bilinear):
            return crop
    return None


def image(
    build: Builder, picture: Tensor, camera: Picture, crop: Crop, shape: tuple[int, ...], dtype: str,
    quantization: Quantization | None, levels: np.ndarray, bilinear: bool = False,
) -> Tensor:
    """Add what makes a network's image of a picture, row by row.

    picture: uint8 of the camera's shape, outside of the arena. shape: (..., height, width, 1 or 3) of the image, int8
    or uint8. levels: what the 256 levels of brightness are in the network's units, float. bilinear: see parts_of.
    Return the image. Raises ValueError.
    """
    *_, height, width, channels = shape
    if problem := problem_of(camera, crop, height, width, channels, bilinear):
        raise ValueError(f"a crop of {crop}: {problem}")
    pairs = crop.width // camera.pitch // 2
    words = 1 + (channels + (camera.pitch > 1)) * pairs  # and of a mosaic a row, until the next one comes
    out = Tensor(build.unique("image"), tuple(shape), dtype, quantization)
    sums = Tensor(build.unique("columns"), (words,), "uint32", is_state=True)
    build.nodes.append(Node("IMAGE", [picture, build.constant(np.asarray(levels, np.float32), "levels")], [out, sums], {
        "format": camera.format, "in_h": camera.height // camera.pitch, "in_w": camera.width // camera.pitch,
        "top": crop.top // camera.pitch, "left": crop.left // camera.pitch, "height": crop.height // camera.pitch,
        "width": crop.width // camera.pitch, "bilinear": bilinear}))
    return out


def blobs(
    build: Builder, scores: Tensor, threshold: float, most: int = 16, first: int = 1, name: str = "boxes"
) -> list[Tensor]:
    """Add what finds things in a grid of cells: cells of a class that touch, corners included, are one.

    scores: int8 or uint8 [..., height, width, classes], quantised. threshold: the score from which a cell counts.
    most: how many boxes there can be. first: the first class that is no background.
    Return float32 [1, most, 4] of corners (ymin, xmin, ymax, xmax), 0 to 1 in the picture, [1, most] of classes without
    the background's, [1, most] of scores in falling order, and [1], how many there are.
    """
    shapes = {name: (1, most, 4), "classes": (1, most), "scores": (1, most), "count": (1,)}
    found = [Tensor(build.unique(name), shape, "float32") for name, shape in shapes.items()]
    build.nodes.append(Node("BLOBS", [scores], found, {"threshold": threshold, "most": most, "first": first}))
    return found
