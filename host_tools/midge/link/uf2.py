# SPDX-License-Identifier: MIT
"""UF2: firmware as a file of 512-byte blocks, copied onto the drive that a boot loader shows.

Format: Microsoft's UF2 specification. A drive names its board in INFO_UF2.TXT; a block names the family of chips
that it is for.
"""

from __future__ import annotations

import gzip
import os
import struct
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError

_BLOCK = struct.Struct("<8I")  # magic, magic, flags, address, payload bytes, block, blocks, family
_MAGIC = (0x0A324655, 0x9E5D5157)
_FAMILY_PRESENT = 0x2000
_MOST_BYTES = 64 << 20  # twice the largest flash that these chips address
ON_DRIVE = "firmware.uf2"
# The families of the boot ROMs' own documentation, by the MCU of a board's row; RP2350's second is its RISC-V cores.
_FAMILIES = {0xE48BFF56: "RP2040", 0xE48BFF59: "RP2350", 0xE48BFF5A: "RP2350"}
_BOARD_IDS = {"RPI-RP2": "RP2040", "RP2350": "RP2350"}  # an MCU by the Board-ID of its boot loader's drive


@dataclass(frozen=True)
class Drive:
    """A mounted drive of a boot loader."""

    path: Path
    board_id: str

    @property
    def mcu(self) -> str:
        """Return the MCU; the Board-ID itself where it is not a known one."""
        return _BOARD_IDS.get(self.board_id, self.board_id)


def find_drives() -> list[Drive]:
    """Return the drives of boot loaders that are mounted now."""
    return [drive for place in _mounts() if (drive := read_drive(place)) is not None]


def read_drive(place: Path) -> Drive | None:
    """Return what a boot loader's drive says about itself; None where `place` is no such drive."""
    try:
        text = (place / "INFO_UF2.TXT").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    ids = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("Board-ID:")]
    return Drive(place, ids[0] if ids else "")


def _mounts() -> list[Path]:
    if sys.platform == "win32":
        return [Path(f"{letter}:/") for letter in "DEFGHIJKLMNOPQRSTUVWXYZ"]
    if sys.platform == "darwin":
        return sorted(Path("/Volumes").glob("*"))
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    fields = [line.split() for line in lines]
    return [Path(f[1].replace("\\040", " ")) for f in fields if len(f) > 2 and f[2] in ("vfat", "msdos", "fuseblk")]


def is_packed(path: Path) -> bool:
    """Tell whether a UF2 file is packed by gzip, as in an installed package."""
    return path.suffix == ".gz"


def read(path: Path) -> bytes:
    """Return what a UF2 file holds, unpacked. Raises UserError where gzip cannot, or not within _MOST_BYTES."""
    if not is_packed(path):
        return path.read_bytes()
    try:
        with gzip.open(path) as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: gzip cannot unpack it ({error}); give the .uf2 of a build") from error
    if len(content) > _MOST_BYTES:
        raise UserError(f"{path}: unpacks to over {_MOST_BYTES >> 20} MiB, more than any board has")
    return content


def mcu_of(firmware: bytes, title: str) -> str:
    """Return the MCU that a UF2 file is for, "" where it does not say. Raises UserError for no whole UF2 file."""
    if len(firmware) < 512 or len(firmware) % 512:
        raise UserError(f"{title}: no UF2 file ({len(firmware)} B, not a multiple of 512); give the .uf2 of a build")
    mcus = set()
    for at in range(0, len(firmware), 512):
        first, second, flags, _, _, block, blocks, family = _BLOCK.unpack_from(firmware, at)
        # A file may carry several images one after the other, each with its own count.
        if (first, second) != _MAGIC or block >= blocks:
            raise UserError(f"{title}: no UF2 file (block {at // 512} is damaged); build or download it again")
        if flags & _FAMILY_PRESENT and family in _FAMILIES:
            mcus.add(_FAMILIES[family])
    return mcus.pop() if len(mcus) == 1 else ""


def copy(firmware: bytes, drive: Drive) -> None:
    """Copy firmware onto a boot loader's drive, which takes itself away when it has it all. Raises UserError."""
    target = drive.path / ON_DRIVE
    try:
        with target.open("wb") as file:
            file.write(firmware)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if not drive.path.exists() or read_drive(drive.path) is None:
            return  # it restarted before the last block was acknowledged
        raise UserError(f"{target}: {error.strerror or error}; plug the board in anew and try again") from error
