# SPDX-License-Identifier: MIT
"""Put into the package what stands beside it in a checkout: the core, compiled, so that a PC computes what the boards
compute, and the files of resources.CONTENTS.

MIDGE_PLATFORM names the platform that a wheel is for, one of midge.core.build.PLATFORMS; without it, it is this PC's.
"""

import gzip
import os
import shutil
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent / "host_tools"))
from midge.core.build import PLATFORMS, build_core
from midge.resources import CHECKOUT, CONTENTS, PACKAGE, packed, version

TAG = os.environ.get("MIDGE_PLATFORM")
PLATFORM = PLATFORMS[TAG] if TAG else None


class BuildWithCore(build_py):
    """Gather the package's files, then add the library and the data."""

    def run(self) -> None:
        if self.editable_mode:
            build_core(PACKAGE)
            super().run()
            return  # the data is found where it is
        shutil.rmtree(self.build_lib, ignore_errors=True)  # of an earlier build, for another platform maybe
        super().run()
        package = Path(self.build_lib) / "midge"
        build_core(package, PLATFORM)
        for name, (source, patterns) in CONTENTS.items():
            for pattern in patterns:
                for path in (CHECKOUT / source).glob(pattern):
                    target = package / "data" / name / path.relative_to(CHECKOUT / source)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    if packed(path.name) == path.name:
                        shutil.copyfile(path, target)
                    else:
                        target.with_name(packed(path.name)).write_bytes(gzip.compress(path.read_bytes(), mtime=0))


class WheelForOneMachine(bdist_wheel):
    """Name the wheel for the machine that its core is compiled for; any Python 3 there can use it."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", TAG or super().get_tag()[2]


class WithMachineCode(Distribution):
    """Tell setuptools that a package without extension modules is not pure Python."""

    def has_ext_modules(self) -> bool:
        return True


setup(
    version=version(),
    distclass=WithMachineCode,
    cmdclass={"build_py": BuildWithCore, "bdist_wheel": WheelForOneMachine},
    options={"build": {"build_base": "build/package"}},  # beside what make builds
)
