# SPDX-License-Identifier: MIT
"""midge uninstall: Midge off a board again."""

from __future__ import annotations

import click

from ..link.install import uninstall as remove
from .options import json_option, port_option
from .output import number, print_json, print_next, say


@click.command()
@port_option
@json_option
def uninstall(port: str | None, as_json: bool) -> None:
    """Remove the native module and the package that `midge install` put on a board. Models stay."""
    done = remove(port)
    if as_json:
        print_json(done.facts())
        return
    if done.files:
        say("[bold green]Midge is off {}[/]: {} files, {} B", done.identity.title, len(done.files),
            number(sum(done.files.values())))
    else:
        say("{}: Midge was not on its file system", done.identity.title)
    if done.identity.core == "firmware":
        say("its firmware has Midge built in; to be rid of that, flash MicroPython's own")
    print_next("mpremote ls, to see what else is there")
