# SPDX-License-Identifier: MIT
"""What a board was taught, from the board and back."""

from __future__ import annotations

import base64
from dataclasses import replace

from ..errors import UserError
from ..train.taught import Taught, newest
from .transport import BoardError, Connection
from .upload import upload

_MOST = 64 * (2 + 255 + 255 * 64) + 64  # bytes that a learner's file may have
_CHUNK = 768
_READ = """
import binascii
def lr(p,a,n):
 try:f=open(p,'rb')
 except OSError:return '-'
 with f:
  f.seek(a)
  return binascii.b2a_base64(f.read(n)).decode().strip()
"""


def pull(board: Connection, path: str) -> Taught:
    """Return what was saved on a board: the newer of the two files that is whole. Raises UserError."""
    found = [data for data in (_read(board, f"{path}.{slot}") for slot in (0, 1)) if data is not None]
    if not found:
        raise UserError(f"{path}.0 and {path}.1: neither is on the board; learner.save() writes them")
    return newest(found, path)


def push(board: Connection, path: str, taught: Taught) -> Taught:
    """Put a head onto a board as its newest; the one that was there stays whole until then. Returns it as it is there.

    Raises UserError where the board has one of another network, and where it cannot be sent.
    """
    generation = taught.generation
    try:
        there = pull(board, path)
    except UserError:
        generation += 1
    else:
        if (there.network, there.width) != (taught.network, taught.width):
            raise UserError(f"{path}: what is there was taught on another network; give another path, or remove it")
        generation = max(there.generation, generation) + 1
    sent = replace(taught, generation=generation)
    upload(board, sent.blob, f"{path}.{generation & 1}", lambda n: None)
    return sent


def _read(board: Connection, path: str) -> bytes | None:
    """Return a small file, or None where there is none."""
    data, code = bytearray(), _READ
    while len(data) <= _MOST:
        try:
            said = board.ask(f"{code}r=lr({path!r},{len(data)},{_CHUNK})", silence_s=10)
        except BoardError as error:
            raise UserError(f"{path}: cannot be read: {error.text.strip().splitlines()[-1]}") from error
        code = ""
        if said == "-":
            return None
        piece = base64.b64decode(said)
        data += piece
        if len(piece) < _CHUNK:
            break
    return bytes(data)
