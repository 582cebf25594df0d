# SPDX-License-Identifier: MIT
"""midge boards: what Midge knows, and what is plugged in."""

from __future__ import annotations

from typing import Any

import click

from ..errors import UserError
from ..link.install import identify
from ..link.transport import Attached, attached
from ..link.transport.repl import ReplBoard
from ..link.uf2 import find_drives
from ..targets.boards import load_boards
from .output import console, print_json, print_next, print_table


def look_at(place: Attached, interrupt: bool) -> dict[str, Any]:
    """What runs on an attached board; a program is left alone unless it may be interrupted."""
    facts: dict[str, Any] = {"port": place.port, "product": place.product}
    try:
        board = ReplBoard(place.port, patience_s=3, interrupt=interrupt)
        try:
            identity = identify(board)
        finally:
            board.close()
    except UserError as error:
        return facts | {"runs": str(error).removeprefix(f"{place.port}: ")}
    midge = {"": "no Midge", "firmware": "Midge in firmware"}.get(identity.core, "Midge as files")
    if identity.core.startswith("!"):
        midge = "a _midge.mpy for another core"
    return facts | {"runs": identity.title, "arch": identity.arch, "midge": midge,
                    "free_ram_bytes": identity.free_ram}  # fmt: skip


@click.command()
@click.option("--port", help="Look at this port only, whatever is on it.")
@click.option("--interrupt", is_flag=True, help="Also ask boards that are running a program: it ends.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def boards(port: str | None, interrupt: bool, as_json: bool) -> None:
    """List the boards that Midge knows, and those that are plugged in with what they run."""
    places = [Attached(port, "")] if port else attached()
    found = [look_at(place, interrupt) for place in places]
    drives = find_drives()
    rows = load_boards()
    if as_json:
        facts_of = [{"name": b.name, "title": b.title, "mcu": b.mcu, "core": b.core, "simd": b.simd, "arch": b.arch,
                  "install": b.install} for b in rows]  # fmt: skip
        print_json({"known": facts_of, "attached": found,
                    "boot_loaders": [{"drive": str(d.path), "board_id": d.board_id} for d in drives]})  # fmt: skip
        return
    if not port:
        headers = ["board", "MCU", "core", "SIMD", "firmware by", "title"]
        known = [(b.name, b.mcu, b.core, b.simd, b.install, b.title) for b in rows]
        shown = len(headers) - (console.width < 100)  # a narrow terminal has no room for titles
        print_table(headers[:shown], [row[:shown] for row in known], whole=(0, 1, 2, 3))
        console.print()
    for facts in found:
        console.print(f"[bold green]{facts['port']}[/]  {facts['runs']}" + (f", {facts['midge']}" if "midge" in facts
                      else ""))  # fmt: skip
    for drive in drives:
        console.print(f"[bold green]{drive.path}[/]  boot loader of an {drive.mcu}")
    if not found and not drives:
        console.print("No board is plugged in.")
    if drives:
        print_next("midge flash BOARD")
    elif any(facts.get("midge") == "no Midge" for facts in found):
        print_next("midge install")
    elif any("midge" in facts for facts in found):
        print_next("midge upload MODEL.midge")
    elif any("program is running" in str(facts["runs"]) for facts in found):
        print_next("midge boards --interrupt")
    else:
        print_next("plug one in and run: midge install", "without hardware: make firmware BOARD=qemu-cortex-m4")
