# SPDX-License-Identifier: MIT
"""What all tests share: where things are, and how fast hypothesis runs."""

import fcntl
import json
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import ROOT, SHARED, WAND_MODEL

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("long", deadline=None, max_examples=3000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

os.environ |= {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}  # for tests of Keras models; read when it is imported
os.environ.pop("MAKEFLAGS", None)  # tests call make as a user does, not as a part of the make that started them


_outcomes: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how a test of a board ended; what failed or was skipped while setting up counts too."""
    if report.nodeid.startswith("tests/device/") and (report.when == "call" or report.outcome != "passed"):
        _outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish() -> None:
    """Bring the record of executed tests up to date: the table of boards rests on it."""
    if _outcomes:
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
