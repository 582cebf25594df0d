# SPDX-License-Identifier: MIT
"""midge capture --camera and midge live --camera, from what an emulated board's camera sees to files and the screen."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from midge import load
from midge.fileformat.read import decode as read_midge
from midge.samples.camera_pictures import decode, encode
from tests.device.test_camera import DRIVER, detector, frames, real
from tests.support.boards import Board
from tests.support.cable import Cable, Faults
from tests.support.command import printed, refusal

NewBoard = Callable[..., Board]
SIZES = {"grey": (40, 30), "rgb565": (40, 30), "rgb565le": (32, 20), "yuv422": (40, 30), "uyvy": (20, 16),
         "rgb888": (20, 16)}


def scenes(format: str, count: int) -> np.ndarray:
    """What a camera gives, uint8 [count, height, width, bytes]: slopes with noise, and one picture of noise alone."""
    width, height = SIZES[format]
    rng = np.random.default_rng(len(format))
    y, x = np.mgrid[:height, :width]
    pictures = []
    for i in range(count):
        smooth = np.stack([128 + 90 * np.sin(x / 7 + y / 5 + i + j) for j in range(3)], 2)
        noisy = smooth + rng.normal(0, 2, smooth.shape) if i != 1 else rng.integers(0, 256, smooth.shape)
        pictures.append(encode(np.clip(noisy, 0, 255).astype(np.uint8), format))
    return np.stack(pictures)


def capture(board_port: str, out: Path, camera: str, count: int, *more: object) -> str:
    return printed("capture", "--camera", camera, "--label", "cup", "--count", count, "--countdown", 0, "--every", 0,
                   "--session", "a", "--out", out, "--port", board_port, *more)


def pixels_of(out: Path) -> list[np.ndarray]:
    found = []
    for path in sorted((out / "cup").iterdir()):
        with Image.open(path) as image:
            found.append(np.asarray(image).reshape(image.height, image.width, -1))
    return found


@pytest.mark.parametrize("format", sorted(SIZES))
def test_files_are_what_the_camera_gave(new_board: NewBoard, tmp_path: Path, format: str) -> None:
    raws = scenes(format, 3)
    board = new_board(romfs={**DRIVER, "camera.bin": raws.tobytes()})
    width, height = SIZES[format]
    text = capture(board.port, tmp_path, f"file,{format},{width}x{height}", 3)
    assert f"FileCamera, {format} of {width} x {height}" in text and "% of their bytes on the line" in text
    found = pixels_of(tmp_path)
    assert len(found) == 3
    for pixels, raw in zip(found, raws, strict=True):
        assert (pixels == decode(raw, format)).all()


def test_a_camera_that_ends_and_a_driver_that_is_missing(new_board: NewBoard, tmp_path: Path) -> None:
    board = new_board(romfs={"camera.bin": scenes("grey", 2).tobytes()})
    text = capture(board.port, tmp_path, "file,grey,40x30", 5)
    assert "5 were wanted; the camera gave no more" in text and len(pixels_of(tmp_path)) == 2
    assert board.run("import file_camera\nprint(file_camera.__file__)").endswith("lib/file_camera.py")


def test_a_bad_line_loses_pictures_and_makes_none_up(new_board: NewBoard, tmp_path: Path) -> None:
    raws = scenes("grey", 12)
    board = new_board(romfs={**DRIVER, "camera.bin": raws.tobytes()})
    noise = Faults(flipped=frozenset(range(6000, 40000, 2900)), dropped=frozenset({9000, 15000}))
    with Cable(board.port, to_host=noise) as cable:
        capture(cable.port, tmp_path, "file,grey,40x30", 4)
    wanted = [decode(raw, "grey").tolist() for raw in raws]
    numbers = [wanted.index(pixels.tolist()) for pixels in pixels_of(tmp_path)]
    assert numbers == sorted(set(numbers)) and len(numbers) == 4 and numbers != [0, 1, 2, 3]


ROWS_ONLY = """
class Camera:
    format, size = "grey", "40x30"
    n = 0
    def rows(self):
        self.n += 1
        for y in range(30):
            if self.n == 2 and y == 7:
                yield None
                return
            yield bytes([self.n * 8 + x for x in range(40)])
camera = Camera()
class Jpeg:
    format, size = "jpeg", "64x48"
    def capture(self):
        return open("/rom/a.jpg", "rb").read()
jpeg = Jpeg()
class Broken:
    format, size = "grey", "40x30"
    def capture(self):
        raise OSError("the toy gave no picture in 1000 ms; VSYNC stays as it is: check its wire")
broken = Broken()
class Silent:
    def capture(self):
        return bytes(1200)
silent = Silent()
"""


def test_cameras_of_ones_own(new_board: NewBoard, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(decode(scenes("rgb888", 1)[0], "rgb888")).resize((64, 48)).save(buffer, "JPEG")
    board = new_board(romfs={"lib/mine.py": ROWS_ONLY.encode(), "a.jpg": buffer.getvalue()})
    text = capture(board.port, tmp_path / "rows", "mine:camera", 3)
    assert "1 did not come whole" in text
    assert [int(pixels[0, 0, 0]) for pixels in pixels_of(tmp_path / "rows")] == [8, 24, 32]
    capture(board.port, tmp_path / "jpeg", "mine:jpeg", 2)
    assert [p.read_bytes() for p in sorted((tmp_path / "jpeg/cup").glob("*.jpg"))] == [buffer.getvalue()] * 2
    said = printed("capture", "--camera", "mine:silent,grey,40x30", "--label", "dark", "--countdown", 0, "--out",
                   tmp_path, "--port", board.port, "--json", "--every", 0)
    assert list(json.loads(said)["doubtful"].values()) == [["dark"]]
    common = ("capture", "--label", "cup", "--countdown", 0, "--out", tmp_path, "--port", board.port, "--camera")
    for camera, words in (
        ("mine:broken", "the camera: the toy gave no picture in 1000 ms; VSYNC stays as it is"),
        ("mine:silent", "does not tell its format and size; say them, as in mine:silent,rgb565,320x240"),
        ("mine:none", "'none'"),
        ("os:sep,grey,8x8", "is no camera; wanted an object with rows() or capture()"),
        ("os:listdir", "is no camera; wanted an object"),
        ("nosuch:camera", "the camera: no module named 'nosuch'; put that file"),
        ("mine", "wanted file, esp32, openmv"),
        ("file", "no camera.bin on the board"), ("file,rgb,1x1", "no pictures 'rgb,1x1'; wanted FORMAT,WIDTHxHEIGHT"),
        ("esp32", "this firmware has no module camera"), ("openmv", "this firmware has neither csi nor sensor"),
    ):
        assert words in refusal(*common, camera), camera


@real
def test_live_shows_what_the_model_answers(new_board: NewBoard) -> None:
    blob = detector()
    wall, person = frames(read_midge(blob).metadata)
    board = new_board(romfs={**DRIVER, "person.midge": blob, "camera.bin": wall + person + wall})
    said = printed("live", "/rom/person.midge", "--camera", "file", "--port", board.port, "--json")
    answers = [json.loads(line) for line in said.splitlines()]
    here = load(blob)
    wanted = [here(picture) for picture in (wall, person, wall)]
    assert [(a["picture"], a["label"], a["score"]) for a in answers] == [
        (i, w.label, round(w.score, 4)) for i, w in enumerate(wanted)]
    text = printed("live", "/rom/person.midge", "--camera", "file", "--port", board.port)
    assert "rgb565 of 160 x 120" in text and "person" in text and "3 answers in" in text and "0 pictures lost" in text
    assert "is for rgb565,160x120, this one gives grey,40x30" in refusal(
        "live", "/rom/person.midge", "--camera", "file,grey,40x30", "--port", board.port)
