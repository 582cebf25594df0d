# SPDX-License-Identifier: MIT
"""Choose the ops of a build: write the file that C includes in place of ops.def's table (MG_OPS).

    select_ops.py FILE [--without "f32 signal"] [--skip-layouts "1"] [--models "a.midge b.midge"]

A family named by --without stays out; with --models only the ops and weight layouts of those files are in. The file
is rewritten only when the choice is another one, so that make rebuilds what depends on it.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import NoReturn

NATIVE = Path(__file__).resolve().parents[1]
ALL_LAYOUTS = 0xFFFFFFFF
WITH_LAYOUTS = ("CONV_2D", "DEPTHWISE_CONV_2D")  # their parameter `layout` chooses the kernel
ONE_IF_DENSE = ("batches", "in_h", "in_w", "out_h", "out_w", "kernel_h", "kernel_w")


def fail(message: str) -> NoReturn:
    sys.exit(f"select_ops: {message}")


def read_table() -> list[tuple[str, str, str]]:
    """Return (family, name, line) of each row of ops.def."""
    rows, family = [], ""
    for line in (NATIVE / "ops.def").read_text().splitlines():
        if found := re.match(r"/\* family (\w+)", line):
            family = found[1]
        elif found := re.match(r"MG_OP\(\d+, (\w+),", line):
            rows.append((family, found[1], line))
    return rows


def ops_of(paths: list[str]) -> tuple[set[str], dict[str, int], bool]:
    """Return the ops that .midge files use, a bit for each layout of those that have some, and whether all of the
    latter are dense layers."""
    from midge.core.binding import check_file
    from midge.errors import UserError  # here, because it takes the host's core, which other builds do without
    from midge.fileformat.read import decode, load_file

    names: set[str] = set()
    layouts, dense = dict.fromkeys(WITH_LAYOUTS, 0), True
    for path in paths:
        try:
            blob = load_file(path)
            check_file(blob, path)
        except UserError as error:
            fail(f"OPS_FROM: {error}")
        for node in decode(blob).nodes:
            names.add(node.op.name)
            if node.op.name in layouts:
                layouts[node.op.name] |= 1 << node.params["layout"]
                dense &= node.op.name == "CONV_2D" and all(node.params[name] == 1 for name in ONE_IF_DENSE)
    return names, layouts, dense


def select(without: set[str], skip_layouts: set[int], models: list[str]) -> str:
    """Return the file's text. Ends the program for an unknown family or a file that is no model."""
    table = read_table()
    families = {family for family, _, _ in table}
    if unknown := without - families:
        fail(f"MIDGE_WITHOUT={' '.join(sorted(unknown))}; families: {' '.join(sorted(families))}")
    kept = ALL_LAYOUTS & ~sum(1 << layout for layout in skip_layouts)
    used = {name for _, name, _ in table}
    layouts = dict.fromkeys(WITH_LAYOUTS, kept)
    dense = False
    if models:
        used, layouts, dense = ops_of(models)
    lines = [line for family, name, line in table if name in used and family not in without]
    if not lines:
        fail("no op is left for this build; leave fewer families out by MIDGE_WITHOUT")
    masks = [f"#define MG_LAYOUTS_{name} 0x{mask:x}u" for name, mask in layouts.items()]
    masks.append(f"#define MG_DENSE_ONLY {dense:d}")
    head = "/* Made by native_module/tools/select_ops.py. */"
    return "\n".join([head, "#ifdef MG_OP", *lines, "#else", *masks, "#endif", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description="Choose the ops of a build.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--without", default="", help="families of ops.def to leave out")
    parser.add_argument("--skip-layouts", default="", help="numbers of weight layouts to leave out")
    parser.add_argument("--models", default="", help=".midge files whose ops alone are wanted")
    options = parser.parse_args()
    text = select(set(options.without.split()), set(map(int, options.skip_layouts.split())), options.models.split())
    if not options.file.exists() or options.file.read_text() != text:
        options.file.parent.mkdir(parents=True, exist_ok=True)
        options.file.write_text(text)


if __name__ == "__main__":
    main()
