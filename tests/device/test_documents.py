# SPDX-License-Identifier: MIT
"""The picture of a board's prompt in the documents is what a board shows today."""

from __future__ import annotations

import re

import pytest

from tests.support import ROOT
from tests.support.boards import built
from tests.support.script import load_script

DOCS = ROOT / "host_tools/docs"


def same(text: str) -> list[str]:
    """The lines of a transcript without what differs from run to run and from machine to machine: numbers."""
    return [re.sub(r"\d[\d,.]*", "#", line).rstrip() for line in text.strip().splitlines() if line.strip()]


@pytest.mark.emulator
def test_the_picture_of_a_session_is_up_to_date() -> None:
    built("build/firmware/qemu-cortex-m4/firmware.elf", "make firmware BOARD=qemu-cortex-m4")
    pictures = load_script(DOCS / "pictures.py")
    drawn = (DOCS / "pictures/repl.svg").read_text(encoding="utf-8")
    now = pictures.terminal_svg(pictures.session(), pictures.TITLE)
    assert same(drawn) == same(now), "run host_tools/docs/pictures.py"
