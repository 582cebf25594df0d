# SPDX-License-Identifier: MIT
"""midge install: Midge onto a board that runs MicroPython."""

from __future__ import annotations

from pathlib import Path

import click

from ..link.install import Plan, install_at
from .options import json_option, port_option
from .output import number, print_facts, print_json, print_next, say
from .progress import transfers


def _tell_plan(plan: Plan) -> None:
    """Say what it will cost, before it is sent."""
    module = f"the native module '{plan.module}' and " if plan.module else ""
    say("{}: {}the package, {} B of flash; Midge will take about {} kB of the {} kB of RAM that are free", plan.title,
        module, number(plan.flash), round(plan.ram / 1000), round(plan.free_ram / 1000))


@click.command()
@click.option("--for", "models", multiple=True, type=click.Path(path_type=Path), metavar="MODEL",
              help="Only what this .midge file needs, for less RAM, without Learner; may be given several times.")
@port_option
@json_option
def install(models: tuple[Path, ...], port: str | None, as_json: bool) -> None:
    """Put Midge on a board: what its firmware lacks of the native module and the package, checked and tried out."""
    with transfers(quiet=as_json) as stage:
        done = install_at(port, stage, models, told=_tell_plan if not as_json else lambda plan: None)
    if as_json:
        print_json(done.facts())
        return
    identity = done.identity
    sent = [upload for upload in done.uploads if not upload.unchanged]
    kept = len(done.uploads) - len(sent)
    say("[bold green]Midge is on {}[/], {:.1f} s", identity.title, done.seconds)
    core = "linked into its firmware" if done.core == "firmware" else f"{done.core}, {identity.arch}"
    package = "frozen into its firmware" if identity.package == "frozen" else f"{done.folder}/midge"
    total = number(sum(upload.size for upload in sent))
    words = f"{len(sent)} files, {total} B, each checked by SHA-256" if sent else "nothing"
    tried = "it imports; the test model has ops that this module was made without"
    if done.microseconds is not None:
        tried = f"a test model gave the same bytes as on this machine, in {number(done.microseconds)} us"
    print_facts([
        ("core", core),
        ("package", package),
        ("sent", words + (f"; {kept} were there already" if kept else "")),
        ("tried", tried),
        ("RAM", f"{number(done.free_ram_after)} B free with Midge imported"),
    ])
    print_next("midge upload MODEL.midge", "midge verify MODEL.midge")
