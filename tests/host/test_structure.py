# SPDX-License-Identifier: MIT
"""The shape of the source: which room may import which, no circles, and files and functions of a size to be read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support import ROOT

MIDGE = ROOT / "host_tools/midge"

# From the bottom up: a room imports those before it and itself. "midge" is the package itself, which is midge.load.
ROOMS = ["errors", "files", "optional", "progress", "resources", "limits", "fileformat", "graph", "core", "midge",
         "importers", "passes", "lowering", "targets", "program", "convert", "quantize", "samples", "evaluate", "train",
         "profiling", "plots", "power", "link", "capture", "api", "studio", "cli"]

FILE_LINES, FUNCTION_LINES = 500, 60
SOURCES = ("host_tools", "mpy_lib", "native_module", "ports", "tests")
BUILT = {"build", "__pycache__"}


@cache
def modules() -> dict[str, Path]:
    """Map each module of midge to its file; the package itself is "midge"."""
    names = {}
    for path in sorted(MIDGE.rglob("*.py")):
        parts = path.relative_to(MIDGE).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "midge"] = path
    return names


def imports(module: str) -> Iterator[str]:
    """Name the modules of midge that one imports, wherever in its text the import is."""
    path = modules()[module]
    package = path.relative_to(MIDGE).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += node.module.split(".") if node.module else []
            if not node.level and base.pop(0) != "midge":
                continue
            for name in node.names:
                yield next(m for m in (".".join([*base, name.name]), ".".join(base), "midge") if m in modules())
        elif isinstance(node, ast.Import):
            found = (name.name.split(".") for name in node.names)
            yield from (".".join(parts[1:]) or "midge" for parts in found if parts[0] == "midge")


@cache
def graph() -> dict[str, set[str]]:
    """Map each module of midge to those that it imports."""
    return {module: set(imports(module)) - {module} for module in modules()}


def room(module: str) -> str:
    return module.split(".")[0]


def circles() -> list[list[str]]:
    """Return the groups of modules that import one another, directly or through others."""
    reach = {module: set(needed) for module, needed in graph().items()}
    for middle in reach:
        for module in reach:
            if middle in reach[module]:
                reach[module] |= reach[middle]
    found = {frozenset(other for other in reach[m] if m in reach[other]) for m in reach if m in reach[m]}
    return sorted(sorted(group) for group in found)


def test_no_circle_of_modules() -> None:
    assert circles() == []


def test_every_room_has_its_place() -> None:
    assert sorted({room(module) for module in modules()}) == sorted(ROOMS)


@pytest.mark.parametrize("name", ROOMS)
def test_rooms_import_downwards_only(name: str) -> None:
    below = ROOMS[: ROOMS.index(name) + 1]
    upwards = {f"{module} imports {needed}" for module in modules() if room(module) == name
               for needed in graph()[module] if room(needed) not in below}
    assert not upwards


def test_tests_of_the_host_tools_mirror_them() -> None:
    packages = {path.name for path in MIDGE.iterdir() if (path / "__init__.py").is_file()}
    folders = {path.name for path in (ROOT / "tests/host").iterdir() if path.is_dir()} - BUILT
    assert folders == packages | {"api"}


def sources(area: str, *suffixes: str) -> list[Path]:
    """Return the source files under a folder of the repository; what was built is none."""
    found = (p for p in sorted((ROOT / area).rglob("*")) if p.suffix in suffixes)
    return [p for p in found if not BUILT & set(p.relative_to(ROOT).parts)]


@pytest.mark.parametrize("area", SOURCES)
def test_files_are_short(area: str) -> None:
    sizes = {p: p.read_text(encoding="utf-8").count("\n") for p in sources(area, ".c", ".h", ".py")}
    assert {str(p.relative_to(ROOT)): lines for p, lines in sizes.items() if lines > FILE_LINES} == {}


def python_functions(path: Path) -> Iterator[tuple[str, int]]:
    """Give the name of each function of a file, and its lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


# What the scanner of C leaves out, keeping its lines: comments, strings, and lines of the preprocessor.
NO_CODE = re.compile(
    r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])+' | ^[ \t]*\#(?:\\\n|[^\n])*""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)


def c_functions(path: Path) -> Iterator[tuple[str, int]]:
    """Give the name of each function of a file, and its lines from its name to its last brace."""
    text = NO_CODE.sub(lambda found: "\n" * found[0].count("\n"), path.read_text(encoding="utf-8"))
    depth = start = 0
    name = ""
    for found in re.finditer(r"[{};]", text):
        if found[0] == "{":
            declared = re.search(r"(\w+)\s*\((?:[^()]|\([^()]*\))*\)\s*$", text[start : found.start()])
            if not depth and declared:
                name, begin = declared[1], start + declared.start()
            depth += 1
        elif found[0] == "}":
            depth -= 1
            if not depth and name:
                yield name, text.count("\n", begin, found.start()) + 1
                name = ""
        if not depth:
            start = found.end()
    assert depth == 0, f"{path}: braces that do not match"


@pytest.mark.parametrize("area", [area for area in SOURCES if area != "tests"])
def test_functions_are_short(area: str) -> None:
    long = {}
    for path in sources(area, ".c", ".h", ".py"):
        for name, lines in (python_functions if path.suffix == ".py" else c_functions)(path):
            if lines > FUNCTION_LINES:
                long[f"{path.relative_to(ROOT)}: {name}"] = lines
    assert long == {}


def test_functions_of_c_are_found(tmp_path: Path) -> None:
    """The scanner sees through what looks like braces, and misses no function."""
    path = tmp_path / "x.c"
    path.write_text('#define F(x) { \\\n  x }\nstatic const int a[] = {1, 2};\nstruct s { int b; };\n'
                    'int\nf(int (*g)(int), char c) // }\n{\n    if (c == \'}\') { /* { */ puts("{"); }\n}\n'
                    "static void MG_USED h(void) {\n}\n")
    assert list(c_functions(path)) == [("f", 4), ("h", 2)]


def test_nobody_changes_the_search_path() -> None:
    """What tests share is the package tests.support; a script is run as python -m tests.x."""
    for path in sources("tests", ".py"):
        assert not re.search(r"^\s*sys\.path\.(insert|append)", path.read_text(encoding="utf-8"), re.MULTILINE), path
