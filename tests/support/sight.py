# SPDX-License-Identifier: MIT
"""What IMAGE and BLOBS should compute, written from their formulas with NumPy, and pictures as cameras give them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from midge.graph import Graph, Quantization, Tensor, sight
from midge.graph.builder import Builder
from midge.graph.sight import Crop, Picture


def channels_of(frame: np.ndarray, format: str, channels: int) -> np.ndarray:
    """Return int64 [height, width, channels] of a picture's bytes: what a pixel holds of each channel."""
    x = frame.astype(np.int64)
    if format == "grey":
        return np.repeat(x, channels, 2)
    if format == "rgb888":
        return x if channels == 3 else (5 * x[..., :1] + 10 * x[..., 1:2] + 2 * x[..., 2:])
    if format in ("rgb565", "rgb565le"):
        word = x[..., 0] << 8 | x[..., 1] if format == "rgb565" else x[..., 1] << 8 | x[..., 0]
        red, green, blue = word >> 11, word >> 5 & 63, word & 31
        return np.stack([red, green, blue], 2) if channels == 3 else (5 * red + 5 * green + 2 * blue)[..., None]
    if format.startswith("bayer-"):
        four = {c: np.zeros(1, np.int64) for c in "rgb"}
        for i, c in enumerate(format.removeprefix("bayer-")):  # both greens together
            four[c] = four[c] + x[i // 2 :: 2, i % 2 :: 2, 0]
        red, green, blue = four.values()
        return np.stack([2 * red, green, 2 * blue], 2) if channels == 3 else (5 * red + 5 * green + 2 * blue)[..., None]
    light, colour = (x[..., 0], x[..., 1]) if format == "yuv422" else (x[..., 1], x[..., 0])
    if channels == 1:
        return light[..., None]
    return np.stack([light, np.repeat(colour[:, 0::2], 2, 1), np.repeat(colour[:, 1::2], 2, 1)], 2)


def areas(pixels: int, outputs: int) -> np.ndarray:
    """Return int64 [outputs, pixels]: how many parts of each pixel, of `outputs` each, are in each output."""
    edges_in, edges_out = np.arange(pixels + 1) * outputs, np.arange(outputs + 1) * pixels
    low = np.maximum(edges_in[:-1], edges_out[:-1, None])
    high = np.minimum(edges_in[1:], edges_out[1:, None])
    return np.maximum(high - low, 0)


def points(pixels: int, outputs: int) -> np.ndarray:
    """Return int64 [outputs, pixels]: bilinear weights of pixels in outputs, 2 * outputs in all for each."""
    weights = np.zeros((outputs, pixels), np.int64)
    for i in range(outputs):
        before, near = divmod((2 * i + 1) * pixels - outputs, 2 * outputs)  # where it is, from the first one's middle
        weights[i, before] += 2 * outputs - near
        weights[i, min(before + 1, pixels - 1)] += near
    return weights


def levels(
    frame: np.ndarray, camera: Picture, crop: Crop, shape: tuple[int, ...], bilinear: bool = False
) -> np.ndarray:
    """Return the image of a picture as uint8 levels of shape [height, width, channels]."""
    *_, height, width, channels = shape
    values = channels_of(frame, camera.format, channels)
    if camera.format.startswith("bayer-"):  # from here on pixels of all colours
        crop = Crop(crop.left // 2, crop.top // 2, crop.width // 2, crop.height // 2)
    values = values[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    # Whole numbers below 2^53: floats are exact, and their products fast.
    weights = points if bilinear else areas
    rows, columns = weights(crop.height, height).astype(float), weights(crop.width, width).astype(float)
    sums = np.stack([rows @ values[..., c] @ columns.T for c in range(channels)], 2).astype(np.int64)
    total = np.array(sight.most_of(camera.format, channels)) * int(rows[0].sum()) * int(columns[0].sum())
    found = (510 * sums + total) // (2 * total)  # 255 * the average over its most, halves up
    if channels == 3 and camera.format in ("yuv422", "uyvy"):
        y, u, v = found[..., 0], found[..., 1] - 128, found[..., 2] - 128
        rgb = y + (359 * v + 128 >> 8), y - (88 * u + 183 * v + 128 >> 8), y + (454 * u + 128 >> 8)
        found = np.clip(np.stack(rgb, 2), 0, 255)
    return found.astype(np.uint8)


def eye(
    camera: Picture, crop: Crop, shape: tuple[int, ...], dtype: str = "uint8", bilinear: bool = False
) -> Graph:
    """Return a graph that gives the levels of a picture."""
    build = Builder("eye")
    x = Tensor("picture", camera.shape, "uint8", is_outside=True)
    steps = Quantization(np.array([1], np.float32), np.array([-128 if dtype == "int8" else 0], np.int64))
    return build.graph([x], [sight.image(build, x, camera, crop, shape, dtype, steps, np.arange(256), bilinear)])


def components(mask: np.ndarray) -> list[list[tuple[int, int]]]:
    """Return the cells of each component, corners included, in the order of their first cells."""
    left, found = {(int(y), int(x)) for y, x in np.argwhere(mask)}, []
    while left:
        grown, ring = set(), {min(left)}
        while ring:
            grown |= ring
            left -= ring
            ring = {(y + v, x + u) for y, x in ring for v in (-1, 0, 1) for u in (-1, 0, 1)} & left
        found.append(sorted(grown))
    return found


def boxes(q: np.ndarray, scale: float, zero_point: int, threshold: float, most: int) -> list[np.ndarray]:
    """Return what BLOBS should give for int8 scores [height, width, classes], whose class 0 is the background."""
    height, width, classes = q.shape
    best, f32 = q.argmax(2), np.float32
    wanted = (Fraction(threshold) - Fraction(1, 10**6)) / Fraction(scale)
    least = min((v for v in range(-128, 128) if v - zero_point >= wanted), default=128)
    things = []
    for c in range(1, classes):
        for cells in components((best == c) & (q[..., c] >= least)):
            y, x = np.array(cells).T
            w = q[y, x, c].astype(int) - zero_point
            cy = f32((w * (2 * y + 1)).sum()) / f32(2 * w.sum() * height)
            cx = f32((w * (2 * x + 1)).sum()) / f32(2 * w.sum() * width)
            hy, hx = f32(y.max() - y.min() + 1) / f32(2 * height), f32(x.max() - x.min() + 1) / f32(2 * width)
            score = f32(int(q[y, x, c].max()) - zero_point) * f32(scale)
            things.append((-score, cells[0], c - 1, (cy - hy, cx - hx, cy + hy, cx + hx)))
    things = sorted(things)[:most]
    out = [np.zeros((1, most, 4), f32), np.zeros((1, most), f32), np.zeros((1, most), f32),
           np.array([len(things)], f32)]
    for i, (score, _, c, box) in enumerate(things):
        out[0][0, i], out[1][0, i], out[2][0, i] = box, c, -score
    return out
