# SPDX-License-Identifier: MIT
"""The terminal: text in colour, lines that stay below what is printed, and tables as wide as there is room.

Colours are the terminal's own codes within the text. click takes them out where no terminal reads them.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Collection, Sequence
from threading import RLock
from typing import TextIO
from unicodedata import combining, east_asian_width

import click

_CODES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36}
_TAG = re.compile(rf"\[((?:{'|'.join(_CODES)})(?: (?:{'|'.join(_CODES)}))*|/)\]")


def coloured(template: str) -> str:
    """Return a text with the terminal's codes in place of its tags: [bold cyan] begins a style, [/] ends it."""
    return _TAG.sub(lambda tag: "\x1b[0m" if tag[1] == "/" else _begin(tag[1]), template)


def paint(text: str, style: str) -> str:
    """Return a text in a style as `coloured` has them, "" for none."""
    return f"{_begin(style)}{text}\x1b[0m" if style else text


def paint_cell(character: str, colour: str, behind: str) -> str:
    """Return a character in a colour on another, both as #rrggbb."""
    return click.style(character, fg=_rgb(colour), bg=_rgb(behind))


def _rgb(name: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(name.removeprefix("#"))
    return red, green, blue


def _begin(style: str) -> str:
    return f"\x1b[{';'.join(str(_CODES[word]) for word in style.split())}m"


def cells(text: str) -> int:
    """Return how many columns of a terminal a text takes, its codes not counted."""
    return sum(map(_cell, click.unstyle(text)))


def _cell(character: str) -> int:
    return 0 if combining(character) else 1 + (east_asian_width(character) in "WF")


class Console:
    """Standard output, and lines that stay below what is printed there.

    file, width: another stream, and its columns. force_terminal: treat it as a terminal, for tests.
    """

    def __init__(self, file: TextIO | None = None, force_terminal: bool = False, width: int | None = None) -> None:
        self._file, self._forced, self._width = file, force_terminal, width
        self._below: Sequence[str] = ()
        self._lock = RLock()  # bars move by themselves

    @property
    def file(self) -> TextIO:
        """Where it prints."""
        return self._file or sys.stdout

    @property
    def width(self) -> int:
        """Columns, 80 where nothing tells."""
        return self._width or shutil.get_terminal_size().columns

    @property
    def height(self) -> int:
        """Lines, 24 where nothing tells."""
        return shutil.get_terminal_size().lines

    @property
    def is_terminal(self) -> bool:
        """Whether somebody looks, at something that can move its cursor."""
        return self._forced or (self.file.isatty() and os.environ.get("TERM") != "dumb")

    def print(self, text: str) -> None:
        """Print a text and an end of line, above the lines that stay."""
        with self._lock:
            self._write(self._erased() + text + "\n" + "".join(f"{line}\n" for line in self._below))

    def keep_below(self, lines: Sequence[str]) -> None:
        """Draw lines that stay below what is printed, in place of the last ones; each fits into the width."""
        with self._lock:
            erased, self._below = self._erased(), lines
            self._write(erased + "".join(f"{line}\n" for line in lines))

    def _erased(self) -> str:
        return f"\r\x1b[{len(self._below)}A\x1b[J" if self._below else ""

    def _write(self, text: str) -> None:
        if "NO_COLOR" in os.environ:
            text = re.sub(r"\x1b\[[\d;]*m", "", text)
        click.echo(text, file=self.file, nl=False, color=self.is_terminal)


def table(
    headers: Sequence[str], rows: Sequence[Sequence[str]], room: int, right: Collection[int], fixed: Collection[int],
    gap: int = 2,
) -> list[str]:
    """Return a table's lines; cells of columns that are not `fixed` are broken where `room` is short of columns.

    right: columns whose cells end at the same place. gap: spaces between columns.
    """
    widths = [max(cells(row[i]) for row in [headers, *rows]) for i in range(len(headers))]
    while sum(widths) + gap * (len(widths) - 1) > room:
        widest = max((i for i in range(len(widths)) if i not in fixed), key=lambda i: widths[i], default=None)
        if widest is None or widths[widest] <= 1:
            break
        widths[widest] -= 1
    lines = []
    for n, row in enumerate([headers, *rows]):
        broken = [_broken(cell, widths[i]) for i, cell in enumerate(row)]
        for k in range(max(map(len, broken))):
            parts = [column[k] if k < len(column) else "" for column in broken]
            padded = [_padded(paint(part, "bold cyan") if n == 0 and part else part, widths[i], i in right)
                      for i, part in enumerate(parts)]
            lines.append((" " * gap).join(padded).rstrip())
    return lines


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - cells(text))
    return space + text if right else text + space


def _broken(text: str, width: int) -> list[str]:
    """Return a cell's text in lines of a width: between words, or within one that is longer."""
    if cells(text) <= width:
        return [text]
    lines = [""]
    for word in re.findall(r"\S+\s*", click.unstyle(text)):
        if lines[-1] and cells(lines[-1]) + cells(word.rstrip()) > width:
            lines.append("")
        for character in word:
            if cells(lines[-1]) >= width and not character.isspace():
                lines.append("")
            lines[-1] += character
    return [line.rstrip() for line in lines]


def cut(text: str, width: int) -> str:
    """Return as much of a text without codes as fits into a width."""
    taken = 0
    for i, character in enumerate(text):
        taken += _cell(character)
        if taken > width:
            return text[:i]
    return text
