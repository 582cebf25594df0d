# SPDX-License-Identifier: MIT
"""midge upload: a model onto a board's file system."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from .. import format as midge_format
from ..transport import open_board
from ..upload import require_midge
from ..upload import upload as upload_file
from .output import console, number, print_json, print_next


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--port", help="Serial port of the board; by default the only one with a board.")
@click.option("--to", "remote", help="Path on the board; by default the file's name.")
@click.option("--via", type=click.Choice(["mpremote", "ampy"]), default="mpremote", help="What to speak through.")
@click.option("--force", is_flag=True, help="Also onto a board that lacks Midge.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def upload(model: Path, port: str | None, remote: str | None, via: str, force: bool, as_json: bool) -> None:
    """Check MODEL and put it on a board. What was there before stays whole until the new one has arrived."""
    data = midge_format.load_file(model)
    midge_format.check(data, str(model))
    path = remote or model.name
    started = monotonic()
    with open_board(port, via) as board:
        if not force:
            require_midge(board)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=console, transient=True, disable=as_json) as progress:
            task = progress.add_task(f"uploading {path}", total=len(data))
            upload_file(board, data, path, lambda done: progress.update(task, completed=done))
    seconds = monotonic() - started
    if as_json:
        print_json({"file": str(model), "path": path, "bytes": len(data), "seconds": seconds})
        return
    console.print(f"[bold]{model}[/] -> [bold green]{path}[/] on the board, {number(len(data))} B in {seconds:.1f} s, "
                  "checked by SHA-256")  # fmt: skip
    print_next(f'at the REPL: [green]import midge; model = midge.load("{path}"); model[/]')
