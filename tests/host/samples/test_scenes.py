# SPDX-License-Identifier: MIT
"""Pictures with boxes: four formats tell the same, and what is wrong in them is named with its place and remedy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from midge.errors import UserError
from midge.samples.scenes import Scenes, holds_boxes, read_scenes
from tests.support.shots import png

BOXES = {"a.png": [("cat", 8, 4, 24, 20), ("dog", 30, 10, 60, 40)], "b.png": [("dog", 0, 0, 16, 48)],
         "c.png": [("cat", 40, 20, 64, 48)], "d.png": []}
Boxes = dict[str, list[tuple[str, float, float, float, float]]]


def pictures(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for name in BOXES:
        (folder / name).write_bytes(png(rng.integers(0, 256, (48, 64), dtype=np.uint8)))
    return folder


def voc(folder: Path, boxes: Boxes, size: str = "<size><width>64</width><height>48</height></size>") -> Path:
    for name, things in boxes.items():
        objects = "".join(f"<object><name>{k}</name><bndbox><xmin>{x}</xmin><ymin>{y}</ymin><xmax>{u}</xmax>"
                          f"<ymax>{v}</ymax></bndbox></object>" for k, x, y, u, v in things)
        (folder / name).with_suffix(".xml").write_text(f"<annotation><filename>{name}</filename>{size}{objects}"
                                                       "</annotation>")
    return folder


def coco(folder: Path, boxes: Boxes) -> Path:
    notes = [{"id": 9, "image_id": i, "category_id": {"cat": 3, "dog": 7}.get(k, 8), "bbox": [x, y, u - x, v - y]}
             for i, things in enumerate(boxes.values()) for k, x, y, u, v in things]
    (folder / "all.json").write_text(json.dumps({
        "images": [{"id": i, "file_name": f"images/{n}", "width": 64, "height": 48} for i, n in enumerate(boxes)],
        "categories": [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}], "annotations": notes}))
    return folder


def yolo(folder: Path, boxes: Boxes) -> Path:
    (folder / "data.yaml").write_text("train: x\nnames:\n  0: dog\n  1: 'cat'\nnc: 2\n")
    for name, things in boxes.items():
        (folder / name).with_suffix(".txt").write_text("".join(
            f"{['dog', 'cat', 'bird'].index(k)} {(x + u) / 128} {(y + v) / 96} {(u - x) / 64} {(v - y) / 48}\n"
            for k, x, y, u, v in things))
    return folder


def edge_impulse(folder: Path, boxes: Boxes) -> Path:
    (folder / "bounding_boxes.labels").write_text(json.dumps({"version": 1, "boundingBoxes": {
        name: [{"label": k, "x": x, "y": y, "width": u - x, "height": v - y} for k, x, y, u, v in things]
        for name, things in boxes.items()}}))
    return folder


@pytest.mark.parametrize("write", [voc, coco, yolo, edge_impulse])
def test_formats_tell_the_same(write, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = pictures(tmp_path / "set")
    assert not holds_boxes(folder)
    write(folder, BOXES)
    assert holds_boxes(folder)
    found = read_scenes(folder)
    assert found.labels == ["background", "cat", "dog"] and found.values.shape == (4, 48, 64, 1) and not found.notes
    told: Scenes = found
    assert {Path(s.path).name: list(zip(s.classes, s.boxes.round(3).tolist(), strict=True)) for s in told.pictures} == {
        name: [(k, [y, x, v, u]) for k, x, y, u, v in things] for name, things in BOXES.items()}


def test_boxes_that_do_not_lie_in_their_picture(tmp_path: Path) -> None:
    odd = BOXES | {"b.png": [("dog", 50, 30, 90, 60), ("dog", 70, 0, 90, 20), ("cat", 5, 5, 5, 9)]}
    found = read_scenes(voc(pictures(tmp_path / "set"), odd))
    (scene,) = (s for s in found.pictures if s.name == "b.png")
    assert scene.classes == ("dog",) and scene.boxes.tolist() == [[30, 50, 48, 64]]
    assert [any(words in note for note in found.notes) for words in (
        "reach beyond them, which were cut off", "outside of them, which were left out", "of no area")] == [True] * 3


@pytest.mark.parametrize(("write", "boxes", "words"), [
    (coco, {"a.png": [("bird", 1, 1, 9, 9)]}, "annotation 9: is of category 8, which is not among its 2 categories"),
    (yolo, {"a.png": [("bird", 1, 1, 9, 9)]}, r"a\.txt:1: class 2, but there are 2 names \(dog, cat\)"),
    (edge_impulse, {"no.png": []}, r"names the picture 'no\.png', which is not in"),
    (coco, {"no.png": []}, r"names the picture 'images/no\.png', which is not in"),
    (voc, {"a.png": [("cat", "x", 1, 9, 9)]}, r"a\.xml: 'x' in a box is no number"),
    (voc, {"a.png": [("", 1, 1, 9, 9)]}, "a box has no label"),
    (voc, {"a.png": [("cat", 1, 1, 9, 9)]}, "1 pictures with boxes; 50 to 500 are wanted"),
    (voc, {name: [] for name in BOXES}, "no box in any of its 4 pictures; draw some"),
    (voc, {name: [("cat", 70, 0, 90, 20)] for name in BOXES}, r"4 pictures \(.*a\.png: and 3 more have boxes outside"),
    (coco, {"a.png": [("cat", float("nan"), 1, 9, 9)]}, "annotation 9: 'nan' in a box is no number; mend or remove it"),
    (yolo, {"a.png": [("cat", 1, 1, float("inf"), 9)]}, r"a\.txt:1: 'inf' in a box is no number; mend or remove it"),
    (edge_impulse, {"a.png": [("background", 1, 1, 9, 9)]}, r"a\.png: a box is called 'background', as what has no"),
    (voc, {**BOXES, "c.png": []}, r"a\.png: the only picture with 'cat'"),
])
def test_boxes_that_will_not_do(write, boxes, words: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UserError, match=words) as refused:
        read_scenes(write(pictures(tmp_path / "set"), boxes))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("write", "place"), [
    (voc, "a.xml: "), (coco, "all.json: annotation 9: "), (yolo, "a.txt:1: "),
    (edge_impulse, "bounding_boxes.labels: a.png: ")])
def test_all_faults_are_told(write, place: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder, nan = pictures(tmp_path / "set"), float("nan")
    write(folder, {"a.png": [("cat", nan, 1, 9, 9)], "b.png": [("dog", 1, nan, 9, 9)], "c.png": [], "d.png": []})
    (folder / "c.png").write_bytes(b"")
    with pytest.raises(UserError) as refused:
        read_scenes(folder)
    first, *faults = str(refused.value).split("\n")
    assert first == "3 faults in the pictures and boxes:" and len(faults) == 3
    assert faults[0] == f"  {folder}/{place}'nan' in a box is no number; mend or remove it"
    assert "'nan' in a box" in faults[1] and "c.png: is no picture" in faults[2]


def test_many_faults_are_counted(tmp_path: Path) -> None:
    folder = yolo(pictures(tmp_path / "set"), {"a.png": [("bird", 1, 1, 9, 9)] * 11})
    with pytest.raises(UserError, match=r"11 faults in the pictures and boxes:(\n  .*: class 2, .*){8}\n  and 3 more$"):
        read_scenes(folder)


def test_a_list_of_classes_without_one(tmp_path: Path) -> None:
    folder = yolo(pictures(tmp_path / "set"), BOXES)
    (folder / "data.yaml").rename(folder / "classes.txt").write_text("\n \n")
    with pytest.raises(UserError, match=r"classes\.txt: tells no names of classes; write one in each line"):
        read_scenes(folder)


def test_files_of_boxes_that_are_damaged(tmp_path: Path) -> None:
    folder = voc(pictures(tmp_path / "set"), BOXES)
    for text, words in (("<annotation><object>", "is no whole XML"),
                        ('<!DOCTYPE x [<!ENTITY a "aaaa">]><annotation>&a;</annotation>', "declares entities")):
        (folder / "a.xml").write_text(text)
        with pytest.raises(UserError, match=rf"a\.xml: {words}"):
            read_scenes(folder)
    voc(folder, BOXES, "<size><width>640</width><height>480</height></size>")
    with pytest.raises(UserError, match="64 x 48 pixels, its boxes are drawn for 640 x 480"):
        read_scenes(folder)
    (folder / "bounding_boxes.labels").write_text('{"boundingBoxes": [1]}')
    with pytest.raises(UserError, match="is no file of boxes"):
        read_scenes(folder)


def test_pictures_without_boxes_are_said(tmp_path: Path) -> None:
    folder = voc(pictures(tmp_path / "set"), BOXES)
    (folder / "e.png").write_bytes((folder / "a.png").read_bytes())
    notes = read_scenes(folder).notes
    assert len(notes) == 1 and "e.png: have no VOC boxes, and were left out" in notes[0]
