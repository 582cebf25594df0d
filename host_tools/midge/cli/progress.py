# SPDX-License-Identifier: MIT
"""Bars on the terminal while work goes on; they are gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from threading import Event, Thread
from time import monotonic

from ..errors import visible
from ..progress import Advance, Stage
from .output import console
from .terminal import cut, paint, paint_cell

_FRAME_S = 0.1
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_BAR = 16  # characters


@dataclass
class _Task:
    what: str
    total: int
    done: int = 0
    started: float = field(default_factory=monotonic)

    @property
    def seconds(self) -> float:
        return monotonic() - self.started


@contextmanager
def stages(title: str, quiet: bool) -> Iterator[Stage]:
    """Show a spinner with a title, and a bar for each stage of samples or runs."""
    with _bars(title, quiet, lambda task: f"{task.done}/{task.total}  {_clock(task.seconds)}") as stage:
        yield stage


@contextmanager
def transfers(quiet: bool) -> Iterator[Stage]:
    """Show a bar for each file that goes over, with bytes and speed."""
    with _bars("", quiet, _transferred) as stage:
        yield stage


def _transferred(task: _Task) -> str:
    speed = task.done / max(task.seconds, _FRAME_S)
    left = f", {_clock((task.total - task.done) / speed)} left" if speed > 0 else ""
    return f"{task.done / 1e3:.1f} of {task.total / 1e3:.1f} kB, {speed / 1e3:.1f} kB/s{left}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


@contextmanager
def _bars(title: str, quiet: bool, count: Callable[[_Task], str]) -> Iterator[Stage]:
    """Draw a title, and each task that goes on, until the end. Where nobody looks, nothing is drawn."""
    tasks: list[_Task] = []
    started, ended, spinner = monotonic(), Event(), cycle(_SPINNER)

    def stage(what: str, total: int) -> Advance:
        task = _Task(what, total)
        tasks.append(task)

        def advance(n: int) -> None:
            task.done += n

        return advance

    def draw() -> None:
        head = [f"{next(spinner)} {title}  {_clock(monotonic() - started)}"] if title else []
        lines = [cut(visible(line), console.width - 1) for line in head]
        lines += [_line(task, count(task)) for task in [*tasks] if not task.total or task.done < task.total]
        console.keep_below(lines)

    def refresh() -> None:
        while not ended.wait(_FRAME_S):
            draw()

    thread = Thread(target=refresh, daemon=True)
    shown = console.is_terminal and not quiet
    if shown:
        thread.start()
    try:
        yield stage
    finally:
        ended.set()
        if shown:
            thread.join()
            console.keep_below(())


def _line(task: _Task, count: str) -> str:
    if not task.total:
        return cut(visible(f"{task.what}  {_clock(task.seconds)}"), console.width - 1)
    full = min(max(_BAR * task.done // task.total, 0), _BAR)
    what = cut(visible(task.what), max(console.width - _BAR - len(count) - 5, 8))
    bar = paint("━" * full, "green") + paint("━" * (_BAR - full), "dim")
    return f"{what}  {bar}" if console.width < _BAR + len(count) + 13 else f"{what}  {bar}  {count}"


class Picture:
    """Lines that are drawn anew again and again, below what is printed meanwhile, and are gone at the end.

    quiet: draw nothing. Without a terminal nothing is drawn either; `moves` tells.
    """

    def __init__(self, quiet: bool) -> None:
        self.moves = console.is_terminal and not quiet

    def __enter__(self) -> Picture:
        return self

    def __exit__(self, *_: object) -> None:
        if self.moves:
            console.keep_below(())

    def draw(self, lines: Sequence[str], style: str = "") -> None:
        """Draw lines of plain text, the first in a style."""
        if self.moves:
            text = [cut(visible(line), console.width - 1) for line in lines]
            console.keep_below([paint(line, style if i == 0 else "") for i, line in enumerate(text)])

    def show(self, cells: Sequence[Sequence[tuple[str, str, str]]], line: str = "") -> None:
        """Draw rows of characters with their colours and those behind them, as #rrggbb, and a line of plain text."""
        if self.moves:
            rows = ["".join(paint_cell(*cell) for cell in row) for row in cells]
            console.keep_below([*rows, paint(cut(visible(line), console.width - 1), "bold green")])
