# SPDX-License-Identifier: MIT
"""midge upload: a model onto a board's file system."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ..link.rom import RomUpload, upload_to_rom
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


_NAMED = 3  # other files in ROMFS; more are counted


def _rom_text(done: RomUpload) -> str:
    """Return one line on how it went into ROMFS."""
    names = done.beside if len(done.beside) <= _NAMED else [f"{len(done.beside)} other files"]
    beside = f", beside {', '.join(names)}" if names else ""
    if done.unchanged:
        return f"is there already, byte for byte{beside}; nothing sent"
    return (f"{number(done.size)} B in {done.seconds:.1f} s, checked by SHA-256{beside}; "
            f"{number(done.image)} of {number(done.room)} B of ROMFS")


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@port_option
@click.option("--to", help="Path on the board; by default the file's name.")
@click.option("--via", type=click.Choice(["serial", "ampy"]), default="serial", help="What to speak through.")
@click.option("--romfs", "in_rom", is_flag=True, help="Into ROMFS, where it is used in place; what is there stays.")
@click.option("--force", is_flag=True, help="Also onto a board that lacks Midge.")
@json_option
def upload(
    model: Path, port: str | None, to: str | None, via: str, in_rom: bool, force: bool, as_json: bool
) -> None:
    """Check MODEL and put it on a board.

    What was there before stays whole until the new file has arrived. An upload that broke off goes on where it was.
    ROMFS is written as a whole: one that broke off leaves the board without /rom, and says so.
    """
    if in_rom and via != "serial":
        raise click.UsageError("--romfs goes over the serial line alone, without --via ampy.")
    done: Upload | RomUpload
    with transfers(quiet=as_json) as stage:
        if in_rom:
            done = upload_to_rom(model, port, to, force, stage)
        else:
            done = upload_model(model, port, to, via, force, stage)
    if as_json:
        print_json({"file": str(model), **asdict(done)})
        return
    text = _rom_text(done) if isinstance(done, RomUpload) else _text(done)
    say("[bold]{}[/] -> [bold green]{}[/] on the board: {}", model, done.path, text)
    on = f" --on {done.path}" if done.path != model.name else ""
    print_next(mark('at the REPL: [green]import midge; model = midge.load("{}"); model[/]', done.path),
               f"midge verify {model}{on}")
