# SPDX-License-Identifier: MIT
"""Check a wheel without the machine that it is for: its library's format, what it exports and asks of the system, and
that all which boards need is inside.

    check.py WHEEL ...
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import lief

from midge.core.build import PLATFORMS, Platform
from midge.core.library import PROTOTYPES
from midge.errors import UserError
from midge.resources import CHECKOUT, CONTENTS, library, packed
from midge.targets.boards import load_boards

MOST_BYTES = 6_000_000
GLIBC = (2, 17)
# All that the core may ask of a system's C library.
C_LIBRARY = {"memcpy", "memmove", "memset", "strlen", "bzero", "__memcpy_chk", "__memset_chk", "__bzero",
             "dyld_stub_binder"}
FORMATS = {"linux": lief.ELF.Binary, "darwin": lief.MachO.Binary, "win32": lief.PE.Binary}
MACHINES = {
    "x86_64": {lief.ELF.ARCH.X86_64, lief.MachO.Header.CPU_TYPE.X86_64, lief.PE.Header.MACHINE_TYPES.AMD64},
    "aarch64": {lief.ELF.ARCH.AARCH64, lief.MachO.Header.CPU_TYPE.ARM64},
}


def check_wheel(wheel: Path, tag: str) -> list[str]:
    """Return what was checked, as lines. Raises UserError for a wheel that is not fit to be published."""
    if not wheel.name.endswith(f"-py3-none-{tag}.whl"):
        raise UserError(f"{wheel.name}: wanted a wheel for {tag}")
    if wheel.stat().st_size > MOST_BYTES:
        raise UserError(f"{wheel.name}: {wheel.stat().st_size:,} B, wanted {MOST_BYTES:,} at most")
    platform = PLATFORMS[tag]
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        _check_contents(wheel.name, names)
        wanted = {f"midge/core/{library(platform.system, simd).name}" for simd in platform.libraries()}
        libraries = {name for name in names if name.startswith("midge/core/libmidge")}
        if libraries != wanted:
            raise UserError(f"{wheel.name}: holds {sorted(libraries)}, wanted {sorted(wanted)}")
        contents = {inside: archive.read(inside) for inside in sorted(wanted)}
    return [f"{len(names)} files, {sum('/data/' in name for name in names)} of them what boards need",
            *(check_library(content, platform, f"{wheel.name}: {inside}") for inside, content in contents.items())]


def check_sdist(path: Path) -> list[str]:
    """Return what was checked, as lines. Raises UserError where a wheel that is made from it would lack something."""
    with tarfile.open(path) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    wanted = {f"{CONTENTS[name][0]}/{path}" for name, path in _promised()}
    wanted |= {"LICENSE", "THIRD-PARTY.md", "README.md", "setup.py", "native_module/binding/ctypes.c"}
    if missing := sorted(wanted - names):
        raise UserError(f"{path.name}: lacks {len(missing)} files, {missing[0]} the first; see MANIFEST.in")
    return [f"{len(names)} files and folders"]


def _check_contents(title: str, names: set[str]) -> None:
    """Compare what is inside with what a checkout has of resources.CONTENTS, all of which must have been built."""
    wanted = {f"midge/data/{name}/{packed(path)}" for name, path in _promised()}
    missing = sorted(wanted - names)
    if missing:
        raise UserError(f"{title}: lacks {len(missing)} files, {missing[0]} the first; make dist builds them")
    info = {name.split("/", 1)[1] for name in names if ".dist-info/" in name}
    for licence in ("licenses/LICENSE", "licenses/THIRD-PARTY.md"):
        if licence not in info:
            raise UserError(f"{title}: lacks {licence}")
    stray = [name for name in names if "__pycache__" in name or name.endswith((".o", ".tmp"))]
    if stray:
        raise UserError(f"{title}: holds {stray[0]}, which belongs in no wheel")


def _promised() -> Iterable[tuple[str, str]]:
    for arch in sorted({board.arch for board in load_boards()}):
        yield "natmod", f"{arch}/_midge.mpy"
    for path in (CHECKOUT / CONTENTS["device"][0]).glob("*.py"):
        yield "compiled", f"{path.stem}.mpy"
    for name, (source, patterns) in CONTENTS.items():
        for pattern in patterns:
            if "*" not in pattern:
                yield name, pattern
            else:
                yield from ((name, path.relative_to(CHECKOUT / source).as_posix())
                            for path in (CHECKOUT / source).glob(pattern))


def check_library(content: bytes, platform: Platform, title: str) -> str:
    """Return what a compiled core is and asks for. Raises UserError where its machine could not load it."""
    with tempfile.NamedTemporaryFile(suffix=library(platform.system).suffix) as file:
        file.write(content)
        file.flush()
        found = lief.parse(file.name)
    arch = platform.target.split("-")[0]
    if not isinstance(found, FORMATS[platform.system]) or _machine(found) not in MACHINES[arch]:
        raise UserError(f"{title}: is no library of {platform.target}")
    exports = {_plain(found, str(symbol.name)) for symbol in found.exported_functions} | {
        _plain(found, str(symbol.name)) for symbol in getattr(found, "exported_symbols", ())}
    missing = sorted({*PROTOTYPES, "mg_facts"} - exports)
    if missing:
        raise UserError(f"{title}: does not export {', '.join(missing)}")
    asked = _asked(found)
    if unknown := sorted(asked - C_LIBRARY):
        raise UserError(f"{title}: asks the system for {', '.join(unknown)}")
    return f"{platform.target}: {len(content):,} B, exports what is called; " + _system(found, title)


def _machine(found: lief.Binary) -> object:
    if isinstance(found, lief.ELF.Binary):
        return found.header.machine_type
    return found.header.cpu_type if isinstance(found, lief.MachO.Binary) else found.header.machine


def _plain(found: lief.Binary, name: str) -> str:
    """Return a symbol as C has it: Mach-O puts an underscore before it."""
    return name.removeprefix("_") if isinstance(found, lief.MachO.Binary) else name


def _asked(found: lief.Binary) -> set[str]:
    """Return the functions that a library wants of the system; of Windows, those of its own run-time start are many."""
    if isinstance(found, lief.PE.Binary):
        return set()
    return {_plain(found, str(symbol.name)) for symbol in found.imported_symbols if symbol.name}


def _system(found: lief.Binary, title: str) -> str:
    """Return which system the library is for. Raises UserError where a newer one is wanted than its tag says."""
    if isinstance(found, lief.ELF.Binary):
        named = {str(v.name) for need in found.symbols_version_requirement for v in need.get_auxiliary_symbols()}
        versions = {tuple(map(int, name.removeprefix("GLIBC_").split("."))) for name in named}
        if not versions or max(versions) > GLIBC:
            raise UserError(f"{title}: wants {sorted(named)}, at most GLIBC_{GLIBC[0]}.{GLIBC[1]} is promised")
        return f"glibc {'.'.join(map(str, max(versions)))} or newer"
    if isinstance(found, lief.MachO.Binary):
        needed = [str(each.name) for each in found.libraries if each.command != lief.MachO.LoadCommand.TYPE.ID_DYLIB]
        if needed != ["/usr/lib/libSystem.B.dylib"] or found.build_version.minos[0] > 11:
            raise UserError(f"{title}: wants {needed} and macOS {found.build_version.minos}")
        if found.header.cpu_type == lief.MachO.Header.CPU_TYPE.ARM64 and not found.has_code_signature:
            raise UserError(f"{title}: is not signed; Apple's cores load no such code")
        return f"macOS {found.build_version.minos[0]} or newer"
    needed = sorted({str(each.name).lower() for each in found.imports})
    foreign = [name for name in needed if name not in ("kernel32.dll", "msvcrt.dll", "ntdll.dll")
               and not name.startswith("api-ms-win-crt-")]
    if foreign:
        raise UserError(f"{title}: wants {foreign}, which not every Windows has")
    return f"Windows, {', '.join(needed)}"


if __name__ == "__main__":
    try:
        for wheel in map(Path, sys.argv[1:]):
            tag = wheel.name.rsplit("-py3-none-", 1)[1].removesuffix(".whl")
            print(wheel.name, *check_wheel(wheel, tag), sep="\n  ")
    except UserError as error:
        sys.exit(f"dist: {error}")
