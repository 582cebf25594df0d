# SPDX-License-Identifier: MIT
"""Ask a board what it is, and whether it can run models."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ..errors import UserError
from ..targets.boards import native_on
from . import modules
from .transport import BoardError, Connection, understood

OLDEST = (1, 23)  # the first with the .mpy format of today
LESS_RAM = ("install only what a model needs (midge install --for MODEL.midge), flash firmware with Midge in it (midge "
            "flash BOARD), or build the least of all in a checkout: make natmod ARCH={arch} OPS_FROM=MODEL.midge")

# Every fact that the choice depends on. A native module has a file name, one in firmware has none. An empty folder is a
# module as well, but has no load.
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
 q=m.load and getattr(m,'__file__','')or'frozen'
except Exception as e:q=''
import json
r=json.dumps([i.name,list(i.version)[:3],getattr(i,'_machine',''),getattr(i,'_mpy',0),sys.platform,n,
[p for p in sys.path if p.endswith('/lib')and not p.startswith('/rom')],w,q,os.getcwd()])
"""


@dataclass(frozen=True)
class Identity:
    """What a board says about itself."""

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
        return modules.arch_of(self.mpy)

    @property
    def native(self) -> str:
        """Its native module, of those for its native code; "" where it loads none."""
        return native_on(self.machine, self.arch)

    @property
    def title(self) -> str:
        """Its name and its MicroPython, for people."""
        return f"{self.machine or self.platform}, MicroPython {'.'.join(map(str, self.version))}"


def _identity(answer: str) -> Identity:
    facts = json.loads(answer)
    found = Identity(facts[0], tuple(facts[1]), *facts[2:])
    numbers = (*found.version, found.mpy, found.free_ram)
    texts = (found.name, found.machine, found.platform, *found.lib_folders, found.core, found.package, found.folder)
    if not all(isinstance(n, int) and abs(n) < 1 << 40 for n in numbers) or not all(isinstance(t, str) for t in texts):
        raise ValueError
    return found


def identify(board: Connection) -> Identity:
    """Ask a board what it is. Raises UserError where it runs no MicroPython."""
    try:
        return understood(board.ask(_ASK, silence_s=15), _identity)
    except BoardError as error:
        raise UserError(f"{board.port}: the board does not say what it is ({error}); put MicroPython 1.23 or newer on "
                        "it (midge flash)") from error


def require_micropython(identity: Identity, port: str) -> None:
    """Refuse what is no MicroPython, such as CircuitPython, or too old a one. Raises UserError."""
    if identity.name != "micropython":
        raise UserError(f"{port}: runs {identity.name}; Midge needs MicroPython 1.23 or newer: midge flash")
    if identity.version[:2] < OLDEST:
        version = ".".join(map(str, identity.version))
        raise UserError(f"{port}: MicroPython {version} is too old; Midge needs 1.23 or newer: midge flash")


def require_midge(board: Connection) -> None:
    """Refuse a board that cannot run models. Raises UserError that says what it lacks."""
    try:
        board.ask("import _midge", silence_s=10)
    except BoardError as error:
        if error.text.startswith(("ValueError", "MemoryError")):
            raise explain_import_error(error, identify(board)) from error
        if not error.text.startswith("ImportError"):
            raise
        require_micropython(identify(board), board.port)
        raise UserError(
            "the board has no Midge; run midge install, or flash firmware with Midge: midge flash BOARD"
        ) from error


def explain_import_error(error: BoardError, identity: Identity) -> UserError:
    """Return why the board cannot import Midge, and what to do."""
    if "bytes for native code" in error.text:  # ESP8266
        return UserError(f"{identity.title}: no room for its code; give it some of the flash, in boot.py "
                         "(ports/README.md): import esp; esp.set_native_code_location(0xf0000, 0x10000)")
    if "MemoryError" in error.text:
        return UserError(f"{identity.title}: too little RAM to import Midge ({identity.free_ram:,} B were free); "
                         f"{LESS_RAM.format(arch=identity.arch)}")
    if "native arch" in error.text or "incompatible .mpy" in error.text:
        return UserError(f"{identity.title}: the _midge.mpy there is for another core or MicroPython; this board takes "
                         f"{identity.arch or 'none'}: run midge install")
    return UserError(f"{identity.title}: Midge does not run there ({error.text}); run midge install")
