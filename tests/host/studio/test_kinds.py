# SPDX-License-Identifier: MIT
"""Takes that are sounds or pictures: as they are shown, cut and brought, and one kind in a project."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from midge.errors import UserError
from midge.samples.sound_files import Sound
from midge.studio import kinds
from midge.studio.project import Project
from midge.studio.shelf import Shelf
from midge.studio.studio import Studio


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(Project(tmp_path / "project"))


def tone(seconds: float = 1.0, rate: int = 16_000, channels: int = 1) -> bytes:
    x = np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate).astype(np.float32)
    return kinds.wav_bytes(Sound(np.repeat(0.5 * x[:, None], channels, axis=1), rate))


def photo(width: int = 300, height: int = 200, form: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)).save(file, form)
    return file.getvalue()


def test_a_sound_is_brought_shown_trimmed_renamed_and_all_is_undone(shelf: Shelf) -> None:
    shelf.project.change({"kind": "sound"})
    name = shelf.bring("My tone.wav", tone(), "yes")
    shown = shelf.picture(name)
    assert (shown["kind"], shown["seconds"], shown["samples"]) == ("sound", 1.0, 16_000)
    assert len(shown["points"][0]) == len(shown["points"][1]) == 96 and max(shown["points"][0]) > 0.49
    trimmed = shelf.trim(name, 4000, 12_000)
    with wave.open(str(shelf.path_of(trimmed))) as file:
        assert (file.getnframes(), file.getframerate(), file.getsampwidth()) == (8000, 16_000, 2)
    renamed = shelf.relabel(trimmed, "no")
    assert shelf.labels() == {"no": 1} and renamed.startswith("no/")
    shelf.undo()
    shelf.undo()
    assert shelf.path_of(name).read_bytes() == tone()
    with pytest.raises(UserError, match="keep at least 0.1 s"):
        shelf.trim(name, 0, 100)


def test_a_stereo_file_is_shown_as_one(shelf: Shelf) -> None:
    shelf.project.change({"kind": "sound"})
    shown = shelf.picture(shelf.bring("both.wav", tone(0.5, 44_100, 2), "yes"))
    assert shown["rate_hz"] == 44_100 and shown["seconds"] == 0.5


def test_a_picture_is_brought_and_shown_small(shelf: Shelf) -> None:
    shelf.project.change({"kind": "picture"})
    name = shelf.bring("<b>cat</b>.jpg", photo(), "cat")
    shown = shelf.picture(name)
    assert (shown["width"], shown["height"]) == (300, 200) and shown["image"].startswith("data:image/jpeg;base64,")
    assert len(shown["image"]) < 40_000 and "<" not in name
    with pytest.raises(UserError):
        shelf.trim(name, 0, 100)


@pytest.mark.parametrize(("kind", "name", "data", "words"), [
    ("sound", "x.wav", b"", "empty file"), ("sound", "x.wav", b"ID3" + bytes(99), "MP3 file, though named .wav"),
    ("sound", "x.wav", tone()[:3000], "cut off"), ("sound", "x.wav", tone(0.05), "0.1 s at least"),
    ("sound", "x.csv", b"1,2,3\n", "this project is of sounds"), ("picture", "x.png", b"<svg>", "is no picture"),
    ("picture", "x.png", photo()[:2000], "cut off|damaged"), ("picture", "x.jpg", photo(4, 4), "8 a side"),
    ("picture", "x.wav", tone(), "this project is of pictures"), ("motion", "x.jpg", photo(), "is of movements"),
])
def test_what_is_no_take_is_not_taken_in(shelf: Shelf, kind: str, name: str, data: bytes, words: str) -> None:
    shelf.project.change({"kind": kind})
    with pytest.raises(UserError, match=words) as refused:
        shelf.bring(name, data, "a")
    assert ".studio" not in str(refused.value) and shelf.labels() == {}


def test_a_project_is_of_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "data/yes").mkdir(parents=True)
    (tmp_path / "data/yes/a.wav").write_bytes(tone())
    studio = Studio(Project(tmp_path))
    assert studio.state()["kind"] == "sound"
    with pytest.raises(UserError, match="open another folder"):
        studio.act("settings", {"kind": "picture"})
    studio.act("settings", {"kind": "sound"})
    studio.act("delete", {"takes": ["yes/a.wav"]})
    studio.act("settings", {"kind": "picture"})
    assert studio.state()["kind"] == "picture"


def test_ten_thousand_takes_come_in_pieces(shelf: Shelf) -> None:
    folder = shelf.data / "yes"
    folder.mkdir()
    for i in range(10_000):
        (folder / f"yes-{i}.wav").touch()
    first, last = shelf.takes("yes", 0, 120), shelf.takes("yes", 9_950, 120)
    assert first["count"] == last["count"] == 10_000
    assert (len(first["takes"]), len(last["takes"]), len(shelf.takes("yes", 0, 10**9)["takes"])) == (120, 50, 600)
    assert not set(first["takes"]) & set(last["takes"]) and shelf.takes("yes", 10_000)["takes"] == []
