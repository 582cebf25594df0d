# SPDX-License-Identifier: MIT
"""What all tests share: where things are, and how fast hypothesis runs."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("SHARED", ROOT.parent / "shared"))

settings.register_profile("ci", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("long", deadline=None, max_examples=3000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "boards: slow, on emulated boards that `make test-boards` builds")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real models and recordings that lies beside the repository."""
    if not (SHARED / "models").is_dir():
        pytest.skip(f"no real models at {SHARED}; set SHARED=<dir>")
    return SHARED


@pytest.fixture(scope="session")
def wand_tflite() -> Path:
    """The project's own trained model."""
    return ROOT / "host_tools/demo/wand/wand_int8.tflite"
