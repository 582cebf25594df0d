# SPDX-License-Identifier: MIT
"""midge profile: what a model costs on a core, counted in instructions under QEMU."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ..convert.models import load_any
from ..errors import UserError
from ..fileformat.read import File, decode
from ..profiling.count import Count, Profile, code_bytes, count, find_target, targets
from ..targets.boards import Board, load_boards
from .output import console, layer_text, number, print_facts, print_json, print_next, print_table


def stalls(board: Board, total: Count, constants: int) -> int:
    """Cycles that the core waits for flash, an estimate.

    Each line of constants is read once a run. Without a cache a jump that is taken waits as well; what follows in
    a line is fetched ahead.
    """
    lines = -(-constants // board.flash_line_bytes)
    return board.flash_wait_states * (lines + (0 if board.flash_cached else total.taken))


def times(profile: Profile, file: File) -> list[tuple[Board, float]]:
    """Estimated seconds of an inference on each board that has this core."""
    total = profile.total
    cycles = total.cycles(profile.target.cycles)
    return [
        (board, (cycles + stalls(board, total, file.data_size)) / board.clock_hz)
        for board in load_boards()
        if board.core == profile.target.name and board.port != "qemu"
    ]


def _per(value: int, macs: int) -> str:
    return f"{value / macs:.2f}" if macs else ""


def facts_of(path: Path, profile: Profile, file: File) -> dict[str, Any]:
    """All that was counted, for --json."""
    cost = profile.target.cycles
    total = profile.total
    return {
        "file": str(path), "target": profile.target.name, "instructions": total.instructions,
        "cycles_estimate": total.cycles(cost), "macs": sum(n.macs for n in file.nodes),
        "open_instructions": profile.open.instructions,
        "open_known_instructions": profile.open_known.instructions, "arena_bytes": file.arena_size,
        "flash_bytes": file.size,
        "counts": asdict(total), "output_crc32": profile.crc,
        "milliseconds_estimate": {board.name: round(1000 * s, 3) for board, s in times(profile, file)},
        "nodes": [
            {"op": node.op.name, "layer": node.name, "macs": node.macs, "instructions": n.instructions,
             "cycles_estimate": n.cycles(cost), "counts": asdict(n)}
            for node, n in zip(file.nodes, profile.nodes, strict=True)
        ],
    }  # fmt: skip


def _print(path: Path, profile: Profile, file: File, code: int) -> None:
    cost, total = profile.target.cycles, profile.total
    macs = sum(n.macs for n in file.nodes)
    console.print(f"[bold]{path}[/] on a {profile.target.title}, counted under QEMU\n")
    rows = [
        (str(i), node.op.name, number(node.macs) if node.macs else "", number(n.instructions),
         _per(n.instructions, node.macs), number(n.cycles(cost)), _per(n.cycles(cost), node.macs),
         f"{n.instructions / max(total.instructions, 1):.1%}", layer_text(node.name))
        for i, (node, n) in enumerate(zip(file.nodes, profile.nodes, strict=True))
    ]  # fmt: skip
    rows.append(("", "[bold]all[/]", number(macs), f"[bold]{number(total.instructions)}[/]",
                 _per(total.instructions, macs), f"[bold]{number(total.cycles(cost))}[/]",
                 _per(total.cycles(cost), macs), "", ""))  # fmt: skip
    print_table(["#", "op", "MACs", "instructions", "a MAC", "cycles ≈", "a MAC ≈", "share", "layer"], rows,
                right=(0, 2, 3, 4, 5, 6, 7), whole=(1,))  # fmt: skip
    console.print()
    print_facts([
        ("loading", f"{number(profile.open.instructions)} instructions to check the file, once; "
                    f"{number(profile.open_known.instructions)} with checksum=False"),
        ("arena", f"{number(file.arena_size)} B of RAM"),
        ("flash", f"{number(file.size)} B, and {number(code)} B of code with the ops that it needs"),
        *((board.title, f"≈ {1000 * seconds:,.1f} ms an inference at {board.clock_hz / 1e6:g} MHz")
          for board, seconds in times(profile, file)),
    ])  # fmt: skip
    console.print("\nInstructions are exact. Cycles and times (≈) are estimated from the core's instruction timings.")


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--target", help=f"The core: {', '.join(targets())}; 'cortex-' may be left out.")
@click.option("--board", help="A board instead of its core.")
@click.option("--json", "as_json", is_flag=True, help="Print all counts as JSON.")
def profile(model: Path, target: str | None, board: str | None, as_json: bool) -> None:
    """Count what each layer of MODEL takes on a core, without having one.

    A .midge file is run as it is; another model is converted first and packed for that core. It needs a compiler
    for the core and QEMU.
    """
    if (target is None) == (board is None):
        raise UserError("name one core with --target cortex-m4, or one board with --board RPI_PICO")
    core = find_target(target or _core_of(str(board)))
    blob = load_any(model, target=core.name)
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console,
                  transient=True, disable=as_json) as progress:  # fmt: skip
        progress.add_task(f"running {model.name} on a {core.title}")
        counted, code = count(blob, core), code_bytes(blob, core)
    file = decode(blob)
    if as_json:
        print_json({**facts_of(model, counted, file), "code_bytes": code})
        return
    _print(model, counted, file, code)
    if model.suffix == ".midge":
        print_next(f"midge inspect {model}", f"midge upload {model}")
    else:
        print_next(f"midge convert {model} --target {core.name}")


def _core_of(board: str) -> str:
    rows = {row.name.lower(): row for row in load_boards()}
    if board.lower() not in rows:
        raise UserError(f"no board is called '{board}'; boards: {', '.join(row.name for row in rows.values())}")
    return rows[board.lower()].core
