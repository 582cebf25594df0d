# SPDX-License-Identifier: MIT
"""Bars and pictures on a terminal: they move, what is printed meanwhile stands above, and at the end they are gone."""

from __future__ import annotations

import io
import re
import sys
import time
from threading import Thread

import pytest

from midge.cli import output, progress
from midge.cli.terminal import terminal
from tests.support.command import LookedAt


def seen(looked_at: LookedAt, words: str) -> list[str]:
    """Wait until a screen has some words; return its rows."""
    for _ in range(100):
        time.sleep(0.02)
        rows = looked_at.screen()
        if re.search(words, "\n".join(rows)):
            return rows
    raise AssertionError(rows)


def test_stages(looked_at: LookedAt) -> None:
    with progress.stages("converting", quiet=False) as stage:
        advance = stage("samples", 1200)
        seen(looked_at, r"converting  00:00\n  samples     ─+  00:00  0/1,200")
        output.say("[bold]meanwhile[/]")
        advance(600)
        assert seen(looked_at, "600/1,200")[0] == "meanwhile"
        advance(600)
        assert looked_at.screen()[2].startswith("  samples     ━━━━━") and "─" not in looked_at.screen()[2]
        spins = {row[0] for _ in range(20) if time.sleep(0.02) is None for row in looked_at.screen()[1:2]}
        assert len(spins) > 1  # somebody sees that it lives
    assert looked_at.screen() == ["meanwhile"]


def test_transfers(looked_at: LookedAt) -> None:
    with progress.transfers(quiet=False) as stage:
        stage("a\x1b[2Jb.midge", 3000)(1500)
        (row,) = seen(looked_at, r"a\\x1b\[2Jb.midge  ━+─+  1\.50kB/3\.00kB  [\d.]+k?B/s  00:0")
        assert len(row) <= 80
    assert looked_at.screen() == [""] and "\x1b[2J" not in looked_at.getvalue()


@pytest.mark.parametrize(("columns", "length"), [(60, 29), (120, 32)])
def test_bars_are_as_long_as_there_is_room(
    columns: int, length: int, looked_at: LookedAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "24")
    with progress.stages("converting", quiet=False) as stage:
        stage("samples", 1200)(1)
        bar = next(row for row in looked_at.screen(columns) if "─" in row)
        assert bar.count("─") == length and len(bar) <= columns


def test_many_threads_lose_nothing(looked_at: LookedAt) -> None:
    with progress.stages("converting", quiet=False) as stage:
        advance = stage("samples", 8000)
        workers = [Thread(target=lambda: [advance(1) for _ in range(1000)]) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        seen(looked_at, "8,000/8,000")


def test_rows_end_where_the_terminal_does(looked_at: LookedAt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("LINES", "4")
    with progress.Picture(quiet=False) as picture:
        picture.draw([f"{i}" * 30 for i in range(9)])
        assert looked_at.screen(21) == ["6" * 20, "7" * 20, "8" * 20]
        picture.draw(["日本" * 8])
        assert looked_at.screen(21) == ["日本" * 5]
    assert looked_at.screen(21) == [""]


def test_a_picture_and_a_bar_at_once(looked_at: LookedAt) -> None:
    with progress.Picture(quiet=False) as picture, progress.transfers(quiet=False) as stage:
        picture.draw(["above"])
        stage("below", 4)(2)
        seen(looked_at, "above\nbelow  ━")
        picture.draw(["above", "too"])
        output.say("said")
        seen(looked_at, "said\nabove\ntoo\nbelow  ━")
    assert looked_at.screen() == ["said"]


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
        seen(looked_at, "2/4")
        assert len(looked_at.screen()) == 2
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
