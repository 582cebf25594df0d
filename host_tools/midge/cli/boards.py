# SPDX-License-Identifier: MIT
"""midge boards: what Midge knows, and what is plugged in."""

from __future__ import annotations

import click

from ..link.survey import Survey, survey
from .options import complete_ports, json_option
from .output import print_json, print_next, print_table, say
from .terminal import terminal


@click.command()
@click.option("--port", shell_complete=complete_ports, help="Look at this port only, whatever is on it.")
@click.option("--interrupt", is_flag=True, help="Also ask boards that are running a program: it ends.")
@json_option
def boards(port: str | None, interrupt: bool, as_json: bool) -> None:
    """List the boards that Midge knows, and those that are plugged in with what they run."""
    found = survey(port, interrupt)
    if as_json:
        print_json(found.facts())
        return
    if not port:
        headers = ["board", "MCU", "core", "SIMD", "firmware by", "title"]
        known = [(b.name, b.mcu, b.core, b.simd, b.install, b.title) for b in found.known]
        shown = len(headers) - (terminal.width < 100)  # a narrow terminal has no room for titles
        print_table(headers[:shown], [row[:shown] for row in known], whole=(0, 1, 2, 3))
        say()
    for place in found.attached:
        say("[bold green]{}[/]  {}", place.port, place.runs + (f", {place.midge}" if place.midge else ""))
    for drive in found.boot_loaders:
        say("[bold green]{}[/]  boot loader of an {}", drive.path, drive.mcu)
    if not found.attached and not found.boot_loaders:
        say("No board is plugged in.")
    _print_next(found)


def _print_next(found: Survey) -> None:
    if found.boot_loaders:
        print_next("midge flash BOARD")
    elif any(place.midge == "no Midge" for place in found.attached):
        print_next("midge install")
    elif any(place.midge for place in found.attached):
        print_next("midge upload MODEL.midge")
    elif any("program is running" in place.runs for place in found.attached):
        print_next("midge boards --interrupt")
    else:
        print_next("plug one in and run: midge install", "without hardware: midge demo")
