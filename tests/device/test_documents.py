# SPDX-License-Identifier: MIT
"""What the documents show of a board is what a board shows today."""

from __future__ import annotations

import re
import shlex
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from midge.api import convert
from tests.support import ROOT, WAND, WAND_MODEL
from tests.support.boards import built, started
from tests.support.command import midge

DOCS = ROOT / "host_tools/docs"


def same(text: str) -> list[str]:
    """The lines of a transcript without what differs from run to run and from machine to machine: numbers."""
    return [re.sub(r"\d[\d,.]*", "#", line).rstrip() for line in text.strip().splitlines() if line.strip()]


def test_the_picture_of_a_session_is_up_to_date() -> None:
    built("build/firmware/qemu-cortex-m4/firmware.elf", "make firmware BOARD=qemu-cortex-m4")
    spec = spec_from_file_location("pictures", DOCS / "pictures.py")
    assert spec is not None and spec.loader is not None
    pictures = module_from_spec(spec)
    spec.loader.exec_module(pictures)
    drawn = (DOCS / "pictures/repl.svg").read_text(encoding="utf-8")
    now = pictures.terminal_svg(pictures.session(), pictures.TITLE)
    assert same(drawn) == same(now), "run host_tools/docs/pictures.py"


def test_the_transcripts_of_a_board(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = built("build/firmware/qemu-cortex-m4-stock/firmware.elf", "make stock-firmware-for-qemu-cortex-m4")
    built("build/natmod/armv7emsp/_midge.mpy", "make natmod ARCH=armv7emsp")
    board = started(request, "qemu-cortex-m4", firmware=stock)
    (tmp_path / "build").mkdir()
    monkeypatch.chdir(tmp_path)
    labels = (WAND / "labels.txt").read_text().split()
    (tmp_path / "build/wand.midge").write_bytes(convert(WAND_MODEL, labels=labels, name="wand").blob)
    text = (DOCS / "boards.md").read_text(encoding="utf-8")
    transcripts = re.findall(r"^\$ midge (.*)\n((?:(?!\$ |```).*\n)*)", text, flags=re.MULTILINE)
    assert [line.split()[0] for line, _ in transcripts] == ["install", "upload", "verify"]
    for line, wanted in transcripts:
        done = midge(*shlex.split(line), "--port", board.port, COLUMNS="120")
        assert done.returncode == 0, done.stderr
        assert same(done.stdout) == same(wanted), line
