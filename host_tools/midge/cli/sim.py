# SPDX-License-Identifier: MIT
"""midge sim: an emulated board behind a serial port, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from types import FrameType

import click

from ..errors import UserError
from ..link.simulator import Simulator
from ..samples.recordings import read_recording
from ..targets.boards import load_board
from .output import console, number, print_facts

_ROMFS_MAGIC = b"\xd2\xcd\x31"


@click.command()
@click.option("--board", default="qemu-cortex-m4", show_default=True, help="A board of ports/boards that is emulated.")
@click.option("--sensor", type=click.Path(path_type=Path),
              help="CSV that the board's IMU plays over and over: x, y, z in g, and optionally in degrees a second.")
@click.option("--flash", type=click.Path(path_type=Path), help="Image of /flash: read if it is there, kept at the end.")
@click.option("--romfs", type=click.Path(path_type=Path), help="Folder or ROMFS image to show under /rom.")  # fmt: skip
def sim(board: str, sensor: Path | None, flash: Path | None, romfs: Path | None) -> None:
    """Start an emulated board. mpremote, ampy, Thonny and midge open its port like a real one's."""
    row = load_board(board)
    recording = read_recording(sensor) if sensor is not None else None
    _check_flash(flash)
    _check_romfs(romfs)
    simulator = Simulator(row, sensor=recording, flash=flash, romfs=romfs, wait=False)
    signal.signal(signal.SIGTERM, _interrupt)
    report = ""
    with suppress(KeyboardInterrupt), simulator:
        console.print(f"[bold]{row.title}[/] on [bold green]{simulator.port}[/]")
        facts = [("flash", f"{flash}, kept when the board stops" if flash else "empty; --flash <file> keeps it")]
        if romfs is not None:
            facts.append(("/rom", str(romfs)))
        if recording is not None:
            rows, columns = recording.shape
            kind = "acceleration" if columns == 3 else "acceleration and rotation"
            facts.append(("sensor", f"LSM9DS1 at I2C address 0x6b plays {number(rows)} samples of {kind}"))
        print_facts(facts)
        console.print("[bold]next:[/]")
        for command in ("mpremote connect {}", "ampy -p {} ls", "midge upload wand.midge --port {}"):
            console.print("  " + command.format(simulator.port))
        console.print("Ctrl-C stops the board")
        report = _until_it_ends(simulator)
    if report:
        raise UserError(report)
    console.print(f"{row.title} stopped" + (f"; /flash is in {flash}" if flash else ""))


def _until_it_ends(simulator: Simulator) -> str:
    """Wait as long as the board runs; return what went wrong there, or nothing where it left by qemu.exit(0)."""
    while True:
        with suppress(subprocess.TimeoutExpired):
            status, text = simulator.wait_exit(timeout_s=1)
            return f"the board ended with status {status}: {text or 'it said nothing'}" if status else ""


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _check_flash(path: Path | None) -> None:
    if path is None:
        return
    if path.is_dir():
        raise UserError(f"{path}: a folder; --flash wants a file, --romfs takes folders")
    if not path.absolute().parent.is_dir():
        raise UserError(f"{path}: no folder {path.parent}; make it first")
    if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise UserError(f"{path}: not writable; choose another file for --flash")


def _check_romfs(path: Path | None) -> None:
    if path is None or path.is_dir():
        return
    if not path.is_file():
        raise UserError(f"{path}: no such file or folder; --romfs wants a folder, or a ROMFS image")
    with path.open("rb") as file:
        if file.read(len(_ROMFS_MAGIC)) != _ROMFS_MAGIC:
            raise UserError(f"{path}: no ROMFS image; make one with: mpremote romfs build <folder>, or name the folder")
