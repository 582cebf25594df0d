# SPDX-License-Identifier: MIT
"""midge flash: MicroPython with Midge onto a board."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import click

from ..link.flash import plan
from ..targets.boards import load_board
from .output import console, number, print_facts, print_json, print_next


@click.command()
@click.argument("board")
@click.argument("firmware", type=click.Path(path_type=Path), required=False)
@click.option("--port", help="Serial port of the board; by default the only one with a board.")
@click.option("--drive", type=click.Path(path_type=Path), help="The boot loader's drive; by default the mounted one.")
@click.option("--wait", "wait_s", type=float, default=0, help="Seconds to wait for that drive.")
@click.option("--dry-run", is_flag=True, help="Check everything and say what would be done; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def flash(
    board: str, firmware: Path | None, port: str | None, drive: Path | None, wait_s: float, dry_run: bool, as_json: bool
) -> None:
    """Write FIRMWARE onto a BOARD of `midge boards`; by default what make firmware built for it."""
    steps = plan(load_board(board), firmware, port, drive, wait_s)
    started = monotonic()
    writes = steps.ours and not dry_run
    if writes:
        with console.status(f"writing {steps.firmware.name}") if not as_json else _Quiet():
            steps.run()
    seconds = monotonic() - started
    if as_json:
        print_json({"board": steps.board.name, "firmware": str(steps.firmware), "command": steps.command,
                    "written": writes, "seconds": seconds})  # fmt: skip
        return
    if writes:
        size = number(steps.firmware.stat().st_size)
        console.print(f"[bold green]{steps.board.title} has its firmware[/]: {size} B in {seconds:.1f} s")
        print_facts([("by", steps.command)])
        print_next("midge boards", "midge install")
    else:
        reason = "would run" if steps.ours else f"{steps.board.title} gets its firmware by {steps.board.install}; type"
        console.print(f"{reason}:\n  [green]{steps.command}[/]")
        if steps.ours:
            print_next("the same command without --dry-run")


class _Quiet:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...
