# SPDX-License-Identifier: MIT
"""A board that sees a file: the example with a camera, unchanged, and rows that come in the sensor's time."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from midge import load
from midge.api import convert
from midge.fileformat.read import decode
from midge.link.transport import open_board
from midge.link.verify import replay, vectors
from midge.samples.camera_pictures import encode, view_of
from tests.device.test_sensor_examples import played
from tests.support import ROOT, SHARED
from tests.support.boards import Board
from tests.support.transcript_files import PERSON, _person

NewBoard = Callable[..., Board]
DRIVER = {"lib/file_camera.py": (ROOT / "mpy_lib/drivers/file_camera.py").read_bytes()}
real = pytest.mark.skipif(not PERSON.exists(), reason=f"no {SHARED}; set SHARED=<dir>")


def detector() -> bytes:
    return convert(PERSON, camera="rgb565,160x120", labels=["no person", "person"], arena_limit=39000, name="p").blob


def frames(metadata: dict[str, str]) -> tuple[bytes, bytes]:
    """Return an empty wall, and the picture of a person, as the camera gives them."""
    view = view_of(metadata)
    assert view is not None
    wall = np.full((120, 160, 3), 128, np.uint8)
    person = wall.copy()
    with Image.open(io.BytesIO(_person())) as image:
        person[:, 20:140] = np.asarray(image.convert("RGB").resize((120, 120)))
    return encode(wall, view.picture.format).tobytes(), encode(person, view.picture.format).tobytes()


@real
def test_the_lamp_is_on_while_someone_is_there(new_board: NewBoard) -> None:
    model = detector()
    wall, person = frames(decode(model).metadata)
    here = load(model)
    assert (here(wall).label, here(person).label) == ("no person", "person")
    seen = wall * 10 + person * 2 + wall * 4
    board = new_board(romfs={**DRIVER, "person.midge": model, "camera.bin": seen})
    out = played(board, "person_light.py", 120, until="looked at")
    assert re.findall(r"lamp \w+", out) == ["lamp on", "lamp off"]


@real
def test_rows_by_rows_and_whole_give_the_bits_of_the_pc(new_board: NewBoard) -> None:
    model = detector()
    picture = frames(decode(model).metadata)[1]
    wanted = bytearray(2)
    load(model).run(picture, wanted)
    board = new_board(romfs={**DRIVER, "person.midge": model, "camera.bin": picture * 2})
    out = board.run("""
import midge
from file_camera import FileCamera
model = midge.load("/rom/person.midge")
camera = FileCamera("/rom/camera.bin", "rgb565", 160, 120)
y = bytearray(2)
print([model.rows(row) for row in camera.rows()][-3:])
model.run(out=y)
print(list(y))
model.run(camera.capture(), out=y)
print(list(y))
for wrong in (lambda: model.run(), lambda: model.rows(bytes(7)), lambda: model.rows(5), lambda: model(bytes(3))):
    try:
        wrong()
    except (ValueError, TypeError) as error:
        print(type(error).__name__, error)
slow = FileCamera("/rom/camera.bin", "rgb565", 160, 120, line_us=1, again=True)
print([row is None for row in slow.rows()][-1], slow.lost)
""", timeout_s=90)
    assert out.splitlines() == [
        "[2, 1, 0]", str(list(wanted)), str(list(wanted)), "ValueError 120 rows of the picture are missing",
        "ValueError input 'picture': got 7 bytes, wanted rows of 320 bytes, 120 at most",
        "TypeError object with buffer protocol required",
        "ValueError input 'picture': got 3 bytes, wanted 38400 bytes of uint8 [120, 160, 2]", "True 1"]


@real
def test_verify_shows_a_picture_by_rows(new_board: NewBoard) -> None:
    blob = detector()
    board = new_board(romfs={"person.midge": blob})
    with open_board(board.port) as link:
        result = replay(link, blob, "/rom/person.midge", vectors(blob, None, 2), lambda _: None)
    assert result.on_board and (result.runs, result.compared) == (2, 4) and not result.differences
