# SPDX-License-Identifier: MIT
"""Find what the tools need besides their own code: the one module that knows where data is.

In a checkout the files are beside host_tools; an installed package carries them in its own folder `data`, which
setup.py fills from the same places (`CONTENTS`). What lies below build/ is there where `make` or `make dist` made it:
every wheel of `make dist` has it, a package that pip built from source may lack it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parents[1]

STOCK = "-bare"  # after a board's name: its MicroPython without Midge

# The boards whose firmware a package carries, and the files' suffixes.
PREBUILT = {"RPI_PICO": "uf2", "RPI_PICO2": "uf2", "qemu-cortex-m4": "elf", "qemu-cortex-m4-bare": "elf"}

# A name below `data` in an installed package: the place in a checkout, and which of its files are meant.
CONTENTS = {
    "native": ("native_module", ("ops.def", "sources.mk", "tools/select_ops.py", "core/**/*.[ch]")),
    "device": ("mpy_lib/midge", ("*.py",)),
    "drivers": ("mpy_lib/drivers", ("*.py",)),
    "examples": ("mpy_lib/examples", ("*.py",)),
    "boards": ("ports/boards", ("*.toml",)),
    "wand": ("host_tools/demo/wand", ("wand_int8.tflite", "labels.txt", "samples/*/*.csv")),
    "words": ("host_tools/demo/words", ("words.midge",)),
    "digits": ("host_tools/demo/digits", ("digits.midge", "digits.bin")),
    "natmod": ("build/natmod", ("*/_midge.mpy", "*/ops_selected.def", "*/*/_midge.mpy", "*/*/ops_selected.def")),
    "compiled": ("build/device", ("*.mpy",)),  # of "device"
    "page": ("build/page", ("uPlot.js", "uPlot.css", "midge.wasm")),  # what make page makes for the studio
    "firmware": ("build/firmware", tuple(f"{board}/firmware.{kind}" for board, kind in PREBUILT.items())),
}


def packed(file: str) -> str:
    """Return what a file is called in an installed package: half of a UF2 file is padding, so gzip packs it there."""
    return f"{file}.gz" if file.endswith(".uf2") else file


def is_checkout() -> bool:
    """Tell whether the tools run from a checkout, whose Makefile can build what is missing."""
    return (CHECKOUT / "native_module" / "ops.def").is_file() and (CHECKOUT / "Makefile").is_file()


def folder(name: str) -> Path:
    """Return the folder of one of `CONTENTS`; it may not exist where nothing has been built."""
    return CHECKOUT / CONTENTS[name][0] if is_checkout() else PACKAGE / "data" / name


def built_firmware(board: str, file: str) -> Path:
    """Return where a board's firmware is, if it has been built or came with the package."""
    return folder("firmware") / board / (file if is_checkout() else packed(file))


def stock_firmware(board: str, file: str) -> Path:
    """Return where a board's firmware without Midge is: MicroPython as it comes from elsewhere."""
    return built_firmware(f"{board}{STOCK}", file)


def remedy(target: str) -> str:
    """Return what to type for a file that `make` builds in a checkout, and that every wheel has."""
    return f"make {target}" if is_checkout() else "pip install --force-reinstall --only-binary midge midge"


def firmware_remedy(board: str, stock: bool = False) -> str:
    """Return what to do about a board's missing firmware."""
    target = f"firmware BOARD={board}" + (" BARE=1" if stock else "")
    if is_checkout() or board + (STOCK if stock else "") in PREBUILT:
        return f"run: {remedy(target)}, or name a file"
    return f"the package brings that of {', '.join(PREBUILT)}; name a file, or in a checkout run: make {target}"


def version() -> str:
    """Return Midge's version, which the core's header defines."""
    header = (folder("native") / "core" / "midge.h").read_text()
    found = re.search(r'^#define MG_VERSION "(.+?)"', header, re.M)
    assert found is not None
    return found[1]


def library(system: str = sys.platform, simd: str = "") -> Path:
    """Return where the core is, compiled for this machine.

    system: another one, as sys.platform calls it. simd: "avx2" for the one of PCs that have these vectors.
    """
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(system, ".so")
    return PACKAGE / "core" / f"libmidge{simd and '-'}{simd}{suffix}"
