# SPDX-License-Identifier: MIT
"""The `midge` command. A command is a file of this folder and one line in COMMANDS."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from io import StringIO
from typing import NamedTuple

import click

from .. import __version__
from ..errors import UserError, visible
from ..limits import limits

RECORD, MAKE, LOOK, PUT = "Record", "Make a model", "Look at it", "Put it on a board"
BOARDS, SHELL = "Boards", "This program"


class Entry(NamedTuple):
    """A command that is not loaded yet: its module here, and what the list of commands says about it."""

    group: str
    module: str
    help: str


COMMANDS = {
    "studio": Entry(RECORD, "studio", "Open a page for all of it, from a sensor to a board that answers."),
    "capture": Entry(RECORD, "capture", "Record labelled takes of a board's sensor."),
    "cut-takes": Entry(RECORD, "cut_takes", "Cut a long recording into takes."),
    "convert": Entry(MAKE, "convert", "Convert a trained model, and quantise it."),
    "train": Entry(MAKE, "train", "Train a model of movements, sounds or pictures."),
    "cut": Entry(MAKE, "cut", "Cut off a network's front, to train on what it sees."),
    "evaluate": Entry(MAKE, "evaluate", "Measure a model on labelled samples."),
    "inspect": Entry(LOOK, "inspect", "Show a model's ops, shapes, MACs and memory."),
    "run": Entry(LOOK, "run", "Run a model on samples, on this machine."),
    "profile": Entry(LOOK, "profile", "Count what each layer takes on a core, without having one."),
    "power": Entry(LOOK, "power", "Estimate energy, and how long a battery lasts."),
    "upload": Entry(PUT, "upload", "Check a model and put it on a board."),
    "learner": Entry(PUT, "learner", "Fetch, judge, merge and give back what boards were taught."),
    "live": Entry(PUT, "live", "Show what a model on a board answers to its sensor."),
    "verify": Entry(PUT, "verify", "Compare a board's outputs with this machine's, byte for byte."),
    "boards": Entry(BOARDS, "boards", "List known boards, and what is plugged in."),
    "flash": Entry(BOARDS, "flash", "Write firmware onto a board."),
    "install": Entry(BOARDS, "install", "Put Midge on a board that runs MicroPython."),
    "uninstall": Entry(BOARDS, "uninstall", "Remove Midge from a board again."),
    "demo": Entry(BOARDS, "demo", "Run a gesture wand on a board, or on an emulated one."),
    "examples": Entry(BOARDS, "examples", "List programs for boards; write one with what it needs."),
    "sim": Entry(BOARDS, "sim", "Start an emulated board."),
    "completion": Entry(SHELL, "completion", "Print what makes the shell complete commands and options."),
}


class LazyGroup(click.Group):
    """Commands by name, each loaded when it is asked for, listed by what they are for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command and return it; None where there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        module = COMMANDS[cmd_name].module
        command = getattr(import_module(f".{module}", __package__), module)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name; the error for an unknown one suggests a similar name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = get_close_matches(args[0], COMMANDS, n=1)
            if not close:
                raise
            raise click.UsageError(f"{error.message} Did you mean {close[0]}?", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands into the help, a section per group, loading none."""
        width = max(map(len, COMMANDS))
        for group in dict.fromkeys(entry.group for entry in COMMANDS.values()):
            with formatter.section(group):
                rows = [(name.ljust(width), entry.help) for name, entry in COMMANDS.items() if entry.group == group]
                formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[click.shell_completion.CompletionItem]:
        """Complete commands with their short helps, loading none."""
        item = click.shell_completion.CompletionItem
        found = [item(name, help=entry.help) for name, entry in COMMANDS.items() if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__)
@click.option("--trust", is_flag=True, help="Lift the limits on time and memory that hold for files of models.")
@click.pass_context
def cli(ctx: click.Context, trust: bool) -> None:
    """Machine learning on MicroPython boards: convert models, look at them, run them, put them on a board."""
    ctx.with_resource(limits(trusted=trust, apart=True))


def main() -> None:
    """Run the command line; the one place where a user's mistake becomes one line and an exit code."""
    try:
        cli(prog_name="midge", standalone_mode=False)
    except UserError as error:
        text = visible(str(error), keep="\n")
        _fail_as_json(text)
        sys.exit("midge: " + text)
    except click.ClickException as error:
        shown = StringIO()
        error.show(shown)
        sys.stderr.write(visible(shown.getvalue(), keep="\n"))
        _fail_as_json(visible(error.format_message(), keep="\n"))
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail_as_json("interrupted")
        sys.exit("midge: interrupted")
    except BrokenPipeError:
        sys.exit(1)


def _fail_as_json(text: str) -> None:
    """Print what went wrong for whoever asked for JSON, as every command has it."""
    if "--json" in sys.argv[1:]:
        from json import dumps

        print(dumps({"error": text}, indent=2))


if __name__ == "__main__":
    main()
