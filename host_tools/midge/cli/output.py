# SPDX-License-Identifier: MIT
"""How commands speak: facts in two columns, tables, one line on what to do next, or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from string import Formatter
from typing import Any

import click
from wcwidth import ljust, rjust, width, wrap

from ..errors import visible
from ..power.uncertain import Uncertain
from .terminal import terminal

_TAG = re.compile(r"\[(/|bold|dim|(?:bold )?(?:red|green|yellow|cyan))\]")


class Styled(str):
    """Text that holds a terminal's codes for its styles. All other text comes from outside, and is shown as it is."""


def plain(value: object) -> Styled:
    """Return a value as text that is shown as it is: all but styled text loses its control characters."""
    return value if isinstance(value, Styled) else Styled(visible(str(value)))


def style(text: object, name: str) -> Styled:
    """Return text in a style: bold, dim, a colour's name, or bold and a colour's name."""
    return Styled(_start(name) + plain(text) + _RESET)


def _start(name: str) -> str:
    words = name.split()
    colour = next((word for word in words if word not in ("bold", "dim")), None)
    return click.style("", fg=colour, bold="bold" in words or None, dim="dim" in words or None, reset=False)


_RESET = click.style("", reset=True)


def mark(template: str, *values: object) -> Styled:
    """Return a template with values in the places of its {}, shown as they are: only a template's [bold] is a tag."""
    styled = _TAG.sub(lambda tag: _RESET if tag[1] == "/" else _start(tag[1]), template)
    return Styled(_Filler().format(styled, *values))


class _Filler(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a value as its format says, shown as it is."""
        return plain(format(value, format_spec) if format_spec else value)


def say(template: str = "", *values: object) -> None:
    """Print a template with values in the places of its {} (see mark)."""
    terminal.print(mark(template, *values))


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
    headers, rows = [style(h, "bold cyan") for h in headers], [[plain(cell) for cell in row] for row in rows]
    fixed = {i for i in range(len(headers)) if i in right or i in whole}
    widths = [max(width(row[i]) for row in [headers, *rows]) for i in range(len(headers))]
    room = terminal.width - sum(widths[i] for i in fixed)
    gap = " " if room < 2 * len(headers) + LEAST_ROOM else "  "
    shown = list(range(len(headers)))
    if room < len(headers) + LEAST_ROOM and shown[-1] not in fixed:
        shown.pop()
    excess = sum(widths[i] for i in shown) + len(gap) * (len(shown) - 1) - terminal.width
    _narrow(widths, [i for i in shown if i not in fixed], excess)
    for row in [headers, *rows]:
        cells = {i: [row[i]] if i in fixed else wrap(row[i], widths[i]) or [""] for i in shown}
        height = max(map(len, cells.values()))
        for at in range(height):
            line = []
            for i, lines in cells.items():
                n = at - (height - len(lines) if row is headers else 0)  # titles stand right above what they name
                line.append((rjust if i in right else ljust)(lines[n] if 0 <= n < len(lines) else "", widths[i]))
            terminal.print(gap.join(line).rstrip(" "))


def _narrow(widths: list[int], columns: Sequence[int], excess: int) -> None:
    """Take an excess of characters from the widest of some columns, one by one."""
    for _ in range(excess):
        widest = max(columns, key=lambda i: widths[i], default=None)
        if widest is None or widths[widest] == 1:
            return
        widths[widest] -= 1


def print_next(*commands: str) -> None:
    """Print what the user may want to type now."""
    say("[bold]next:[/] {}", Styled("   or   ".join(map(plain, commands))))


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
