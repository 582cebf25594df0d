# SPDX-License-Identifier: MIT
"""midge profile: what a model costs on a core, counted in instructions under QEMU."""

from __future__ import annotations

from pathlib import Path

import click

from .. import api
from ..power.budget import energy_facts, known_energies
from ..profiling.estimate import Costs, choose_core
from ..targets.boards import load_board
from ..targets.cores import emulated_cores
from .options import complete_boards, json_option
from .output import interval, joules, layer_text, mark, number, print_facts, print_json, print_next, print_table, say
from .progress import stages


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--target", shell_complete=lambda ctx, param, text: [n for n in emulated_cores() if n.startswith(text)],
              help=f"The core: {', '.join(emulated_cores())}; 'cortex-' may be left out.")
@click.option("--board", shell_complete=complete_boards, help="A board instead of its core.")
@json_option
def profile(model: Path, target: str | None, board: str | None, as_json: bool) -> None:
    """Count what each layer of MODEL takes on a core, without having one.

    A .midge file is run as it is; another model is converted first and packed for that core. It needs a compiler
    for the core and QEMU.
    """
    core = choose_core(target, board)
    with stages(f"running {model.name} on {core.title}", quiet=as_json):
        costs = api.profile(model, target=core.name)
    if as_json:
        print_json({"file": str(model), **costs.facts(), "microjoules_estimate": energy_facts(costs)})
        return
    _print(model, costs)
    if model.suffix == ".midge":
        print_next(f"midge inspect {model}", f"midge upload {model}")
    else:
        print_next(f"midge convert {model} --target {core.name}")


def _per(value: int, macs: int) -> str:
    return f"{value / macs:.2f}" if macs else ""


def _print(path: Path, costs: Costs) -> None:
    profile, file, macs = costs.profile, costs.file, costs.macs
    total, total_cycles = profile.total, costs.cycles(profile.total)
    say("[bold]{}[/] on {}, counted under QEMU\n", path, profile.core.title)
    rows = [
        (str(i), node.op.name, number(node.macs) if node.macs else "", number(n.instructions),
         _per(n.instructions, node.macs), number(costs.cycles(n)), _per(costs.cycles(n), node.macs),
         f"{n.instructions / max(total.instructions, 1):.1%}", layer_text(node.name))
        for i, (node, n) in enumerate(zip(file.nodes, profile.nodes, strict=True))
    ]
    rows.append(("", mark("[bold]all[/]"), number(macs), mark("[bold]{}[/]", number(total.instructions)),
                 _per(total.instructions, macs), mark("[bold]{}[/]", number(total_cycles)),
                 _per(total_cycles, macs), "", ""))
    print_table(["#", "op", "MACs", "instructions", "per MAC", "cycles ≈", "per MAC ≈", "share", "layer"], rows,
                right=(0, 2, 3, 4, 5, 6, 7), whole=(1,))
    say()
    print_facts([
        ("loading", f"{number(profile.open.instructions)} instructions to check the file, once; "
                    f"{number(profile.open_known.instructions)} with checksum=False"),
        ("arena", f"{number(file.arena_size)} B of RAM"),
        ("flash", f"{number(file.size)} B, and {number(costs.code_bytes)} B of code with the ops that it needs"),
        *((board.title, f"≈ {1000 * seconds:,.1f} ms per inference at {board.clock_hz / 1e6:g} MHz")
          for board, seconds in costs.seconds()),
        *((f"{load_board(name).title}: energy", f"≈ {interval(energy, joules)} per inference")
          for name, energy in known_energies(costs).items()),
    ])
    say("\nInstructions are exact. Cycles and times (≈) are estimated from the core's instruction timings.")
