# SPDX-License-Identifier: MIT
"""Labelled pictures, made: discs, bars and crosses of several "makers", who differ in light, paper and hand."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

MAKERS = ("ann", "bob", "cho", "dee")
KINDS = ("bar", "cross", "disc")
SIDE = 24


def made_shape(kind: str, size: float, at: tuple[float, float], angle: float, shape: tuple[int, int]) -> np.ndarray:
    """Return which pixels a shape covers, bool [height, width]. size: half of its length."""
    y, x = np.mgrid[:shape[0], :shape[1]] + 0.5
    y, x = y - at[0], x - at[1]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    bar = (np.abs(along) < size) & (np.abs(across) < 0.3 * size)
    if kind == "disc":
        return np.asarray(np.hypot(x, y) < 0.8 * size)
    return np.asarray(bar | ((np.abs(across) < size) & (np.abs(along) < 0.3 * size)) if kind == "cross" else bar)


def made_picture(kind: str, maker: int, rng: np.random.Generator) -> np.ndarray:
    """Return one picture, uint8 [SIDE, SIDE]."""
    paper, ink = 200 - 15 * maker, 40 + 20 * maker
    at = tuple(SIDE / 2 + rng.uniform(-2, 2, 2))
    covered = made_shape(kind, rng.uniform(7, 9), (at[0], at[1]), 0.15 * maker + rng.uniform(-0.2, 0.2), (SIDE, SIDE))
    return np.asarray(np.clip(np.where(covered, ink, paper) + rng.normal(0, 6, (SIDE, SIDE)), 0, 255), np.uint8)


def png(pixels: np.ndarray) -> bytes:
    """Return a picture as the bytes of a .png file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def write_pictures(folder: Path, each: int, seed: int = 0) -> Path:
    """Write `each` pictures of every kind and maker, a folder per kind; return the folder."""
    rng = np.random.default_rng(seed)
    for kind in KINDS:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for maker, name in enumerate(MAKERS):
            for i in range(each):
                (folder / kind / f"{kind}_{name}_{i}.png").write_bytes(png(made_picture(kind, maker, rng)))
    return folder


def write_scenes(folder: Path, count: int, seed: int = 0) -> Path:
    """Write pictures of 64 x 48 with two to four bars and discs in each, and Edge Impulse's boxes around them."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    boxes: dict[str, list[dict[str, object]]] = {}
    for i in range(count):
        pixels, name = rng.normal(200, 6, (48, 64)), f"scene{i}.png"
        boxes[name] = []
        for place in rng.permutation(6)[:rng.integers(2, 5)]:
            kind, at = ("bar", "disc")[rng.integers(2)], (12 + 24 * (place // 3), 11 + 21 * (place % 3))
            pixels[made_shape(kind, 6, (at[0] + 0.5, at[1] + 0.5), rng.uniform(-0.2, 0.2), (48, 64))] = 50
            boxes[name].append({"label": kind, "x": int(at[1] - 6), "y": int(at[0] - 6), "width": 13, "height": 13})
        (folder / name).write_bytes(png(np.clip(pixels, 0, 255).astype(np.uint8)))
    (folder / "bounding_boxes.labels").write_text(json.dumps({"version": 1, "boundingBoxes": boxes}))
    return folder
