# SPDX-License-Identifier: MIT
"""What belongs together among files, such as all that one person said: told by a table, or by names that say it.

0_theo_12.wav and 3_theo_4.wav are of one speaker, p07_fist.jpg and p07_palm.jpg of one person.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from .takes import Labelled

_FEWEST = 3  # groups that are told by names


def read_groups(path: Path) -> dict[str, str]:
    """Return the group of each file's name, from a .csv file. Raises UserError."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read ({error}); wanted a line per file: its name, a comma, its "
                        "group") from error
    for i, row in enumerate(rows):
        if len(row) < 2 or not row[1].strip():
            raise UserError(f"{path}:{i + 1}: '{','.join(row)[:40]}' names no group; wanted a file's name, a comma, "
                            "and its group, such as its speaker")
    return {Path(row[0].strip()).name: row[1].strip() for row in rows}


def groups_of(files: Sequence[Labelled], table: Path | None, pattern: str | None = None) -> tuple[list[str], str]:
    """Return the group of each file, "" where none is known, and how groups were found, "" where they were not.

    table: a .csv file with a file's name and its group per line. pattern: a regular expression that finds the group in
    a file's path, its first group in parentheses or all that fits. Without both, names tell, where they do. Raises
    UserError where a table or pattern leaves out a file.
    """
    if table is not None:
        known = read_groups(table)
        names = [known.get(file.name, "") for file in files]
        _refuse_missing(files, names, f"{table}: has no line for {{}} (and {{}} others); write '{{}},' and its group")
        return names, f"the groups in {table}"
    if pattern is not None:
        try:
            found = [re.search(pattern, file.path) for file in files]
        except re.error as error:
            raise UserError(f"'{pattern}' is no regular expression ({error}); p\\d+ finds p07 in p07_fist.jpg"
                            ) from error
        names = ["" if m is None else m[1] if m.re.groups and m[1] is not None else m[0] for m in found]
        _refuse_missing(files, names,
                        f"'{pattern}' finds nothing in {{}} (nor in {{}} others): mend it, or rename {{}}")
        return names, f"what '{pattern}' finds, such as '{names[0]}' in {files[0].name}" if files else ""
    return _in_names(files)


def _refuse_missing(files: Sequence[Labelled], names: Sequence[str], text: str) -> None:
    missing = [file for file, name in zip(files, names, strict=True) if not name]
    if missing:
        raise UserError(text.format(missing[0].name, len(missing) - 1, missing[0].name))


def _in_names(files: Sequence[Labelled]) -> tuple[list[str], str]:
    """Find what belongs together in the names of files: the first part of them that several files of classes share."""
    parts = [re.split(r"[_\- ]+", Path(file.path).stem) for file in files]
    for i in range(min(map(len, parts), default=0) - 1):
        names = [part[i] for part in parts]
        if _are_groups(names, [file.label for file in files]):
            return names, f"part {i + 1} of their names, such as '{names[0]}' in {files[0].name}"
    return [""] * len(files), ""


def _are_groups(names: Sequence[str], labels: Sequence[str]) -> bool:
    """Tell whether names part files otherwise than their classes, each class into two at least."""
    pairs = set(zip(names, labels, strict=True))
    count = len(set(names))
    in_one = sum(sum(name == other for other, _ in pairs) == 1 for name in set(names))  # class only
    return (_FEWEST <= count <= len(names) // 2
            and all(sum(label == other for _, other in pairs) >= 2 for label in set(labels))
            and (2 * in_one <= count or count >= 5 * len(set(labels))))
