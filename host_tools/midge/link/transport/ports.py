# SPDX-License-Identifier: MIT
"""Which serial ports lead to boards."""

from __future__ import annotations

from dataclasses import dataclass

from serial.tools import list_ports

from ...errors import UserError
from ..uf2 import find_drives


@dataclass(frozen=True)
class Attached:
    """A USB device with a serial port."""

    port: str
    product: str  # what its descriptors call it


def attached() -> list[Attached]:
    """Return the serial ports of USB devices: what has no vendor is a port of the PC itself."""
    found = [p for p in list_ports.comports() if p.vid is not None]
    return [Attached(str(p.device), str(p.product or p.description or "")) for p in found]


def find_port(port: str | None) -> str:
    """Return the port asked for, or the only one with a board on it. Raises UserError."""
    if port is not None:
        return port
    found = [place.port for place in attached()]
    if not found and (drives := find_drives()):
        raise UserError(
            f"the board is in its boot loader (drive {drives[0].path}); write firmware with midge flash BOARD, "
            "or plug it in without holding BOOTSEL"
        )
    if not found:
        raise UserError("no board found; plug one in, or name its port with --port")
    if len(found) > 1:
        raise UserError(f"{len(found)} boards found; choose one with --port: {', '.join(found)}")
    return found[0]
