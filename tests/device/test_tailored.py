# SPDX-License-Identifier: MIT
"""Builds with some ops only: what is in runs, what is left out is named, and mistakes take one line."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from midge import load as host_load
from midge.convert.pipeline import convert_model
from midge.fileformat.read import decode
from midge.importers.tflite.writer import FlatGraph, FlatOperator, FlatTensor, model_bytes
from midge.targets.boards import load_board
from tests.support import ROOT, WAND_MODEL
from tests.support.boards import built, make
from tests.support.device_scripts import DEVICE_PACKAGE, rom_files, search_path
from tests.support.script import load_script


@pytest.fixture(scope="module")
def tailored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model, another one, and a native module for this PC that is made for the first."""
    folder = tmp_path_factory.mktemp("tailored")
    (folder / "tiny.midge").write_bytes(rom_files()["tiny.midge"])
    (folder / "wand.midge").write_bytes(convert_model(WAND_MODEL).blob)
    done = make("natmod", "ARCH=x64", f"OPS_FROM={folder / 'tiny.midge'}", f"NATMOD={folder}")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def load(folder: Path, model: str, then: str = "m") -> str:
    row = load_board("unix")
    firmware = built(f"build/firmware/unix-bare/{row.firmware}", "make firmware BOARD=unix BARE=1")
    script = f"import midge\nm = midge.load({model!r})\ny = bytearray(3)\nprint({then})"
    done = subprocess.run([firmware, "-c", script], cwd=folder, text=True, capture_output=True, timeout=60,
                          env=os.environ | {"MICROPYPATH": search_path(folder, DEVICE_PACKAGE)})
    return done.stdout + done.stderr


def test_the_model_that_it_was_made_for_loads(tailored: Path) -> None:
    assert load(tailored, "tiny.midge").startswith("Model 'tiny'")


def test_another_model_is_refused_with_the_op_and_a_remedy(tailored: Path) -> None:
    used = {node.op.name for node in decode((tailored / "tiny.midge").read_bytes()).nodes}
    missing = next(n.op for n in decode((tailored / "wand.midge").read_bytes()).nodes if n.op.name not in used)
    last = load(tailored, "wand.midge").strip().splitlines()[-1]
    assert last.startswith("ValueError: node ") and "OPS_FROM=" in last
    assert last.rstrip().endswith(f"op {missing.number}")


def test_it_is_smaller(tailored: Path) -> None:
    whole = built("build/natmod/x64/_midge.mpy", "make natmod ARCH=x64").stat().st_size
    assert (tailored / "_midge.mpy").stat().st_size < whole / 3


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dense layer, the wand's network, whose first op is a convolution, and a module for the former."""
    folder = tmp_path_factory.mktemp("dense")
    weights = np.arange(-70, 80, 10, dtype=np.int8).reshape(3, 5)
    tensors = [
        FlatTensor("x", (1, 5), "int8", scale=0.5, zero_point=1),
        FlatTensor("w", data=weights, scale=0.25, zero_point=0),
        FlatTensor("b", data=np.array([1, -2, 3], np.int32), scale=0.125, zero_point=0),
        FlatTensor("y", (1, 3), "int8", scale=1.0, zero_point=-3),
    ]
    layer = FlatGraph(tensors, [FlatOperator("FULLY_CONNECTED", ["x", "w", "b"], ["y"])], ["x"], ["y"])
    (folder / "dense.midge").write_bytes(convert_model(model_bytes(layer)).blob)
    (folder / "wand.midge").write_bytes(convert_model(WAND_MODEL).blob)
    done = make("natmod", "ARCH=x64", f"OPS_FROM={folder / 'dense.midge'}", f"NATMOD={folder}")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_a_module_for_dense_layers_runs_them_and_refuses_other_convolutions(dense: Path) -> None:
    x, y = np.array([[1, -2, 3, 100, -128]], np.int8), np.zeros((1, 3), np.int8)
    host_load((dense / "dense.midge").read_bytes()).run(x, out=y)
    assert str(y.tobytes()) in load(dense, "dense.midge", f"(m.run({x.tobytes()!r}, out=y), bytes(y))")
    last = load(dense, "wand.midge").strip().splitlines()[-1]
    assert last.startswith("ValueError: node 0: ") and last.endswith("op 1 CONV_2D but for dense layers")


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """The line before make's own."""
    assert done.returncode != 0
    return next(line for line in done.stderr.splitlines() if not line.startswith("make"))


def test_mistakes_take_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.midge"
    broken.write_bytes(b"MIDG and no more")
    target = f"NATMOD={tmp_path}/out"
    assert last_line(make("natmod", "ARCH=z80")).startswith("no native module for ARCH=z80; known: armv6m")
    assert "no rule here builds firmware for BOARD=NIX" in last_line(make("firmware", "BOARD=NIX"))
    assert "cut short, upload it again" in last_line(make("natmod", "ARCH=x64", f"OPS_FROM={broken}", target))
    assert "no.midge: No such file" in last_line(make("natmod", "ARCH=x64", "OPS_FROM=no.midge", target))
    assert "MIDGE_WITHOUT=int3; families: f32 int16 int8 learn motion sight signal" in last_line(
        make("natmod", "ARCH=x64", "MIDGE_WITHOUT=int3", target))


def test_a_missing_compiler_is_named(tmp_path: Path) -> None:
    for name in ("tr", "sort", "xargs", "sed", "id", "echo"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    done = subprocess.run(["/bin/sh", ROOT / "ports/toolchain.sh", "riscv"], env={"PATH": str(tmp_path)},
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "no tools for riscv" in done.stderr and "gcc-riscv64-unknown-elf" in done.stderr


def test_every_family_has_ops() -> None:
    select_ops = load_script(ROOT / "native_module/tools/select_ops.py")
    assert {family for family, _, _ in select_ops.read_table()} == {"int8", "f32", "int16", "signal", "motion", "sight"}
