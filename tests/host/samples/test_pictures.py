# SPDX-License-Identifier: MIT
"""Labelled pictures: what is read of which kind, and that each fault is named with its file and its remedy."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from midge.errors import UserError
from midge.samples.doubts import Doubts
from midge.samples.groups import groups_of
from midge.samples.picture_files import fit, read_picture
from midge.samples.pictures import Picture, Size, holds_pictures, read_pictures
from tests.support.shots import write_pictures

RNG = np.random.default_rng(5)
COLOURS = RNG.integers(0, 256, (24, 32, 3)).astype(np.uint8)


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    image.save(path, **options)
    return path


def huge_png() -> bytes:
    """A file of a few bytes that says it has 60,000 x 60,000 pixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)) + chunk(
        b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def test_pictures_of_many_kinds(tmp_path: Path) -> None:
    photo = Image.fromarray(COLOURS)
    assert np.array_equal(read_picture(saved(tmp_path / "a.png", photo)), COLOURS)
    progressive = read_picture(saved(tmp_path / "a.jpg", photo, progressive=True, quality=95))
    assert np.array_equal(progressive, read_picture(saved(tmp_path / "b.jpg", photo, quality=95)))
    assert read_picture(saved(tmp_path / "grey.png", photo.convert("L"))).shape == (24, 32, 1)
    assert read_picture(saved(tmp_path / "palette.png", photo.convert("P")), grey=True).shape == (24, 32, 1)
    turned = read_picture(saved(tmp_path / "turned.jpg", photo, exif=_turned()))
    assert turned.shape == (32, 24, 3)


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x112] = 6  # the camera was held upright
    return exif


def test_what_cameras_do_not_give_is_said(tmp_path: Path) -> None:
    doubts = Doubts()
    clear = np.dstack([np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), np.uint8)])
    assert (read_picture(saved(tmp_path / "clear.png", Image.fromarray(clear)), doubts=doubts) == 255).all()
    assert read_picture(saved(tmp_path / "faint.png", Image.new("LA", (16, 16), (0, 128)))).shape == (16, 16, 1)
    opaque = Doubts()
    read_picture(saved(tmp_path / "whole.png", Image.new("RGBA", (16, 16), (9, 9, 9, 255))), doubts=opaque)
    assert not opaque.texts()
    deep = saved(tmp_path / "deep.png", Image.fromarray(np.full((16, 16), 0x80FF, np.uint16)))
    assert (read_picture(deep, doubts=doubts) == 0x80).all() and read_picture(deep, grey=False).shape == (16, 16, 3)
    printed = saved(tmp_path / "printed.jpg", Image.new("CMYK", (16, 16), (255, 0, 0, 0)), quality=95)
    red, green, blue = read_picture(printed, doubts=doubts)[8, 8]
    assert red < 30 < 200 < min(green, blue)
    texts = doubts.texts()
    assert ["transparent" in texts[0], "16 bits" in texts[1], "CMYK" in texts[2]] == [True] * 3


def test_faulty_pictures(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.fromarray(COLOURS).resize((200, 200)).save(whole, "JPEG")
    for name, data, words in (
        ("cut.jpg", whole.getvalue()[:-2000], "is cut off"), ("text.jpg", b"not a picture", "is no picture"),
        ("none.png", b"", "is no picture"),
        ("huge.png", huge_png(), r"huge\.png: more than 67,108,864 pixels; make it smaller"),
        ("damaged.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "is damaged|is no picture"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UserError, match=words) as refused:
            read_picture(tmp_path / name)
        assert str(refused.value).startswith(str(tmp_path / name)) and "\n" not in str(refused.value)
    with pytest.raises(UserError, match="1 x 1 pixels; 8 a side at least"):
        read_picture(saved(tmp_path / "dot.png", Image.new("L", (1, 1))))
    with pytest.raises(UserError, match="floats, whose white is unknown"):
        read_picture(saved(tmp_path / "float.tif", Image.fromarray(np.zeros((16, 16), np.float32))))


def test_pictures_are_averaged_over_areas() -> None:
    x = RNG.integers(0, 256, (50, 70, 3)).astype(np.uint8)
    means = x.reshape(10, 5, 14, 5, 3).mean(axis=(1, 3))
    assert np.array_equal(fit(x, 10, 14)[0], np.floor(means + 0.5))
    small, (left, top, factor) = fit(x, 16, 16)  # the middle 50 x 50
    assert (left, top, factor) == (10, 0, 3.125) and small.shape == (16, 16, 3)
    first = np.outer([1, 1, 1, 0.125], [1, 1, 1, 0.125]) / 3.125**2
    assert small[0, 0, 0] == np.floor((first * x[:4, 10:14, 0]).sum() + 0.5)
    assert np.array_equal(fit(x, 50, 70)[0], x) and fit(x, 96, 96)[0].shape == (96, 96, 3)


def test_folders_of_pictures(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "shapes", 2)
    assert holds_pictures(data) and not holds_pictures(tmp_path)
    found = read_pictures(data)
    assert found.labels == ["bar", "cross", "disc"] and found.values.shape == (24, 24, 24, 1)
    assert "part 2 of their names" in found.grouped_by and {p.group for p in found.pictures} >= {"ann", "dee"}
    assert read_pictures(data, Size(32, 16, False)).values.shape == (24, 16, 32, 3)
    saved(data / "disc" / "disc_dee_9.png", Image.new("L", (64, 32), 7))
    notes = read_pictures(data).notes
    assert any("one colour all over" in note for note in notes) and any("another shape" in note for note in notes)


def test_folders_that_will_not_do(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "shapes", 1)
    (data / "empty").mkdir()
    with pytest.raises(UserError, match="empty: no pictures in this class's folder; fill it, or remove it"):
        read_pictures(data)
    (data / "empty" / "x.png").write_bytes((data / "bar" / "bar_ann_0.png").read_bytes())
    with pytest.raises(UserError, match=r"x\.png: the only picture of 'empty'; 20 to 100 a class"):
        read_pictures(data)
    (data / "empty" / "y.png").write_bytes((data / "bar" / "bar_bob_0.png").read_bytes())
    with pytest.raises(UserError, match="the same picture as .* under another label"):
        read_pictures(data)
    (data / "bar" / "bad.jpg").write_bytes(b"?")
    (data / "bar" / "worse.jpg").write_bytes(b"?")
    with pytest.raises(UserError, match=r"2 faults in the pictures:\n  .*bad\.jpg: is no .*\n  .*worse\.jpg: is no"):
        read_pictures(data)


def test_groups_that_a_pattern_finds() -> None:
    files = [Picture(f"hands/p{i:02}/x.jpg", "a", COLOURS) for i in range(3)]
    assert groups_of(files, None, r"p\d+")[0] == ["p00", "p01", "p02"]
    assert groups_of(files, None, r"p(\d)\d")[0] == ["0", "0", "0"]
    with pytest.raises(UserError, match=r"'q\\d' finds nothing in x\.jpg \(nor in 2 others\)"):
        groups_of(files, None, r"q\d")
    with pytest.raises(UserError, match="is no regular expression"):
        groups_of(files, None, "(")
