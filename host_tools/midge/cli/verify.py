# SPDX-License-Identifier: MIT
"""midge verify: does the board compute what this machine computes?"""

from __future__ import annotations

from pathlib import Path

import click

from ..link.verify import verify_model
from .options import json_option, port_option
from .output import mark, number, print_facts, print_json, print_next, say
from .progress import stages


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--vectors", "given", type=click.Path(),
              help="Inputs as .npy, .npz or .csv, or pictures; by default the edges of their range, then random ones.")
@click.option("--runs", type=click.IntRange(1), default=12, show_default=True, help="How many inputs to make.")
@click.option("--seed", type=int, default=0, help="Of the random ones.")
@click.option("--on", help="Where the file is on the board, such as /rom/x.midge; by default its name, or a copy.")
@port_option
@json_option
def verify(
    model: Path, given: str | None, runs: int, seed: int, on: str | None, port: str | None, as_json: bool
) -> None:
    """Replay inputs through MODEL on a board and compare every byte of every output with this machine's core."""
    with stages(f"verifying {model.name}", quiet=as_json) as stage:
        result = verify_model(model, port, given, runs, seed, stage, on)
    if as_json:
        print_json(result.facts())
    else:
        print_facts([
            ("board", result.board),
            ("inputs", f"{result.runs} from {given}" if given else f"{result.runs}: edge values first, then random"),
            ("compared", f"{number(result.compared)} B of outputs"),
            ("time", f"{number(result.median_us)} us per inference (median)"),
        ])
    result.require_equal()
    if not as_json:
        say("[bold green]{}: every byte is the same on the board and on this machine[/]", model)
        load = mark('at the REPL: [green]import midge; midge.load("{}")[/]', on or model.name)
        print_next(load if result.on_board else f"midge upload {model}")
