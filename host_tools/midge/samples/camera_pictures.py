# SPDX-License-Identifier: MIT
"""Pictures as a camera would give them: files of any size become the bytes of its format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..graph.sight import FORMATS, MOSAIC, Crop, Picture, read_crop
from .faults import noted, raise_faults
from .picture_files import PICTURES, fit, picture_files, read_picture


@dataclass(frozen=True)
class View:
    """What a model's camera gives, and the part of it that the model looks at."""

    picture: Picture
    crop: Crop


def view_of(metadata: dict[str, str]) -> View | None:
    """Return what the metadata of a .midge file say of its camera; None for a model without one."""
    width, _, height = metadata.get("camera.size", "").partition("x")
    format, crop = metadata.get("camera.format", ""), read_crop(metadata.get("camera.crop", ""))
    if format not in FORMATS or crop is None or not (width.isdecimal() and height.isdecimal()):
        return None
    return View(Picture(format, int(width), int(height)), crop)


def read_as_camera(path: Path, view: View) -> np.ndarray:
    """Return the bytes that a camera gives of a picture in a file, uint8 [height, width, bytes].

    The picture fills the part that the model looks at, and loses what is beyond that on two sides; around it there is
    black. Sizes change by averages of areas. Raises UserError as read_picture does.
    """
    crop, camera = view.crop, view.picture
    whole = np.zeros((camera.height, camera.width, 3), np.uint8)
    seen, _ = fit(read_picture(path, grey=False), crop.height, crop.width)
    whole[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width] = seen
    return encode(whole, camera.format)


def camera_bytes(source: Path, metadata: dict[str, str], title: str) -> tuple[bytes, str]:
    """Return what the camera of a model gives of a picture or of a folder's, one after the other, and a line about it.

    metadata: the model's. Raises UserError.
    """
    view = view_of(metadata)
    if view is None:
        raise UserError(f"{title}: has no camera; convert it with --camera")
    paths = picture_files(source) if source.is_dir() else [source]
    if not paths:
        raise UserError(f"{source}: no pictures in this folder; put {', '.join(PICTURES)} files into it")
    pictures, faults = list[bytes](), list[str]()
    for path in paths:
        with noted(faults):
            pictures.append(read_as_camera(path, view).tobytes())
    raise_faults(faults, "pictures")
    each = "1 picture" if len(paths) == 1 else f"{len(paths)} pictures"
    return b"".join(pictures), f"{each} as {view.picture}"


def encode(rgb: np.ndarray, format: str) -> np.ndarray:
    """Return the bytes of a format of graph.sight, uint8 [height, width, bytes], for uint8 [height, width, 3]."""
    red, green, blue = (rgb[..., i].astype(np.int32) for i in range(3))
    if format == "rgb888":
        return np.asarray(rgb)
    if format.startswith(MOSAIC):
        return np.take_along_axis(rgb, _colours(format, *rgb.shape[:2]), 2)
    if format in ("rgb565", "rgb565le"):
        word = red >> 3 << 11 | green >> 2 << 5 | blue >> 3
        both = [word >> 8, word & 255] if format == "rgb565" else [word & 255, word >> 8]
        return np.stack(both, 2).astype(np.uint8)
    # ITU-T T.871, whose light is that of BT.601
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    y = _byte(light)
    if format == "grey":
        return y[..., None]
    u, v = 128 + (blue - light) / 1.772, 128 + (red - light) / 1.402
    colour = np.empty(y.shape, np.uint8)
    colour[:, 0::2] = _byte((u[:, 0::2] + u[:, 1::2]) / 2)
    colour[:, 1::2] = _byte((v[:, 0::2] + v[:, 1::2]) / 2)
    return np.stack([y, colour] if format == "yuv422" else [colour, y], 2)


def _colours(format: str, height: int, width: int) -> np.ndarray:
    """Return which channel each pixel of a mosaic sees, [height, width, 1]."""
    four = np.array(["rgb".index(c) for c in format.removeprefix(MOSAIC)]).reshape(2, 2)
    return four[np.arange(height)[:, None] % 2, np.arange(width) % 2][..., None]


def _byte(values: Any) -> np.ndarray:
    found: np.ndarray = np.floor(values + 0.5).clip(0, 255).astype(np.uint8)
    return found


def decode(raw: np.ndarray, format: str) -> np.ndarray:
    """Return what bytes of a format of graph.sight show, uint8 [height, width, 1 or 3]; encode() takes them back.

    raw: uint8 [height, width, bytes]. Colours of YUV are those of both pixels of a pair.
    """
    if format in ("grey", "rgb888"):
        return np.asarray(raw)
    if format.startswith(MOSAIC):
        colour, whole = _colours(format, *raw.shape[:2]), np.empty((*raw.shape[:2], 3), np.uint8)
        for i in range(3):  # each pixel has its own colour, and the others of its four
            y, x = (int(n[0]) for n in np.nonzero(colour[:2, :2, 0] == i))
            whole[..., i] = np.repeat(np.repeat(raw[y::2, x::2, 0], 2, 0), 2, 1)
        np.put_along_axis(whole, colour, raw, 2)
        return whole
    if format in ("rgb565", "rgb565le"):
        high, low = (raw[..., i].astype(np.int32) for i in ((0, 1) if format == "rgb565" else (1, 0)))
        five = [high >> 3, (high & 7) << 3 | low >> 5, low & 31]
        bits = [5, 6, 5]
        return np.stack([v << 8 - b | v >> 2 * b - 8 for v, b in zip(five, bits, strict=True)], 2).astype(np.uint8)
    light, colour = (raw[..., i].astype(np.float64) for i in ((0, 1) if format == "yuv422" else (1, 0)))
    u, v = (np.repeat(colour[:, i::2], 2, axis=1) - 128 for i in (0, 1))
    green = light - (0.114 * 1.772 * u + 0.299 * 1.402 * v) / 0.587
    return np.stack([_byte(light + 1.402 * v), _byte(green), _byte(light + 1.772 * u)], 2)
