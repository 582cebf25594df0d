# SPDX-License-Identifier: MIT
"""What all tests share: how many cases hypothesis draws, an environment that is the same everywhere, real models."""

import gc
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

from tests.support import ROOT, SHARED, WAND_MODEL
from tests.support.quant_models import samples, small_cnn

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("long", deadline=None, max_examples=3000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# What tests leave behind is under build/; the user's own home, with his caches and settings, is not touched.
PLACE = ROOT / "build/tests"
set_hypothesis_home_dir(PLACE / "hypothesis")
os.environ.setdefault("GIT_CONFIG_GLOBAL", os.path.expanduser("~/.gitconfig"))
for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
    os.environ.pop(name, None)
os.environ["HOME"] = str(PLACE / "home")
(PLACE / "home").mkdir(parents=True, exist_ok=True)

os.environ["COLUMNS"] = "80"  # what is printed is the same on every terminal
os.environ |= {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}  # for tests of Keras models; read when it is imported
# The networks of tests are so small that compiling them well takes longer than training them.
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_backend_optimization_level=0".strip()
os.environ.pop("MAKEFLAGS", None)  # tests call make as a user does, not as a part of the make that started them


@pytest.fixture(scope="session")
def emulator() -> None:
    """Asked for by every fixture that starts an emulated board."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of emulated boards."""
    for item in items:
        if "emulator" in getattr(item, "fixturenames", ()):
            item.add_marker("emulator")


_outcomes: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how a test of a board ended; what failed or was skipped while setting up counts too."""
    if report.nodeid.startswith("tests/device/") and (report.when == "call" or report.outcome != "passed"):
        _outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish() -> None:
    """Bring the record of executed tests up to date: the table of boards rests on it."""
    if _outcomes:
        import fcntl  # not on Windows, where no board is tested

        with (ROOT / "build/executed.json").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # boards are tested at once
            file.seek(0)
            text = file.read()
            file.truncate(0)
            file.write(json.dumps((json.loads(text) if text else {}) | _outcomes, indent=0))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real models and recordings that lies beside the repository."""
    if not (SHARED / "models").is_dir():
        pytest.skip(f"no real models at {SHARED}; set SHARED=<dir>")
    return SHARED


@pytest.fixture(scope="session")
def wand_tflite() -> Path:
    """The project's own trained model."""
    return WAND_MODEL


@pytest.fixture(scope="session")
def small_net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a float model, net.tflite, its int8 twin, net.midge, and samples labelled by the former."""
    from midge import api

    folder = tmp_path_factory.mktemp("small-net")
    (folder / "net.tflite").write_bytes(small_cnn())
    x = samples(200)
    y = api.convert(small_cnn()).run(x).reshape(200, 3).argmax(axis=1)
    np.savez(folder / "data.npz", x=x, y=y)
    np.save(folder / "cal.npy", x[:64])
    api.convert(small_cnn(), calibrate=x[:64], labels=["a", "b", "c"], name="net").save(folder / "net.midge")
    return folder


@pytest.fixture(scope="module", autouse=True)
def _old_objects_stay() -> None:
    """Leave what there is by now out of garbage collections: hypothesis asks for many, of millions of objects."""
    gc.collect()
    gc.freeze()
