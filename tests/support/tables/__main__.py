# SPDX-License-Identifier: MIT
"""Write the documents' tables, or check them.

    python -m tests.support.tables NAME ...              print tables
    python -m tests.support.tables --write [FILE ...]    replace the tables in these Markdown files, or in all
    python -m tests.support.tables --check [FILE ...]    fail where one is stale
    python -m tests.support.tables --passed [BOARD ...]  fail where a test on which the table of boards rests has not
                                                         passed, for these boards or all
"""

from __future__ import annotations

import sys
from pathlib import Path

from midge.errors import UserError
from tests.support.tables import TABLES, boards, places, updated


def main(arguments: list[str]) -> str:
    """Do what the arguments ask for, and return what is wrong, or nothing."""
    what, *rest = arguments or ["--help"]
    if what == "--passed":
        return "\n".join(boards.unfounded(boards.results(), rest))
    if what in ("--write", "--check"):
        files = [Path(name) for name in rest] or places()
        stale = {file: text for file in files if (text := updated(file)) != file.read_text(encoding="utf-8")}
        if what == "--check":
            return "\n".join(f"{file}: a table is stale; run: python -m tests.support.tables --write {file}"
                             for file in stale)
        for file, text in stale.items():
            file.write_text(text, encoding="utf-8")
        return ""
    unknown = [name for name in arguments if name not in TABLES]
    if not arguments or unknown:
        return f"{(__doc__ or '').strip()}\n\ntables: {', '.join(TABLES)}"
    print("\n\n".join(TABLES[name]() for name in arguments))
    return ""


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]) or 0)
    except (UserError, OSError) as error:
        sys.exit(f"tables: {error}")
