# SPDX-License-Identifier: MIT
"""What is doubtful about files: a note per kind of doubt."""

from __future__ import annotations

from pathlib import Path


class Doubts:
    """Notes on files: one per kind of doubt, with how many have it and the first of them."""

    def __init__(self) -> None:
        self._files: dict[str, list[Path]] = {}

    def add(self, text: str, path: Path) -> None:
        """Note a file's doubt; the text follows the file's name, or "and 3 more"."""
        self._files.setdefault(text, []).append(path)

    def texts(self) -> list[str]:
        """Return the notes."""
        return [f"{files[0]}: " + (text if len(files) == 1 else f"and {len(files) - 1} more {text}")
                for text, files in self._files.items()]
