# SPDX-License-Identifier: MIT
"""Pictures in a terminal: each character is two pixels, and boxes lie where they should."""

from __future__ import annotations

import io

import numpy as np
from rich.console import Console

from midge.cli.half_blocks import Mark, half_blocks


def printed(pixels: np.ndarray, columns: int, rows: int, *marks: Mark) -> list[str]:
    text = half_blocks(pixels, columns, rows, marks)
    console = Console(file=io.StringIO(), width=200)
    console.print(text)
    return text.plain.rstrip("\n").split("\n")


def test_it_fits_and_keeps_its_proportions() -> None:
    sizes = {(120, 160): (80, 30), (20, 20): (20, 10), (480, 640): (80, 30), (8, 300): (80, 1)}
    for (height, width), size in sizes.items():
        lines = printed(np.zeros((height, width, 1), np.uint8), 80, 40)
        assert (len(lines[0]), len(lines)) == size


def test_colours_are_those_of_the_two_pixels() -> None:
    pixels = np.zeros((4, 3, 3), np.uint8)
    pixels[0, 1], pixels[1, 1] = (255, 0, 0), (0, 0, 255)
    text = half_blocks(pixels, 80, 40)
    styles = {(span.start, str(span.style)) for span in text.spans}
    assert (1, "#ff0000 on #0000ff") in styles and (0, "#000000 on #000000") in styles


def test_a_box_has_its_label_at_its_corner_and_nothing_outside() -> None:
    pixels = np.full((40, 40, 3), 9, np.uint8)
    lines = printed(pixels, 80, 40, Mark(0.25, 0.5, 0.75, 1.0, "cup"), Mark(-1, -1, 2, 0.1, "a\x1b[31mb"))
    assert lines[10][10:13] == "cup" and "\x1b" not in "".join(lines)
    text = half_blocks(pixels, 80, 40, [Mark(0.25, 0.5, 0.75, 1.0, "cup")])
    assert sum("#40dc40" in str(span.style) for span in text.spans) > 30
