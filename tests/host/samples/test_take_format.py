# SPDX-License-Identifier: MIT
"""Takes as files: read back bit for bit, never written over another, never half there."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from midge.errors import UserError
from midge.files import write_new
from midge.samples.take_format import Source, check_label, read_recording_file, write_take
from midge.samples.takes import read_takes

SOURCE = Source("LSM9DS1", 59.5, ("ax", "ay", "az"), ("g", "g", "g"), (4, 4, 4), "Board with\nMCU", "anna", "s1")
STARTED = "2026-11-29T06:05:11Z"


def test_values_are_read_back_bit_for_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    samples = (rng.integers(-32768, 32768, (200, 3)).astype(np.float32) * np.float32(0.122e-3)).astype(np.float32)
    path = write_take(tmp_path, samples, SOURCE, "circle", STARTED)
    assert path == tmp_path / "circle/circle-20261129T060511-01.csv"
    found, source, header = read_recording_file(path)
    assert found.tobytes() == samples.tobytes()
    assert source.rate_hz == 59.5 and source.board == "Board with MCU" and header["samples"] == "200"


def test_the_trainer_reads_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for label in ("circle", "idle"):
        for _ in range(3):
            write_take(tmp_path, rng.normal(size=(50, 3)).astype(np.float32), SOURCE, label, STARTED)
    write_take(tmp_path, np.ones((500, 3), np.float32), SOURCE, "circle", STARTED, "recording")  # is not a take
    takes = read_takes(tmp_path)
    assert takes.labels == ["circle", "idle"] and len(takes.takes) == 6
    first = takes.takes[0]
    assert (first.person, first.session, first.range, first.rate_hz) == ("anna", "s1", (4, 4, 4), 59.5)


def test_no_file_is_ever_written_over(tmp_path: Path) -> None:
    """Several captures into one folder at once: as many files as takes, each whole."""
    def record(k: int) -> None:
        for _ in range(10):
            write_take(tmp_path, np.full((20, 3), k, np.float32), SOURCE, "a", STARTED)

    threads = [threading.Thread(target=record, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = list((tmp_path / "a").iterdir())
    assert len(files) == 40
    values = [read_recording_file(path)[0] for path in files]
    assert sorted(int(each[0, 0]) for each in values) == sorted([0, 1, 2, 3] * 10)


def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    assert write_new(tmp_path / "a.csv", "one\n") and not write_new(tmp_path / "a.csv", "two\n")
    assert (tmp_path / "a.csv").read_text() == "one\n" and len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(UserError, match="the take is kept as") as caught:
        write_take(tmp_path / "data", np.ones((5, 3), np.float32), SOURCE, "a", STARTED)
    kept = Path(str(caught.value).split("kept as ")[1].split(";")[0])
    assert len(read_recording_file(kept)[0]) == 5
    kept.unlink()


@pytest.mark.parametrize("label", ["circle", "Kreis zwei", "Ärger_1", "a-b", "输入", "x" * 40])
def test_labels(label: str) -> None:
    assert check_label(label) == label


@pytest.mark.parametrize("label", ["", " ", ".hidden", "a/b", "a\\b", "..", "a,b", "x" * 41, "a\n", "a ", "nul\0"])
def test_no_labels(label: str) -> None:
    with pytest.raises(UserError, match="wanted 1 to 40"):
        check_label(label)
