# SPDX-License-Identifier: MIT
"""The terminal that commands write to: how wide it is, whether it shows colours, and lines that are drawn anew."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from threading import RLock
from typing import TextIO

import click
from wcwidth import clip

_UP, _BLANK = "\x1b[{}A", "\r\x1b[J"  # so many lines upwards; from here on nothing
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"  # the cursor


class Terminal:
    """Where text goes. All of it is safe to show by now: see output.plain."""

    def __init__(self) -> None:
        self._lines: Sequence[str] = ()
        self._drawn = 0  # rows
        self._lock = RLock()
        self.beside: Callable[[], AbstractContextManager[object]] = nullcontext  # what takes bars away meanwhile

    @property
    def stream(self) -> TextIO:
        """Return where text goes in the end."""
        return sys.stdout

    @property
    def width(self) -> int:
        """Return its columns: those of COLUMNS, of the terminal, or 80."""
        return shutil.get_terminal_size().columns

    @property
    def height(self) -> int:
        """Return its rows."""
        return shutil.get_terminal_size().lines

    @property
    def moves(self) -> bool:
        """Tell whether somebody looks, at what can draw lines anew."""
        return sys.stdout.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")

    @property
    def colours(self) -> bool:
        """Tell whether colours are wanted: NO_COLOR and FORCE_COLOR decide, or that somebody looks."""
        return not os.environ.get("NO_COLOR") and (bool(os.environ.get("FORCE_COLOR")) or self.moves)

    @property
    def all_colours(self) -> bool:
        """Tell whether it knows sixteen million colours, not only 256."""
        return os.environ.get("COLORTERM") in ("truecolor", "24bit") or "WT_SESSION" in os.environ

    def print(self, text: str) -> None:
        """Write lines of styled text, above those that are drawn anew."""
        with self._lock:
            self._write(self._erasing() + text + "\n" + self._drawing())

    def draw(self, lines: Sequence[str]) -> None:
        """Draw lines in place of those drawn before, cut at the right where a row ends; no lines end it."""
        with self._lock:
            self._lines = lines
            if self._drawn or lines:
                self._write(self._erasing() + self._drawing())

    def _erasing(self) -> str:
        return _UP.format(self._drawn) + _BLANK if self._drawn else ""

    def _drawing(self) -> str:
        shown = self._drawn
        lines = self._lines[-max(self.height - 1, 1):]
        self._drawn = len(lines)
        width = self.width
        return (_HIDE if lines and not shown else _SHOW if shown and not lines else "") + "".join(
            clip(line, 0, width) + "\n" for line in lines)

    def _write(self, text: str) -> None:
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"  # Windows' pipes may know no more than 256 letters
        text = text.encode(encoding, "backslashreplace").decode(encoding)
        with self.beside():
            click.echo(text if self.colours else _STYLE.sub("", text), sys.stdout, nl=False, color=True)


terminal = Terminal()
