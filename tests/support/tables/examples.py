# SPDX-License-Identifier: MIT
"""The gallery of examples, from their docstrings."""

from __future__ import annotations

import ast

from tests.support import ROOT

EXAMPLES = ROOT / "mpy_lib/examples"
# What an example is about, by a word of its text; the first that is found.
KINDS = {"microphone": "sound", "camera": "pictures", "digits": "pictures", "sensor": "movements", "wand": "movements"}


def gallery() -> str:
    """Return a section for each example."""
    sections = []
    for path in sorted(EXAMPLES.glob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        kind = next(kind for word, kind in KINDS.items() if word in text.lower())
        lines = len(path.read_text(encoding="utf-8").splitlines())
        sections.append(f"## {path.stem}\n\n*{kind}, [{lines} lines](../../mpy_lib/examples/{path.name})*\n\n{text}\n")
    return "\n".join(sections).rstrip()
