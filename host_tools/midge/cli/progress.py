# SPDX-License-Identifier: MIT
"""Bars on the terminal while work goes on; they are gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from ..errors import visible
from ..progress import Advance, Stage
from .output import console, plain


@contextmanager
def stages(title: str, quiet: bool) -> Iterator[Stage]:
    """Show a spinner with a title, and a bar for each stage of samples or runs."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(),
               TimeElapsedColumn())
    with _bars(columns, quiet) as progress:
        progress.add_task(plain(title), total=None)
        yield _stage(progress)


@contextmanager
def transfers(quiet: bool) -> Iterator[Stage]:
    """Show a bar for each file that goes over, with bytes and speed."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TimeRemainingColumn())
    with _bars(columns, quiet) as progress:
        yield _stage(progress)


def _bars(columns: tuple[ProgressColumn, ...], quiet: bool) -> Progress:
    # Where nobody looks, a bar that goes would leave an empty line.
    return Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)


def _stage(progress: Progress) -> Stage:
    def stage(what: str, count: int) -> Advance:
        task = progress.add_task(plain(what), total=count or None)
        return lambda n: progress.advance(task, n)

    return stage


class Picture:
    """Lines that are drawn anew again and again, below what is printed meanwhile, and are gone at the end.

    quiet: draw nothing. Without a terminal nothing is drawn either; `moves` tells.
    """

    def __init__(self, quiet: bool) -> None:
        self.moves = console.is_terminal and not quiet
        self._live = Live(console=console, transient=True, auto_refresh=False)

    def __enter__(self) -> Picture:
        if self.moves:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def draw(self, lines: Sequence[str], style: str = "") -> None:
        """Draw lines of plain text, the first in a style."""
        if self.moves:
            text = [Text(visible(line), style if i == 0 else "") for i, line in enumerate(lines)]
            self._live.update(Text("\n").join(text), refresh=True)

    def show(self, cells: Sequence[Sequence[tuple[str, str, str]]], line: str = "") -> None:
        """Draw rows of characters with their colours and those behind them, as #rrggbb, and a line of plain text."""
        if self.moves:
            text = Text()
            for row in cells:
                for character, colour, behind in row:
                    text.append(character, f"{colour} on {behind}")
                text.append("\n")
            self._live.update(text.append(visible(line), "bold green"), refresh=True)
