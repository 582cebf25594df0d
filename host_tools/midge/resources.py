# SPDX-License-Identifier: MIT
"""Find what the tools need besides their own code: the one module that knows where data is.

In a checkout the files are beside host_tools; an installed package carries them in its own folder `data`, which
setup.py fills from the same places (`CONTENTS`).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parents[1]

# A name below `data` in an installed package: the place in a checkout, and which of its files are meant.
CONTENTS = {
    "native": ("native_module", ("ops.def", "sources.mk", "tools/select_ops.py", "core/**/*.[ch]")),
    "device": ("mpy_lib/midge", ("*.py",)),
    "drivers": ("mpy_lib/drivers", ("*.py",)),
    "boards": ("ports/boards", ("*.toml",)),
    "natmod": ("build/natmod", ("*/_midge.mpy",)),
}


def is_checkout() -> bool:
    """Tell whether the tools run from a checkout, whose Makefile can build what is missing."""
    return (CHECKOUT / "native_module" / "ops.def").is_file() and (CHECKOUT / "Makefile").is_file()


def folder(name: str) -> Path:
    """Return the folder of one of `CONTENTS`; it may not exist where nothing has been built."""
    return CHECKOUT / CONTENTS[name][0] if is_checkout() else PACKAGE / "data" / name


def built_firmware(board: str, file: str) -> Path:
    """Return where a build leaves a board's firmware."""
    return CHECKOUT / "build" / "firmware" / board / file


def version() -> str:
    """Return Midge's version, which the core's header defines."""
    header = (folder("native") / "core" / "midge.h").read_text()
    found = re.search(r'^#define MG_VERSION "(.+?)"', header, re.M)
    assert found is not None
    return found[1]


def library() -> Path:
    """Return where the core is, compiled for this machine."""
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    return PACKAGE / "core" / f"libmidge{suffix}"
