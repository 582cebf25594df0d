# SPDX-License-Identifier: MIT
"""Put files into a board's ROMFS, where models are used in place, beside what is there already.

ROMFS is written as a whole, through MicroPython's `vfs.rom_ioctl`. The image's first bytes are written last, so a board
that was unplugged meanwhile shows no /rom rather than half of one; what was there before is in a file on the PC then.
"""

from __future__ import annotations

import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from ..core.binding import check_file
from ..errors import UserError
from ..fileformat.read import load_file
from ..files import write_whole
from ..progress import Advance, Stage, silent
from .identity import identify, require_midge
from .romfs import HEADER_BYTES, build_romfs, image_bytes, read_romfs
from .transport import BoardError, Connection, open_board, understood
from .upload import ask, fingerprint, squeeze, unpacks

_CHUNK = 2048  # a multiple of what flashes write at a time
_READ = 768  # bytes of an answer
_ERASE_S = 60
_MOST_ROOM = 1 << 30  # bytes that a board may say its ROMFS has
_SEGMENT = 0
KEPT = "romfs-before.img"

# rq(): [size, block size; 0 where all is erased at once], or why there is none. rg(at, n): read. rh(n): hash.
# rp(n): take /rom away and erase. rs(n, at, d): write chunk n, each once, in their order. rc(): end.
_ON_BOARD = """
import vfs,binascii,hashlib
def rq():
 global seg,blk,dev,seq
 if not hasattr(vfs,'rom_ioctl') or vfs.rom_ioctl(1)<=SEGMENT:return 'none'
 seg=vfs.rom_ioctl(2,SEGMENT);seq=-1
 if isinstance(seg,int):return 'none'
 dev=hasattr(seg,'ioctl')
 if dev:
  blk=seg.ioctl(5,0)
  return '[%d,%d]'%(seg.ioctl(4,0)*blk,blk)
 blk=max(vfs.rom_ioctl(6,SEGMENT),0)
 return '[%d,%d]'%(len(seg),blk)
def rg(at,n):
 return binascii.b2a_base64(bytes(memoryview(seg)[at:at+n])).decode().strip()
def rh(n):
 return binascii.hexlify(hashlib.sha256(memoryview(seg)[:n]).digest()).decode()
def rp(n):
 try:vfs.umount('/rom')
 except OSError:pass
 if dev:
  for i in range((n+blk-1)//blk):seg.ioctl(6,i)
 elif blk:
  for i in range(0,n,blk):
   if vfs.rom_ioctl(3,SEGMENT,i,blk)<0:return 'refused'
 elif vfs.rom_ioctl(3,SEGMENT,n)<0:return 'refused'
 return 'erased'
def rs(n,at,d):
 global seq
 if n==seq+1:
  a=seg.writeblocks(at//blk,d,at%blk) if dev else vfs.rom_ioctl(4,SEGMENT,at,d)
  if a and a<0:return 'refused'
  seq=n
 return 'written'
def rc():
 if not dev:vfs.rom_ioctl(5,SEGMENT)
""".replace("SEGMENT", str(_SEGMENT))


@dataclass
class RomUpload:
    """What came of it."""

    path: str  # on the board
    size: int  # of the file
    image: int  # bytes of all files together
    room: int  # bytes of the board's ROMFS
    beside: list[str] = field(default_factory=list)  # what else is there
    unchanged: bool = False
    seconds: float = 0.0


def upload_to_rom(
    model: Path, port: str | None = None, to: str | None = None, force: bool = False, stage: Stage = silent
) -> RomUpload:
    """Check a .midge file and put it into the ROMFS of a board, where its weights stay in flash.

    port: serial port of the board, None for the only one there. to: its path, /rom/ and the file's name by default.
    force: also onto a board that lacks Midge. stage: told of the bytes. Raises UserError for a file that the core
    refuses, firmware without ROMFS, and too little room there; see write.
    """
    data = load_file(model)
    check_file(data, str(model))
    name = (to or model.name).removeprefix("/rom/").lstrip("/")
    if not name or ".." in name.split("/"):
        raise UserError(f"--to {to}: no path of a file in ROMFS; give one such as /rom/{model.name}")
    with open_board(port) as board:
        board.restart()
        if not force:
            require_midge(board)
        return write(board, {name: data}, stage)


def write(board: Connection, files: Mapping[str, bytes], stage: Stage = silent, keep: Path = Path(KEPT)) -> RomUpload:
    """Add files to a board's ROMFS, or replace them, and have the board show them under /rom.

    files: content by path below /rom; the first one is what the result is of. keep: where this machine keeps what was
    there before when the board stops in between. Raises UserError; its text says whether /rom is as it was.
    """
    started = monotonic()
    name = next(iter(files))
    room, block = _room(board)
    room -= room % _CHUNK  # whole chunks are written
    before = _read(board, room, stage)
    there = read_romfs(before) if before else {}
    image = build_romfs({**there, **files})
    done = RomUpload(f"/rom/{name}", len(files[name]), len(image), room, sorted(there.keys() - files.keys()))
    if len(image) > room:
        others = sum(len(there[path]) for path in done.beside)
        raise UserError(f"/rom/{name}: {len(files[name]):,} B and {others:,} B of other files there do not fit into "
                        f"the {room:,} B of the board's ROMFS; write it anew with fewer: mpremote romfs deploy FOLDER")
    done.unchanged = all(there.get(path) == content for path, content in files.items())
    if not done.unchanged:
        try:
            _write(board, image, block, stage(f"writing {done.path}", len(image)))
        except (UserError, KeyboardInterrupt) as error:
            raise _half_written(error, before, keep) from error
    board.restart()  # which shows the new one
    wanted = fingerprint(files[name])
    found = ask(board, f"r=h({done.path!r})", silence_s=30)
    if found != wanted:
        raise UserError(f"{done.path}: the board shows {found[:20]} there, wanted {wanted[:20]}; reset it, try again")
    done.seconds = monotonic() - started
    return done


def _room(board: Connection) -> tuple[int, int]:
    """Return the bytes of the board's ROMFS, and of the blocks that are erased one by one, 0 for all at once."""
    answer = board.ask(_ON_BOARD + "r=rq()", silence_s=10)
    if answer == "none":
        raise UserError(f"{identify(board).title}: this firmware has no ROMFS to write to (MicroPython 1.25 or newer, "
                        "built with it); upload without --romfs, or flash firmware that has one")
    def two(text: str) -> tuple[int, int]:
        room, block = json.loads(text)
        if not (0 <= int(room) <= _MOST_ROOM and 0 <= int(block) <= _MOST_ROOM):
            raise ValueError
        return int(room), int(block)

    return understood(answer, two)


def _read(board: Connection, room: int, stage: Stage) -> bytes:
    """Return the image that is there, b"" for none."""
    size = image_bytes(_piece(board, 0, HEADER_BYTES))
    if not 0 < size <= room:
        return b""
    image, progress = b"", stage("reading what is in /rom", size)
    while len(image) < size:
        image += _piece(board, len(image), min(_READ, size - len(image)))
        progress(min(_READ, size))
    if board.ask(f"r=rh({size})", silence_s=30) != hashlib.sha256(image).hexdigest():
        raise UserError("/rom: what is there could not be read without a fault; nothing is written; try again")
    return image


def _piece(board: Connection, at: int, size: int) -> bytes:
    def whole(answer: str) -> bytes:
        if len(piece := binascii.a2b_base64(answer)) != size:
            raise ValueError
        return piece

    return understood(board.ask(f"r=rg({at},{size})"), whole)


def _write(board: Connection, image: bytes, block: int, progress: Advance) -> None:
    """Erase and write, the first chunk last; then compare."""
    chunk = min(_CHUNK, block) if block else _CHUNK
    padded = image + b"\xff" * (-len(image) % chunk)
    if board.ask(f"r=rp({len(padded)})", silence_s=_ERASE_S) != "erased":
        raise UserError("the board refuses to erase its ROMFS")
    pack: Callable[[bytes], bytes] = squeeze if unpacks(board) else bytes
    for n, at in enumerate([*range(chunk, len(padded), chunk), 0]):
        piece = padded[at : at + chunk]
        small = pack(piece)
        if board.ask(f"r=rs({n},{at},{'z(d)' if len(small) < len(piece) else 'd'})", small, silence_s=10) != "written":
            raise UserError(f"the board refuses to write at byte {at} of its ROMFS")
        progress(min(chunk, len(image) - at))
    board.ask("rc()", silence_s=10)
    if board.ask(f"r=rh({len(image)})", silence_s=30) != hashlib.sha256(image).hexdigest():
        raise UserError("what the board's ROMFS holds now is not what was sent")


def _half_written(error: BaseException, before: bytes, keep: Path) -> UserError:
    """Return what the user has to know once erasing may have begun, with what was there in a file."""
    why = error.text if isinstance(error, BoardError) else str(error) or "interrupted"
    rest = "nothing was there before"
    if before:
        write_whole(keep, lambda path: path.write_bytes(before))
        rest = f"what was there is in {keep}: mpremote romfs deploy {keep}"
    return UserError(f"/rom is not whole on the board now ({why}); {rest}; then run midge upload --romfs again")
