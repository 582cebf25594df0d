# SPDX-License-Identifier: MIT
"""A script that imports `_midge`, as boards have it, runs on a PC."""

import os
import subprocess
import sys

from tests.support import ROOT


def test_a_script_for_boards_imports_it() -> None:
    script = "import _midge, midge; assert _midge.Model and _midge.about; print(midge.load.__module__)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False,
                          env=os.environ | {"PYTHONPATH": str(ROOT / "host_tools")})
    assert (done.returncode, done.stdout) == (0, "midge.device\n"), done.stderr
