# SPDX-License-Identifier: MIT
"""The part of midge train that is of movements alone: searching for the way to train."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import click

from .. import api
from ..capture.pauses import read_gestures
from ..errors import UserError
from ..profiling.estimate import choose_core, count_instructions
from ..progress import Stage
from ..train.model import Trained
from ..train.search import Limits, Point, Search
from .options import Option
from .output import mark, number, print_note, print_table, say

MOVEMENTS = "Of movements"

_option = functools.partial(click.option, cls=Option, group=MOVEMENTS)
_OPTIONS = (
    _option("--search", "searches", is_flag=True, help="Try all heads, features and windows, show what each is worth "
            "and costs, and take the cheapest that is as good as the best. --max-flash and --max-arena bound it."),
    _option("--processes", type=click.IntRange(1, 256), help="How many ways --search tries at once. Default: as many "
            "as there are processors."),
    _option("--dask", metavar="ADDRESS", help="Let the workers of this scheduler try them, as tcp://10.0.0.5:8786."),
)


@dataclass
class Ways:
    """The options of a search as they were given, and what was found."""

    searches: bool
    processes: int | None
    dask: str | None
    found: Search | None = field(default=None, init=False)

    def train(
        self, data: Path, options: api.TrainingOptions, name: str, background: Path | None, board: str | None,
        limits: Limits, stage: Stage,
    ) -> Trained:
        """Train on movements, after a search where one was asked for. Raises UserError."""
        if not self.searches:
            given = [option for option, value in (("--processes", self.processes), ("--dask", self.dask),
                                                  ("--max-flash", limits.flash_bytes),
                                                  ("--max-arena", limits.arena_bytes)) if value is not None]
            if given:
                raise UserError(f"{given[0]} of movements goes with --search: add it, or leave {given[0]} out")
            return api.train(data, options=options, name=name, stage=stage, background=background)
        takes = read_gestures(data, options.rate_hz, options.window_s)
        core = choose_core(None if board else "cortex-m4", board)
        self.found = api.search_movements(
            takes, options, count=functools.partial(count_instructions, core.name), limits=limits,
            processes=self.processes or os.cpu_count() or 1, dask=self.dask or "", stage=stage)
        chosen = self.found.chosen.options
        options = replace(options, head=chosen.head, features=chosen.features, window_s=chosen.window_s)
        return api.train(replace(takes, notes=list(takes.notes)), options=options, name=name, stage=stage,
                         background=background)

    def facts(self) -> dict[str, Any]:
        """Return what was found, for JSON; nothing where nothing was looked for."""
        return {} if self.found is None else {"search": self.found.facts()}

    def print(self) -> None:
        """Print what was found."""
        if self.found is None:
            return
        found = self.found
        counted = found.points[0].instructions is not None
        rows = [_row(found, p) for p in sorted(found.points, key=lambda p: (-p.mean, p.costs))]
        print_table(["", "head", "features", "window", "right, units alike", "flash", "RAM",
                     "instructions" if counted else "multiplications"], rows, right=(3, 5, 6, 7), whole=(0, 1, 2, 4))
        say("[dim]● none is better without costing more; → taken: the cheapest within one standard error of the best. "
            "Units that had no say in the choice are {:.1%} right[/]", found.honest)
        if not counted:
            print_note(f"no instructions counted: {found.points[0].missing}")
        for what, why in found.refused.items():
            print_note(f"not tried: {what}: {why}")


def _row(found: Search, point: Point) -> list[str]:
    sign = "→" if point is found.chosen else "●" if found.is_front(point) else ""
    shown = mark("[bold]{:.1%}[/]" if sign else "{:.1%}", point.mean)
    return [sign, point.options.head, point.options.features, f"{point.window_s:.2f} s", shown,
            f"{number(point.flash_bytes)} B", f"{number(point.arena_bytes)} B", number(point.costs[0])]


def movement_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a search; it gets them as one argument, `ways`."""
    names = [f.name for f in fields(Ways) if f.init]

    @functools.wraps(command)
    def with_ways(**arguments: Any) -> None:
        command(ways=Ways(**{name: arguments.pop(name) for name in names}), **arguments)

    for option in reversed(_OPTIONS):
        with_ways = option(with_ways)
    return with_ways
