# SPDX-License-Identifier: MIT
"""The scripts of tests/device/scripts: where they are, what they need, and how they run on a PC.

A script prints `ok <name>` for each thing that holds and raises at the first that does not.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import midge
from tests.device.scripts.lib.tiny import classifier
from tests.support import ROOT

SCRIPTS = ROOT / "tests/device/scripts"
LIB = SCRIPTS / "lib"
DEVICE_PACKAGE = ROOT / "mpy_lib"
DRIVERS = DEVICE_PACKAGE / "drivers"
NAMES = sorted(path.stem for path in SCRIPTS.glob("*.py"))
# Without those whose subject is Python over pretended parts: they need the RAM that a native module takes elsewhere.
_OF_PYTHON = ("anomaly", "cameras", "drivers", "helping", "jpegs", "pdm", "rhythm", "sensor_feeding",
              "sensor_streaming", "sleeping")
OF_THE_MODULE = [name for name in NAMES if name not in _OF_PYTHON]

# Firmware looks for built-in modules first, so the native one comes in under another name and takes the place.
USE_NATMOD = "import sys\nsys.modules['_midge'] = __import__('midge_natmod')\n"


def run(command: list[str | Path], cwd: Path, **environment: str) -> str:
    """Run a command, which has to succeed, and return what it printed."""
    done = subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def search_path(*folders: Path) -> str:
    """Return folders as PYTHONPATH and MICROPYPATH have them."""
    return os.pathsep.join(map(str, folders))


def check(out: str) -> None:
    """Fail unless a script printed that something holds, and where it names the version, that of this PC."""
    assert "ok " in out, out
    assert all(line == f"ok version {midge.__version__}" for line in out.splitlines() if line.startswith("ok version "))


def rom_files() -> dict[str, bytes]:
    """Return what a board finds under /rom: the device package, drivers, the helpers, and a model to use in place."""
    files = {f"lib/{path.name}": path.read_bytes() for folder in (LIB, DRIVERS) for path in folder.glob("*.py")}
    files |= {f"lib/midge/{path.name}": path.read_bytes() for path in (DEVICE_PACKAGE / "midge").glob("*.py")}
    return files | {"tiny.midge": classifier()}
