# SPDX-License-Identifier: MIT
"""A board that sees a file: the example with a camera, unchanged, and rows that come in the sensor's time."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from midge import Learner, load
from midge.api import convert
from midge.convert.camera import put_camera, read_camera
from midge.convert.pipeline import convert_graph
from midge.fileformat.read import decode
from midge.graph.sight import Crop, Picture
from midge.link.transport import open_board
from midge.link.verify import replay, vectors
from midge.samples.camera_pictures import encode, view_of
from midge.samples.pictures import Size, read_pictures
from midge.train.pictures.embedding import Options, train_embedding
from midge.train.pictures.model import integers_of
from midge.train.pictures.network import Shape, float_graph, untrained
from tests.device.test_sensor_examples import played
from tests.support import ROOT, SHARED
from tests.support.boards import Board
from tests.support.shots import made_picture, write_pictures
from tests.support.sight import eye
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


def embedder() -> bytes:
    """A network of pictures that nobody has trained, whose rows are of one length."""
    shape = Shape(24, 24, 1, 16, 4)
    x = np.random.default_rng(1).integers(0, 256, (4, 24, 24, 1), np.uint8)
    graph = integers_of(float_graph(untrained(shape), shape, None, "net"), x, "net")
    return convert_graph(put_camera(graph, read_camera("grey,48x24,24x24+12+0"), "net"), [], "net", 0).blob


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


def test_images_have_the_bits_of_the_pc(new_board: NewBoard) -> None:
    """Averages of areas and points between pixels, of some formats: 40 x 30 of 44 x 34 pixels become 14 x 12."""
    kinds = [("rgb565", 1), ("rgb565", 3), ("yuv422", 3), ("grey", 1), ("bayer-grbg", 1)]
    blobs = {}
    for format, channels in kinds:
        times = 2 if format.startswith("bayer") else 1
        crop = Crop(2 * times, 2 * times, 40 * times, 30 * times)
        for bilinear in (False, True):
            graph = eye(Picture(format, 44 * times, 34 * times), crop, (1, 12, 14, channels), "int8", bilinear)
            blobs[f"{format}{channels}{bilinear}.midge"] = convert_graph(graph, [], "eye", 0).blob
    board = new_board(romfs=blobs)
    with open_board(board.port) as link:
        for name, blob in blobs.items():
            result = replay(link, blob, f"/rom/{name}", vectors(blob, None, 6), lambda _: None)
            assert result.on_board and result.runs == 6 and not result.differences, name


def test_things_are_sorted_that_a_board_was_taught(new_board: NewBoard, tmp_path: Path) -> None:
    """Five bars are shown and five discs, by a maker whom the network has not seen; then others of both."""
    found = read_pictures(write_pictures(tmp_path, 16), Size(24, 24, True))
    things = train_embedding(found, Options(values=16, width=6, steps=400, camera="rgb565,48x24,24x24+12+0",
                                            judge=False), "things").blob
    rng, asked = np.random.default_rng(5), ["bar", "disc", "disc", "bar"]
    shown = [made_picture(kind, 4, rng) for kind in ["bar"] * 5 + ["disc"] * 5 + asked]
    file = b"".join(encode(np.repeat(np.pad(x, ((0, 0), (12, 12)), "edge")[..., None], 3, 2), "rgb565").tobytes()
                    for x in shown)
    board = new_board(romfs={**DRIVER, "things.midge": things, "camera.bin": file})
    board.run("import qemu\nqemu.skip_waits(True)\n"
              "for name in ('things.midge', 'camera.bin'):\n"
              "    with open('/flash/' + name, 'wb') as f: f.write(open('/rom/' + name, 'rb').read())")
    out = played(board, "sort_objects.py", 60, until="\0", folder="/flash")
    answers = re.findall(r"^(\w+) \d\.\d\d", out[out.index("sorting"):], re.MULTILINE)
    wanted = ["nut", "screw", "screw", "nut"]
    assert all(said in (true, "uncertain") for said, true in zip(answers, wanted, strict=True)), out
    assert {"nut", "screw"} <= set(answers), out
    assert board.run("import midge\nprint(midge.Learner('/rom/things.midge', '/flash/things').counts())") == str(
        {"nut": 5, "screw": 5})


def test_a_learner_looks_through_a_camera_as_on_the_pc(new_board: NewBoard) -> None:
    """Rows of a camera give the bits of the PC, and what it lacks is told."""
    model = embedder()
    pictures = np.random.default_rng(3).integers(0, 256, (3, 24, 48, 1), np.uint8)
    learner = Learner(load(model))
    wanted = [list(learner.row(picture.tobytes())) for picture in pictures]
    board = new_board(romfs={**DRIVER, "net.midge": model, "camera.bin": pictures.tobytes()})
    out = board.run("""
import midge
from file_camera import FileCamera
learner = midge.Learner("/rom/net.midge")
camera = FileCamera("/rom/camera.bin", "grey", 48, 24)
for _ in range(3):
    print(list(learner.row(camera)))
print(learner._network)
for wrong in camera, FileCamera("/rom/camera.bin", "grey", 24, 48), bytes(9):
    try:
        learner.teach("x", wrong)
    except (OSError, ValueError) as error:
        print(type(error).__name__, error)
print(learner.counts())
""", timeout_s=90)
    assert out.splitlines() == [
        *map(str, wanted), str(learner._network), "OSError the camera gave no picture",
        "ValueError the camera's size is 24x48, the model's 48x24",
        "ValueError input 'picture': got 9 bytes, wanted 1152 bytes of uint8 [24, 48, 1]", "{}"]
