# SPDX-License-Identifier: MIT
"""A table of the README that a script writes: its place, and whether what stands there is what belongs there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path


def main(usage: str, name: str, table: Callable[[], str], unfounded: Callable[[list[str]], list[str]]) -> int:
    """Run such a script: print the table, or --check README or --write README, between <!-- name --> marks.

    unfounded: given the arguments behind the README's path, what else is wrong; asked with --check.
    """
    arguments, begin, end = sys.argv[1:], f"<!-- {name} -->", f"<!-- /{name} -->"
    if not arguments:
        print(table())
        return 0
    if len(arguments) < 2 or arguments[0] not in ("--check", "--write"):
        print(usage, file=sys.stderr)
        return 2
    readme = Path(arguments[1])
    text = readme.read_text()
    if begin not in text or end not in text:
        print(f"{readme}: no place for the table; put {begin} and {end} where it belongs", file=sys.stderr)
        return 1
    before, rest = text.split(begin, 1)
    wanted = f"{before}{begin}\n{table()}\n{end}{rest.split(end, 1)[1]}"
    if arguments[0] == "--write":
        readme.write_text(wanted)
        return 0
    problems = unfounded(arguments[2:])
    if text != wanted:
        problems.append(f"{readme}: the table of {name} is stale; run {sys.argv[0]} --write {readme}")
    for line in problems:
        print(line, file=sys.stderr)
    return 1 if problems else 0
