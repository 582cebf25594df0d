# SPDX-License-Identifier: MIT
"""The list of ONNX ops, from the importer's functions."""

from __future__ import annotations

from textwrap import fill

from midge.importers.onnx import ops  # noqa: F401  (they register themselves)
from midge.importers.onnx.importer import IMPORTS


def table() -> str:
    """Return the list in Markdown."""
    return fill(", ".join(sorted(IMPORTS)) + ".", 120)
