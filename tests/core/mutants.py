#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prove that every check of the validator is tested: take each away in turn and see a test fail.

    mutants.py BUILD_FOLDER SEEDS CRASHES      (the lists that the tests read)

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
from pathlib import Path

CORE = Path("native_module/core")
TESTS = ("foreign", "rule", "fenced", "field", "conv", "depthwise", "arena")

REDUNDANT = {
    "m->file_size > INT32_MAX": "takes a file of 2 GB",
    "out->place != MG_PLACE_ARENA": "without it sound files are refused, not broken ones accepted",
    "left < NODE_SIZE": "sections behind the nodes make these bytes readable; the record's size then fails",
    "mg_load_u16(p + 2) % 4 != 0": "no op's parameters give such a size",
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


def survives(core: Path, objects: list[Path], program: Path, flags: list[str], arguments: list[str]) -> bool:
    sources = [*core.glob("*.c"), *core.glob("kernels/*.c")]
    compiler = [*shlex.split(os.environ.get("CC", "cc")), "-std=c99", "-w", "-DMG_SIMD_SCALAR", *flags]
    subprocess.run([*compiler, f"-I{core}", *map(str, [*sources, *objects]), "-o", str(program), "-lm"], check=True)
    for test in TESTS:
        try:
            command = [str(program), "scalar", *arguments, os.devnull, test]
            run = subprocess.run(command, check=False, capture_output=True, timeout=60)
        except subprocess.TimeoutExpired:
            return False
        if run.returncode != 0:
            return False
    return True


def main() -> None:
    build, arguments = Path(sys.argv[1]), sys.argv[2:4]
    shutil.rmtree(build, ignore_errors=True)
    copy = build / "native_module"
    shutil.copytree(CORE, copy / "core")
    shutil.copy(CORE.parent / "ops.def", copy)
    tests = [*Path("tests/core").glob("*.c"), Path("tests/fuzz/exercise.c")]
    plain, checked = ["-O0"], ["-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    objects: dict[str, list[Path]] = {}
    for kind, flags in (("plain", plain), ("checked", checked)):
        objects[kind] = [build / f"{kind}-{source.stem}.o" for source in tests]
        for source, target in zip(tests, objects[kind], strict=True):
            subprocess.run([*shlex.split(os.environ.get("CC", "cc")), "-std=c99", "-w", "-D_POSIX_C_SOURCE=200809L",
                            "-DMG_SIMD_SCALAR", *flags, f"-I{CORE}", f"-I{CORE.parent}", "-Itests/core", "-Itests/fuzz",
                            "-c", str(source), "-o", str(target)], check=True)  # fmt: skip
    count = alive = 0
    for source in sorted(CORE.rglob("*.c")):
        text, target = source.read_text(), copy / "core" / source.relative_to(CORE)
        for start, end, prefix in mutants(text):
            condition = " ".join(text[start:end].split())
            count += 1
            if condition in REDUNDANT:
                continue
            target.write_text(f"{text[:start]} ({prefix}({text[start:end]})){text[end:]}")
            # Most fail without sanitizers, which is faster; the rest shows as a stray access.
            if survives(copy / "core", objects["plain"], build / "test", plain, arguments) and survives(
                copy / "core", objects["checked"], build / "test", checked, arguments
            ):
                alive += 1
                print(f"{source}:{text.count(chr(10), 0, start) + 1}: no test needs: {condition}")
        target.write_text(text)
    print(f"{count - alive} checks passed, {alive} failed")
    sys.exit(alive != 0)


if __name__ == "__main__":
    main()
