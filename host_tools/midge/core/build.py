# SPDX-License-Identifier: MIT
"""Compile the core, and what binds it to Python here, as a shared library, for this machine or for another one."""

from __future__ import annotations

import importlib.util
import os
import platform as this_machine
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

if __package__:
    from ..resources import PACKAGE, folder, library
else:  # run as a file by make, before anything is installed
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from midge.resources import PACKAGE, folder, library


class Platform(NamedTuple):
    """A kind of PC that wheels are made for."""

    target: str  # as zig's compiler names it
    system: str  # as sys.platform names it there

    def libraries(self) -> dict[str, tuple[str, ...]]:
        """Return the libraries that are compiled for it: options of the compiler by what resources.library calls simd.

        The first runs everywhere; another is loaded where the PC has what it takes (core/library.py).
        """
        return {"": (), "avx2": ("-mavx2",)} if self.target.startswith("x86_64-") else {"": ()}


# By the tag of their wheels. glibc 2.17 is of 2012, macOS 11 the first for Apple's own cores.
PLATFORMS = {
    "manylinux_2_17_x86_64.manylinux2014_x86_64": Platform("x86_64-linux-gnu.2.17", "linux"),
    "manylinux_2_17_aarch64.manylinux2014_aarch64": Platform("aarch64-linux-gnu.2.17", "linux"),
    "macosx_11_0_x86_64": Platform("x86_64-macos.11.0", "darwin"),
    "macosx_11_0_arm64": Platform("aarch64-macos.11.0", "darwin"),
    "win_amd64": Platform("x86_64-windows-gnu", "win32"),
}
ZIG = (sys.executable, "-m", "ziglang", "cc")  # PyPI's ziglang: one compiler for all of them

# As native_module/sources.mk has it: products keep their roundings, so that a PC computes a board's floats.
OPTIONS = ("-std=c99", "-O3", "-ffp-contract=off", "-fPIC", "-shared", "-Wall", "-Wextra")
# For browsers. Small, since phones load it; without main, and with nothing asked of what runs it.
WASM_OPTIONS = ("-target", "wasm32-wasi", "-mexec-model=reactor", "-std=c99", "-Os", "-ffp-contract=off", "-s", "-Wall",
                "-Wextra", "-Wl,--no-entry")


def build_core(package: Path, platform: Platform | None = None) -> None:
    """Compile the core into the folder of the package midge, replacing each library in one step.

    platform: the machine that it is for; None is this one, whose compiler is $CC, or cc, or ziglang where that is
    installed. Ends the program, with one line, where there is no compiler.
    """
    compiler = _compiler() if platform is None else [*ZIG, "-target", platform.target, "-s"]
    platform = platform or Platform(f"{this_machine.machine().lower().replace('amd64', 'x86_64')}-", sys.platform)
    native = folder("native")
    sources = [*sorted(map(str, (native / "core").rglob("*.c"))), str(native / "binding" / "ctypes.c")]

    def compile_for(simd: str) -> None:
        target = package / library(platform.system, simd).relative_to(PACKAGE)
        temporary = target.with_suffix(f".{os.getpid()}.tmp")  # make and pip may both be at it
        # else the path here would be inside
        name = [f"-Wl,-install_name,@rpath/{target.name}"] if platform.system == "darwin" else []
        subprocess.run([*compiler, *name, *OPTIONS, *platform.libraries()[simd], "-o", str(temporary), *sources, "-lm"],
                       check=True)
        temporary.replace(target)

    with ThreadPoolExecutor() as pool:
        list(pool.map(compile_for, platform.libraries()))


def build_wasm(target: Path) -> None:
    """Compile the core for browsers to `target`, by ziglang, replacing it in one step."""
    native = folder("native")
    sources = [*sorted(map(str, (native / "core").rglob("*.c"))), str(native / "binding" / "wasm.c")]
    temporary = target.with_suffix(".tmp")
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([*ZIG, *WASM_OPTIONS, "-o", str(temporary), *sources, "-lm"], check=True)
    temporary.chmod(0o644)
    temporary.replace(target)


def _compiler() -> Sequence[str]:
    named = os.environ.get("CC")
    if named:
        return shlex.split(named)
    if shutil.which("cc"):
        return ["cc"]
    if importlib.util.find_spec("ziglang"):
        return ZIG
    sys.exit("midge: no C compiler here, and Midge built from source needs one: set CC, or install ziglang with pip "
             "and use --no-build-isolation; the wheels need none")


if __name__ == "__main__":
    if sys.argv[1:] == ["wasm"]:
        build_wasm(folder("page") / "midge.wasm")
    else:
        build_core(PACKAGE)
