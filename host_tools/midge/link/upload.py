# SPDX-License-Identifier: MIT
"""Put a file on a board so that there is, at any moment, either the old one whole or the new one whole.

It is written under a temporary name, its SHA-256 is compared on the board, and only then it takes the name. What a
break left of it is continued when its own hash is that of the file's beginning.
"""

from __future__ import annotations

import errno
import hashlib
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from ..core.binding import check_file
from ..errors import UserError
from ..fileformat.read import load_file
from ..progress import Advance, Stage, silent
from .identity import require_midge
from .transport import BoardError, Connection, as_number, open_board

_CHUNK = 2048  # bytes in one request; the board holds a few times as much while it decodes
_LEAST_CHUNK = 128
_FLUSH = 16384  # after so many bytes what has arrived outlives a loss of power
_HASH_RATE = 20_000  # bytes a second that the slowest board reads and hashes
_RESTARTS = 20  # of a board that resets itself meanwhile or takes nothing, without a byte more arriving

# h(path): size and hash of a file, "-" for none, "0 ?" for one that cannot be read. o(part): open what there is of it.
# w(at, d): write at a place, and say how far the file reaches. z(d): inflate. e(part, path, hash): close; when it is
# whole let it take the name, and say what its hash is. x(part, path): remove both where they are alike. On FAT power
# that fails within a rename leaves two names of the same blocks, and removing or shortening one of them alone takes the
# blocks from the other. So a third, empty file says that both are going, until they are gone: power may fail again.
_ON_BOARD = """
import os,hashlib,binascii
def h(p):
 try:f=open(p,'rb')
 except OSError:return '-'
 s=hashlib.sha256();b=bytearray(512);m=memoryview(b);t=0
 with f:
  while True:
   try:n=f.readinto(b)
   except OSError:return '0 ?'
   if not n:break
   s.update(m[:n]);t+=n
 return '%d %s'%(t,binascii.hexlify(s.digest()).decode())
f=None
def o(p,keep):
 global f,u
 if f:f.close()
 if not keep:rm(p)
 f=open(p,'r+b' if keep else 'wb');u=0
 return f.seek(0,2)
def w(at,d):
 global u
 if f.tell()==at:
  if f.write(d)!=len(d):raise OSError(28)
  u+=len(d)
  if u>=FLUSH:f.flush();u=0
 return f.tell()
def e(p,q,s):
 global f
 if f:f.close()
 f=None
 r=h(p)
 if r=='-':return h(q)
 if r==s:
  try:os.rename(p,q)
  except OSError:os.remove(q);os.rename(p,q)
 return r
def x(p,q):
 r=h(p);m=q+'.mend'
 if h(m)!='-'or r!='-'and r==h(q):open(m,'wb').close();rm(p);rm(q);rm(m)
def z(d):
 import io,deflate
 return deflate.DeflateIO(io.BytesIO(d),deflate.ZLIB).read()
def v(p):
 s=os.statvfs(p or '.')
 return s[1]*s[3]
def rm(p):
 global f
 if f:f.close()
 f=None
 try:os.remove(p)
 except OSError:pass
""".replace("FLUSH", str(_FLUSH))


@dataclass
class Upload:
    """What an upload did."""

    path: str
    size: int
    sent: int = 0
    resumed_at: int = 0
    unchanged: bool = False
    retries: int = 0
    seconds: float = 0.0


def upload_model(
    model: Path, port: str | None = None, to: str | None = None, via: str = "serial", force: bool = False,
    stage: Stage = silent,
) -> Upload:
    """Check a .midge file and put it on a board.

    port: serial port of the board, None for the only one there. to: path on the board, the file's name by default.
    via: "serial", or "ampy". force: also onto a board that lacks Midge. stage: told of the bytes that arrive.
    Raises UserError for a file that the core refuses, and where it cannot be sent; see upload.
    """
    data = load_file(model)
    check_file(data, str(model))
    path = to or model.name
    with open_board(port, via) as board:
        if not force:
            require_midge(board)
        done = upload(board, data, path, stage(f"uploading {path}", len(data)))
        board.restart()  # a model in RAM needs its bytes in one piece, and an upload leaves them in many
        return done


def upload(board: Connection, data: bytes, path: str, progress: Advance) -> Upload:
    """Put `data` on the board as `path`, and return how it went. progress: told how many more bytes have arrived.

    Raises UserError when it cannot be done; the old file is whole then, and so is what arrived of the new one, for the
    next attempt to continue.
    """
    done = Upload(path, len(data))
    started, retries, part = monotonic(), board.retries, path + ".part"
    hash_s = 5 + len(data) / _HASH_RATE
    wanted = fingerprint(data)
    try:
        if ask(board, f"x({part!r},{path!r});r=h({path!r})", silence_s=3 * hash_s) == wanted:
            done.unchanged = True
            ask(board, f"rm({part!r})")
            progress(len(data))
        else:
            _write_part(board, data, part, progress, done)
            found = ask(board, f"r=e({part!r},{path!r},{wanted!r})", silence_s=hash_s)
            if found != wanted:
                _remove(board, part)
                raise UserError(f"{path}: arrived damaged ({found[:20]}, wanted {wanted[:20]}); try again")
    except BoardError as error:
        _remove(board, part)
        raise _explain(error, path, len(data)) from error
    done.retries, done.seconds = board.retries - retries, monotonic() - started
    return done


def hashes(board: Connection, paths: Sequence[str]) -> dict[str, str]:
    """Return the fingerprints of files on the board, as `fingerprint` gives them; "-" for those that are not there."""
    return {path: ask(board, f"r=h({path!r})", silence_s=30) for path in paths}


def free_bytes(board: Connection, folder: str) -> int:
    """Return how many bytes are free on the file system of a folder."""
    return as_number(ask(board, f"r=v({folder!r})"))


def fingerprint(data: bytes) -> str:
    """Return size and SHA-256 as the board says them."""
    return f"{len(data)} {hashlib.sha256(data).hexdigest()}"


def ask(board: Connection, code: str, data: bytes = b"", silence_s: float = 3.0) -> str:
    """Ask with the functions above, which a reset of the board takes away."""
    try:
        return board.ask(code, data, silence_s=silence_s)
    except BoardError as error:
        if "NameError" not in error.text:
            raise
        return board.ask(_ON_BOARD + code, data, silence_s=silence_s)


def _write_part(board: Connection, data: bytes, part: str, progress: Advance, done: Upload) -> None:
    """Write what is missing of the temporary file."""
    if write_file := getattr(board, "write_file", None):  # a board that takes whole files
        write_file(part, data, progress)
        done.sent = len(data)
        return
    at = done.resumed_at = _start(board, data, part, done)
    progress(at)
    chunk, restarts, packed = _CHUNK, 0, unpacks(board)
    while at < len(data):
        piece = data[at : at + chunk]
        small = squeeze(piece) if packed else piece
        try:
            there = as_number(board.ask(f"r=w({at},{'z(d)' if small is not piece else 'd'})", small))
        except BoardError as error:
            if "MemoryError" in error.text and chunk > _LEAST_CHUNK:
                chunk //= 2
                continue
            if "NameError" not in error.text or restarts >= _RESTARTS:
                raise
            there = _start(board, data, part, done)  # the board was reset
        restarts = 0 if at < there <= len(data) else restarts + 1
        if restarts > _RESTARTS:
            raise UserError(f"{part.removesuffix('.part')}: the board takes nothing after byte {at:,}; reset it, try "
                            "again")
        done.sent += max(there - at, 0)
        if not 0 <= there <= len(data):
            there = _start(board, data, part, done)
        progress(there - at)  # less than nothing where a reset took what was not written out
        at = there


def unpacks(board: Connection) -> bool:
    """Tell whether the board's firmware can inflate."""
    try:
        return ask(board, f"r=z(d)==b'{'x' * 50}'", squeeze(b"x" * 50)) == "True"
    except BoardError:
        return False


def squeeze(piece: bytes) -> bytes:
    """Return the piece compressed, with a window that costs the board 2 kB, or as it is where that gains nothing."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 11)
    small = packer.compress(piece) + packer.flush()
    return small if len(small) < len(piece) else piece


def _start(board: Connection, data: bytes, part: str, done: Upload) -> int:
    """Open the temporary file and return how much of it is there and right."""
    ask(board, "if f:f.close()\nf=None")
    size, _, digest = ask(board, f"r=h({part!r})", silence_s=5 + len(data) / _HASH_RATE).partition(" ")
    have = as_number(size) if size != "-" else -1
    keep = 0 <= have <= len(data) and digest == hashlib.sha256(data[:have]).hexdigest()
    have = have if keep else 0
    if (free := free_bytes(board, part.rpartition("/")[0])) < len(data) - have:
        raise UserError(
            f"{part.removesuffix('.part')}: needs {len(data) - have:,} B, the board's file system has {free:,} B free; "
            "remove files there (mpremote rm) and try again"
        )
    return as_number(ask(board, f"r=o({part!r},{keep})"))


def _remove(board: Connection, path: str) -> None:
    with suppress(UserError):
        ask(board, f"rm({path!r})")


def _explain(error: BoardError, path: str, size: int) -> UserError:
    if error.errno == errno.ENOSPC:
        return UserError(f"{path}: the board's file system has no room for {size:,} B; remove files there, try again")
    if error.errno == errno.ENOENT:
        return UserError(f"{path}: no such folder on the board; make it first, or choose another with --to")
    if error.errno == errno.EROFS:
        return UserError(f"{path}: that file system is read-only; choose another folder with --to, or --romfs")
    if "MemoryError" in error.text:
        return UserError(f"{path}: the board has too little RAM to receive it; reset it and try again")
    return error
