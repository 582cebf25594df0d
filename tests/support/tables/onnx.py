# SPDX-License-Identifier: MIT
"""The list of ONNX ops that Midge converts."""

from __future__ import annotations

from textwrap import fill

import midge.importers.onnx.ops  # noqa: F401  (fills IMPORTS)
from midge.importers.onnx.registry import IMPORTS


def table() -> str:
    """Return the list in Markdown."""
    return fill(", ".join(sorted(IMPORTS)) + ".", 120)
