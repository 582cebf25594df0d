# SPDX-License-Identifier: MIT
"""Put into the package what stands beside it in a checkout: the core, compiled, so that the host computes what the
boards compute, and the files of resources.CONTENTS."""

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent))
from midge.core.build import build_core
from midge.resources import CHECKOUT, CONTENTS, library, version


class BuildWithCore(build_py):
    """Build the shared library before the package's files are gathered, and add the data after."""

    def run(self) -> None:
        build_core(library())
        super().run()
        if self.editable_mode:
            return  # found where they are
        for name, (source, patterns) in CONTENTS.items():
            for pattern in patterns:
                for path in (CHECKOUT / source).glob(pattern):
                    target = Path(self.build_lib) / "midge" / "data" / name / path.relative_to(CHECKOUT / source)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)


class WheelForOneMachine(bdist_wheel):
    """Name the wheel for the machine that its core is compiled for; any Python 3 there can use it."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


setup(version=version(), cmdclass={"build_py": BuildWithCore, "bdist_wheel": WheelForOneMachine})
