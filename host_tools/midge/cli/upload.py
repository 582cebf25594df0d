# SPDX-License-Identifier: MIT
"""midge upload: a model onto a board's file system."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ..link.upload import Upload, upload_model
from .options import json_option, port_option
from .output import mark, number, print_json, print_next, say
from .progress import transfers


def _text(done: Upload) -> str:
    """Return one line on how it went."""
    if done.unchanged:
        return "is there already, byte for byte; nothing sent"
    text = f"{number(done.size)} B in {done.seconds:.1f} s, checked by SHA-256"
    if done.resumed_at:
        text += f"; the first {number(done.resumed_at)} B were there from last time"
    return text + (f"; {done.retries} requests had to be repeated" if done.retries else "")


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@port_option
@click.option("--to", help="Path on the board; by default the file's name.")
@click.option("--via", type=click.Choice(["serial", "ampy"]), default="serial", help="What to speak through.")
@click.option("--force", is_flag=True, help="Also onto a board that lacks Midge.")
@json_option
def upload(model: Path, port: str | None, to: str | None, via: str, force: bool, as_json: bool) -> None:
    """Check MODEL and put it on a board.

    What was there before stays whole until the new file has arrived. An upload that broke off goes on where it was.
    """
    with transfers(quiet=as_json) as stage:
        done = upload_model(model, port, to, via, force, stage)
    if as_json:
        print_json({"file": str(model), **asdict(done)})
        return
    say("[bold]{}[/] -> [bold green]{}[/] on the board: {}", model, done.path, _text(done))
    print_next(mark('at the REPL: [green]import midge; model = midge.load("{}"); model[/]', done.path),
               f"midge verify {model}")
