# SPDX-License-Identifier: MIT
"""Compile the runtime's core into the package, so that the host computes what the boards compute."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent))
from build_core import build_core


class BuildWithCore(build_py):
    """Build the shared library before the package's files are gathered."""

    def run(self) -> None:
        build_core(Path(__file__).parent / "midge" / "libmidge.so")
        super().run()


setup(cmdclass={"build_py": BuildWithCore})
