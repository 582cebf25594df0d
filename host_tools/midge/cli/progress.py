# SPDX-License-Identifier: MIT
"""Bars on the terminal while work goes on; they are gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, RLock, Thread
from typing import Any

import click
from tqdm import tqdm
from wcwidth import ljust, width

from ..errors import visible
from ..progress import Advance, Stage, silent
from .output import number, plain, style
from .terminal import terminal

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_LENGTH, _WIDE = 32, 96  # of a bar on a terminal that has room; on others it takes what is left
_EVERY_S = 0.1  # a spinner turns, a clock goes on
_STAGES = "{spin} {desc}  {elapsed}"
_STAGE = "  {desc}  {bar}  {elapsed}  {done}/{all}"
_TRANSFER = "{desc}  {bar}  {n_fmt}B/{total_fmt}B  {rate_fmt}  {remaining}"


class _Bar(tqdm):
    """A bar of tqdm's that knows what the formats above name."""

    @property
    def format_dict(self) -> dict[str, Any]:
        """Return what may stand in a format."""
        facts: dict[str, Any] = super().format_dict
        spin = style(_SPINNER[int(facts["elapsed"] / _EVERY_S) % len(_SPINNER)], "bold green")
        done, count = number(self.n), number(self.total) if self.total else "?"
        room = {"ncols": terminal.width - 1, "nrows": terminal.height}
        return facts | room | {"spin": spin if terminal.colours else " ", "done": done, "all": count}

    @property
    def ended(self) -> bool:
        return bool(self.total) and self.n >= self.total


_Bar.set_lock(RLock())  # only threads draw; the lock of tqdm's own choice is one between processes
_Bar.monitor_interval = 0  # and its thread that looks after slow bars is not needed beside that of _Bars


class _Bars:
    """Bars that stand one below the other, and go on while they wait for work. Where nobody looks, none."""

    def __init__(self, quiet: bool) -> None:
        self._hidden = quiet or not terminal.moves
        self._bars: list[_Bar] = []
        self._ended = Event()
        self._clock = Thread(target=self._tick, daemon=True)

    def __enter__(self) -> _Bars:
        if not self._hidden:
            terminal.beside = lambda: _Bar.external_write_mode(file=terminal.stream)
            self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._clock.is_alive():
            self._clock.join()
        for bar in reversed(self._bars):
            bar.close()

    def add(self, title: str, count: int, form: str) -> Advance:
        """Add a bar; count: how much there is to do, or 0 where nobody knows."""
        if self._hidden:
            return silent(title, count)
        if terminal.width > _WIDE:
            form = form.replace("{bar}", f"{{bar:{_LENGTH}}}")
        bar = _Bar(desc=plain(title), total=count or None, bar_format=form, leave=False, file=terminal.stream,
                   ascii="─━", colour="cyan" if terminal.colours else None, unit="B", unit_scale=True)
        with _Bar.get_lock():
            self._bars.append(bar)
            room = max(width(bar.desc) for bar in self._bars)
            for bar in self._bars:
                bar.set_description_str(ljust(bar.desc, room))

        def advance(n: int) -> None:
            with _Bar.get_lock():
                bar.update(n)
                if bar.ended:
                    bar.refresh()

        return advance

    def _tick(self) -> None:
        while not self._ended.wait(_EVERY_S):
            with _Bar.get_lock():
                for bar in self._bars:
                    if not bar.ended:
                        bar.refresh()


@contextmanager
def stages(title: str, quiet: bool) -> Iterator[Stage]:
    """Show a spinner with a title, and a bar for each stage of samples or runs."""
    with _Bars(quiet) as bars:
        bars.add(title, 0, _STAGES)
        yield lambda what, count: bars.add(what, count, _STAGE)


@contextmanager
def transfers(quiet: bool) -> Iterator[Stage]:
    """Show a bar for each file that goes over, with bytes and speed."""
    with _Bars(quiet) as bars:
        yield lambda what, count: bars.add(what, count, _TRANSFER)


class Picture:
    """Lines that are drawn anew again and again, below what is printed meanwhile, and are gone at the end.

    quiet: draw nothing. Without a terminal nothing is drawn either; `moves` tells.
    """

    def __init__(self, quiet: bool) -> None:
        self.moves = terminal.moves and not quiet

    def __enter__(self) -> Picture:
        return self

    def __exit__(self, *_: object) -> None:
        terminal.draw([])

    def draw(self, lines: Sequence[str], title: str = "") -> None:
        """Draw lines of plain text, the first in a style."""
        if self.moves:
            shown = [plain(line) for line in lines]
            terminal.draw([style(shown[0], title) if title else shown[0], *shown[1:]])

    def show(self, cells: Sequence[Sequence[tuple[str, str, str]]], line: str = "") -> None:
        """Draw rows of characters with their colours and those behind them, as #rrggbb, and a line of plain text."""
        if self.moves:
            rows = ["".join(click.style(visible(character), fg=_colour(colour), bg=_colour(behind))
                            for character, colour, behind in row) for row in cells]
            terminal.draw([*rows, style(line, "bold green")])


def _colour(name: str) -> int | tuple[int, int, int]:
    """Return #rrggbb as the terminal knows it: the colour, or the nearest of a cube of six by six by six."""
    red, green, blue = bytes.fromhex(name[1:])
    if terminal.all_colours:
        return red, green, blue
    return 16 + sum(scale * round(5 * part / 255) for scale, part in ((36, red), (6, green), (1, blue)))
