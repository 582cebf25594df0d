# SPDX-License-Identifier: MIT
"""The gallery of examples, from their docstrings."""

from __future__ import annotations

from midge.link.examples import all_examples


def gallery() -> str:
    """Return a section for each example."""
    sections = []
    for example in all_examples():
        lines, path = len(example.source.splitlines()), f"../../mpy_lib/examples/{example.name}.py"
        sections.append(f"## {example.name}\n\n*{example.kind}, [{lines} lines]({path})*\n\n{example.text}\n")
    return "\n".join(sections).rstrip()
