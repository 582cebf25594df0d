# SPDX-License-Identifier: MIT
"""Variants of pictures: other angles, distances, light, and what hides a part.

Points of a picture are (y, x) from -1 to 1. A variant shows at p what the picture has at A p + t. All is computed from
random numbers that are given, by NumPy or, as a part of the training step, by JAX: `xp` is one or the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

ANGLE, ZOOM, ASPECT, SHEAR, SHIFT = 0.25, 0.2, 0.1, 0.15, 0.12  # radians, logarithms, shares: at most
CONTRAST, BRIGHTNESS, TINT, NOISE = 0.35, 0.2, 0.1, 0.03
HOLE = 0.12  # of a side: half of what is hidden
RANDOM = 16  # numbers for a variant
FLIPS = ("none", "sideways", "all")


@dataclass(frozen=True)
class Views:
    """How much variants differ. strength: 1 for photographs by hand. flips: one of FLIPS. hides: a part at random.

    inverts: every other one is a negative, as print is light on dark or dark on light.
    """

    strength: float = 1.0
    flips: str = "none"
    hides: bool = True
    inverts: bool = False


def draw(u: Any, shape: tuple[int, int], views: Views, xp: Any) -> tuple[Any, Any]:
    """Return matrices A [count, 2, 2] and shifts t [count, 2] for pictures of a height and width.

    u: of random numbers from -1 to 1, [count, RANDOM].
    """
    angle, zoom, aspect, shear = (
        views.strength * most * u[:, i] for i, most in enumerate((ANGLE, ZOOM, ASPECT, SHEAR)))
    shift = 2 * views.strength * SHIFT * u[:, 4:6]
    tall, wide = xp.exp(zoom + aspect), xp.exp(zoom - aspect)
    h, w = shape  # angles are of pixels, not of halves of the sides
    matrix = xp.stack([
        xp.stack([xp.cos(angle) * tall, (shear - xp.sin(angle)) * wide * w / h], -1),
        xp.stack([xp.sin(angle) * tall * h / w, xp.cos(angle) * wide], -1)], -2)
    allowed = xp.array([views.flips == "all", views.flips != "none"])
    flip = xp.where(allowed & (u[:, 6:8] < 0), -1.0, 1.0)
    return matrix * flip[:, None], shift


def warp(x: Any, matrix: Any, shift: Any, xp: Any) -> Any:
    """Return what pictures [n, height, width, channels] show at A p + t, the nearest edge beyond them."""
    n, h, w, channels = x.shape
    y, z = xp.meshgrid((2 * xp.arange(h) + 1) / h - 1, (2 * xp.arange(w) + 1) / w - 1, indexing="ij")
    points = xp.stack([y, z], -1).reshape(1, -1, 2) @ matrix.transpose(0, 2, 1) + shift[:, None]
    row = xp.clip((points[..., 0] + 1) / 2 * h - 0.5, 0, h - 1)
    column = xp.clip((points[..., 1] + 1) / 2 * w - 0.5, 0, w - 1)
    top, left = xp.floor(row).astype(int), xp.floor(column).astype(int)
    below, right = xp.minimum(top + 1, h - 1), xp.minimum(left + 1, w - 1)
    down, across = (row - top)[..., None], (column - left)[..., None]
    flat = x.reshape(n, h * w, channels)

    def at(rows: Any, columns: Any) -> Any:
        return xp.take_along_axis(flat, (rows * w + columns)[..., None], 1)

    upper = at(top, left) * (1 - across) + at(top, right) * across
    lower = at(below, left) * (1 - across) + at(below, right) * across
    return (upper * (1 - down) + lower * down).reshape(x.shape)


def relight(u: Any, noise: Any, x: Any, views: Views, xp: Any) -> Any:
    """Return pictures 0 to 1 in other light, with noise, and with a part of each hidden.

    u: as for draw. noise: normal random numbers, as many as pixels.
    """
    h, w, channels = x.shape[1:]
    contrast, brightness = CONTRAST * u[:, 8, None, None, None], BRIGHTNESS * u[:, 9, None, None, None]
    if views.inverts:
        x = xp.where(u[:, 15, None, None, None] < 0, 1 - x, x)
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    x = (x - mean) * xp.exp(contrast) + mean + brightness
    if channels == 3:
        x = x * xp.exp(TINT * u[:, None, None, 10:13])
    x = x + NOISE * noise
    if views.hides:
        middle = (u[:, 13:15, None, None] + 1) / 2
        hidden = ((xp.abs(xp.arange(h)[None, :, None] / h - middle[:, 0]) < HOLE)
                  & (xp.abs(xp.arange(w)[None, None, :] / w - middle[:, 1]) < HOLE))
        x = xp.where(hidden[..., None], mean, x)
    return xp.clip(x, 0, 1)


def vary(x: np.ndarray, rng: np.random.Generator, views: Views) -> np.ndarray:
    """Return a variant of each picture, uint8 [n, height, width, channels]."""
    u = rng.uniform(-1, 1, (len(x), RANDOM)).astype(np.float32)
    noise = rng.normal(size=x.shape).astype(np.float32)
    shape = (x.shape[1], x.shape[2])
    seen = warp(x.astype(np.float32) / 255, *draw(u, shape, views, np), np)
    return np.asarray(255 * relight(u, noise, seen, views, np) + 0.5, np.uint8)
