# SPDX-License-Identifier: MIT
"""The `midge` command as a process of its own: for tests of what it prints where, and of its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MIDGE = [sys.executable, "-m", "midge.cli.main"]


def midge(*arguments: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command line to its end; `environment` is added to the process's own."""
    return subprocess.run([*MIDGE, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=cwd,
                          env=os.environ | environment)  # fmt: skip
