# SPDX-License-Identifier: MIT
"""The reference of the command line: usage, text and options of every command, from the commands themselves."""

from __future__ import annotations

from inspect import cleandoc

import click

from midge.cli.main import cli


def table() -> str:
    """Return a section for each command, in Markdown."""
    context = click.Context(cli, info_name="midge")
    names = cli.list_commands(context)
    commands = [(name, cli.get_command(context, name)) for name in names]
    return "\n\n".join(_section(name, command) for name, command in commands if command is not None)


def _section(name: str, command: click.Command) -> str:
    if isinstance(command, click.Group):
        text = " ".join(cleandoc(command.help or "").split())
        parts = [_section(f"{name} {part}", own) for part, own in sorted(command.commands.items())]
        return "\n\n".join([f"## midge {name}", text, *parts])
    context = click.Context(command, info_name=f"midge {name}")
    usage = " ".join([context.info_name or "", *command.collect_usage_pieces(context)])
    rows = [_row(option, context) for option in command.params if isinstance(option, click.Option)]
    text = cleandoc(command.help or "").replace("\n\n", "\0").replace("\n", " ").replace("\0", "\n\n")
    return "\n".join([f"## midge {name}", "", f"`{usage}`", "", text, "", "| option | |", "|---|---|", *rows])


def _row(option: click.Option, context: click.Context) -> str:
    names, text = option.get_help_record(context) or ("", "")
    cells = f"`{names}`", " ".join(text.split())
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
