# SPDX-License-Identifier: MIT
"""What Python and the core both know is one thing: numbers, structs, dtypes, the version."""

import ctypes
import json
import platform
import re
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

import midge
from midge.convert.pipeline import convert_model
from midge.core import library as core_library
from midge.core.binding import Model
from midge.fileformat import spec
from midge.fileformat.opset import OPS_DEF, dtypes
from midge.link.modules import Native, write_mip
from midge.resources import library
from tests.support.command import midge as command

FORMAT = (OPS_DEF.parent / "FORMAT.md").read_text(encoding="utf-8")


def test_one_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("midge.link.modules.native_module", lambda arch: Native("all", b""))
    package = json.loads(write_mip(tmp_path, "armv7emsp").read_text())
    found = {
        "midge.__version__": midge.__version__,
        "midge.info()": midge.info()["version"],
        "midge --version": command("--version").stdout.split()[-1],
        "the package": version("midge"),
        "the device package": midge.core.device.device.__version__,
        "the package for mip": package["version"],
    }
    (wanted,) = re.findall(r'#define MG_VERSION "(.+)"', (OPS_DEF.parent / "core/midge.h").read_text())
    assert found == dict.fromkeys(found, wanted)


def test_what_is_built_in() -> None:
    own = "neon" if platform.machine() in ("aarch64", "arm64") else "scalar"
    assert midge.info() == {"version": midge.__version__, "format": spec.MAJOR,
                            "simd": "avx2" if core_library.core.mg_has_avx2() else own,
                            "ops": ("int8", "f32", "int16", "signal", "motion", "sight", "learn")}


def test_the_document_has_the_same_numbers() -> None:
    assert f"version {spec.MAJOR}.{spec.MINOR}\n" in FORMAT
    for what, record in (("header", spec.HEADER), ("Tensor", spec.TENSOR)):
        assert re.search(rf"{what}[^\n]*\b{record.size} bytes", FORMAT), what
    (row,) = re.findall(r"^\| 0 \| `u8` \| dtype \| (.*) \|$", FORMAT, flags=re.M)
    assert [(int(n), name) for n, name in re.findall(r"(\d+) ([a-z]+\d*)\b", row) if name in dtypes()] \
        == [(dtype.number, dtype.name) for dtype in dtypes().values()]


def test_every_dtype_of_the_file_is_read() -> None:
    rows = re.findall(r"^MG_DTYPE\((\d+)", OPS_DEF.read_text(), flags=re.M)
    assert [dtype.number for dtype in dtypes().values()] == [int(n) for n in rows] == list(range(1, len(rows) + 1))


def test_a_struct_of_another_layout_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Node(ctypes.Structure):
        _fields_ = [(name, ctypes.c_uint16 if name == "n_inputs" else kind)
                    for name, kind in core_library.NodeRecord._fields_]

    monkeypatch.setitem(core_library._STRUCTS, "mg_node_t", Node)
    with pytest.raises(ImportError, match=r"mg_node_t\.n_inputs is \(1, 8\), wanted \(2, 8\); run make host"):
        core_library._load_library()


def test_a_number_of_another_value_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(core_library._NUMBERS, "MG_MAX_RANK", 7)
    with pytest.raises(ImportError, match=r"MG_MAX_RANK is \(6, 0\), wanted \(7, 0\)"):
        core_library._load_library()


def test_an_older_library_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    older = tmp_path / library().name
    monkeypatch.setattr("midge.resources.library", lambda simd="": older)
    with pytest.raises(ImportError, match="is missing in the midge package: run make host"):
        core_library._load_library()
    subprocess.run(["cc", "-shared", "-o", older, "-x", "c", "/dev/null"], check=True)
    with pytest.raises(ImportError, match="is of another version than the midge package: it has no mg_about; run make"):
        core_library._load_library()


def test_every_library_of_this_pc_computes_the_same_bytes(monkeypatch: pytest.MonkeyPatch, wand_tflite: Path) -> None:
    """The one that is loaded may have wider vectors than the one that runs everywhere."""
    blob = convert_model(wand_tflite).blob
    x = np.random.default_rng(2).integers(-128, 128, (20, 288)).astype(np.int8)
    found = []
    for opened in (core_library.core, core_library._open(library())):
        monkeypatch.setattr("midge.core.binding._core", opened)
        found.append(np.zeros((20, 6), np.int8))
        Model(blob).run_samples([x], [found[-1]], len(x))
    assert len({row.tobytes() for row in found[0]}) > 1
    np.testing.assert_array_equal(*found)


def test_samples_of_another_size_are_refused(wand_tflite: Path) -> None:
    model = Model(convert_model(wand_tflite).blob)
    with pytest.raises(ValueError, match=r"got buffers of \[575\] bytes, wanted \[576\]"):
        model.run_samples([np.zeros(575, np.int8)], [np.zeros(12, np.int8)], 2)
    with pytest.raises(ValueError, match=r"got buffers of \[\] bytes, wanted \[12\]"):
        model.run_samples([np.zeros(576, np.int8)], [], 2)


@pytest.mark.parametrize("arrange", [
    lambda a: np.repeat(a, 2)[::2], lambda a: a[::-1].copy()[::-1], lambda a: np.asfortranarray(a.reshape(3, -1)),
])
def test_arrays_that_are_not_in_one_piece(arrange: Callable[[np.ndarray], np.ndarray], wand_tflite: Path) -> None:
    """Their values count, in order; what was read before the copy was dropped differed from run to run."""
    model = midge.load(convert_model(wand_tflite).blob)
    x = np.random.default_rng(1).integers(-128, 128, 288).astype(np.int8)
    wanted, found = np.zeros(6, np.int8), np.zeros(6, np.int8)
    model.run(x, out=wanted)
    for _ in range(20):
        model.run(arrange(x), out=found)
        assert found.tolist() == wanted.tolist()
