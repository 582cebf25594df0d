# SPDX-License-Identifier: MIT
"""Put into the package what lies beside it: the runtime's core, compiled, so that the host computes what the boards
compute; the rows of the boards; the native modules that are built."""

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent))
from build_core import build_core


class BuildWithCore(build_py):
    """Build the shared library before the package's files are gathered, and add the data after."""

    def run(self) -> None:
        here = Path(__file__).resolve().parent
        build_core(here / "midge" / "libmidge.so")
        super().run()
        if self.editable_mode:
            return  # found where they lie
        data = Path(self.build_lib) / "midge" / "data"
        for path in (here.parent / "ports/boards").glob("*.toml"):
            copy(path, data / "boards" / path.name)
        for path in (here.parent / "build/natmod").glob("*/_midge.mpy"):
            copy(path, data / "natmod" / path.parent.name / path.name)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


setup(cmdclass={"build_py": BuildWithCore})
