# SPDX-License-Identifier: MIT
"""Pictures in a terminal: two pixels a character, one above the other, and boxes over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import visible
from ..samples.picture_files import fit

Cell = tuple[str, str, str]  # a character, its colour and that behind it, as #rrggbb

_UPPER = "▀"
_COLOURS = ((64, 220, 64), (255, 170, 0), (0, 190, 255), (255, 80, 160))  # of boxes, by their labels


@dataclass(frozen=True)
class Mark:
    """A box over a picture, its sides in shares of the picture from 0 to 1, and what is written at its corner."""

    left: float
    top: float
    right: float
    bottom: float
    label: str


def half_blocks(pixels: np.ndarray, columns: int, rows: int, marks: Sequence[Mark] = ()) -> list[list[Cell]]:
    """Return a picture as rows of characters, at most so many columns and rows, in its proportions.

    pixels: uint8 [height, width, 1 or 3].
    """
    height, width = pixels.shape[:2]
    scale = min(columns / width, 2 * rows / height, 1.0)
    w, h = max(int(width * scale), 1), max(int(height * scale) // 2 * 2, 2)
    small = fit(pixels, h, w)[0]
    if small.shape[2] == 1:
        small = np.repeat(small, 3, axis=2)
    written: dict[tuple[int, int], tuple[str, tuple[int, int, int]]] = {}
    kinds = list(dict.fromkeys(mark.label for mark in marks))
    for mark in marks:
        _outline(small, written, mark, _COLOURS[kinds.index(mark.label) % len(_COLOURS)])
    cells = []
    for y in range(0, h, 2):
        row = []
        for x in range(w):
            if (y // 2, x) in written:
                letter, colour = written[y // 2, x]
                row.append((letter, "#000000", _hex(colour)))
            else:
                row.append((_UPPER, _hex(small[y, x]), _hex(small[y + 1, x])))
        cells.append(row)
    return cells


def _hex(colour: Iterable[int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _outline(
    small: np.ndarray, written: dict[tuple[int, int], tuple[str, tuple[int, int, int]]], mark: Mark,
    colour: tuple[int, int, int],
) -> None:
    h, w = small.shape[:2]
    x0, x1 = (min(max(round(v * w), 0), w - 1) for v in (mark.left, mark.right))
    y0, y1 = (min(max(round(v * h), 0), h - 1) for v in (mark.top, mark.bottom))
    small[[y0, y1], x0 : x1 + 1] = colour
    small[y0 : y1 + 1, [x0, x1]] = colour
    for i, letter in enumerate(visible(mark.label)[: w - x0]):
        written[y0 // 2, x0 + i] = letter, colour
