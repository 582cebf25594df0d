# SPDX-License-Identifier: MIT
"""Choose the ops of a build: write the file that C includes in place of ops.def's table (MG_OPS).

    select_ops.py FILE [--without "f32 signal"] [--simd armv7em] [--models "a.midge b.midge"] [--ops "CONV_2D SOFTMAX"]

A family named by --without stays out, and with --simd the weight layouts that are for other backends of core/simd/;
with --models only the ops and weight layouts of those files are in, with --ops only these ops, with plain weights. The
file is rewritten only when the choice is another one, so that make rebuilds what depends on it.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import NamedTuple, NoReturn

NATIVE = Path(__file__).resolve().parents[1]
ONE_IF_DENSE = ("batches", "in_h", "in_w", "out_h", "out_w", "kernel_h", "kernel_w")


def fail(message: str) -> NoReturn:
    sys.exit(f"select_ops: {message}")


def read_families() -> list[str]:
    """Return the families of ops.def; of learn there are no ops."""
    return re.findall(r"^MG_FAMILY\((\w+)\)", (NATIVE / "ops.def").read_text(), re.M)


def read_table() -> list[tuple[str, str, str]]:
    """Return (family, name, line) of each row of ops.def."""
    rows, family = [], ""
    for line in (NATIVE / "ops.def").read_text().splitlines():
        if found := re.match(r"MG_FAMILY\((\w+)\)", line):
            family = found[1]
        elif found := re.match(r"MG_OP\(\d+, (\w+),", line):
            rows.append((family, found[1], line))
    return rows


class Layout(NamedTuple):
    """A row of ops.def."""

    op: str
    number: int
    simd: tuple[str, ...]
    line: str


def read_layouts() -> list[Layout]:
    """Return the weight layouts of ops.def."""
    rows = re.findall(r"^(MG_LAYOUT\((\w+), (\d+), \w+, \w+, ([\w ]+)\))$", (NATIVE / "ops.def").read_text(), re.M)
    return [Layout(op, int(number), tuple(simd.split()), line) for line, op, number, simd in rows]


def ops_of(paths: list[str]) -> tuple[set[str], set[tuple[str, int]], bool]:
    """Return the ops that .midge files use, their weight layouts as (op, number), and whether every layer that has one
    is dense."""
    from midge.core.binding import check_file
    from midge.errors import UserError  # here, because it takes the host's core, which other builds do without
    from midge.fileformat.read import decode, load_file

    names: set[str] = set()
    layouts: set[tuple[str, int]] = set()
    with_layouts = {layout.op for layout in read_layouts()}
    dense = True
    for path in paths:
        try:
            blob = load_file(path)
            check_file(blob, path)
        except UserError as error:
            fail(f"OPS_FROM: {error}")
        for node in decode(blob).nodes:
            names.add(node.op.name)
            if node.op.name in with_layouts:
                layouts.add((node.op.name, node.params["layout"]))
                dense &= node.op.name == "CONV_2D" and all(node.params[name] == 1 for name in ONE_IF_DENSE)
    return names, layouts, dense


def selection(
    rows: list[tuple[str, str, str]], layouts: list[str], dense: bool = False, learns: bool = False
) -> str:
    """Return the text of a file with these rows of ops.def: (family, name, line) of ops, lines of weight layouts."""
    names = [family for family, _, _ in rows] + ["learn"] * learns
    families = dict.fromkeys(f"MG_FAMILY({family})" for family in names)
    sees = any(name == "IMAGE" for _, name, _ in rows)
    lines = ["/* Made by native_module/tools/select_ops.py. */",
             "#ifdef MG_OP", "#ifndef MG_FAMILY", "#define MG_FAMILY(name)", "#endif", *families,
             *(line for _, _, line in rows), "#undef MG_FAMILY", "#endif",
             "#ifdef MG_LAYOUT", *layouts, "#endif", f"#define MG_DENSE_ONLY {dense:d}",
             f"#define MG_LEARNS {learns:d}", f"#define MG_SEES {sees:d}", ""]
    return "\n".join(lines)


def layouts_of(simd: str) -> list[Layout]:
    """Return the layouts that builds for a backend have; '' has all. Ends the program for an unknown one."""
    layouts = read_layouts()
    known = {name for layout in layouts for name in layout.simd} - {"any"}
    if simd and simd not in known:
        fail(f"no SIMD backend '{simd}'; known: {' '.join(sorted(known))}")
    return [layout for layout in layouts if not simd or {simd, "any"} & set(layout.simd)]


def select(without: set[str], simd: str, models: list[str], named: list[str]) -> str:
    """Return the file's text. Ends the program for an unknown family, op or backend, or a file that is no model."""
    table = read_table()
    families = set(read_families())
    if unknown := without - families:
        fail(f"MIDGE_WITHOUT={' '.join(sorted(unknown))}; families: {' '.join(sorted(families))}")
    used, dense = {name for _, name, _ in table}, False
    kept = layouts_of(simd)
    if models:
        used, used_layouts, dense = ops_of(models)
        kept = [layout for layout in read_layouts() if (layout.op, layout.number) in used_layouts]
    if named:
        if unknown := set(named) - used:
            fail(f"OPS={' '.join(sorted(unknown))}; ops are rows of native_module/ops.def")
        used, kept = set(named), [layout for layout in kept if layout.number == 0]
    rows = [row for row in table if row[1] in used and row[0] not in without]
    if not rows:
        fail("no op is left for this build; leave fewer families out by MIDGE_WITHOUT")
    ops = {name for _, name, _ in rows}
    learns = not models and not named and "learn" not in without
    return selection(rows, [layout.line for layout in kept if layout.op in ops], dense, learns)


def main() -> None:
    parser = argparse.ArgumentParser(description="Choose the ops of a build.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--without", default="", help="families of ops.def to leave out")
    parser.add_argument("--simd", default="", help="the backend of core/simd/ whose weight layouts alone are wanted")
    parser.add_argument("--models", default="", help=".midge files whose ops alone are wanted")
    parser.add_argument("--ops", default="", help="ops that alone are wanted")
    options = parser.parse_args()
    text = select(set(options.without.split()), options.simd, options.models.split(), options.ops.split())
    if not options.file.exists() or options.file.read_text() != text:
        options.file.parent.mkdir(parents=True, exist_ok=True)
        options.file.write_text(text)


if __name__ == "__main__":
    main()
