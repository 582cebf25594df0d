# SPDX-License-Identifier: MIT
"""Bars on the terminal while work goes on; they are gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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
