# SPDX-License-Identifier: MIT
"""The device package looks through cameras, finds boxes, follows things and tells what is new; as on boards."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import midge
from midge.convert.camera import BOXES
from midge.convert.pipeline import convert_graph
from midge.graph import sight
from midge.graph.builder import Builder
from midge.graph.sight import Crop, Picture
from tests.fuzz.seeds import tensor
from tests.support import ROOT
from tests.support import sight as reference

CAMERA, CROP = Picture("grey", 64, 48), Crop(8, 0, 48, 48)
rng = np.random.default_rng(3)


def eye() -> Any:
    """A model that gives the brightness of 2 x 2 parts of the picture."""
    graph = reference.eye(CAMERA, CROP, (1, 2, 2, 1))
    graph.metadata |= {"camera.format": "grey", "camera.size": "64x48", "camera.crop": str(CROP)}
    return midge.load(convert_graph(graph, [], "eye", 0).blob)


def finder() -> Any:
    build = Builder("finder")
    x = tensor("scores", 1, 4, 4, 3, scale=1 / 256, zero_point=-128)
    graph = build.graph([x], sight.blobs(build, x, 0.5, 4))
    graph.metadata |= {BOXES: "2", "camera.crop": "80x40+20+10"}
    return midge.load(convert_graph(graph, ["cup", "cat"], "finder", 0).blob)


class Camera:
    """Gives pictures by rows; of some a row is lost."""

    format, size = "grey", "64x48"

    def __init__(self, pictures: list[np.ndarray | None]) -> None:
        self.pictures = pictures

    def rows(self) -> Iterator[bytes | None]:
        if not self.pictures:
            return
        picture = self.pictures.pop(0)
        for y in range(0, 48, 3):
            if picture is None and y == 6:
                yield None
                return
            yield bytes(3 * 64) if picture is None else picture[y : y + 3].tobytes()


class Whole(Camera):
    rows = None  # type: ignore[assignment]

    def capture(self) -> bytes | None:
        picture = self.pictures.pop(0) if self.pictures else None
        return None if picture is None else picture.tobytes()


def test_answers_of_pictures_by_rows_and_whole() -> None:
    pictures = [rng.integers(0, 256, CAMERA.shape, np.uint8) for _ in range(3)]
    wanted = [reference.levels(p, CAMERA, CROP, (2, 2, 1)).reshape(-1).tolist() for p in pictures]
    model = eye()
    looking = midge.watch(model, Camera([pictures[0], None, *pictures[1:]]))
    assert [answer.scores for answer in looking] == wanted and looking.lost == 1
    del Whole.rows
    camera = Whole(list(pictures))
    camera_only = type("Only", (), {"capture": lambda self: camera.capture()})()
    assert [answer.scores for answer in midge.watch(model, camera_only)] == wanted
    assert model(pictures[1]).scores == wanted[1]


def test_a_camera_of_another_format_is_refused() -> None:
    camera = Camera([])
    camera.size = "32x32"
    with pytest.raises(ValueError, match="the camera's size is 32x32, the model's 64x48"):
        midge.watch(eye(), camera)


def test_boxes_are_in_the_cameras_pixels() -> None:
    scores = np.full((4, 4, 3), -128, np.int8)
    scores[1, 2, 2], scores[3, 0, 1] = 100, 20
    model = finder()
    model.run(scores.tobytes())
    found = model.answer()
    assert [tuple(box) for box in found.boxes] == [
        ("cat", pytest.approx(228 / 256), 60, 20, 20, 10), ("cup", pytest.approx(148 / 256), 20, 40, 20, 10)]
    assert (found.label, repr(found)) == ("cat", "<Found cat 0.8906, cup 0.5781>")
    model.run(bytes([128]) * 48)
    found = model.answer()
    assert (found.boxes, found.label, found.score, repr(found)) == ([], None, 0, "<Found nothing>")


def test_things_are_followed_and_counted() -> None:
    from midge.boxes import Box

    def at(label: str, x: int, y: int) -> Any:
        return Box(label, 0.9, x - 5, y - 5, 10, 10)

    seen = midge.track(reach=1.5, appear=2, forget=2)
    assert seen([at("cat", 20, 20)]) == []  # once is not enough
    (cat,) = seen([at("cat", 25, 20), at("cup", 25, 20)])
    assert (cat.number, cat.label, cat.x, seen.counts) == (1, "cat", 25, {"cat": 1})
    there = seen([at("cup", 26, 20), at("cat", 39, 20)])  # of the same label, the nearest
    assert [(t.number, t.label, t.x) for t in there] == [(1, "cat", 39), (2, "cup", 26)]
    there = seen([at("cat", 80, 20), at("cup", 26, 21)])  # too far: another one
    assert [(t.number, t.missed) for t in there] == [(1, 1), (2, 0)]
    there = seen([at("cat", 80, 20)])
    assert [t.number for t in there] == [1, 2, 3] and seen.counts == {"cat": 2, "cup": 1}
    assert [t.number for t in seen([])] == [2, 3]
    assert [t.number for t in seen([])] == [3] and seen([]) == []
    crossing = midge.track(appear=1)
    crossing([at("cat", 0, 0), at("cat", 12, 0)])
    assert [t.x for t in crossing([at("cat", 13, 0), at("cat", 1, 0)])] == [1, 13]
    with pytest.raises(ValueError, match="reach"):
        midge.track(reach=0)


@pytest.mark.parametrize("format", list(sight.FORMATS))
def test_what_is_new_opens_the_gate(format: str) -> None:
    from midge.background import Change
    from midge.samples.camera_pictures import encode

    gate, noise = Change(format, 64, 48), np.random.default_rng(4)

    def picture(box: bool) -> bytes:
        rgb = 90 + noise.normal(0, 2, (48, 64, 3))
        if box:
            rgb[12:30, 20:40] += 90
        return encode(rgb.clip(0, 255).astype(np.uint8), format).tobytes()

    assert not any(gate(picture(False)) for _ in range(40))
    assert gate(picture(True)) and gate(picture(True))
    row = len(picture(False)) // 48
    for start in range(0, 48, 6):
        gate.rows(picture(True)[start * row : (start + 6) * row])
    assert gate.changed()
    assert sum(gate(picture(True)) for _ in range(300)) < 200  # what stays becomes usual
    assert len(gate._mean) + len(gate._deviation) <= 400


def test_a_gate_for_a_strange_camera_is_refused() -> None:
    from midge.background import Change

    with pytest.raises(ValueError, match="no gate for jpeg of 64x48"):
        Change("jpeg", 64, 48)


def test_a_gate_holds_pictures_back() -> None:
    from midge.background import Change

    still, new = np.full(CAMERA.shape, 80, np.uint8), np.full(CAMERA.shape, 200, np.uint8)
    looking = midge.watch(eye(), Camera([still] * 10 + [new]), Change("grey", 64, 48))
    assert [answer.scores for answer in looking] == [[200.0] * 4] and looking.skipped == 10


def test_a_camera_of_a_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0]
    fake = type("time", (), {"ticks_us": lambda: clock[0], "ticks_diff": lambda a, b: a - b,
                             "sleep_us": lambda us: clock.__setitem__(0, clock[0] + us)})
    monkeypatch.setitem(sys.modules, "time", fake)
    monkeypatch.syspath_prepend(str(ROOT / "mpy_lib/drivers"))
    from file_camera import FileCamera

    monkeypatch.undo()
    pictures = rng.integers(0, 256, (2, 6, 8, 1), np.uint8)
    path = tmp_path / "camera.bin"
    path.write_bytes(pictures.tobytes() + bytes(5))  # and some of a third one
    camera = FileCamera(str(path), "grey", 8, 6)
    assert camera.capture() == pictures[0].tobytes()
    assert b"".join(bytes(row) for row in camera.rows()) == pictures[1].tobytes()
    assert list(camera.rows()) == [] and camera.capture() is None
    camera = FileCamera(str(path), "grey", 8, 6, line_us=100)
    assert [bytes(row) for row in camera.rows()] == [row.tobytes() for row in pictures[0]] and clock[0] == 600
    got = []
    for row in camera.rows():
        got.append(row if row is None else bytes(row))
        clock[0] += 400  # too slow
    assert got[-1] is None and len(got) < 6 and camera.lost == 1
    again = FileCamera(str(path), "grey", 8, 6, again=True)
    assert [again.capture() for _ in range(3)] == [pictures[i].tobytes() for i in (0, 1, 0)]
    with pytest.raises(ValueError, match="no format jpeg"):
        FileCamera(str(path), "jpeg", 8, 6)
    with pytest.raises(OSError):
        FileCamera(str(tmp_path / "none"), "grey", 8, 6)
