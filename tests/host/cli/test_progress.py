# SPDX-License-Identifier: MIT
"""Bars and pictures on a terminal: they move, what is printed meanwhile stands above, and at the end they are gone."""

from __future__ import annotations

import io
import re
import sys
import time

import pytest

from midge.cli import output, progress
from midge.cli.terminal import terminal
from tests.support.command import LookedAt


def drawn(looked_at: LookedAt, words: str) -> str:
    """Wait for a picture of bars that has some words."""
    for _ in range(100):
        time.sleep(0.02)
        text = re.sub(r"\x1b\[[0-9;]*m", "", looked_at.getvalue())
        if re.search(words, text):
            return text
    raise AssertionError(text)


def test_stages(looked_at: LookedAt) -> None:
    with progress.stages("converting", quiet=False) as stage:
        advance = stage("samples", 1200)
        drawn(looked_at, r"converting .* 0:00\n. samples +─{32}  0:00  0/1,200")
        output.say("[bold]meanwhile[/]")
        advance(600)
        drawn(looked_at, "600/1,200")
        advance(600)
        drawn(looked_at, r"\n  samples +━{32}  0:00  1,200/1,200")  # nothing turns any more
    assert looked_at.screen() == ["meanwhile", ""]
    assert looked_at.getvalue().count("\x1b[?25l") == looked_at.getvalue().count("\x1b[?25h") == 1  # the cursor is back


def test_transfers(looked_at: LookedAt) -> None:
    with progress.transfers(quiet=False) as stage:
        stage("a\x1b[2Jb.midge", 3000)(1500)
        drawn(looked_at, r"a\\x1b\[2Jb.midge  ━{16}─{16}  1\.5/3\.0 kB  [\d.]+ kB/s  0:00\n")
    assert looked_at.screen() == [""] and "\x1b[2J" not in looked_at.getvalue()


def test_rows_end_where_the_terminal_does(looked_at: LookedAt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("LINES", "4")
    with progress.Picture(quiet=False) as picture:
        picture.draw([f"{i}" * 30 for i in range(9)])
        assert looked_at.screen() == ["6" * 20, "7" * 20, "8" * 20, ""]
        picture.draw(["日本" * 8])
        assert looked_at.screen() == ["日本" * 5, ""]
    assert looked_at.screen() == [""]


def test_two_pictures_at_once(looked_at: LookedAt) -> None:
    with progress.Picture(quiet=False) as above, progress.Picture(quiet=False) as below:
        above.draw(["above"])
        below.draw(["below"])
        above.draw(["above", "too"])
        assert looked_at.screen() == ["above", "too", "below", ""]


@pytest.mark.parametrize("reason", ["quiet", "no terminal", "dumb"])
def test_where_nobody_looks_nothing_moves(
    reason: str, looked_at: LookedAt, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if reason == "no terminal":
        monkeypatch.setattr(looked_at, "isatty", lambda: False)
    elif reason == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    with progress.stages("x", reason == "quiet") as stage, progress.Picture(reason == "quiet") as picture:
        stage("y", 5)(5)
        picture.draw(["z"], "bold")
        time.sleep(0.15)
        output.say("plain")
    assert looked_at.getvalue() == "plain\n"


@pytest.mark.parametrize(("name", "looks", "colours"), [
    ("", True, True), ("", False, False), ("NO_COLOR", True, False), ("FORCE_COLOR", False, True)])
def test_colours(name: str, looks: bool, colours: bool, looked_at: LookedAt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looked_at, "isatty", lambda: looks)
    if name:
        monkeypatch.setenv(name, "1")
    output.say("[bold]a[/]")
    assert looked_at.getvalue() == ("\x1b[1ma\x1b[0m\n" if colours else "a\n")
    assert terminal.colours == colours


def test_what_moves_has_no_colours_where_none_are_wanted(
    looked_at: LookedAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    with progress.stages("converting", quiet=False) as stage:
        stage("samples", 4)(2)
        drawn(looked_at, "2/4")
        assert len(looked_at.screen()) == 3
    assert looked_at.screen() == [""] and not re.search(r"\x1b\[[0-9;]*m", looked_at.getvalue())


def test_letters_that_a_stream_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pipes of Windows know 256."""
    written: list[str] = []

    class Narrow(io.StringIO):
        encoding = "cp1252"

        def write(self, text: str) -> int:
            written.append(text)
            return len(text.encode("cp1252"))

    monkeypatch.setattr(sys, "stdout", Narrow())
    output.say("{} µW", "█")
    assert "".join(written) == "\\u2588 µW\n"
