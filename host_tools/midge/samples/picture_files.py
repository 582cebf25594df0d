# SPDX-License-Identifier: MIT
"""Read one picture of any kind as pixels of 8 bits, and bring it to a network's size as a camera's rows are brought."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..optional import need
from .doubts import Doubts

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
_OTHERS = (".heic", ".heif", ".avif", ".jp2", ".dng")  # which are not passed over, as they are meant to be seen
MOST_PIXELS = 64 << 20  # of one picture; larger ones would take gigabytes while they are read
SMALLEST = 8  # pixels of a side
_WIDE = ("I;16", "I;16B", "I;16L", "I;16N", "I")  # Pillow's modes of 16 bits and more


def is_picture(path: Path) -> bool:
    """Tell whether a file's name is that of a picture, also of a kind that may be one not to be read."""
    return path.suffix.lower() in (*PICTURES, *_OTHERS) and not path.name.startswith(".") and not path.is_dir()


def picture_files(folder: Path) -> list[Path]:
    """Return the pictures of a folder."""
    return sorted(path for path in folder.iterdir() if is_picture(path))


def read_picture(path: Path, grey: bool | None = None, doubts: Doubts | None = None) -> np.ndarray:
    """Return a picture as uint8 [height, width, 1 or 3], upright.

    grey: whether to give one channel; None for one where the file has no colour. doubts: told of what a camera would
    not give. Raises UserError where it is damaged, no picture, too large, or too small to show anything.
    """
    module = need("PIL.Image", "media", "reading pictures")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures, which are refused below, and of odd metadata
            with module.open(path) as image:
                _check_size(path, *image.size)
                return _pixels(path, image, grey, doubts or Doubts())
    except UserError:
        raise
    except module.UnidentifiedImageError as error:
        raise UserError(f"{path}: is no picture, or of a kind that cannot be read; export it as PNG or JPEG, or remove "
                        "it") from error
    except module.DecompressionBombError as error:
        raise UserError(f"{path}: more than {MOST_PIXELS:,} pixels; make it smaller") from error
    except Exception as error:  # Pillow's decoders fail in many ways
        if isinstance(error, OSError) and error.errno is not None:
            raise UserError(f"{path}: cannot be read ({error.strerror}); copy it again, or remove it") from error
        said = str(error) or type(error).__name__
        what = "is cut off" if "truncated" in said.lower() or "unexpected end" in said.lower() else "is damaged"
        raise UserError(f"{path}: {what} ({said}); copy it again, or remove it") from error


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise UserError(f"{path}: more than {MOST_PIXELS:,} pixels; make it smaller")
    if min(width, height) < SMALLEST:
        raise UserError(f"{path}: {width} x {height} pixels; {SMALLEST} a side at least show something: replace it, or "
                        "remove it")


def _pixels(path: Path, image: Any, grey: bool | None, doubts: Doubts) -> np.ndarray:
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":  # whose other pictures are those of a phone
        doubts.add("show several pictures, of which the first was taken; save the others on their own", path)
    image.load()
    image = need("PIL.ImageOps", "media", "reading pictures").exif_transpose(image)
    if image.mode == "F":
        raise UserError(f"{path}: has pixels of floats, whose white is unknown; export it with 8 bits a channel")
    if image.mode in _WIDE:
        wide = np.asarray(image)
        if wide.min() < 0 or wide.max() > 0xFFFF:
            raise UserError(f"{path}: has pixels of 32 bits, whose white is unknown; export it with 8 bits a channel")
        doubts.add("have 16 bits a pixel, of which 8 were kept, as cameras on boards give", path)
        values = (wide >> 8 if wide.max() > 255 else wide).astype(np.uint8)[..., None]
        return values if grey is not False else np.repeat(values, 3, axis=2)
    if image.mode == "CMYK":
        doubts.add("are in the colours of printers (CMYK), which were turned into RGB", path)
    if grey is None:
        grey = image.mode in ("1", "L", "LA", "La")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        module = need("PIL.Image", "media", "reading pictures")
        image = image.convert("RGBA")
        if image.getextrema()[3][0] < 255:
            doubts.add("are transparent in parts, which were laid on white; a camera sees what is behind", path)
        image = module.alpha_composite(module.new("RGBA", image.size, "white"), image)
    values = np.asarray(image.convert("L" if grey else "RGB"), np.uint8)
    return values[..., None] if values.ndim == 2 else values


def fit(pixels: np.ndarray, height: int, width: int) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Return a picture's middle with the aspect of another size, averaged to it: uint8 [height, width, channels].

    Each pixel is the mean of the area that it covers, rounded half up. Also returned: how far left and top of the
    middle begin, in the picture's pixels, and by what these are divided.
    """
    h, w = pixels.shape[:2]
    factor = min(h / height, w / width)
    left, top = (w - width * factor) / 2, (h - height * factor) / 2
    mean = _averaged(_averaged(pixels, 0, height, top, factor), 1, width, left, factor)
    return np.clip(np.floor(mean + 0.5), 0, 255).astype(np.uint8), (left, top, factor)


def _averaged(x: np.ndarray, axis: int, count: int, start: float, factor: float) -> np.ndarray:
    """Return the means of `count` stretches of an axis, of `factor` each; what is cut counts by its share."""
    sums = np.cumsum(x, axis=axis, dtype=np.float64)
    sums = np.concatenate([np.zeros_like(sums.take([0], axis)), sums], axis=axis)
    edges = np.clip(start + factor * np.arange(count + 1), 0, x.shape[axis])
    whole = np.minimum(edges.astype(int), x.shape[axis] - 1)
    shape = [1] * x.ndim
    shape[axis] = count + 1
    at = sums.take(whole, axis) + x.take(whole, axis) * (edges - whole).reshape(shape)
    return np.asarray(np.diff(at, axis=axis) / factor)
