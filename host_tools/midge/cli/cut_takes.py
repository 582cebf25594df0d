# SPDX-License-Identifier: MIT
"""midge cut-takes: takes out of a long recording."""

from __future__ import annotations

from pathlib import Path

import click

from ..capture.recorder import cut_file
from .options import Command, json_option
from .output import print_json, print_next, say


@click.command(cls=Command)
@click.argument("recording", type=click.Path(path_type=Path))
@click.option("--seconds", type=click.FloatRange(0.1, 60), default=1.5, show_default=True, help="Of each take.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("data"), show_default=True,
              help="Folder of the data set; takes become OUT/LABEL/*.csv.")
@click.option("--idle", is_flag=True, help="Also cut the pauses into takes, labelled idle.")
@json_option
def cut_takes(recording: Path, seconds: float, out: Path, idle: bool, as_json: bool) -> None:
    """Cut RECORDING, which midge capture --continuous made, into takes: one where something moves.

    The recording stays as it is.
    """
    takes, pauses = cut_file(recording, out, seconds, idle)
    if as_json:
        print_json({"takes": [str(path) for path in takes], "idle": [str(path) for path in pauses]})
        return
    what = _count(len(takes), "take") + (" and " + _count(len(pauses), "pause") if idle else "")
    say("[bold]{}[/] -> [bold green]{}[/] of {:g} s in {}", recording, what, seconds, out)
    print_next(f"midge train {out}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
