# SPDX-License-Identifier: MIT
"""What several commands share of their options, and help in which options are grouped by what they are for."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from ..files import refuse_overwriting

GENERAL = "Options"


class Option(click.Option):
    """An option that knows the group of the help that lists it."""

    def __init__(self, *arguments: Any, group: str = GENERAL, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.group = group


class OutputPath(click.Path):
    """A file that a command writes."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)


class Finite(click.FloatRange):
    """A number of a range, and neither nan, which no range refuses, nor infinite."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number. Fails for another."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number


class Command(click.Command):
    """A command that writes over none of the files that it is given, and whose help shows options by group.

    Groups come in the order in which they first occur, the general one last.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, unless one of its outputs is one of its inputs. Raises UserError."""
        outputs, inputs = [], []
        for parameter in self.get_params(ctx):
            value = ctx.params.get(parameter.name or "")
            values = value if isinstance(value, tuple) else [value]
            if isinstance(parameter.type, OutputPath):
                outputs += [path for path in values if path is not None]
            else:
                inputs += [path for each in values for path in paths_in(each)]
        refuse_overwriting(outputs, inputs)
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options into the help, a section per group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                groups.setdefault(getattr(parameter, "group", GENERAL), []).append(record)
        for name in sorted(groups, key=lambda name: name == GENERAL):
            with formatter.section(name):
                formatter.write_dl(groups[name])


def paths_in(value: Any) -> list[Path]:
    """Return what of an argument may be the path of a file: PATH, NAME=PATH, PATH:NAME."""
    if isinstance(value, Path):
        return [value]
    if not isinstance(value, str) or not value or "\0" in value:
        return []
    return [Path(text) for text in {value, value.split("=", 1)[-1], value.rsplit(":", 1)[0]} if text]


def complete_ports(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the ports of boards that are plugged in."""
    from ..link.transport import attached

    return [place.port for place in attached() if place.port.startswith(incomplete)]


def complete_boards(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of known boards, upper and lower case alike."""
    from ..targets.boards import board_names

    return [name for name in board_names() if name.lower().startswith(incomplete.lower())]


def complete_targets(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of cores and boards."""
    from ..targets.cores import cores

    return [*(name for name in cores() if name.startswith(incomplete)), *complete_boards(ctx, parameter, incomplete)]


port_option = click.option("--port", shell_complete=complete_ports,
                           help="Serial port of the board; by default the only one with a board.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
