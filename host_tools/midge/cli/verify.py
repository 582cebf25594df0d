# SPDX-License-Identifier: MIT
"""midge verify: does the board compute what this machine computes?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ..core.binding import check_file
from ..errors import UserError
from ..fileformat.read import load_file
from ..link.transport import open_board
from ..link.verify import vectors
from ..link.verify import verify as verify_model
from .output import console, number, print_facts, print_json, print_next
from .upload import port_option, progress_bar


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--vectors", "given", type=click.Path(path_type=Path),
              help="Inputs as .npy, .npz or .csv; by default the edges of their range, then random ones.")  # fmt: skip
@click.option("--runs", type=click.IntRange(1), default=12, show_default=True, help="How many inputs to make.")
@click.option("--seed", type=int, default=0, help="Of the random ones.")
@port_option
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def verify(model: Path, given: Path | None, runs: int, seed: int, port: str | None, as_json: bool) -> None:
    """Replay inputs through MODEL on a board and compare every byte of every output with this machine's core."""
    blob = load_file(model)
    check_file(blob, str(model))
    inputs = vectors(blob, given, runs, seed)
    with open_board(port) as board, progress_bar("verifying", len(inputs), as_json) as progress:
        result = verify_model(board, blob, model.name, inputs, progress)
    if as_json:
        print_json(asdict(result) | {"median_microseconds": result.median_us})
    else:
        print_facts([
            ("board", result.board),
            ("inputs", f"{result.runs} from {given}" if given else f"{result.runs}: edge values first, then random"),
            ("compared", f"{number(result.compared)} B of outputs"),
            ("time", f"{number(result.median_us)} us an inference (median)"),
        ])
    if result.differences:
        first = result.differences[0]
        raise UserError(
            f"{len(result.differences)} outputs differ; in run {first.run} {first.output} has {first.bytes} other "
            f"bytes, the first at {first.index}: {first.found} on the board, {first.wanted} here"
        )
    if not as_json:
        console.print(f"[bold green]{model}: every byte is the same on the board and on this machine[/]")
        load = f'at the REPL: [green]import midge; midge.load("{model.name}")[/]'
        print_next(load if result.on_board else f"midge upload {model}")
