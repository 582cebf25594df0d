# SPDX-License-Identifier: MIT
"""midge train: what it prints and writes, and takes that do not do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from midge.cli import train
from midge.fileformat.read import decode
from midge.targets.boards import load_board
from tests.support.command import midge, refusal
from tests.support.movements import made_takes, write_hums, write_takes


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_takes(tmp_path_factory.mktemp("takes") / "data", made_takes(5))


def test_train_at_a_terminal(data: Path, tmp_path: Path) -> None:
    target, page, picture = tmp_path / "wand.midge", tmp_path / "wand.html", tmp_path / "wand.png"
    done = midge("train", data, "-o", target, "--html", page, "--png", picture)
    assert done.returncode == 0, done.stderr
    for words in ("15 takes of 3 classes", "windows of 1.28 s at 50 Hz, 3 axes in g", "takes left out",
                  "19 times in 20", "the same answer for 15 of 15", "B of flash", "found", "zigzag", "better",
                  "next: midge upload"):
        assert words in done.stdout, words
    assert decode(target.read_bytes()).labels == ["idle", "ring", "zigzag", "unknown"]
    assert picture.read_bytes()[:4] == b"\x89PNG"
    text = page.read_text(encoding="utf-8")
    for words in ("<title>wand.midge</title>", "href=#c1-1", "id=c1-1", "ring-0.csv", "<polyline"):
        assert words in text, words
    assert "http" not in text.replace("http-equiv", "")  # needs nothing from elsewhere


def test_facts(data: Path, tmp_path: Path) -> None:
    facts = json.loads(midge("train", data, "-o", tmp_path / "w.midge", "--seed", "3", "--json").stdout)
    assert facts["takes"] == 15 and facts["seed"] == 3 and facts["flash_bytes"] == (tmp_path / "w.midge").stat().st_size
    assert facts["accuracy"]["low"] < facts["accuracy"]["share"] <= facts["accuracy"]["high"]


def test_time_and_energy_of_an_answer_on_a_board(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = SimpleNamespace(profile=SimpleNamespace(total=SimpleNamespace(instructions=55_000)),
                              seconds=lambda: [(load_board("RPI_PICO"), 0.002)])
    monkeypatch.setattr(train, "_costs", lambda trained, board: (counted, ""))
    page = tmp_path / "w.html"
    done = midge("train", data, "-o", tmp_path / "w.midge", "--html", page, "--board", "rpi_pico")
    told = re.search(r"55,000 instructions an answer(, about 2.00 ms on RPI_PICO, .*J \(.*J to .*J\))", done.stdout)
    assert told is not None and f"instructions an answer{told[1]}" in page.read_text(encoding="utf-8")


def test_a_page_shows_names_as_they_are(tmp_path: Path) -> None:
    made = made_takes(4)
    data = write_takes(tmp_path / "data", made)
    (data / "ring").rename(data / "<b>&ring")
    for path in (data / "<b>&ring").iterdir():
        path.write_text(path.read_text(encoding="utf-8").replace("label: ring", "label: <b>&ring"), encoding="utf-8")
    assert midge("train", data, "-o", tmp_path / "w.midge", "--html", tmp_path / "w.html").returncode == 0
    text = (tmp_path / "w.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;&amp;ring" in text and "<b>&ring" not in text


def test_refusals(data: Path, tmp_path: Path) -> None:
    assert "no such folder" in refusal("train", tmp_path / "nothing", "-o", tmp_path / "w.midge")
    assert "choose another --window" in refusal("train", data, "-o", tmp_path / "w.midge", "--window", "0.05")
    assert not (tmp_path / "w.midge").exists()
    take = next((data / "ring").iterdir())
    assert "would be lost" in refusal("train", data, "-o", data)
    assert take.exists()


def test_searches_that_cannot_be(data: Path, tmp_path: Path) -> None:
    wanted = ("train", data, "-o", tmp_path / "w.midge")
    assert "--processes of movements goes with --search" in refusal(*wanted, "--processes", 2)
    assert "--max-flash of movements goes with --search" in refusal(*wanted, "--max-flash", "9k")
    assert "--search tries all there are: leave --head out" in refusal(*wanted, "--search", "--head", "cnn")
    assert "--embedding knows no --search" in refusal(*wanted, "--embedding", "--search")
    assert "leave out --html, --png, --board, --search" in refusal(*wanted, "--normal", "--search")
    assert not (tmp_path / "w.midge").exists()


@pytest.mark.slow
def test_a_search(tmp_path: Path) -> None:
    data, target, page = write_takes(tmp_path / "data", made_takes(3)), tmp_path / "w.midge", tmp_path / "w.html"
    done = midge("train", data, "-o", target, "--search", "--window", 1.28, "--max-flash", "9k", "--html", page)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if " 1.28 s" in line and "%" in line]
    assert len(rows) == 5 and any(row[0] == "→" for row in rows), done.stdout
    assert {"ridge", "dense", "cnn"} <= {word for row in rows for word in row}
    assert "Units that had no say in the choice are" in done.stdout
    assert target.stat().st_size <= 9000
    assert "What was tried" in page.read_text(encoding="utf-8")


def test_what_is_normal(tmp_path: Path) -> None:
    """One class will do; what the file says of a window is a distance in thresholds."""
    data, target = write_hums(tmp_path / "normal"), tmp_path / "fan.midge"
    done = midge("train", data, "--normal", "-o", target)
    assert done.returncode == 0, done.stderr
    for words in ("3 recordings of what is normal", "one way of running", "0 of", "next: midge upload"):
        assert words in done.stdout, words
    again = tmp_path / "again.midge"
    facts = json.loads(midge("train", data, "--normal", "-o", again, "--name", "fan", "--json").stdout)
    assert facts["centres"] == 1 and target.read_bytes() == again.read_bytes()
    assert "--normal has no classes" in refusal("train", data, "--normal", "-o", target, "--html", tmp_path / "a.html")
    assert "one class only" in refusal("train", data, "-o", target)
    assert "40 are wanted: record" in refusal("train", data, "--normal", "-o", target, "--window", "4")
