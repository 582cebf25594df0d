# SPDX-License-Identifier: MIT
"""Put a file on a board so that there is, at any moment, either the old one whole or the new one whole."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from .errors import UserError
from .transport import Board, BoardError, Progress

# MicroPython without hashlib is rare; binascii has crc32 only where hashlib is as well.
_HASH = """
def _h(p):
 import hashlib,binascii
 h=hashlib.sha256()
 b=bytearray(512)
 m=memoryview(b)
 with open(p,'rb') as f:
  while True:
   n=f.readinto(b)
   if not n:break
   h.update(m[:n])
 return binascii.hexlify(h.digest()).decode()
"""
_RENAME = """
import os
try:
 os.rename({part!r},{path!r})
except OSError:
 os.remove({path!r})
 os.rename({part!r},{path!r})
"""


def require_midge(board: Board) -> None:
    """Refuse a board that cannot run models."""
    try:
        board.execute("import _midge")
    except BoardError as error:
        if "ImportError" not in error.text and "ValueError" not in error.text:
            raise
        raise UserError(
            "the board has no _midge; put build/natmod/<arch>/_midge.mpy on it (make natmod ARCH=<arch>), "
            "or flash firmware with Midge (make firmware BOARD=<board>)"
        ) from error


def upload(board: Board, data: bytes, path: str, progress: Progress) -> None:
    """Write data to a temporary name, compare SHA-256 on the board, and only then rename it to path."""
    part = path + ".part"
    try:
        board.write_file(part, data, progress)
        found = board.execute(_HASH + f"print(_h({part!r}))").strip()
    except BoardError as error:
        _remove(board, part)
        raise _explain(error, path, len(data)) from error
    wanted = hashlib.sha256(data).hexdigest()
    if found != wanted:
        _remove(board, part)
        raise UserError(f"{path}: arrived damaged (SHA-256 {found[:12]}, wanted {wanted[:12]}); try again")
    board.execute(_RENAME.format(part=part, path=path))


def _remove(board: Board, path: str) -> None:
    with suppress(UserError):  # it may never have come to be
        board.execute(f"import os\nos.remove({path!r})")


def _explain(error: BoardError, path: str, size: int) -> UserError:
    if "28" in error.text or "ENOSPC" in error.text:
        return UserError(f"{path}: the board's file system has no room for {size} B; remove files there and try again")
    if "ENOENT" in error.text:
        return UserError(f"{path}: no such folder on the board; make it first, or choose another with --to")
    return error
