# SPDX-License-Identifier: MIT
"""How commands speak: facts in two columns, tables, one line on what to do next, or JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from string import Formatter
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ..errors import visible
from ..power.uncertain import Uncertain

console = Console(highlight=False, soft_wrap=True)


class Markup(str):
    """Text whose rich markup is meant. All other text comes from outside, and is shown as it is."""


def plain(value: object) -> Markup:
    """Return markup that shows a value as it is: brackets are no tags, and control characters become visible."""
    return value if isinstance(value, Markup) else Markup(escape(visible(str(value))))


def mark(template: str, *values: object) -> Markup:
    """Return a template of markup with values in the places of its {}, shown as they are unless they are Markup."""
    return Markup(_Filler().format(template, *values))


class _Filler(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a value as its format says, as markup that shows it as it is."""
        return plain(format(value, format_spec) if format_spec else value)


def say(template: str = "", *values: object) -> None:
    """Print a template of markup with values in the places of its {} (see mark)."""
    console.print(mark(template, *values))


def print_note(text: str) -> None:
    """Print a warning that ends nothing."""
    say("  [bold yellow]note[/]  {}", text)


def print_json(facts: Any) -> None:
    """Print facts as indented JSON."""
    print(json.dumps(facts, indent=2))


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print a name and its value per line, aligned."""
    rows = list(facts)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        say("  [bold cyan]{}[/]  {}", name.ljust(width), value)


LEAST_ROOM = 8  # for a column that may be broken into lines


def print_table(
    headers: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = (), whole: Sequence[int] = ()
) -> None:
    """Print a table; `right` lists the columns of numbers, `whole` others that are not to be broken into lines.

    Neither is ever cut: on a narrow terminal columns stand closer, and where the last one has hardly any room it goes.
    """
    headers, rows = [plain(h) for h in headers], [[plain(cell) for cell in row] for row in rows]
    fixed = {i for i in range(len(headers)) if i in right or i in whole}
    widths = {i: max(Text.from_markup(row[i]).cell_len for row in [headers, *rows]) for i in fixed}
    room = console.width - sum(widths.values())
    narrow = room < 2 * len(headers) + LEAST_ROOM
    shown = list(range(len(headers)))
    if room < len(headers) + LEAST_ROOM and shown[-1] not in fixed:
        shown.pop()
    table = Table(box=None, pad_edge=False, collapse_padding=narrow, header_style="bold cyan")
    for i in shown:
        table.add_column(headers[i], justify="right" if i in right else "left", no_wrap=i in fixed, overflow="fold",
                         min_width=widths.get(i))
    for row in rows:
        table.add_row(*(row[i] for i in shown))
    console.print(table)


def print_next(*commands: str) -> None:
    """Print what the user may want to type now."""
    say("[bold]next:[/] {}", Markup("   or   ".join(map(plain, commands))))


def number(n: int) -> str:
    """Return a number with commas between thousands."""
    return f"{n:,}"


def _scaled(value: float, units: Sequence[tuple[float, str]]) -> str:
    """Return a number of three digits with the first unit that it reaches, or the last."""
    scale, unit = next((pair for pair in units if value >= pair[0]), units[-1])
    return f"{value / scale:.3g} {unit}"


def watts(microwatts: float) -> str:
    """Return a power with its unit."""
    return _scaled(microwatts, ((1e6, "W"), (1e3, "mW"), (1, "µW")))


def joules(microjoules: float) -> str:
    """Return an energy with its unit."""
    return _scaled(microjoules, ((1e6, "J"), (1e3, "mJ"), (1, "µJ")))


def milliseconds(seconds: float) -> str:
    """Return a stretch of time with its unit."""
    return _scaled(seconds, ((1, "s"), (1e-3, "ms"), (1e-6, "µs")))


def interval(x: Uncertain, text: Callable[[float], str] = watts) -> str:
    """Return a number and the interval that it lies in."""
    return f"{text(x.value)} ({text(x.low)} to {text(x.high)})"


def layer_text(name: str) -> str:
    """Return the last part of a layer's name, which often is a path."""
    return name.rstrip("/").rsplit("/", 1)[-1]


def shape_text(dtype: str, shape: Sequence[int]) -> str:
    """Return a dtype and shape as "int8 [1, 10]"."""
    return f"{dtype} [{', '.join(map(str, shape))}]"
