# SPDX-License-Identifier: MIT
"""What the documents show is what is printed: their transcripts are typed again.

A transcript is a block ```console or ```pycon of any Markdown file of the repository; its syntax, and how to bring a
page up to date, is at the head of tests/support/transcripts.py.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from midge.errors import UserError
from tests.support.transcripts import Session, differences, matches, missing, pages, rewritten, sessions

SHOWN = [pytest.param(session, id=str(session), marks=pytest.mark.emulator if session.board else ())
         for page in pages() for session in sessions(page)]


@pytest.mark.slow
@pytest.mark.parametrize("session", SHOWN)
def test_a_document_shows_what_is_printed(session: Session, tmp_path: Path) -> None:
    if reason := missing(session):
        pytest.skip(reason)
    said = differences(session, tmp_path)
    assert not said, f"{said}\n\nrun: python -m tests.support.transcripts --write {session.page}"


def write(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text)
    return page


def said(folder: Path, text: str) -> str:
    """What is wrong with a page of one session."""
    (session,) = sessions(write(folder, text))
    with tempfile.TemporaryDirectory() as place:
        return differences(session, Path(place))


def test_commands_that_print_what_is_shown(tmp_path: Path) -> None:
    assert not said(tmp_path, "```console\n$ echo one && \\\n> echo two\none\ntwo\n$ echo 12.5 ms\n... ms\n```\n")
    assert not said(tmp_path, "```console\n$ seq 5\n1\n...\n5\n```\n")
    assert not said(tmp_path, "<!-- transcript: exit=3 -->\n\n```console\n$ echo no >&2; exit 3\nno\n```\n")


def test_commands_that_print_something_else(tmp_path: Path) -> None:
    found = said(tmp_path, "text\n\n```console\n$ echo one\none\n$ echo two\nthree\n```\n")
    assert found.startswith("page.md:6: echo two\n") and "-three" in found and "+two" in found and "one\n" not in found
    assert "wanted 0" in said(tmp_path, "```console\n$ false\n```\n")
    assert "wanted 1" in said(tmp_path, "<!-- transcript: exit=1 -->\n```console\n$ true\n```\n")


def test_columns_move_only_where_something_varies() -> None:
    assert matches(["op   ... B"], ["op  1,234 B"])
    assert not matches(["op   12 B"], ["op  12 B"])
    assert not matches(["op ..."], ["no"]) and matches(["..."], [])
    assert matches([], []) and not matches([], ["more"])


def test_python_at_the_prompt(tmp_path: Path) -> None:
    text = "```pycon\n>>> x = 6\n>>> x * 7\n42\n>>> for i in range(2):\n...     print(i)\n0\n1\n>>> 1 / 0\n...\n" \
           "ZeroDivisionError: ...\n```\n"
    assert not said(tmp_path, text)
    assert "+42" in said(tmp_path, text.replace("42", "43"))


def test_the_command_sees_no_board(tmp_path: Path) -> None:
    """A board on a developer's desk is not what a document speaks of."""
    text = "<!-- transcript: exit=1 -->\n```console\n$ midge upload wand.midge\nmidge: no board found; ...\n```\n"
    assert not said(tmp_path, text)


def test_numbers_that_vary(tmp_path: Path) -> None:
    text = "<!-- transcript: numbers=vary -->\n```console\n$ echo 'in   1,314.5 us'\nin 803 us\n```\n"
    assert not said(tmp_path, text)
    assert "+in" in said(tmp_path, text.replace("803 us", "803 ms"))
    assert "+in" in said(tmp_path, text.replace("numbers=vary", "exit=0"))


def test_blocks_of_a_page_share_a_folder_that_looks_like_the_repository(tmp_path: Path) -> None:
    block = "```console\n$ {}\n{}```\n"
    assert not said(tmp_path, block.format("echo kept > build/file", "") + block.format("cat build/file", "kept\n"))
    assert not said(tmp_path, block.format("ls build wand.midge host_tools/_midge.py",
                                           "host_tools/_midge.py\nwand.midge\n\nbuild:\n"))
    assert sessions(write(tmp_path, "<!-- transcript: skip=takes a camera -->\n```console\n$ false\n```\n")) == []


def test_each_board_has_a_session_of_its_own(tmp_path: Path) -> None:
    block = "```console\n$ true\n```\n"
    a, b = (f"<!-- transcript: board={name} -->\n{block}" for name in "ab")
    found = sessions(write(tmp_path, a + block + b + a))
    assert [(session.board, len(session.blocks)) for session in found] == [("a", 2), (None, 1), ("b", 1)]


def test_pages_are_rewritten(tmp_path: Path) -> None:
    page = write(tmp_path, "a\n```console\n$ echo '1 ms'; echo new; echo more\n... ms\nold\n```\nb\n")
    assert rewritten(page) == "a\n```console\n$ echo '1 ms'; echo new; echo more\n... ms\nnew\nmore\n```\nb\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<!-- transcript: bord=x -->\n```console\n$ true\n```\n", r"page.md:1: unknown bord; known: board, exit, "),
        ("```console\n$ true\n", r"page.md:1: the block has no end; close it with ```"),
    ],
)
def test_pages_that_will_not_do(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        sessions(write(tmp_path, text))
