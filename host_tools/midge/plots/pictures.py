# SPDX-License-Identifier: MIT
"""Pictures in a page of HTML: as the network sees them, with what was drawn around things and what was found."""

from __future__ import annotations

import base64
import io
from html import escape

from ..optional import need
from ..samples.pictures import Picture
from ..samples.scenes import Scene
from ..train.outcome import Outcome
from ..train.pictures.found import TrainedGrid
from . import BLUE, GREEN, ORANGE, PINK, RED, SKY

_COLOURS = (ORANGE, BLUE, GREEN, PINK, SKY, RED)
_LARGE = 2  # by how much pictures with boxes are larger than others
_DOT, _LINE = 0.02, 0.006  # of the width


def picture_html(picture: Picture, trained: Outcome, width: int) -> str:
    """Return a picture, `width` pixels wide; of one with boxes, these and the centres that were found without it."""
    height, across = picture.values.shape[:2]
    if isinstance(picture, Scene) and isinstance(trained, TrainedGrid):
        width *= _LARGE
    down = round(width * height / across)
    image = f"<image href='{_png(picture)}' width={across} height={height} style='image-rendering:pixelated' />"
    marks = _marks(picture, trained) if isinstance(picture, Scene) and isinstance(trained, TrainedGrid) else ""
    return (f"<svg width={width} height={down} viewBox='0 0 {across} {height}' role=img "
            f"aria-label='{escape(picture.name, quote=True)}'>{image}{marks}</svg>")


def _png(picture: Picture) -> str:
    """Return a picture's pixels as a PNG within a link."""
    module = need("PIL.Image", "media", "drawing pictures")
    values, file = picture.values, io.BytesIO()
    module.fromarray(values[..., 0] if values.shape[2] == 1 else values).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _marks(scene: Scene, trained: TrainedGrid) -> str:
    height, width = scene.values.shape[:2]
    parts = []
    for name, (top, left, bottom, right) in zip(scene.classes, scene.boxes, strict=True):
        colour = _COLOURS[trained.labels.index(name) % len(_COLOURS)]
        parts.append(f"<rect x='{left:.1f}' y='{top:.1f}' width='{right - left:.1f}' height='{bottom - top:.1f}' "
                     f"fill=none stroke='{colour}' stroke-width='{_LINE * width:.2f}'>"
                     f"<title>{escape(name)}</title></rect>")
    number = next(i for i, other in enumerate(trained.recordings) if other.path == scene.path)
    for thing in trained.found(number):
        title = f"{escape(trained.labels[thing.kind])} {thing.score:.2f}"
        parts.append(f"<circle cx='{thing.x * width:.1f}' cy='{thing.y * height:.1f}' r='{_DOT * width:.1f}' "
                     f"fill='{_COLOURS[thing.kind % len(_COLOURS)]}' stroke=white stroke-width=.6>"
                     f"<title>{title}</title></circle>")
    return "".join(parts)
