# SPDX-License-Identifier: MIT
"""Compile the core and the profiler's harness for an emulated core; what has been compiled once is kept."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from shutil import which

from platformdirs import user_cache_path

from ..errors import UserError
from ..resources import CHECKOUT, folder
from ..targets.cores import EmulatedCore

HARNESS = Path(__file__).resolve().parent / "harness"
NATIVE = folder("native")
MODEL_BYTES, ARENA_BYTES = 0x80_0000, 0x40_0000


@cache
def counter() -> Path:
    """Return QEMU's plugin that counts, compiled for this machine. Raises UserError."""
    source = HARNESS / "counter.c"
    command = ["cc", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", str(source)]
    return _built("counter.so", [command], [source], "the counter does not compile")


@cache
def program(core: EmulatedCore) -> Path:
    """Return the C core with program.c for an emulated core. Raises UserError where compiler or QEMU are missing."""
    return link(core, _units(), _core_flags(core))


def code_bytes(model: bytes, core: EmulatedCore) -> int:
    """Return the flash in bytes that the C core takes with only the ops that a .midge file needs.

    It is compiled as it is counted: the program that counts, less the same program without the core. What the core
    needs of libgcc is included. Raises UserError where compiler or QEMU are missing.
    """
    with tempfile.TemporaryDirectory(prefix="midge-") as work:
        image, chosen = Path(work, "model.midge"), Path(work, "ops.def")
        image.write_bytes(model)
        run([sys.executable, str(NATIVE / "tools" / "select_ops.py"), str(chosen), "--models", str(image)], "no ops")
        kept = user_cache_path("midge") / f"ops-{sha256(chosen.read_bytes()).hexdigest()[:16]}.def"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(chosen.read_bytes())
    flags = (*_core_flags(core), f'-DMG_OPS="{kept}"')
    without = link(core, [HARNESS / "program.c"], (*flags, "-Wl,--unresolved-symbols=ignore-all"))
    return _flash_bytes(core, link(core, _units(), flags)) - _flash_bytes(core, without)


def link(core: EmulatedCore, units: Sequence[Path], flags: Sequence[str] = ()) -> Path:
    """Return a bare-metal program made of C files, one of which defines program() as board.h wants it.

    Raises UserError where compiler or QEMU are missing, or the files do not compile.
    """
    isa = core.isa
    if which(isa.system) is None:
        raise UserError(f"no {isa.system}; on Debian: apt-get install {isa.packages}")
    gcc = (compiler_tool(core, "gcc"), *core.flags, *isa.specs, *flags, f"-I{HARNESS}")
    sources = [*units, HARNESS / isa.start]
    compiled = []
    for optimise in ("-O2", "-Os"):
        files = [str(unit) for unit in sources if (unit in fast_kernels()) == (optimise == "-O2")]
        compiled += [[*gcc, optimise, "-c", *files]] if files else []
    command = [
        *gcc, *(f"{unit.stem}.o" for unit in sources),
        "-nostartfiles", "-Wl,--gc-sections", f"-Wl,--defsym=CODE_ADDRESS={core.memory.code:#x}",
        f"-Wl,--defsym=RAM_ADDRESS={core.memory.ram:#x}", "-T", str(HARNESS / "program.ld"), *_libraries(core),
    ]
    headers = [*sorted(NATIVE.rglob("*.h")), NATIVE / "ops.def", HARNESS / "board.h", HARNESS / "program.ld"]
    what = f"the program does not compile for {core.title}"
    return _built(f"{core.name}.elf", [*compiled, command], [*sources, *headers], what)


@cache
def compiler_tool(core: EmulatedCore, name: str) -> str:
    """Return the path of gcc or one of its companions for a core, in a checkout of those that it has made.

    Raises UserError where there is none.
    """
    places = f"{CHECKOUT / core.isa.tools}{os.pathsep}{os.environ.get('PATH', '')}"
    tool = which(f"{core.isa.prefix}{name}", path=places if core.isa.tools else None)
    if tool is None:
        raise UserError(f"no {core.isa.prefix}{name}; on Debian: apt-get install {core.isa.packages}")
    return tool


@cache
def fast_kernels() -> frozenset[Path]:
    """Return the files that are compiled for speed, the others for size: as in firmware."""
    listed = re.search(r"^MIDGE_FAST_IN_RAM :=[^)]*", (NATIVE / "sources.mk").read_text(encoding="utf-8"), re.M)
    names = re.findall(r"[a-z0-9_/]+\.c", listed[0] if listed else "")
    return frozenset(NATIVE / "core" / name for name in names)


@cache
def address_of(core: EmulatedCore, image: Path, symbol: str) -> int:
    """Return the address of a function in a program. Raises UserError where there is none of that name."""
    listing = run([compiler_tool(core, "nm"), str(image)], "the program has no symbols")
    found = re.search(rf"^([0-9a-f]+) \w {symbol}$", listing, re.M)
    if found is None:
        raise UserError(f"the program for {core.title} has no function {symbol}")
    return int(found[1], 16)


def run(command: Sequence[str], what: str, work: str | None = None) -> str:
    """Run a tool in a folder and return what it printed; where it fails, UserError with `what` and its complaint."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=work)
    if done.returncode:
        raise UserError(f"{what}:\n{done.stderr.strip()}")
    return done.stdout


def _libraries(core: EmulatedCore) -> tuple[str, ...]:
    """Return what names libm and libgcc to the linker; a compiler out of build/ only says where they are."""
    if not core.isa.tools:
        return "-lm", "-lgcc"
    asked = ("--print-file-name=libm.a", "--print-libgcc-file-name")
    return tuple(run([compiler_tool(core, "gcc"), how], "no library").strip() for how in asked)


def _units() -> list[Path]:
    return [*sorted((NATIVE / "core").rglob("*.c")), HARNESS / "program.c"]


def _core_flags(core: EmulatedCore) -> tuple[str, ...]:
    memory = core.memory
    return (
        "-std=gnu99", "-DMG_TERSE", "-ffp-contract=off", "-ffunction-sections", "-fdata-sections",
        f"-I{NATIVE / 'core'}",
        f"-DMODEL_ADDRESS={memory.model:#x}u", f"-DMODEL_BYTES={MODEL_BYTES:#x}u",
        f"-DARENA_ADDRESS={memory.arena:#x}u", f"-DARENA_BYTES={ARENA_BYTES:#x}u",
    )


def _flash_bytes(core: EmulatedCore, image: Path) -> int:
    """Return the bytes of a program's code and constants."""
    row = run([compiler_tool(core, "size"), str(image)], "the program has no size").splitlines()[1].split()
    return int(row[0]) + int(row[1])


def _built(name: str, commands: Sequence[Sequence[str]], sources: Sequence[Path], what: str) -> Path:
    """Run compilers in a folder of their own, the last one for a result, unless the cache has what they would make.

    A result is known by the commands and the bytes of its sources.
    """
    digest = sha256("\0".join("\0".join(command) for command in commands).encode())
    for path in sources:
        digest.update(path.read_bytes())
    cache_folder = user_cache_path("midge")
    cache_folder.mkdir(parents=True, exist_ok=True)
    made = cache_folder / f"{name}-{digest.hexdigest()[:16]}"
    if not made.is_file():
        with tempfile.TemporaryDirectory(dir=cache_folder) as work:
            for command in commands[:-1]:
                run(command, what, work)
            run([*commands[-1], "-o", "made"], what, work)
            Path(work, "made").replace(made)  # whole or not at all
    return made
