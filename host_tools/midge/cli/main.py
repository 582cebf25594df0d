# SPDX-License-Identifier: MIT
"""The `midge` command. A command is a file in commands/ and one line in COMMANDS."""

from __future__ import annotations

import sys

import click

from .. import __version__
from ..errors import UserError
from .boards import boards
from .convert import convert
from .evaluate import evaluate
from .flash import flash
from .inspect import inspect
from .install import install
from .profile import profile
from .run import run
from .sim import sim
from .upload import upload
from .verify import verify

COMMANDS = (convert, evaluate, inspect, run, profile, sim, boards, flash, install, upload, verify)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Machine learning on MicroPython boards: convert models, look at them, run them, put them on a board."""


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line; the one place where a user's mistake becomes one line and an exit code."""
    try:
        cli(standalone_mode=False)
    except UserError as error:
        sys.exit(f"midge: {error}")
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit("midge: interrupted")
    except BrokenPipeError:
        sys.exit(1)


if __name__ == "__main__":
    main()
