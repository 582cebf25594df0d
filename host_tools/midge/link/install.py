# SPDX-License-Identifier: MIT
"""Put Midge on a board: ask what it is, choose what it lacks, send it, and have it answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from ..core.binding import check_file
from ..errors import UserError
from ..fileformat.read import load_file
from ..progress import Stage, silent
from . import modules
from .identity import LESS_RAM, Identity, explain_import_error, identify, require_micropython
from .proof import proof
from .transport import BoardError, Connection, as_number, open_board, understood
from .upload import Upload, fingerprint, free_bytes, hashes, upload

_NATIVE_FACTOR, _PACKAGE_FACTOR = 1.04, 2  # of RAM that a native .mpy takes to its size, and one of bytecode; measured


@dataclass(frozen=True)
class Plan:
    """What is about to be sent."""

    title: str  # of the board
    module: str  # the set of ops of its native module: "all" and so on; "" where the firmware has one
    flash: int  # bytes of the files
    ram: int  # bytes that importing them takes, about
    free_ram: int  # of the board's heap, as it is now


@dataclass
class Installation:
    """What was found and done."""

    identity: Identity
    folder: str
    plan: Plan | None = None  # None where nothing was lacking
    uploads: list[Upload] = field(default_factory=list)
    microseconds: int | None = None  # of the test model; None where the module was made without its ops
    free_ram_after: int = 0
    seconds: float = 0.0  # of install_at, in all

    @property
    def core(self) -> str:
        """Where the native part is: "firmware", or a path."""
        return "firmware" if self.identity.core == "firmware" else f"{self.folder}/_midge.mpy"

    def facts(self) -> dict[str, Any]:
        """Return what was found and done, for JSON."""
        return {
            "board": self.identity.title, "arch": self.identity.arch, "folder": self.folder, "core": self.core,
            "plan": self.plan and asdict(self.plan),
            "files": [asdict(upload) for upload in self.uploads], "proof_microseconds": self.microseconds,
            "free_ram_bytes": self.free_ram_after, "seconds": self.seconds,
        }


def install_at(
    port: str | None = None, stage: Stage = silent, models: Sequence[Path] = (),
    told: Callable[[Plan], None] = lambda plan: None,
) -> Installation:
    """Put Midge on the board at a serial port, None for the only one there; see install.

    models: .midge files that it is to run, and no others. Raises UserError, also for a file that the core refuses.
    """
    blobs = []
    for path in models:
        blobs.append(load_file(path))
        check_file(blobs[-1], str(path))
    started = monotonic()
    with open_board(port) as board:
        done = install(board, stage, blobs, told)
    done.seconds = monotonic() - started
    return done


def install(
    board: Connection, stage: Stage = silent, models: Sequence[bytes] = (),
    told: Callable[[Plan], None] = lambda plan: None,
) -> Installation:
    """Put what a board lacks on it, and prove that it runs.

    stage: told of each file, by its path, and of the bytes that arrive. models: the contents of .midge files, for
    which the native module may be one of the small ones. told: of what is about to be sent. Raises UserError.
    """
    board.restart()
    identity = identify(board)
    require_micropython(identity, board.port)
    _refuse_namesakes(board, identity)
    folder = lib_folder(identity)
    done = Installation(identity, folder)
    native = _native(identity, models)
    files = {"_midge.mpy": native.content} if native else {}
    if identity.package != "frozen":
        files.update(modules.device_package())
    if files:
        done.plan = _plan(identity, native, files)
        told(done.plan)
        make_folders(board, folder, files)
        _require_room(board, done.plan, identity, folder, files)
        for name, content in files.items():
            path = f"{folder}/{name}"
            done.uploads.append(upload(board, content, path, stage(path, len(content))))
            # Source that was put there by hand would be found first.
            board.ask(f"import os\ntry:os.remove({path.removesuffix('.mpy') + '.py'!r})\nexcept OSError:pass")
    board.restart()  # what was imported before took RAM
    _prove(board, done)
    return done


@dataclass
class Removal:
    """What `uninstall` took off a board."""

    identity: Identity
    files: dict[str, int]  # bytes by path

    def facts(self) -> dict[str, Any]:
        """Return what was removed, for JSON."""
        return {"board": self.identity.title, "files": self.files, "bytes": sum(self.files.values())}


# Requests may be repeated where the line is bad, so what is there is asked before it is removed. Sizes of paths, or -1.
_SIZES = """
import os
def z(p):
 try:return os.stat(p)[6]
 except OSError:return -1
r=' '.join(str(z(p)) for p in %r)
"""
_REMOVE = """
import os
for f,a in [(os.remove,p) for p in %r]+[(os.rmdir,%r)]:
 try:f(a)
 except OSError:pass
r=''
"""


def uninstall(port: str | None = None) -> Removal:
    """Remove what install() put on the board at a serial port, None for the only one there; models stay.

    Only files of the names that Midge has are removed; the package's folder goes when nothing else is in it. Raises
    UserError.
    """
    with open_board(port) as board:
        board.restart()
        identity = identify(board)
        folder = lib_folder(identity)
        stems = [f"{folder}/_midge", *(f"{folder}/{name.removesuffix('.mpy')}" for name in modules.device_package())]
        paths = [stem + suffix for stem in stems for suffix in (".mpy", ".py", ".mpy.part", ".mpy.mend")]
        sizes = map(int, board.ask(_SIZES % (paths,)).split())
        found = {path: size for path, size in zip(paths, sizes, strict=True) if size >= 0}
        board.ask(_REMOVE % (list(found), f"{folder}/midge"))
        board.restart()  # what was imported stays in RAM until then
    return Removal(identity, found)


def _refuse_namesakes(board: Connection, identity: Identity) -> None:
    """Refuse where a file of the user's would be imported in Midge's place."""
    paths = [f"{identity.folder.rstrip('/')}/{name}" for name in ("midge.py", "midge.mpy", "_midge.py", "_midge.mpy")]
    sizes = map(int, board.ask(_SIZES % (paths,)).split())
    for path, size in zip(paths, sizes, strict=True):
        if size >= 0:
            raise UserError(f"{path}: `import midge` finds this file of yours before Midge; rename it or remove it "
                            f"(mpremote rm :{path}), then install again")


def lib_folder(identity: Identity) -> str:
    """Return where imports look for packages: /lib where no folder of that name is looked in."""
    return identity.lib_folders[0] if identity.lib_folders else identity.folder.rstrip("/") + "/lib"


def _native(identity: Identity, models: Sequence[bytes]) -> modules.Native | None:
    """Return the native module that a board needs; None where its firmware has one."""
    if identity.core == "firmware":
        return None
    if not identity.arch:
        raise UserError(f"{identity.title}: this firmware loads no native modules; flash one with Midge in it: "
                        "midge flash BOARD")
    if modules.format_of(identity.mpy) != modules.FORMAT:
        version, sub_version = modules.format_of(identity.mpy)
        raise UserError(
            f"{identity.title}: loads native modules of .mpy format {version}.{sub_version}, Midge's are of "
            f"{modules.FORMAT[0]}.{modules.FORMAT[1]}; flash MicroPython 1.25 (midge flash)"
        )
    return modules.native_module(identity.native, models)


def _plan(identity: Identity, native: modules.Native | None, files: dict[str, bytes]) -> Plan:
    code = int(len(native.content) * _NATIVE_FACTOR) if native else 0
    package = _PACKAGE_FACTOR * len(files.get("midge/__init__.mpy", b""))
    return Plan(identity.title, native.name if native else "", sum(map(len, files.values())), code + package,
                identity.free_ram)


def make_folders(board: Connection, folder: str, files: Iterable[str]) -> None:
    """Make a folder on the board, and those that files below it are in."""
    wanted = dict.fromkeys(f"{folder}/{name}".rpartition("/")[0] for name in files)
    for path in wanted:
        parts = path.strip("/").split("/")
        for n in range(1, len(parts) + 1):
            made = "/" + "/".join(parts[:n])
            board.ask(f"import os\ntry:os.stat({made!r})\nexcept OSError:os.mkdir({made!r})")


def put_driver(board: Connection, module: str, stage: Stage = silent) -> None:
    """Put a driver of mpy_lib/drivers on a board that lacks it, with what it builds on. Raises UserError."""
    lib = lib_folder(identify(board))
    make_folders(board, lib, [module])
    for name, content in modules.driver_files(module).items():
        upload(board, content, f"{lib}/{name}", stage(f"{lib}/{name}", len(content)))
    board.restart()  # what was missing may be remembered as missing


def require_driver(board: Connection, module: str, stage: Stage = silent) -> None:
    """Put a driver of mpy_lib/drivers on a board that cannot import it. Raises UserError."""
    if board.ask(f"try:\n __import__({module!r});r='y'\nexcept ImportError:r=''", silence_s=10) != "y":
        put_driver(board, module, stage)


def _require_room(
    board: Connection, plan: Plan, identity: Identity, folder: str, files: dict[str, bytes]
) -> None:
    """Refuse before anything is sent what would not fit, in flash or in RAM."""
    there = hashes(board, [f"{folder}/{name}" for name in files])
    unsent = sum(len(content) for name, content in files.items()
                 if there[f"{folder}/{name}"] != fingerprint(content))
    free = free_bytes(board, folder)
    if unsent > free:
        raise UserError(f"{folder}: Midge needs {unsent:,} B of flash there, {free:,} B are free; remove files "
                        "(mpremote rm) and try again")
    if plan.ram > plan.free_ram:
        raise UserError(f"{plan.title}: Midge needs about {plan.ram:,} B of RAM as files, {plan.free_ram:,} B are "
                        f"free; {LESS_RAM.format(arch=identity.arch)}")


def _three(answer: str) -> tuple[str, str, str]:
    first, second, third = answer.split()
    return first, second, third


def _prove(board: Connection, done: Installation) -> None:
    """Import it, run a small model and compare its answer with that of this machine."""
    model, x, wanted = proof()
    code = (
        "import gc\ngc.collect()\nimport midge,time\nm=midge.Model(d)\n"
        f"y=bytearray({len(wanted)})\nt=time.ticks_us()\nm.run({x!r},out=y)\nt=time.ticks_diff(time.ticks_us(),t)\n"
        "import binascii\ngc.collect()\nr='%d %d %s'%(t,gc.mem_free(),binascii.hexlify(y).decode())\ndel m,y\n"
    )
    try:
        microseconds, free, found = understood(board.ask(code, model, silence_s=20), _three)
    except BoardError as error:
        if not error.text.startswith("ValueError('node "):  # the module was made without that node's op or layout
            raise explain_import_error(error, done.identity) from error
        done.free_ram_after = as_number(board.ask("import gc\ngc.collect()\nr=gc.mem_free()"))
        return
    if found != wanted.hex():
        raise UserError(f"{done.identity.title}: a test model gave {found[:40]}, wanted {wanted.hex()}; "
                        "reset the board, run midge install again, and report it if it stays")
    done.microseconds, done.free_ram_after = as_number(microseconds), as_number(free)
