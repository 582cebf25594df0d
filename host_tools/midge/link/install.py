# SPDX-License-Identifier: MIT
"""Put Midge on a board: ask what it is, choose what it lacks, send it, and have it answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from ..errors import UserError
from . import modules as packages
from .transport import Board, BoardError
from .upload import Upload, fingerprint, free_bytes, hashes, upload

OLDEST = (1, 23)  # the first with the .mpy format of today
_LESS_RAM = ("flash firmware with Midge in it (make firmware BOARD=<board>, then midge flash), or build a module with "
             "what your models need: make natmod ARCH={arch} OPS_FROM=MODEL.midge")  # fmt: skip
_HEAP_FACTOR = 1.15  # of RAM that an .mpy file takes beside its size, about

# Every fact that the choice depends on. A native module has a file name, one in firmware has none.
_ASK = """
import sys,gc,os
i=sys.implementation
gc.collect()
n=gc.mem_free()
try:
 import _midge as m
 w=getattr(m,'__file__','')or'firmware'
except ImportError:w=''
except Exception as e:w='!'+repr(e)
try:
 import midge as m
 q=getattr(m,'__file__','')or'frozen'
except Exception as e:q=''
import json
r=json.dumps([i.name,list(i.version)[:3],getattr(i,'_machine',''),getattr(i,'_mpy',0),sys.platform,n,
[p for p in sys.path if p.endswith('/lib')and not p.startswith('/rom')],w,q,os.getcwd()])
"""


@dataclass(frozen=True)
class Identity:
    """What a board says of itself."""

    name: str
    version: tuple[int, ...]
    machine: str
    mpy: int
    platform: str
    free_ram: int
    lib_folders: list[str]
    core: str  # where _midge is: "firmware", a path, "" for nowhere, "!..." for an exception
    package: str  # where midge is: "frozen", a path, "" for nowhere
    folder: str

    @property
    def arch(self) -> str:
        """The name of its native code, "" where it loads none."""
        return packages.arch_of(self.mpy)

    @property
    def title(self) -> str:
        return f"{self.machine or self.platform}, MicroPython {'.'.join(map(str, self.version))}"


@dataclass
class Installation:
    """What was found and done."""

    identity: Identity
    folder: str
    uploads: list[Upload] = field(default_factory=list)
    microseconds: int | None = None  # of the test model; None where the module was made without its ops
    free_ram_after: int = 0


def identify(board: Board) -> Identity:
    """Ask a board what it is. Raises UserError where it is no MicroPython."""
    try:
        facts = json.loads(board.ask(_ASK, silence_s=15))
        return Identity(facts[0], tuple(facts[1]), *facts[2:])
    except (BoardError, ValueError, TypeError) as error:
        raise UserError(f"{board.port}: the board does not say what it is ({error}); put MicroPython 1.23 or newer on "
                        "it (midge flash)") from error  # fmt: skip


def require_midge(board: Board) -> None:
    """Refuse a board that cannot run models."""
    try:
        board.ask("import _midge", silence_s=10)
    except BoardError as error:
        if error.text.startswith(("ValueError", "MemoryError")):
            raise explain_import_error(error, identify(board)) from error
        if not error.text.startswith("ImportError"):
            raise
        raise UserError(
            "the board has no Midge; run midge install, or flash firmware with Midge (make firmware BOARD=<board>)"
        ) from error


def install(board: Board, progress: Callable[[str, int], Callable[[int], None]]) -> Installation:
    """Put what a board lacks on it, and prove that it runs.

    progress: told the path and size of each file, gives what is told the bytes done. Raises UserError.
    """
    board.restart()
    identity = identify(board)
    _require_version(identity, board.port)
    folder = _lib_folder(identity)
    done = Installation(identity, folder)
    files = _missing(identity)
    if files:
        _make_folders(board, folder, files)
        _require_room(board, identity, folder, files)
        for name, content in files.items():
            path = f"{folder}/{name}"
            done.uploads.append(upload(board, content, path, progress(path, len(content))))
            # Source that was put there by hand would be found first.
            board.ask(f"import os\ntry:os.remove({path.removesuffix('.mpy') + '.py'!r})\nexcept OSError:pass")
    board.restart()  # what was imported before took RAM
    _prove(board, done)
    return done


def _require_version(identity: Identity, port: str) -> None:
    if identity.name != "micropython":
        raise UserError(f"{port}: runs {identity.name}; Midge needs MicroPython 1.23 or newer: midge flash")
    if identity.version[:2] < OLDEST:
        version = ".".join(map(str, identity.version))
        raise UserError(f"{port}: MicroPython {version} is too old; Midge needs 1.23 or newer: midge flash")


def _lib_folder(identity: Identity) -> str:
    """Where imports look for packages; /lib where no folder of that name is looked in."""
    return identity.lib_folders[0] if identity.lib_folders else identity.folder.rstrip("/") + "/lib"


def _missing(identity: Identity) -> dict[str, bytes]:
    """The files of the lib folder that this board needs: what its firmware has is left out."""
    files: dict[str, bytes] = {}
    if identity.core != "firmware":
        if not identity.arch:
            raise UserError(
                f"{identity.title}: this firmware loads no native modules; flash one with Midge in it "
                "(make firmware BOARD=<board>, then midge flash)"
            )
        if packages.format_of(identity.mpy) != packages.FORMAT:
            version, sub_version = packages.format_of(identity.mpy)
            raise UserError(
                f"{identity.title}: loads native modules of .mpy format {version}.{sub_version}, Midge's are of "
                f"{packages.FORMAT[0]}.{packages.FORMAT[1]}; flash MicroPython 1.25 (midge flash)"
            )
        files["_midge.mpy"] = packages.native_module(identity.arch)
    if identity.package != "frozen":
        files.update(packages.device_package())
    return files


def _make_folders(board: Board, folder: str, files: dict[str, bytes]) -> None:
    wanted = dict.fromkeys(f"{folder}/{name}".rpartition("/")[0] for name in files)
    for path in wanted:
        parts = path.strip("/").split("/")
        for n in range(1, len(parts) + 1):
            made = "/" + "/".join(parts[:n])
            board.ask(f"import os\ntry:os.stat({made!r})\nexcept OSError:os.mkdir({made!r})")


def _require_room(board: Board, identity: Identity, folder: str, files: dict[str, bytes]) -> None:
    """Refuse before anything is sent what would not fit, in flash or in RAM."""
    size = sum(map(len, files.values()))
    there = hashes(board, [f"{folder}/{name}" for name in files])
    unsent = sum(len(content) for name, content in files.items()
                 if there[f"{folder}/{name}"] != fingerprint(content))  # fmt: skip
    free = free_bytes(board, folder)
    if unsent > free:
        raise UserError(f"{folder}: Midge needs {unsent:,} B of flash there, {free:,} B are free; remove files "
                        "(mpremote rm) and try again")  # fmt: skip
    need = int(size * _HEAP_FACTOR)
    if need > identity.free_ram:
        raise UserError(
            f"{identity.title}: Midge needs about {need:,} B of RAM as files, {identity.free_ram:,} B are free; "
            f"{_LESS_RAM.format(arch=identity.arch)}"
        )


def _prove(board: Board, done: Installation) -> None:
    """Import it, run a small model and compare its answer with that of this machine."""
    model, x, wanted = packages.proof()
    code = (
        "import midge,gc,time\nm=midge.Model(d)\n"
        f"y=bytearray({len(wanted)})\nt=time.ticks_us()\nm.run({x!r},out=y)\nt=time.ticks_diff(time.ticks_us(),t)\n"
        "import binascii\ngc.collect()\nr='%d %d %s'%(t,gc.mem_free(),binascii.hexlify(y).decode())\ndel m,y\n"
    )
    try:
        microseconds, free, found = board.ask(code, model, silence_s=20).split()
    except BoardError as error:
        if not error.text.startswith("ValueError('node "):  # the module was made without that node's op or layout
            raise explain_import_error(error, done.identity) from error
        done.free_ram_after = int(board.ask("import gc\ngc.collect()\nr=gc.mem_free()"))
        return
    if found != wanted.hex():
        raise UserError(f"{done.identity.title}: a test model gave {found}, wanted {wanted.hex()}; "
                        "reset the board, run midge install again, and report it if it stays")  # fmt: skip
    done.microseconds, done.free_ram_after = int(microseconds), int(free)


def explain_import_error(error: BoardError, identity: Identity) -> UserError:
    """Why the board cannot import Midge, and what to do."""
    if "bytes for native code" in error.text:  # ESP8266
        return UserError(f"{identity.title}: no room for its code; give it some of the flash, in boot.py "
                         "(ports/README.md): import esp; esp.set_native_code_location(0xf0000, 0x10000)")  # fmt: skip
    if "MemoryError" in error.text:
        return UserError(f"{identity.title}: too little RAM to import Midge ({identity.free_ram:,} B were free); "
                         f"{_LESS_RAM.format(arch=identity.arch)}")  # fmt: skip
    if "native arch" in error.text or "incompatible .mpy" in error.text:
        return UserError(f"{identity.title}: the _midge.mpy there is for another core or MicroPython; this board takes "
                         f"{identity.arch or 'none'}: run midge install")  # fmt: skip
    return UserError(f"{identity.title}: Midge does not run there ({error.text}); run midge install")
