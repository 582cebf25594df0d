# SPDX-License-Identifier: MIT
"""A terminal for tests of what moves."""

from types import SimpleNamespace

import pytest

from midge.cli import terminal
from tests.support.command import LookedAt


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> LookedAt:
    """Make the standard output a terminal of 80 columns and 256 colours."""
    for name, value in {"TERM": "xterm-256color", "COLORTERM": "", "NO_COLOR": "", "FORCE_COLOR": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("WT_SESSION", raising=False)
    looked_at = LookedAt()
    monkeypatch.setattr(terminal, "sys", SimpleNamespace(stdout=looked_at))  # pytest itself changes that of sys
    return looked_at
