# SPDX-License-Identifier: MIT
"""Make what is published: a wheel for each kind of PC, on this one, and the source distribution.

    make.py FOLDER [TAG ...]

TAG: only wheels of these platforms (midge.core.build.PLATFORMS), and no source distribution. `make dist` builds what
boards need before. Each wheel is checked (check.py) before it is in the folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import check

from midge.core.build import PLATFORMS
from midge.errors import UserError
from midge.link.modules import device_package
from midge.resources import CHECKOUT, folder

BACKEND = "import sys; from setuptools import build_meta as b; getattr(b, sys.argv[1])(sys.argv[2])"


def compile_device_package() -> None:
    """Leave the device package, compiled, where resources.CONTENTS finds it."""
    for name, content in device_package().items():
        path = folder("compiled") / Path(name).name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def build(what: str, out: Path, inspect: Callable[[Path], Iterable[str]], **environment: str) -> Path:
    """Call setuptools in a process of its own, and return the file that it makes.

    inspect: returns what is to be said about the file. Raises UserError, and then nothing is left in `out`.
    """
    with tempfile.TemporaryDirectory(dir=out) as work:
        done = subprocess.run([sys.executable, "-c", BACKEND, what, work], cwd=CHECKOUT, text=True, check=False,
                              env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        made = [path for path in Path(work).iterdir() if path.suffix in (".whl", ".gz")]
        if done.returncode or len(made) != 1:
            raise UserError(f"{what} {environment} failed:\n{done.stdout[-2000:]}")
        print(*inspect(made[0]), sep="\n", flush=True)
        return made[0].replace(out / made[0].name)


def main(out: Path, tags: list[str]) -> None:
    """Make everything, or the wheels named."""
    out.mkdir(parents=True, exist_ok=True)
    compile_device_package()
    for tag in tags or PLATFORMS:
        started = time.monotonic()
        wheel = build("build_wheel", out, lambda made, tag=tag: check.check_wheel(made, tag), MIDGE_PLATFORM=tag)
        print(f"{wheel.name}  {wheel.stat().st_size:,} B  {time.monotonic() - started:.0f} s", flush=True)
    if not tags:
        sdist = build("build_sdist", out, check.check_sdist)
        print(f"{sdist.name}  {sdist.stat().st_size:,} B")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).absolute(), sys.argv[2:])
    except UserError as error:
        sys.exit(f"dist: {error}")
