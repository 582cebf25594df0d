# SPDX-License-Identifier: MIT
"""Write firmware onto a board: by esptool, by copying UF2 onto the boot loader's drive, or by a command to type."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..optional import need
from ..resources import built_firmware, firmware_remedy
from ..targets.boards import Board, load_board
from . import uf2
from .transport import find_port

BUILT_HERE = ("qemu", "rp2", "unix", "xtensa-sim")  # the ports that ports/ports.mk has rules for

# What else writes firmware, as the row's `install` names it, for the user to type.
_COMMANDS = {
    "stlink": 'openocd -f interface/stlink.cfg -f target/{family}.cfg -c "program {firmware} verify reset exit"',
    "bossac": "bossac --erase --write --verify --reset --offset={offset:#x} --port={port} {firmware}",
    "simulator": "midge sim --board {name}",
    "program": "{firmware}",
}


@dataclass(frozen=True)
class FlashPlan:
    """What will be done, and by what."""

    board: Board
    firmware: Path
    command: str  # what is run, or what the user is to run
    ours: bool  # whether we run it
    size: int  # bytes of what the board gets; 0 where we do not run it
    run: Callable[[], None]


@dataclass(frozen=True)
class Flashing:
    """What was done."""

    plan: FlashPlan
    written: bool  # False for a dry run, and where the user is to run the command
    seconds: float

    def facts(self) -> dict[str, Any]:
        """Return all of it, for JSON."""
        return {"board": self.plan.board.name, "firmware": str(self.plan.firmware), "command": self.plan.command,
                "written": self.written, "seconds": self.seconds}


def flash(
    board: str, firmware: Path | None = None, port: str | None = None, drive: Path | None = None, wait_s: float = 0,
    dry_run: bool = False,
) -> Flashing:
    """Write firmware onto a board, or say by which command the user is to do it.

    board: a name of `midge boards`. firmware, port, drive, wait_s: see plan_flash. dry_run: check only.
    Raises UserError where something is missing or does not fit, and where writing fails.
    """
    plan = plan_flash(load_board(board), firmware, port, drive, wait_s)
    started = time.monotonic()
    writes = plan.ours and not dry_run
    if writes:
        plan.run()
    return Flashing(plan, writes, time.monotonic() - started)


def plan_flash(
    board: Board, firmware: Path | None, port: str | None, drive: Path | None, wait_s: float = 0
) -> FlashPlan:
    """Decide how firmware gets onto a board, and check all that can be checked before.

    firmware: None for what was built. drive: the boot loader's, None to look for it, as long as `wait_s`.
    Raises UserError when the firmware, the tool or the drive is missing or is for another chip.
    """
    named = firmware
    firmware = named or _from_here(built_firmware(board.name, board.firmware))
    if board.install != "simulator" and not firmware.is_file():
        raise UserError(f"{named}: no such file; check the path") if named else _no_firmware(board)
    if board.install == "uf2":
        return _plan_uf2(board, firmware, drive, wait_s)
    if board.install == "esptool":
        return _plan_esptool(board, firmware, port)
    template = _COMMANDS.get(board.install)
    if template is None:
        raise UserError(f"{board.name}: nothing here writes firmware by {board.install}; use the maker's own tool")
    family = board.mcu[:7].lower() + "x"  # STM32F446RE: stm32f4x
    text = template.format(name=board.name, port=port or "PORT", firmware=firmware, offset=board.install_offset,
                           family=family)
    return FlashPlan(board, firmware, text, False, 0, lambda: None)


def _no_firmware(board: Board) -> UserError:
    """Return what is to be done where there is no file to write, and none was named."""
    if board.port in BUILT_HERE:
        return UserError(f"{board.name}: there is no firmware for it here; {firmware_remedy(board.name)}")
    return UserError(
        f"{board.title}: no firmware with Midge comes for it; download MicroPython's (micropython.org/download), run "
        f"midge flash {board.name} FILE, then midge install, which adds Midge"
    )


def _from_here(path: Path) -> Path:
    """Return a path below the working folder relative to it: shorter to read and to type."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _plan_uf2(board: Board, firmware: Path, place: Path | None, wait_s: float) -> FlashPlan:
    content = uf2.read(firmware)
    mcu = uf2.mcu_of(content, str(firmware))
    if mcu and mcu != board.mcu:
        raise UserError(f"{firmware}: is for an {mcu}, {board.name} has an {board.mcu}; "
                        f"{firmware_remedy(board.name)}")
    drive = _find_drive(board, place, wait_s)
    if drive.mcu != board.mcu:
        raise UserError(f"{drive.path}: is the boot loader of an {drive.mcu}, {board.name} has an {board.mcu}; "
                        "name the board that is plugged in")
    command = (f"gunzip -c {firmware} > {drive.path / uf2.ON_DRIVE}" if uf2.is_packed(firmware) else
               f"cp {firmware} {drive.path}")
    return FlashPlan(board, firmware, command, True, len(content), lambda: uf2.copy(content, drive))


def _find_drive(board: Board, place: Path | None, wait_s: float) -> uf2.Drive:
    end = time.monotonic() + wait_s
    while True:
        named = uf2.read_drive(place) if place else None
        drives = ([named] if named else []) if place else uf2.find_drives()
        if len(drives) == 1:
            return drives[0]
        if drives:
            listed = ", ".join(str(drive.path) for drive in drives)
            raise UserError(f"{len(drives)} boot loader drives found ({listed}); choose one with --drive")
        if time.monotonic() >= end:
            break
        time.sleep(0.2)
    if place:
        raise UserError(f"{place}: no boot loader's drive (it holds no INFO_UF2.TXT); hold BOOTSEL while plugging in")
    raise UserError(f"{board.title}: no boot loader's drive is mounted; hold BOOTSEL while plugging the board in "
                    "(or run: mpremote bootloader), mount the drive, and try again")


def _plan_esptool(board: Board, firmware: Path, port: str | None) -> FlashPlan:
    need("esptool", "flash", "writing firmware to Espressif chips")
    chip = board.mcu.lower().replace("-", "")
    if firmware.read_bytes()[:1] != b"\xe9":  # the first byte of every image for Espressif's boot ROM
        raise UserError(f"{firmware}: no image for Espressif's boot loader; give the .bin of MicroPython's build")
    command = ["--chip", chip, "--port", find_port(port), "--baud", "460800",
               "write-flash", f"{board.install_offset:#x}", str(firmware)]
    return FlashPlan(board, firmware, "esptool " + " ".join(command), True, firmware.stat().st_size,
                     lambda: _run_esptool(command))


def _run_esptool(command: Sequence[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "esptool", *command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode == 0:
        return
    last = (done.stdout.strip().splitlines() or ["it said nothing"])[-1]
    port = command[command.index("--port") + 1]
    if "Permission" in done.stdout:
        raise UserError(f"{port}: no permission to open it; run: sudo usermod -aG dialout $USER, then log in again")
    if "busy" in done.stdout or "exclusively lock" in done.stdout:
        raise UserError(f"{port}: in use by another program; close its serial monitor and try again")
    if "Failed to connect" in done.stdout:
        raise UserError(f"{port}: the chip's boot loader does not answer; hold BOOT, press reset, and try again")
    raise UserError(f"{port}: esptool failed: {last}")
