# SPDX-License-Identifier: MIT
"""midge install: Midge onto a board that runs MicroPython."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from time import monotonic

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from ..link.install import Installation
from ..link.install import install as install_midge
from ..link.transport import open_board
from .output import console, number, print_facts, print_json, print_next
from .upload import port_option


def _facts(done: Installation, seconds: float) -> dict[str, object]:
    identity = done.identity
    return {
        "board": identity.title, "arch": identity.arch, "folder": done.folder,
        "core": "firmware" if identity.core == "firmware" else f"{done.folder}/_midge.mpy",
        "files": [asdict(upload) for upload in done.uploads], "proof_microseconds": done.microseconds,
        "free_ram_bytes": done.free_ram_after, "seconds": seconds,
    }  # fmt: skip


@click.command()
@port_option
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def install(port: str | None, as_json: bool) -> None:
    """Put Midge on a board: what its firmware lacks of the native module and the package, checked and tried out."""
    started = monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with open_board(port) as board, Progress(*columns, console=console, transient=True, disable=as_json) as bar:

        def progress(path: str, size: int) -> Callable[[int], None]:
            task = bar.add_task(path, total=size)
            return lambda done: bar.update(task, completed=done)

        done = install_midge(board, progress)
    seconds = monotonic() - started
    if as_json:
        print_json(_facts(done, seconds))
        return
    identity = done.identity
    sent = [upload for upload in done.uploads if not upload.unchanged]
    kept = len(done.uploads) - len(sent)
    console.print(f"[bold green]Midge is on {identity.title}[/], {seconds:.1f} s")
    core = "linked into its firmware" if identity.core == "firmware" else f"{done.folder}/_midge.mpy, {identity.arch}"
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
