# SPDX-License-Identifier: MIT
"""Tables in the documents that are made of what the code knows, and whether what stands there is what belongs there.

A table stands in any Markdown file between <!-- NAME --> and <!-- /NAME -->. A new one is a function and a row of
TABLES; `python -m tests.support.tables` writes and checks them.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from midge.errors import UserError
from tests.support import ROOT
from tests.support.tables import boards, commands, examples, onnx, ops, power, starts

TABLES: dict[str, Callable[[], str]] = {
    "boards": boards.table,
    "commands": commands.table,
    "examples": examples.gallery,
    "onnx": onnx.table,
    "ops": ops.table,
    "power-figures": power.figures,
    "power-inferences": power.inferences,
    "power-listeners": power.listeners,
    "power-model": power.model,
    **{f"start-{name}": partial(starts.page, name) for name in starts.STARTS},
}

_PLACE = re.compile(r"^<!-- (?P<name>[\w-]+) -->\n(?P<text>.*?)^<!-- /(?P=name) -->$", re.MULTILINE | re.DOTALL)


def places() -> list[Path]:
    """Return the repository's Markdown files that hold tables."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT,
                            capture_output=True, text=True, check=True)
    files = [ROOT / line for line in listed.stdout.splitlines()]
    return [file for file in files if file.is_file() and _PLACE.search(file.read_text(encoding="utf-8"))]


def names_in(text: str) -> list[str]:
    """Name the tables that stand in a document, in their order."""
    return [found["name"] for found in _PLACE.finditer(text)]


def updated(file: Path) -> str:
    """Return a document with its tables made anew. Raises UserError where it has none, or one that is unknown."""
    text = file.read_text(encoding="utf-8")
    known = ", ".join(TABLES)
    names = names_in(text)
    if not names:
        raise UserError(f"{file}: no place for a table; put <!-- NAME --> and <!-- /NAME --> where it belongs, "
                        f"each on a line of its own; NAME is one of {known}")
    for name in names:
        if name not in TABLES:
            raise UserError(f"{file}: there is no table {name!r}; known: {known}")
    return _PLACE.sub(lambda found: _placed(found["name"]), text)


def _placed(name: str) -> str:
    return f"<!-- {name} -->\n{TABLES[name]()}\n<!-- /{name} -->"
