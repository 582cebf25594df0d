# SPDX-License-Identifier: MIT
"""How commands speak: facts in two columns, tables, one line on what to do next, or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

console = Console(highlight=False, soft_wrap=True)


def print_json(facts: Any) -> None:
    print(json.dumps(facts, indent=2))


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Name and value a line, aligned."""
    rows = list(facts)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        console.print(f"  [bold cyan]{name:{width}}[/]  {value}")


def print_table(
    headers: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = (), whole: Sequence[int] = ()
) -> None:
    """A table; `right` lists the columns of numbers, `whole` others that are not to be broken into lines."""
    table = Table(box=None, pad_edge=False, header_style="bold cyan")
    for i, header in enumerate(headers):
        number = i in right
        table.add_column(header, justify="right" if number else "left", no_wrap=number or i in whole, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def print_next(*commands: str) -> None:
    """What the user may want to type now."""
    console.print("[bold]next:[/] " + "   or   ".join(commands))


def number(n: int) -> str:
    return f"{n:,}"


def layer_text(name: str) -> str:
    """The last part of a layer's name, which often is a path."""
    return name.rstrip("/").rsplit("/", 1)[-1]


def shape_text(dtype: str, shape: Sequence[int]) -> str:
    return f"{dtype} [{', '.join(map(str, shape))}]".replace("[", "\\[")
