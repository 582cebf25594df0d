# SPDX-License-Identifier: MIT
"""Class names: read them, and tell those that are never answered."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import UserError
from .text import read_text

QUIET = ("idle", "unknown", "noise", "none", "nothing", "nomotion", "rest", "still", "background", "other", "silence")


def is_quiet(label: str) -> bool:
    """Tell whether a class is one that is never answered: idle and the like."""
    return label.lower().replace(" ", "").replace("_", "") in QUIET


def quiet_ones(labels: list[str]) -> list[int]:
    """Return which classes are never answered."""
    return [i for i, label in enumerate(labels) if is_quiet(label)]


def read_labels(text: str | None) -> list[str]:
    """Return labels from a text file with one per line, or from a comma-separated list. Raises UserError."""
    if text is None:
        return []
    path = Path(text)
    if path.is_file():
        lines = read_text(path).splitlines()
        if all(re.match(rf"{i} \S", line) for i, line in enumerate(filter(str.strip, lines))):  # Teachable Machine's
            lines = [line.partition(" ")[2] for line in lines]
    elif path.suffix == ".txt":
        raise UserError(f"{text}: no such file; give a text file with one label per line, or idle,circle,wing")
    else:
        lines = text.split(",")
    return [line.strip() for line in lines if line.strip()]
