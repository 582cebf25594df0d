# SPDX-License-Identifier: MIT
"""Compile native_module/core as a shared library for this machine."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).resolve().parent / "midge" / "native" / "core"


def build_core(target: Path) -> None:
    """Compile the core to `target` with $CC (default cc), replacing it in one step."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    sources = sorted(map(str, SOURCES.rglob("*.c")))
    temporary = target.with_suffix(".tmp")
    options = ["-std=c99", "-O3", "-fPIC", "-shared", "-Wall", "-Wextra"]
    subprocess.run([*compiler, *options, "-o", str(temporary), *sources, "-lm"], check=True)
    temporary.replace(target)


if __name__ == "__main__":
    build_core(Path(sys.argv[1]))
