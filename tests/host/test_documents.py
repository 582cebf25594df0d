# SPDX-License-Identifier: MIT
"""What the documents name exists: links and their headings, paths, targets of make, commands and options of midge."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import click
import pytest

from midge.cli.main import cli
from tests.support import ROOT

PICTURE_BYTES = 60_000
README_LINES = 160
# Where a path in a document may start, besides the document's own folder.
BASES = ("", "host_tools/midge", "native_module", "native_module/core")
# What looks like a path of the repository and is one of a build, a board, or MicroPython's own tree.
NO_PATHS = ("build/", "lib/midge", "ports/nrf", "ports/stm32", "ports/samd")


def git_files(*patterns: str) -> list[str]:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    found = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in found if (ROOT / name).is_file()]


DOCUMENTS = git_files("*.md")


@cache
def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def names() -> frozenset[str]:
    """The names of all files, without their folders."""
    return frozenset(name.rpartition("/")[2] for name in git_files())


def prose(name: str) -> str:
    """A document without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", read(name), flags=re.MULTILINE | re.DOTALL)


def spans(name: str) -> list[str]:
    """The code in a document's lines."""
    return re.findall(r"`([^`\n]+)`", prose(name))


def commands(name: str) -> list[str]:
    """The command lines in a document: those of its blocks, and code that begins as one does."""
    blocks = re.findall(r"^```(?:sh|console|text|)\n(.*?)^```$", read(name), flags=re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ").split("  #")[0] for block in blocks for line in block.splitlines()]
    return [line for line in [*lines, *spans(name)] if re.match(r"(make|midge) [a-z]", line)]


def anchors(name: str) -> set[str]:
    """The headings of a document as links name them."""
    headings = re.findall(r"^#+ (.+)$", prose(name), flags=re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@cache
def make_targets() -> tuple[str, ...]:
    rules = "\n".join(read(name) for name in ["Makefile", *git_files("*.mk")])
    found = re.findall(r"^([\w%-][\w% -]*):(?!=)", rules, flags=re.MULTILINE)
    return tuple(target for targets in found for target in targets.split())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(name)):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), f"{name}: {link}"
        if anchor:
            assert anchor in anchors(str(target.resolve().relative_to(ROOT))), f"{name}: {link}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_paths_exist(name: str) -> None:
    for span in spans(name):
        for path in re.findall(r"(?<![\w./<$-])[\w.-]+(?:/[\w.-]+)+/?(?![\w<*{])", span):
            if path.startswith(NO_PATHS) or not re.search(r"[a-z]", path) or f"{path}*" in span or f"/{path}" in span:
                continue
            places = [(ROOT / name).parent, *(ROOT / base for base in BASES)]
            assert any((place / path).exists() for place in places), f"{name}: `{span}`: no {path}"
        if re.fullmatch(r"[\w-]+\.(py|pyi|c|h|mk|def|md|sh|cmake|ld)", span):
            assert span in names() | {"boot.py", "main.py"}, f"{name}: `{span}`: no file is called so"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_exist(name: str) -> None:
    for line in commands(name):
        program, word, *rest = line.split()
        if program == "make":
            targets = [w for w in (word, *rest) if re.fullmatch(r"[a-z][\w-]*", w)]
            unknown = [t for t in targets[:1] if not any(t == rule or _fits(t, rule) for rule in make_targets())]
            assert not unknown, f"{name}: `{line}`"
            continue
        command = cli.get_command(click.Context(cli), word)
        assert command is not None, f"{name}: `{line}`"
        if isinstance(command, click.Group) and rest and rest[0] in command.commands:
            command = command.commands[rest[0]]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        used = {w.split("=")[0].rstrip(".,;") for w in rest if w.startswith("-")}
        assert used <= known | {"--help", "--"}, f"{name}: `{line}`"


def _fits(target: str, rule: str) -> bool:
    return "%" in rule and re.fullmatch(re.escape(rule).replace("%", ".+"), target) is not None


def test_the_readme_is_short_and_has_the_two_commands_of_a_checkout() -> None:
    lines = read("README.md").splitlines()
    assert len(lines) <= README_LINES
    assert any(line.startswith("make demo ") for line in lines) and any(line.startswith("make test ") for line in lines)


@pytest.mark.parametrize("name", git_files("*.png", "*.svg"))
def test_pictures_are_small(name: str) -> None:
    assert (ROOT / name).stat().st_size < PICTURE_BYTES


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = read("host_tools/docs/README.md")
    pages = [Path(name).name for name in DOCUMENTS if name.startswith("host_tools/docs/")]
    assert [page for page in pages if f"({page})" not in listed] == ["README.md"]


@cache
def sources() -> str:
    """What the project's code says, with the strings that are broken over lines put together."""
    text = "\n".join(read(name) for name in git_files("host_tools/midge/*.py", "mpy_lib/*.py", "native_module/*.c"))
    return re.sub(r"\"\s*\n\s*f?\"", "", text)


def test_the_messages_of_the_page_on_errors_are_said() -> None:
    said = re.findall(r"^\| (.*?) \| ", read("host_tools/docs/errors.md"), flags=re.MULTILINE)
    messages = [message for cell in said for message in re.findall(r"`([^`]+)`", cell)]
    assert len(messages) > 25
    missing = [part for message in messages for part in message.split("…")
               if len(part.strip(" ();,.")) > 6 and part.strip(" ();,.") not in sources()]
    assert not missing
