# SPDX-License-Identifier: MIT
"""Pictures in a terminal: each character is two pixels, and boxes lie where they should."""

from __future__ import annotations

import numpy as np
import pytest

from midge.cli import progress
from midge.cli.half_blocks import Mark, half_blocks
from tests.support.command import LookedAt


def lines_of(pixels: np.ndarray, columns: int, rows: int, *marks: Mark) -> list[str]:
    return ["".join(character for character, _, _ in row) for row in half_blocks(pixels, columns, rows, marks)]


def test_it_fits_and_keeps_its_proportions() -> None:
    sizes = {(120, 160): (80, 30), (20, 20): (20, 10), (480, 640): (80, 30), (8, 300): (80, 1)}
    for (height, width), size in sizes.items():
        lines = lines_of(np.zeros((height, width, 1), np.uint8), 80, 40)
        assert (len(lines[0]), len(lines)) == size


def test_colours_are_those_of_the_two_pixels() -> None:
    pixels = np.zeros((4, 3, 3), np.uint8)
    pixels[0, 1], pixels[1, 1] = (255, 0, 0), (0, 0, 255)
    row = half_blocks(pixels, 80, 40)[0]
    assert row[:2] == [("▀", "#000000", "#000000"), ("▀", "#ff0000", "#0000ff")]


def test_a_box_has_its_label_at_its_corner_and_nothing_outside() -> None:
    pixels = np.full((40, 40, 3), 9, np.uint8)
    lines = lines_of(pixels, 80, 40, Mark(0.25, 0.5, 0.75, 1.0, "cup"), Mark(-1, -1, 2, 0.1, "a\x1b[31mb"))
    assert lines[10][10:13] == "cup" and "\x1b" not in "".join(lines)
    cells = half_blocks(pixels, 80, 40, [Mark(0.25, 0.5, 0.75, 1.0, "cup")])
    assert sum("#40dc40" in cell for row in cells for cell in row) > 30


def test_it_is_drawn_in_a_terminal(looked_at: LookedAt, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = half_blocks(np.full((4, 4, 3), (255, 0, 9), np.uint8), 40, 20)
    for colours, code in (("truecolor", "38;2;255;0;9"), ("", f"38;5;{16 + 36 * 5}")):
        monkeypatch.setenv("COLORTERM", colours)
        with progress.Picture(quiet=False) as picture:
            picture.show(cells, "cup\x1b 0.9")
        said = looked_at.taken()
        assert code in said and said.count("▀") % 8 == 0 and "cup\\x1b 0.9" in said
