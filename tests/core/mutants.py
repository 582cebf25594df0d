#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prove that every check of the validator is tested: take each away in turn and see a test fail.

    mutants.py BUILD_FOLDER SEEDS CRASHES [FILE]      (the lists that the tests read; files whose name contains FILE)

A condition of an `if` in a check becomes false, a condition of a `return` true. What survives must
stand in REDUNDANT with a reason. Run from the top of the repository; takes a few minutes.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CORE = Path("native_module/core")
SHARED_SOURCES = [path for path in Path("tests/fuzz").glob("*.c") if path.stem != "fuzz_model"]
TESTS = ("rule", "foreign", "mutated", "fenced", "arena", "conv", "depthwise", "field")  # the quick ones first

REDUNDANT = {
    "m->file_size > INT32_MAX": "takes a file of 2 GB",
    "left < MG_NODE_SIZE": "sections after the nodes make these bytes readable; the record's size then fails",
    "mg_load_u16(p + MG_NODE_RECORD_SIZE) % 4 != 0": "no op's parameters give such a size",
    "last >= check->tensors[0].size": "of two in MEAN the second finds the same; the first prevents wrapping",
    "p->depth == 0": "no tensor has 0 elements",
}


def closing(text: str, at: int) -> int:
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == "(") - (text[i] == ")")
        if depth == 0:
            return i
    raise ValueError("unbalanced parentheses")


def split(text: str, operator: str) -> Iterator[tuple[int, int]]:
    """Start and end of each operand at the outermost level."""
    depth = start = 0
    for i, c in enumerate(text):
        depth += (c in "([") - (c in ")]")
        if depth == 0 and text.startswith(operator, i):
            yield start, i
            start = i + len(operator)
    yield start, len(text)


def mutants(text: str) -> Iterator[tuple[int, int, str]]:
    """Stretches of conditions in functions that check, and what to put in front of them."""
    checks = r"^(?:static )?bool \w*(?:check|inside|overlap)\w*\([^;{]*\{\n(.*?)^\}"
    for function in re.finditer(checks, text, re.DOTALL | re.MULTILINE):
        base, body = function.start(1), function[1]
        for found in re.finditer(r"\bif \(", body):
            at = base + found.end()
            for start, end in split(text[at : closing(text, at - 1)], "||"):
                yield at + start, at + end, "0 && "
        for found in re.finditer(r"\breturn ([^;]*);", body):
            if not re.match(r"true|false|fail\(|corrupt\(|mg_refuse\(", found[1]):
                for start, end in split(found[1], "&&"):
                    yield base + found.start(1) + start, base + found.start(1) + end, "1 || "


class Build:
    """The tests with one set of compiler flags; only what a mutant changes is compiled again."""

    def __init__(self, folder: Path, core: Path, flags: list[str]) -> None:
        self.folder, self.core = folder, core
        self.compiler = [*shlex.split(os.environ.get("CC", "cc")), "-std=c99", "-w", "-D_POSIX_C_SOURCE=200809L",
                         "-DMG_SIMD_SCALAR", "-O0", f"-I{core}", f"-I{core.parent}", "-Itests/core", "-Itests/fuzz",
                         *flags]
        folder.mkdir(parents=True)
        sources = [*core.rglob("*.c"), *Path("tests/core").glob("*.c"), *SHARED_SOURCES]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self.compile, sources))

    def compile(self, source: Path) -> None:
        target = self.folder / f"{source.stem}.o"
        subprocess.run([*self.compiler, "-c", str(source), "-o", str(target)], check=True)

    def survives(self, arguments: list[str]) -> bool:
        """Whether all tests pass."""
        program = self.folder / "test"
        objects = map(str, self.folder.glob("*.o"))
        subprocess.run([*self.compiler, *objects, "-o", str(program), "-lm"], check=True)
        for test in TESTS:
            try:
                command = [str(program), "scalar", *arguments, os.devnull, test]
                run = subprocess.run(command, check=False, capture_output=True, timeout=60)
            except subprocess.TimeoutExpired:
                return False
            if run.returncode != 0:
                return False
        return True


def lives(build: Build, mutant: Path, arguments: list[str]) -> bool:
    build.compile(mutant)
    return build.survives(arguments)


def main() -> None:
    build, arguments, only = Path(sys.argv[1]), sys.argv[2:4], "".join(sys.argv[4:])
    shutil.rmtree(build, ignore_errors=True)
    copy = build / "native_module"
    shutil.copytree(CORE, copy / "core")
    shutil.copy(CORE.parent / "ops.def", copy)
    builds = [
        Build(build / "plain", copy / "core", []),  # most fail here, which is faster; the rest shows as a stray access
        Build(build / "checked", copy / "core", ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]),
    ]
    count = alive = 0
    for source in sorted(p for p in CORE.rglob("*.c") if only in p.name):
        text, target = source.read_text(), copy / "core" / source.relative_to(CORE)
        for start, end, prefix in mutants(text):
            condition = " ".join(text[start:end].split())
            count += 1
            if condition in REDUNDANT:
                continue
            target.write_text(f"{text[:start]} ({prefix}({text[start:end]})){text[end:]}")
            if all(lives(kind, target, arguments) for kind in builds):
                alive += 1
                print(f"{source}:{text.count(chr(10), 0, start) + 1}: no test needs: {condition}", flush=True)
        target.write_text(text)
        for kind in builds:
            kind.compile(target)
    print(f"{count - alive} checks passed, {alive} failed")
    sys.exit(alive != 0)


if __name__ == "__main__":
    main()
