# SPDX-License-Identifier: MIT
"""What each op costs in a native module: link one with that op alone, and one with none.

    op_sizes.py measure FOLDER --compile "..." --link "..." --size "..."     FOLDER/sizes.json, from its objects
    op_sizes.py table FOLDER...                                             one column a folder
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
from pathlib import Path

from select_ops import read_table, selection


def link(folder: Path, options: argparse.Namespace, rows: list[tuple[str, str, str]]) -> int:
    """Return the bytes of a module with these rows of ops.def."""
    table_file, table, linked = folder / "op.def", folder / "op.o", folder / "op_linked.o"
    table_file.write_text(selection(rows, []))
    compile_ops = [*shlex.split(options.compile), "-UMG_OPS", f'-DMG_OPS="{table_file}"']
    subprocess.run([*compile_ops, "-w", "-o", table, "-c", "core/ops.c"], check=True)
    objects = [path for path in folder.glob("*/**/*.o") if path.name != "ops.o"]
    link_all = shlex.split(options.link.replace("OBJECTS", shlex.join(map(str, [table, *objects]))))
    subprocess.run([*link_all, "-o", linked], check=True)
    return section_bytes(options.size, linked)


def section_bytes(size: str, linked: Path) -> int:
    """Return what of an object a board loads."""
    total = 0
    for line in subprocess.run([size, "-A", linked], capture_output=True, text=True, check=True).stdout.splitlines():
        name, _, rest = line.partition(" ")
        if name in (".text", ".literal", ".rodata", ".data.rel.ro"):
            total += int(rest.split()[0])
    return total


def measure(folder: Path, options: argparse.Namespace) -> None:
    base = link(folder, options, [])
    table = read_table()
    sizes = {"runtime": base} | {row[1]: link(folder, options, [row]) - base for row in table}
    for family in dict.fromkeys(family for family, _, _ in table):
        rows = [row for row in table if row[0] == family]
        sizes[f"all of {family}"] = link(folder, options, rows) - base
    sizes["everything"] = link(folder, options, table)
    (folder / "sizes.json").write_text(json.dumps(sizes, indent=1))


def print_table(folders: list[Path]) -> None:
    columns = {folder.name: json.loads((folder / "sizes.json").read_text()) for folder in folders}
    print(f"{'bytes':26}" + "".join(f"{name:>11}" for name in columns))
    for row in next(iter(columns.values())):
        print(f"{row:26}" + "".join(f"{sizes[row]:11}" for sizes in columns.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description="What each op costs in a native module.")
    parser.add_argument("action", choices=["measure", "table"])
    parser.add_argument("folders", type=Path, nargs="+")
    for name in ("compile", "link", "size"):
        parser.add_argument(f"--{name}")
    options = parser.parse_args()
    if options.action == "table":
        print_table(options.folders)
    for folder in options.folders if options.action == "measure" else []:
        measure(folder, options)


if __name__ == "__main__":
    main()
