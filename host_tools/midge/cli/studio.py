# SPDX-License-Identifier: MIT
"""midge studio: a page on this computer, from a sensor to a board that answers."""

from __future__ import annotations

import contextlib
import signal
import sys
import webbrowser
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING

import click

from ..optional import need
from .options import Command
from .output import print_facts, say

if TYPE_CHECKING:
    from ..studio.phone import PhoneDoor
    from ..studio.project import Project
    from ..studio.server import Door


@click.command(cls=Command)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("."))
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the page; by default a free one.")
@click.option("--phone", is_flag=True, help="Let a phone in this network be the sensor: it shows a QR code for it.")
@click.option("--no-browser", is_flag=True, help="Only print the page's address.")
def studio(folder: Path, port: int | None, phone: bool, no_browser: bool) -> None:
    """Open a page to record, train, put on a board, and see answers; all of it in FOLDER, and on this computer.

    FOLDER: a project, by default the current folder. Its takes, models and reports are files that the other commands
    read and write as well. A practice board, which is emulated, stands in where none is plugged in.
    """
    for package in ("starlette", "uvicorn", "websockets"):
        need(package, "studio", "midge studio")
    from ..studio.phone import serving_phone
    from ..studio.project import locked
    from ..studio.server import Door, serve
    from ..studio.studio import open_studio

    opened = open_studio(folder)
    with locked(opened.project) as place, contextlib.closing(opened), contextlib.ExitStack() as place_of_phone:
        door = Door(port or 0)
        if phone:
            place_of_phone.enter_context(serving_phone(opened, _phone_door(opened.project)))
        place.write(f"http://{door.hosts[0]}")
        place.flush()
        signal.signal(signal.SIGTERM, _interrupt)
        with contextlib.suppress(KeyboardInterrupt):
            serve(opened, door, lambda: _ready(opened.project.root, door, no_browser))
    say("the studio is closed; everything is in {}", opened.project.root)


def _phone_door(project: Project) -> PhoneDoor:
    """Return where a phone comes in, and print how. Raises UserError."""
    from ..studio.phone import PhoneDoor, qr_text

    door = PhoneDoor(project.hidden)
    address = door.address()
    for line in qr_text(address).splitlines():
        say("{}", line)
    print_facts([("phone", address)])
    say("Scan it with a phone in the same network, and go on though nobody vouches for its certificate: it is this "
        "studio's own. The page Record has a new code for another phone.")
    return door


def _ready(root: Path, door: Door, no_browser: bool) -> None:
    from ..studio.static_files import lacking

    print_facts([("project", str(root)), ("page", door.address())])
    say("The address is good once; Enter gives a new one. Ctrl-C closes the studio.")
    if lacking():
        say("{}", lacking())
    if not no_browser:
        Thread(target=webbrowser.open, args=(door.address(),), daemon=True).start()  # some stay until they are closed
    if sys.stdin is not None and sys.stdin.isatty():
        Thread(target=_offer, args=(door,), daemon=True).start()


def _offer(door: Door) -> None:
    """Print a new address whenever Enter is typed."""
    for _ in sys.stdin:
        print_facts([("page", door.address())])


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
