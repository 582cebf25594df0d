# SPDX-License-Identifier: MIT
"""midge learner: what boards were taught, from the board and back, what it is worth, and several as one."""

from __future__ import annotations

from pathlib import Path

import click

from ..fileformat.read import load_file
from ..files import write_whole
from ..link.learner import pull, push
from ..link.transport import open_board
from ..train.taught import MOST_ROWS, UNCERTAIN, LeftOut, Taught, load_taught, merge, report
from .options import Command, OutputPath, json_option, port_option
from .output import print_facts, print_json, print_next, print_table, say


@click.group()
def learner() -> None:
    """Look at what a board was taught, keep it, and give it to other boards."""


@learner.command("pull", cls=Command)
@click.argument("path")
@click.option("-o", "--output", type=OutputPath(), required=True, help="The file to write.")
@port_option
@json_option
def pull_command(path: str, output: Path, port: str | None, as_json: bool) -> None:
    """Fetch what midge.Learner saved at PATH on a board."""
    with open_board(port) as board:
        taught = pull(board, path)
    write_whole(output, lambda aside: aside.write_bytes(taught.blob))
    _tell(taught, output, as_json)
    if not as_json:
        print_next(f"midge learner evaluate {output} MODEL.midge")


@learner.command("push", cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("path")
@port_option
@json_option
def push_command(file: Path, path: str, port: str | None, as_json: bool) -> None:
    """Give FILE to a board, as what midge.Learner saved at PATH there."""
    taught = load_taught(file)
    with open_board(port) as board:
        sent = push(board, path, taught)
    _tell(sent, f"{path}.{sent.generation & 1} on the board", as_json)


@learner.command("merge", cls=Command)
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("-o", "--output", type=OutputPath(), required=True, help="The file to write.")
@click.option("--most", type=click.IntRange(1, MOST_ROWS), default=16, show_default=True,
              help="Takes of a class: what the board's Learner has room for. Each file gives as many.")
@json_option
def merge_command(files: tuple[Path, ...], output: Path, most: int, as_json: bool) -> None:
    """Make one head of what several boards were taught."""
    merged = merge([load_taught(file) for file in files], most)
    write_whole(output, lambda aside: aside.write_bytes(merged.blob))
    _tell(merged, output, as_json)


@learner.command("evaluate", cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("model", type=click.Path(path_type=Path))
@json_option
def evaluate_command(file: Path, model: Path, as_json: bool) -> None:
    """Say what FILE is worth: each take is answered by a learner that was taught all others, on MODEL."""
    taught = load_taught(file)
    found = report(taught, load_file(model))
    if as_json:
        print_json({"file": str(file), "model": str(model), **found.facts()})
        return
    low, high = found.right.interval
    say("[bold]{}[/]: {} takes of {} classes", file, taught.rows, len(taught.classes))
    facts = [("takes left out", f"{found.right.value:.1%} right ({found.right.right} of {found.right.count}; 19 times "
              f"in 20 it lies in {low:.0%} to {high:.0%})")]
    if found.others.count:
        facts.append(("others", f"{found.others.right} of {found.others.count} of the model's own are taken for one"))
    print_facts(facts)
    print_table(["class", "takes", "right", "uncertain", "taken for"],
                [[c.label, str(c.rows), str(c.right.right), str(c.uncertain), _mistaken(c)] for c in found.classes],
                right=(1, 2, 3))
    weak = [c.label for c in found.classes if c.right.right < c.rows]
    if weak:
        print_next(f"teach {weak[0]} again, or midge.Learner.untrain its last take")


def _mistaken(c: LeftOut) -> str:
    return ", ".join(f"{label} {n}x" for label, n in c.said.items() if label not in (c.label, UNCERTAIN))


def _tell(taught: Taught, where: Path | str, as_json: bool) -> None:
    counts = {label: len(rows) for label, rows in taught.classes.items()}
    if as_json:
        print_json({"file": str(where), "generation": taught.generation, "classes": counts})
        return
    say("wrote [bold]{}[/]: {}", where, ", ".join(f"{label} {n}x" for label, n in counts.items()) or "nothing")
