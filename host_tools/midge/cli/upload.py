# SPDX-License-Identifier: MIT
"""midge upload: a model onto a board's file system."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from ..core.binding import check_file
from ..fileformat.read import load_file
from ..link.install import require_midge
from ..link.transport import Progress, open_board
from ..link.upload import Upload
from ..link.upload import upload as upload_file
from .output import console, number, print_json, print_next

port_option = click.option("--port", help="Serial port of the board; by default the only one with a board.")


@contextmanager
def progress_bar(title: str, size: int, quiet: bool) -> Iterator[Progress]:
    """A bar on the terminal while files go over; call what it yields with the bytes done."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Bar(*columns, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task(title, total=size)
        yield lambda done: bar.update(task, completed=done)


def upload_text(done: Upload) -> str:
    """One line on how it went."""
    if done.unchanged:
        return "is there already, byte for byte; nothing sent"
    text = f"{number(done.size)} B in {done.seconds:.1f} s, checked by SHA-256"
    if done.resumed_at:
        text += f"; the first {number(done.resumed_at)} B were there from last time"
    return text + (f"; {done.retries} requests had to be repeated" if done.retries else "")


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@port_option
@click.option("--to", "remote", help="Path on the board; by default the file's name.")
@click.option("--via", type=click.Choice(["serial", "ampy"]), default="serial", help="What to speak through.")
@click.option("--force", is_flag=True, help="Also onto a board that lacks Midge.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def upload(model: Path, port: str | None, remote: str | None, via: str, force: bool, as_json: bool) -> None:
    """Check MODEL and put it on a board.

    What was there before stays whole until the new file has arrived. An upload that broke off goes on where it was.
    """
    data = load_file(model)
    check_file(data, str(model))
    path = remote or model.name
    with open_board(port, via) as board:
        if not force:
            require_midge(board)
        with progress_bar(f"uploading {path}", len(data), as_json) as progress:
            done = upload_file(board, data, path, progress)
    if as_json:
        print_json({"file": str(model), **asdict(done)})
        return
    console.print(f"[bold]{model}[/] -> [bold green]{path}[/] on the board: {upload_text(done)}")
    print_next(f'at the REPL: [green]import midge; model = midge.load("{path}"); model[/]', f"midge verify {model}")
