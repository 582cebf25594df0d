# SPDX-License-Identifier: MIT
"""Each command line that the documents show is typed by a test: as a transcript, or by one that shown_commands.toml
names; or a reason stands there why it is not."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from midge.targets.cores import read_toml
from tests.support import ROOT
from tests.support.command import midge
from tests.support.transcript_files import FILES
from tests.support.transcripts import pages, sessions

LIST = ROOT / "tests/host/shown_commands.toml"
PAGES = [ROOT / "README.md", *sorted((ROOT / "host_tools/docs").glob("*.md")),
         *sorted((ROOT / "host_tools/demo").glob("*/README.md"))]
PROGRAMS = re.compile(r"(midge|make|mpremote|pip|python|ampy)\b")


def blocks(text: str) -> Iterator[tuple[str, list[str]]]:
    """Give each block of code: its language and its lines."""
    fence, language, inside = "", "", []
    for line in text.splitlines():
        opened = re.fullmatch(r"(```+)(\w*)", line)
        if not fence and opened:
            fence, language, inside = opened[1], opened[2], []
        elif fence and line == fence:
            yield language, inside
            fence = ""
        else:
            inside.append(line)


def shown() -> Iterator[tuple[str, str]]:
    """Give each command that a page shows without what it prints: the page, and the command without its comment."""
    for page in PAGES:
        for language, lines in blocks(page.read_text(encoding="utf-8")):
            if language in ("sh", ""):
                yield from ((page.name, re.split(r"\s+#", line)[0].strip()) for line in lines if PROGRAMS.match(line))


@cache
def typed() -> frozenset[str]:
    """The commands of all transcripts."""
    return frozenset(step.source.strip() for page in pages() for session in sessions(page)
                     for block in session.blocks for step in block.steps)


def listed() -> dict[str, str]:
    return {command: how for part in read_toml(LIST).values() for command, how in part.items()}


def test_every_command_that_is_shown_is_typed_or_accounted_for() -> None:
    missing = sorted({f"{page}: {command}" for page, command in shown()
                      if command not in typed() and command not in listed()})
    assert not missing, "\n".join(["type these in a test, and name it in shown_commands.toml:", *missing])


def test_the_list_is_of_commands_that_are_shown() -> None:
    assert set(listed()) <= {command for _, command in shown()} - typed()


@pytest.mark.parametrize(("command", "files"), read_toml(LIST)["here"].items())
def test_what_is_typed_here(command: str, files: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in files.split():
        kept = {".tflite": "wand.tflite", ".midge": "wand.midge", ".txt": "labels.txt"}[Path(name).suffix]
        Path(name).write_bytes(FILES[kept].content())
    done = midge(*command.split()[1:])
    assert done.returncode == 0 and done.stdout, done.stderr


@pytest.mark.parametrize(("command", "how"), read_toml(LIST)["typed"].items())
def test_the_tests_that_are_named_are_there_and_type_it(command: str, how: str) -> None:
    path, _, name = how.partition("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    assert not name or re.search(rf"^def {name}\(|^test-\w+:|^{name}:", source, re.M), f"{path} has no {name}"
    word = command.split()[1] if not command.startswith("pip ") else "pip"
    assert word in source, f"{path} does not speak of {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_that_is_shown_compiles(page) -> None:
    for language, lines in blocks(page.read_text(encoding="utf-8")):
        if language == "python":
            ast.parse(textwrap.dedent("\n".join(lines)))
