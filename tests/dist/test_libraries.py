# SPDX-License-Identifier: MIT
"""The libraries of wheels for other PCs compute the bytes that this one's does, where something runs their programs."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

import midge
from midge.core.build import PLATFORMS, ZIG
from midge.link.demo import recordings, wand
from midge.resources import library
from midge.samples.recordings import read_recording
from tests.support import ROOT

WHEELS = ROOT / "build/dist"
# What runs a platform's programs here, and the Debian package that has it.
RUNNERS = {
    "manylinux_2_17_x86_64.manylinux2014_x86_64": ([], "", ""),
    "manylinux_2_17_aarch64.manylinux2014_aarch64": (
        ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"], "/usr/aarch64-linux-gnu", "qemu-user libc6-arm64-cross"),
    "win_amd64": (["/usr/lib/wine/wine64"], "/usr/lib/wine", "wine64"),
}


@pytest.mark.parametrize("tag", RUNNERS)
def test_a_wheels_library_computes_the_same_bytes(tag: str, tmp_path: Path) -> None:
    runner, place, packages = RUNNERS[tag]
    if runner and not (shutil.which(runner[0]) and Path(place).is_dir()):
        pytest.skip(f"apt-get install {packages} runs programs of {tag}")
    wheels = list(WHEELS.glob(f"midge-*-{tag}.whl"))
    if not wheels:
        pytest.skip("not built: make dist")
    name = library(PLATFORMS[tag].system).name
    (tmp_path / name).write_bytes(zipfile.ZipFile(wheels[0]).read(f"midge/core/{name}"))
    program = tmp_path / "run_library.exe"  # a suffix that is no harm elsewhere
    source = ROOT / "tests/dist/run_library.c"
    # Optimised as the library is, so that zig takes what it has built of the system's own parts.
    subprocess.run([*ZIG, "-target", PLATFORMS[tag].target, "-O3", "-s", "-I", ROOT / "native_module/core",
                    "-o", program, source], check=True)

    blob = wand()
    (tmp_path / "wand.midge").write_bytes(blob)
    here = midge.load(blob)
    for _, path in recordings():
        x = np.clip(np.round(read_recording(path) * 32), -128, 127).astype(np.int8)
        (tmp_path / "x").write_bytes(x.tobytes())
        wanted = bytearray(6)
        here.run(x.tobytes(), out=wanted)
        done = subprocess.run([*runner, program, f"./{name}", "wand.midge", "x"], cwd=tmp_path, capture_output=True,
                              text=True, timeout=120, check=False, env={"HOME": str(tmp_path), "WINEDEBUG": "-all"})
        assert (done.returncode, done.stdout.strip()) == (0, wanted.hex()), done.stderr
