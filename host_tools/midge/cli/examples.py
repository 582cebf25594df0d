# SPDX-License-Identifier: MIT
"""midge examples: programs for boards, with all that they need."""

from __future__ import annotations

from pathlib import Path

import click

from ..link.examples import Example, all_examples, find_example, put_example, write_example
from .options import json_option, port_option
from .output import mark, number, print_facts, print_json, print_next, print_table, say
from .progress import transfers


def _complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    return [example.name for example in all_examples() if example.name.startswith(incomplete)]


@click.command()
@click.argument("name", required=False, shell_complete=_complete)
@click.option("--to", "place", type=click.Path(path_type=Path, file_okay=False),
              help="The folder to put it into; by default one of the example's name.")
@click.option("--upload", "on_board", is_flag=True, help="Onto the board that is plugged in, not into a folder.")
@port_option
@json_option
def examples(name: str | None, place: Path | None, on_board: bool, port: str | None, as_json: bool) -> None:
    """List the example programs for boards, or write the one called NAME with the drivers and models that it needs."""
    on_board = on_board or port is not None
    if on_board and place:
        raise click.UsageError("--to is for a folder of this PC, --upload and --port for a board; give one of them.")
    if name is None:
        if on_board or place:
            raise click.UsageError("Which example? Without a name they are listed.")
        _list(as_json)
        return
    example = find_example(name)
    if on_board:
        with transfers(quiet=as_json) as stage:
            files = {done.path: done.size for done in put_example(example, port, stage)}
    else:
        files = {str(path): path.stat().st_size for path in write_example(example, place or Path(name))}
    if as_json:
        print_json({"name": name, "files": files, "lacks": example.lacks})
        return
    _tell(example, files)
    if on_board:
        print_next(mark("at the REPL: [green]import {}[/]", name))
    else:
        print_next(f"midge examples {name} --upload", f"mpremote cp -r {place or name}/. :")


def _list(as_json: bool) -> None:
    known = all_examples()
    if as_json:
        print_json([{"name": e.name, "kind": e.kind, "does": e.does, "lacks": e.lacks} for e in known])
        return
    print_table(["example", "about", "", "it needs of yours"],
                [(e.name, e.kind, e.does, ", ".join(e.lacks)) for e in known], whole=(0, 1))
    print_next("midge examples wand")


def _tell(example: Example, files: dict[str, int]) -> None:
    print_facts([(path, f"{number(size)} B") for path, size in files.items()])
    for line in example.text.splitlines():
        say("{}", line)
    if example.lacks:
        say("[bold]yours to make:[/] {}", ", ".join(example.lacks))
