# SPDX-License-Identifier: MIT
"""Compile the core, and what binds it to Python here, as a shared library for this machine."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

if __package__:
    from ..resources import folder, library
else:  # run as a file by make, before anything is installed
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from midge.resources import folder, library


def build_core(target: Path) -> None:
    """Compile the core to `target` with $CC (default cc), replacing it in one step."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    native = folder("native")
    sources = [*sorted(map(str, (native / "core").rglob("*.c"))), str(native / "binding" / "ctypes.c")]
    temporary = target.with_suffix(".tmp")
    options = ["-std=c99", "-O3", "-fPIC", "-shared", "-Wall", "-Wextra"]
    subprocess.run([*compiler, *options, "-o", str(temporary), *sources, "-lm"], check=True)
    temporary.replace(target)


if __name__ == "__main__":
    build_core(library())
