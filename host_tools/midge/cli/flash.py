# SPDX-License-Identifier: MIT
"""midge flash: MicroPython with Midge onto a board."""

from __future__ import annotations

from pathlib import Path

import click

from ..link.flash import flash as write_firmware
from .options import complete_boards, complete_ports, json_option
from .output import number, print_facts, print_json, print_next, say
from .progress import stages


@click.command()
@click.argument("board", shell_complete=complete_boards)
@click.argument("firmware", type=click.Path(path_type=Path), required=False)
@click.option("--port", shell_complete=complete_ports,
              help="Serial port of the board; by default the only one with a board.")
@click.option("--drive", type=click.Path(path_type=Path), help="The boot loader's drive; by default the mounted one.")
@click.option("--wait", "wait_s", type=float, default=0, help="Seconds to wait for that drive.")
@click.option("--dry-run", is_flag=True, help="Check everything and say what would be done; write nothing.")
@json_option
def flash(
    board: str, firmware: Path | None, port: str | None, drive: Path | None, wait_s: float, dry_run: bool, as_json: bool
) -> None:
    """Write FIRMWARE onto a BOARD of `midge boards`; by default what make firmware built for it."""
    with stages(f"writing firmware for {board}", quiet=as_json):
        done = write_firmware(board, firmware, port, drive, wait_s, dry_run)
    if as_json:
        print_json(done.facts())
        return
    title = done.plan.board.title
    if done.written:
        say("[bold green]{} has its firmware[/]: {} B in {:.1f} s", title, number(done.plan.size), done.seconds)
        print_facts([("by", done.plan.command)])
        print_next("midge boards", "midge install")
    else:
        reason = "would run" if done.plan.ours else f"{title} gets its firmware by {done.plan.board.install}; type"
        say("{}:\n  [green]{}[/]", reason, done.plan.command)
        if done.plan.ours:
            print_next("the same command without --dry-run")
