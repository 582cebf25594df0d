# SPDX-License-Identifier: MIT
"""mpy_lib/manifest.py, read by MicroPython's own tool: all features, or those that are wanted, and drivers."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from tests.support import ROOT
from tests.support.boards import built

FEATURES = {f"midge/{path.name}" for path in (ROOT / "mpy_lib/midge").glob("*.py")}


@pytest.fixture(scope="module")
def manifestfile() -> ModuleType:
    path = built("build/micropython-1.25.0/tools/manifestfile.py", "ports/get-micropython.sh")
    spec = importlib.util.spec_from_file_location("manifestfile", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("options", "wanted"), [
    ("", FEATURES),
    (", profile=False", FEATURES - {"midge/profile.py"}),
    (", stream=True, drivers=('lsm9ds1',)", FEATURES | {"lsm9ds1.py", "fifo_sensor.py"}),
    (", drivers=('i2s_microphone',)", FEATURES | {"i2s_microphone.py", "microphone.py"}),
])
def test_what_is_frozen(manifestfile: ModuleType, options: str, wanted: set[str]) -> None:
    places = {"MPY_LIB_DIR": None, "MIDGE": str(ROOT)}
    manifest = manifestfile.ManifestFile(manifestfile.MODE_FREEZE, places)
    manifest.execute(f'include("$(MIDGE)/mpy_lib/manifest.py"{options})')
    assert {file.target_path for file in manifest.files()} == wanted
