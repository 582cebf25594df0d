# SPDX-License-Identifier: MIT
"""Colours, tables and bars: what a terminal is sent, and that nothing of it goes into a file."""

from __future__ import annotations

import io
import time

import pytest

import midge.cli.progress as progress
from midge.cli.terminal import Console, cells, coloured, cut, table


def test_tags_become_codes_and_other_brackets_stay() -> None:
    assert coloured("[bold green]a[/] [x] [/b] [red]") == "\x1b[1;32ma\x1b[0m [x] [/b] \x1b[31m"
    assert cells(coloured("[bold]né 日本[/]")) == 7 and cells("e\u0301") == 1
    assert cut("日本語", 4) == "日本" and cut("ab", 4) == "ab"


def test_a_table_breaks_what_may_be_broken() -> None:
    rows = [["CONV_2D", "12,345", "a/long/name of a layer"], ["ADD", "7", "b"]]
    wide = table(["op", "MACs", "layer"], rows, 80, right={1}, fixed={0, 1})
    assert [cells(line) for line in wide[1:]] == [39, 18] and wide[2] == "ADD" + " " * 11 + "7  b"
    narrow = table(["op", "MACs", "layer"], rows, 28, right={1}, fixed={0, 1})
    assert all(cells(line) <= 28 for line in narrow) and "12,345" in narrow[1]
    assert "".join(line[17:].strip() for line in narrow[1:]) == "a/long/nameof a layerb"


def test_colours_go_to_terminals_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for shown, terminal, no_color in (("\x1b[1mx\x1b[0m\n", True, None), ("x\n", False, None), ("x\n", True, "1")):
        if no_color:
            monkeypatch.setenv("NO_COLOR", no_color)
        file = io.StringIO()
        Console(file, force_terminal=terminal).print(coloured("[bold]x[/]"))
        assert file.getvalue() == shown


def drawn(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> str:
    """What a transfer of two files prints, with a line in between."""
    console = Console(io.StringIO(), force_terminal=terminal, width=80)
    monkeypatch.setattr(progress, "console", console)
    monkeypatch.setattr(progress, "_FRAME_S", 0.01)
    with progress.transfers(quiet=False) as stage:
        advance = stage("one.mpy", 2000)
        advance(500)
        time.sleep(0.1)
        console.print("between")
        advance(1500)
        stage("two\x1b[2J.mpy", 1000)(10)
        time.sleep(0.1)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_bars_move_below_what_is_printed_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    text = drawn(monkeypatch, terminal=True)
    assert "one.mpy  " in text and "0.5 of 2.0 kB" in text and r"two\x1b[2J.mpy" in text
    assert text.rpartition("\x1b[J")[2] == ""  # at the end nothing is left of them
    assert text.partition("between\n")[2].startswith("one.mpy")  # drawn again below
    assert drawn(monkeypatch, terminal=False) == "between\n"
