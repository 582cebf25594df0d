# SPDX-License-Identifier: MIT
"""Bars on the terminal while work goes on; they are gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Lock, Thread
from time import monotonic

import click
from wcwidth import ljust, width

from ..errors import visible
from ..progress import Advance, Stage
from .output import number, plain, style
from .terminal import terminal

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_EVERY_S = 0.1  # a spinner turns, a bar grows
_BAR, _LEAST = 32, 6  # characters of a bar


class _Task:
    """What began at some time: so much of `count` is done; 0 is a count that nobody knows."""

    def __init__(self, title: str, count: int) -> None:
        self.title, self.count = plain(title), count
        self.done, self.began, self.took = 0, monotonic(), 0.0
        self._lock = Lock()

    def advance(self, n: int) -> None:
        with self._lock:
            self.done += n
            self.took = monotonic() - self.began

    @property
    def ended(self) -> bool:
        return 0 < self.count <= self.done

    def seconds(self) -> float:
        return self.took if self.ended else monotonic() - self.began

    def bar(self, length: int) -> str:
        """Return its bar: thick as far as it is done."""
        if not self.count:
            return " " * length
        full = round(length * min(self.done / self.count, 1))
        return style("━" * full, "green" if self.ended else "bold cyan") + style("─" * (length - full), "dim")


@contextmanager
def stages(title: str, quiet: bool) -> Iterator[Stage]:
    """Show a spinner with a title, and a bar for each stage of samples or runs."""
    whole = _Task(title, 0)

    def row(task: _Task, room: int) -> tuple[str, str]:
        spins = " " if task.ended else style(_SPINNER[int(monotonic() / _EVERY_S) % len(_SPINNER)], "bold green")
        count = "" if task is whole else f"  {number(task.done)}/{number(task.count) if task.count else '?'}"
        return f"{spins} {ljust(task.title, room)}", _clock(task.seconds()) + count

    with _bars([whole], row, quiet) as stage:
        yield stage


@contextmanager
def transfers(quiet: bool) -> Iterator[Stage]:
    """Show a bar for each file that goes over, with bytes and speed."""

    def row(task: _Task, room: int) -> tuple[str, str]:
        seconds = task.seconds()
        rate = task.done / seconds if seconds > 0 else 0.0
        left = _clock((task.count - task.done) / rate) if rate and task.count else "-:--"
        sizes = f"{task.done / 1000:.1f}/{task.count / 1000:.1f} kB" if task.count else f"{task.done / 1000:.1f} kB"
        return ljust(task.title, room), f"{sizes}  {rate / 1000:.1f} kB/s  {left}"

    with _bars([], row, quiet) as stage:
        yield stage


def _clock(seconds: float) -> str:
    """Return a time as minutes and seconds, and hours where it has some."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def _bars(tasks: list[_Task], row: Callable[[_Task, int], tuple[str, str]], quiet: bool) -> Iterator[Stage]:
    """Draw tasks again and again, beside the work; where nobody looks, nothing.

    row: returns what stands before and after a task's bar, given the width of the longest title.
    """
    ended = Event()

    def draw() -> None:
        while not ended.wait(_EVERY_S):
            shown = list(tasks)
            room = max((width(task.title) for task in shown), default=0)
            texts = [row(task, room) for task in shown]
            most = terminal.width - 4 - max((width(left) + width(right) for left, right in texts), default=0)
            length = max(_LEAST, min(_BAR, most))
            terminal.draw(tasks_id, [f"{left}  {task.bar(length)}  {right}"
                                     for task, (left, right) in zip(shown, texts, strict=True)])

    def stage(what: str, count: int) -> Advance:
        task = _Task(what, count)
        tasks.append(task)
        return task.advance

    tasks_id, drawer = object(), Thread(target=draw, daemon=True)
    if terminal.moves and not quiet:
        drawer.start()
    try:
        yield stage
    finally:
        ended.set()
        if drawer.is_alive():
            drawer.join()
        terminal.draw(tasks_id, [])


class Picture:
    """Lines that are drawn anew again and again, below what is printed meanwhile, and are gone at the end.

    quiet: draw nothing. Without a terminal nothing is drawn either; `moves` tells.
    """

    def __init__(self, quiet: bool) -> None:
        self.moves = terminal.moves and not quiet

    def __enter__(self) -> Picture:
        return self

    def __exit__(self, *_: object) -> None:
        terminal.draw(self, [])

    def draw(self, lines: Sequence[str], title: str = "") -> None:
        """Draw lines of plain text, the first in a style."""
        if self.moves:
            shown = [plain(line) for line in lines]
            terminal.draw(self, [style(shown[0], title) if title else shown[0], *shown[1:]])

    def show(self, cells: Sequence[Sequence[tuple[str, str, str]]], line: str = "") -> None:
        """Draw rows of characters with their colours and those behind them, as #rrggbb, and a line of plain text."""
        if self.moves:
            rows = ["".join(click.style(visible(character), fg=_colour(colour), bg=_colour(behind))
                            for character, colour, behind in row) for row in cells]
            terminal.draw(self, [*rows, style(line, "bold green")])


def _colour(name: str) -> int | tuple[int, int, int]:
    """Return #rrggbb as the terminal knows it: the colour, or the nearest of a cube of six by six by six."""
    red, green, blue = bytes.fromhex(name[1:])
    if terminal.all_colours:
        return red, green, blue
    return 16 + sum(scale * round(5 * part / 255) for scale, part in ((36, red), (6, green), (1, blue)))
