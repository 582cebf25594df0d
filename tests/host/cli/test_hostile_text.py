# SPDX-License-Identifier: MIT
"""Names and labels from outside are shown as they are: they are no markup, and no commands to a terminal."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from midge import resources
from midge.cli import output, progress
from midge.errors import visible
from tests.support.command import LookedAt, midge, printed

HOSTILE = ("[unk]", "[/b]", "[bold red]x", "back\\", "\x1b]52;c;ZWNobyA=\x07", "\x1b[2J", "a\rb", "\u202eabc", "{0}")
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_shown_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.say("[bold]{}[/] and {}", text, text)
    output.print_facts([("name", text)])
    output.print_table([text], [[text]])
    output.print_next(f"midge run {text}")
    output.print_note(text)
    shown = capsys.readouterr().out
    assert shown.count(visible(text)) == 7 and not CONTROLS.search(shown)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_shown_as_it_is_on_a_terminal(text: str, looked_at: LookedAt) -> None:
    """Styles are the only commands that reach it."""
    output.say("[bold]{}[/] and {}", text, text)
    output.print_table([text], [[text]])
    with progress.Picture(quiet=False) as picture:
        picture.draw([text, text], "bold red")
    shown = re.sub(r"\x1b\[([0-9;]*m|\?25[lh]|J|[0-9]+A)|\r", "", looked_at.getvalue())
    assert "\x1b[1m" in looked_at.getvalue() and shown.count(visible(text)) == 6 and not CONTROLS.search(shown)


def test_what_is_escaped() -> None:
    assert visible("a\x1b[0m\n", keep="\n") == "a\\x1b[0m\n"
    assert visible("\n\t\x85\u2028\udc80") == r"\n\t\x85\u2028\udc80"
    assert visible("né 日本 👩\u200d🔬") == "né 日本 👩\u200d🔬"


def test_formats_in_templates(capsys: pytest.CaptureFixture[str]) -> None:
    output.say("{:>5}|{:.1f}|{}", "[b]", 1.25, output.mark("[bold]{}[/]", "[x]"))
    assert capsys.readouterr().out == "  [b]|1.2|[x]\n"


def test_markup_comes_from_templates_only() -> None:
    """Nothing but `output.py` and the bars write to the terminal, so no value can be taken for a style."""
    for path in (resources.PACKAGE / "cli").glob("*.py"):
        if path.name not in ("output.py", "progress.py"):
            text = path.read_text()
            assert "terminal.print" not in text and "terminal.draw" not in text, path.name
            assert not re.search(r"\b(say|mark|Styled)\(f[\"']", text), f"{path.name}: a value in a template"
            assert not re.search(r"\bf\"[^\"]*\[/\]", text), f"{path.name}: a value in a template"


def test_hostile_labels_and_names(wand_tflite: Path, tmp_path: Path) -> None:
    model, samples = tmp_path / "[red]wand\x1b[2J.midge", tmp_path / "x.npy"
    labels = ["[unk]", "[/b]", "\x1b]52;c;ZWNobyA=\x07", "d", "e", "f"]
    made = printed("convert", wand_tflite, "-o", model, "--labels", ",".join(labels))
    np.save(samples, np.zeros((1, 288), np.float32))
    shown = [made, printed("inspect", model), printed("run", model, samples)]
    for text in shown:
        assert not CONTROLS.search(text), text
        assert "[unk]" in text and "[/b]" in text and r"\x1b]52;c;ZWNobyA=\x07" in text
    assert r"[red]wand\x1b[2J.midge" in made


def test_errors_hold_no_commands(tmp_path: Path) -> None:
    done = midge("inspect", tmp_path / "none[/]\x1b[2J.midge")
    assert done.returncode == 1 and r"none[/]\x1b[2J.midge" in done.stderr and not CONTROLS.search(done.stderr)
    usage = midge("uplaod\x1b[2J")
    assert usage.returncode == 2 and not CONTROLS.search(usage.stderr)
