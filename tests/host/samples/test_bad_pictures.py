# SPDX-License-Identifier: MIT
"""Pictures as they come, to train on, to run and to take over: each odd kind is taken, or refused in one line."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from midge.api import convert
from midge.errors import UserError
from midge.fileformat.read import decode
from midge.graph import Graph, Tensor
from midge.graph.builder import Builder
from midge.importers.tflite.export import tflite_bytes
from midge.link.verify import vectors
from midge.samples.camera_pictures import camera_bytes
from midge.samples.pictures import Size, read_pictures
from tests.support.command import midge

RNG = np.random.default_rng(7)
X = np.linspace(0, 255, 48)
COLOURS = np.stack([np.broadcast_to(X, (40, 48)), np.broadcast_to(255 - X, (40, 48)),
                    np.broadcast_to(X[:40, None], (40, 48))], 2).astype(np.uint8)


def saved(kind: str, mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(COLOURS).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A file that says to be so large, and has one row."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(width + 1))) + chunk(b"IEND", b"")


def wide() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(COLOURS[..., 0].astype(np.uint16) * 257).save(buffer, "PNG")
    return buffer.getvalue()


def clear() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([COLOURS, COLOURS[..., 0]])).save(buffer, "PNG")
    return buffer.getvalue()


JPEG = saved("JPEG", quality=90)
PNG = saved("PNG")
FLOATS = io.BytesIO()
Image.fromarray(COLOURS[..., 0].astype(np.float32)).save(FLOATS, "TIFF")

DEEP = io.BytesIO()
Image.fromarray(COLOURS[..., 0].astype(np.int32) * 100_000).save(DEEP, "TIFF")


def moving(kind: str) -> bytes:
    buffer = io.BytesIO()
    frames = [Image.fromarray(np.roll(COLOURS, 8 * i, 1)) for i in range(3)]
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


FIRST = "show several pictures, of which the first was taken"

# File, content, what refuses it ("" for nothing), and what training says of it where it takes it.
TABLE = [
    ("baseline.jpg", JPEG, "", ""), ("progressive.jpg", saved("JPEG", progressive=True), "", ""),
    ("grey.jpg", saved("JPEG", "L"), "", ""), ("palette.png", saved("PNG", "P"), "", ""),
    ("printed.jpg", saved("JPEG", "CMYK"), "", "are in the colours of printers (CMYK)"),
    ("clear.png", clear(), "", "are transparent in parts"), ("opaque.png", saved("PNG", "RGBA"), "", ""),
    ("deep.png", wide(), "", "have 16 bits a pixel"),
    ("moving.gif", moving("GIF"), "", FIRST), ("pages.tif", moving("TIFF"), "", FIRST),
    ("moving.jpg", moving("GIF"), "", FIRST), ("still.gif", saved("GIF"), "", ""), ("png.jpg", PNG, "", ""),
    ("phone.heic", b"\0\0\0\x18ftypheic" + bytes(99), "is no picture, or of a kind that cannot be read; export it", ""),
    ("very deep.tif", DEEP.getvalue(), "has pixels of 32 bits", ""),
    ("half.gif", moving("GIF")[:900], "is cut off (", ""),
    ("odd.jpg", JPEG + b"trailing bytes of a camera", "", ""),
    ("half.jpg", JPEG[: len(JPEG) // 2], "is cut off (", ""), ("head.jpg", JPEG[:60], "is", ""),
    ("half.png", PNG[: len(PNG) // 2], "is cut off (", ""), ("empty.jpg", b"", "is no picture, or of a kind that", ""),
    ("text.png", b"not a picture at all", "is no picture, or of a kind that", ""),
    ("zeros.jpg", bytes(1000), "is no picture, or of a kind that", ""),
    ("pixel.png", png_of(1, 1), "1 x 1 pixels; 8 a side at least show something", ""),
    ("strip.png", png_of(3000, 2), "3000 x 2 pixels; 8 a side at least show something", ""),
    ("huge.png", png_of(30000, 30000), "more than 67,108,864 pixels; make it smaller", ""),
    ("floats.tif", FLOATS.getvalue(), "has pixels of floats", ""),
]


def a_network() -> Graph:
    """A network of pictures that says how bright each colour is."""
    build = Builder("means")
    x = Tensor(build.unique("image"), (1, 16, 16, 3), "float32")
    return build.graph([x], [build.reduce("MEAN", x, [1, 2], keep=False)])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("means")
    (folder / "means.tflite").write_bytes(tflite_bytes(a_network(), "means"))
    path = folder / "means.midge"
    convert(folder / "means.tflite", camera="rgb888,32x32", pixels="0..255").save(path)
    return path


@pytest.mark.parametrize(("name", "content", "refusal", "note"), TABLE, ids=[row[0] for row in TABLE])
def test_every_kind(tmp_path: Path, model: Path, name: str, content: bytes, refusal: str, note: str) -> None:
    folder = tmp_path / "set"
    for label in ("cup", "nothing"):
        (folder / label).mkdir(parents=True)
        for i in range(2):
            values = RNG.integers(0, 256, (20, 24, 3), dtype=np.uint8)
            Image.fromarray(values).save(folder / label / f"{i}.png")
    (folder / "cup" / name).write_bytes(content)
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / name).write_bytes(content)
    run = midge("run", model, folder / "cup" / name)
    out = tmp_path / "out"
    taken, alone = (midge("capture", "--camera", camera, "--label", "x", "--countdown", 0, "--out", out)
                    for camera in (tmp_path / "alone", tmp_path / "alone" / name))
    try:
        found = read_pictures(folder, Size(16, 16))
        said = ""
    except UserError as error:
        said = str(error)
    blob = model.read_bytes()
    facts = decode(blob).metadata
    if refusal:
        for read in (lambda path: vectors(blob, path, 0), lambda path: camera_bytes(path, facts, "x")):
            with pytest.raises(UserError) as refused:
                read(folder / "cup" / name)
            assert refusal in str(refused.value) and "\n" not in str(refused.value)
        assert refusal in said and name in said and "\n" not in said, said
        for done in (run, taken, alone):
            lines = done.stderr.strip().splitlines()
            assert done.returncode == 1 and len(lines) == 1 and refusal in lines[0] and name in lines[0], done
        assert not list((out).rglob("*.*"))
        return
    assert not said and len(found.pictures) == 5
    assert any(note in text for text in found.notes) == bool(note) or not note
    assert run.returncode == 0 and taken.returncode == alone.returncode == 0, (run, taken, alone)
    assert len(list((out / "x").glob("*.png"))) == 2
    assert vectors(blob, folder / "cup" / name, 0) == [[camera_bytes(folder / "cup" / name, facts, "x")[0]]]


def test_several_bad_ones(tmp_path: Path, model: Path) -> None:
    folder, out = tmp_path / "set", tmp_path / "out"
    for label in ("0", "1"):
        (folder / label).mkdir(parents=True)
        (folder / label / "a.jpg").write_bytes(JPEG)
        (folder / label / "b.png").write_bytes(PNG)
    (folder / "1" / "half.jpg").write_bytes(JPEG[: len(JPEG) // 2])
    (folder / "1" / "none.png").write_bytes(b"")
    for command in (("train", folder, "-o", tmp_path / "x.midge"), ("evaluate", model, folder),
                    ("sim", "--model", model, "--camera", folder / "1"),
                    ("capture", "--camera", folder / "1", "--label", "x", "--count", 9, "--countdown", 0,
                     "--out", out)):
        done = midge(*command)
        first, *faults = done.stderr.strip().splitlines()
        assert done.returncode == 1 and first.startswith("midge: 2 faults in the "), done
        assert [("half.jpg: is cut off" in line, "none.png: is no picture" in line) for line in faults] == [
            (True, False), (False, True)]
    assert not (tmp_path / "x.midge").exists() and len(list((out / "x").iterdir())) == 2  # the good ones
