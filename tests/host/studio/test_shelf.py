# SPDX-License-Identifier: MIT
"""Takes on the page: nothing is lost by what is done to them, and no name leads out of the project."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import numpy as np
import pytest

from midge.errors import UserError
from midge.samples.take_format import Source, read_recording_file, write_take
from midge.samples.takes import read_take
from midge.studio.project import Project
from midge.studio.shelf import Shelf

SOURCE = Source("LSM9DS1", 50.0, ("ax", "ay", "az"), ("g", "g", "g"), (4.0, 4.0, 4.0), "a board", "anna", "monday")
STARTED = "2026-11-29T06:05:11Z"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(Project(tmp_path / "project"))


def take(shelf: Shelf, label: str, seed: int = 0, samples: int = 100) -> str:
    values = np.random.default_rng(seed).normal(size=(samples, 3)).astype(np.float32)
    path = write_take(shelf.data, values, SOURCE, label, STARTED)
    return path.relative_to(shelf.data).as_posix()


def content(shelf: Shelf) -> dict[str, bytes]:
    """Every take of a project."""
    return {path.relative_to(shelf.data).as_posix(): path.read_bytes() for path in sorted(shelf.data.rglob("*.csv"))}


def test_a_take_as_it_is_shown(shelf: Shelf) -> None:
    name = take(shelf, "circle")
    shown = shelf.picture(name)
    assert (shown["label"], shown["seconds"], shown["samples"], shown["person"]) == ("circle", 2.0, 100, "anna")
    assert len(shown["points"]) == 3 and len(shown["points"][0]) == 96
    assert shelf.labels() == {"circle": 1} and shelf.takes("circle")["takes"][0] == name


def test_relabel_trim_and_delete_are_undone_one_after_the_other(shelf: Shelf) -> None:
    names = [take(shelf, "circle", seed) for seed in range(3)]
    before = [content(shelf)]
    new = shelf.relabel(names[0], "wing")
    assert read_take(shelf.path_of(new)).label == "wing" and shelf.labels() == {"circle": 2, "wing": 1}
    before.append(content(shelf))
    whole, _, _ = read_recording_file(shelf.path_of(names[1]))
    trimmed = shelf.trim(names[1], 20, 70)
    samples, source, header = read_recording_file(shelf.path_of(trimmed))
    assert np.array_equal(samples, whole[20:70]) and source == SOURCE and header["started"] == STARTED
    before.append(content(shelf))
    shelf.delete([new, trimmed])
    assert shelf.labels() == {"circle": 1} and shelf.can_undo()
    for state in reversed(before):
        shelf.undo()
        assert content(shelf) == state
    with pytest.raises(UserError, match="nothing to undo"):
        shelf.undo()
    assert not shelf.can_undo()


def test_undo_writes_over_nothing(shelf: Shelf) -> None:
    name = take(shelf, "circle")
    shelf.delete([name])
    assert take(shelf, "circle", 1) == name
    now = content(shelf)
    with pytest.raises(UserError, match="another take of this name"):
        shelf.undo()
    assert content(shelf) == now and shelf.can_undo()


def test_undo_outlives_the_studio(shelf: Shelf) -> None:
    name = take(shelf, "circle")
    before = content(shelf)
    shelf.delete([name])
    assert shelf.labels() == {}
    other = Shelf(Project(shelf.project.root))
    assert other.undo() == f"{Path(name).name} is back" and content(other) == before


def test_tables_of_others_are_renamed_as_they_are(shelf: Shelf) -> None:
    text = "time_ms;x;y;z\n" + "".join(f"{20 * i};{i % 7},5;1;{i}\n" for i in range(50))
    name = shelf.bring("My take (1).csv", text.encode(), "wave")
    assert name == "wave/My-take-1.csv"
    new = shelf.relabel(name, "other")
    assert shelf.path_of(new).read_text() == text and shelf.labels() == {"other": 1}
    with pytest.raises(UserError, match="rate"):
        shelf.trim(new, 0, 20)


@pytest.mark.parametrize(("data", "words"), [
    (b"\xff\xfe\x00", "is no text"), (b"", "no samples in it"), (b"ax,ay\n1,2\n1,nan\n", "not finite"),
    (b"# rate_hz: 50\nax,ay,az\n1,2,3\n", "samples, at least 8 were wanted"), (b"<html>", "samples"),
])
def test_files_that_are_no_takes_are_not_taken_in(shelf: Shelf, data: bytes, words: str) -> None:
    with pytest.raises(UserError, match=words) as refused:
        shelf.bring("<b>evil</b>.csv", data, "wave")
    assert ".studio" not in str(refused.value) and content(shelf) == {}
    assert [path.name for path in shelf.project.hidden.iterdir()] == [".gitignore"]


@pytest.mark.parametrize("name", [
    "../secret.csv", "circle/../../secret.csv", "/etc/passwd", "circle/..", "circle/.hidden.csv", "", "circle",
    "circle/", "a/b/c.csv", "circle\\x.csv", "circle/x.csv\0", "link/secret.csv", "circle/link.csv", "circle/x.midge",
    ".studio/lock",
])
def test_no_name_leads_out_of_the_project(shelf: Shelf, name: str) -> None:
    take(shelf, "circle")
    outside = shelf.project.root.parent / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("1,2,3\n")
    (shelf.project.root / "secret.csv").write_text("1,2,3\n")
    (shelf.data / "link").symlink_to(outside)
    (shelf.data / "circle/link.csv").symlink_to(outside / "secret.csv")
    for ask in (shelf.picture, lambda n: shelf.delete([n]), lambda n: shelf.relabel(n, "x"),
                lambda n: shelf.trim(n, 0, 9)):
        with pytest.raises(UserError):
            ask(name)
    assert (outside / "secret.csv").exists() and not shelf.can_undo()


@pytest.mark.parametrize("label", ["<script>alert(1)</script>", "../x", "", " a", "a/b", "x" * 41, ".x", "a\nb"])
def test_labels_that_are_none(shelf: Shelf, label: str) -> None:
    name = take(shelf, "circle")
    for ask in (lambda: shelf.relabel(name, label), lambda: shelf.bring("x.csv", b"1,2,3\n", label)):
        with pytest.raises(UserError, match="wanted 1 to 40 letters"):
            ask()
    assert list(content(shelf)) == [name]


def test_takes_that_go_underneath(shelf: Shelf) -> None:
    name = take(shelf, "circle")
    shelf.path_of(name).unlink()
    for ask in (shelf.picture, lambda n: shelf.delete([n]), lambda n: shelf.relabel(n, "x")):
        with pytest.raises(UserError, match="is not there any more"):
            ask(name)
    assert shelf.takes("circle")["takes"] == []
    for label in ("none", "..", ".", "", ".studio", "circle/.."):
        with pytest.raises(UserError, match="no takes have this name"):
            shelf.takes(label)
    assert not shelf.can_undo()
    shelf.data.joinpath("circle").rmdir()
    shelf.data.rmdir()
    with pytest.raises(UserError, match="was the project moved or removed"):
        shelf.labels()


def test_a_damaged_take_is_shown_with_what_is_wrong_and_can_be_deleted(shelf: Shelf) -> None:
    name = take(shelf, "circle")
    path = shelf.path_of(name)
    path.write_text(path.read_text()[:-200])
    with pytest.raises(UserError, match="samples") as refused:
        shelf.picture(name)
    assert str(refused.value).startswith(name)
    shelf.delete([name])
    assert shelf.labels() == {}


def test_ten_thousand_takes_are_listed_at_once(shelf: Shelf) -> None:
    folder = shelf.data / "circle"
    folder.mkdir()
    for i in range(10_000):
        (folder / f"circle-{i}.csv").touch()
    assert shelf.labels() == {"circle": 10_000} and shelf.takes("circle")["count"] == 10_000


def test_a_full_disk_is_told_and_loses_nothing(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    name = take(shelf, "circle")
    before = content(shelf)

    def full(path: Path, content: str | bytes) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("midge.studio.shelf.write_new", full)
    monkeypatch.setattr("midge.samples.take_format.write_new", full)
    table = "# rate_hz: 50\nax,ay\n" + "1,2\n" * 20
    for ask in (lambda: shelf.bring("x.csv", table.encode(), "a"), lambda: shelf.delete([name])):
        with pytest.raises(UserError, match="No space left on device; make room"):
            ask()
    with pytest.raises(UserError, match="No space left on device; the take is kept as ") as kept:
        shelf.relabel(name, "wing")
    rescued = Path(re.search(r"kept as (\S+);", str(kept.value))[1])  # type: ignore[index]
    assert read_recording_file(rescued)[2]["label"] == "wing"
    rescued.unlink()
    assert content(shelf) == before
