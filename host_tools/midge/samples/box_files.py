# SPDX-License-Identifier: MIT
"""Read the boxes that people drew around things in pictures: VOC, COCO, YOLO and Edge Impulse's files.

    VOC             an .xml file per picture, of the same name
    COCO            a .json file with images, annotations and categories
    YOLO            a .txt file per picture, of the same name, and data.yaml, classes.txt or obj.names with the classes
    Edge Impulse    bounding_boxes.labels
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ..errors import UserError
from .faults import noted
from .picture_files import is_picture
from .text import read_text

EDGE_IMPULSE = "bounding_boxes.labels"
CLASSES = ("data.yaml", "dataset.yaml", "classes.txt", "obj.names", "_darknet.labels")
NOTHING = "background"  # what a model calls what no box is around
MOST_FILES = 100_000


@dataclass(frozen=True)
class Box:
    """A thing's place, in pixels of the picture's file; where says in which file, and line, it is told."""

    label: str
    left: float
    top: float
    right: float
    bottom: float
    where: str = ""


@dataclass
class Drawn:
    """What was drawn into one picture. unit: True where boxes are shares of its sides. size: width and height that the
    file of boxes tells, (0, 0) if none.
    """

    picture: Path
    boxes: list[Box]
    unit: bool = False
    size: tuple[int, int] = (0, 0)


@dataclass
class Tree:
    """A folder's files, and its pictures by name and by name without ending."""

    root: Path
    files: list[Path]

    def __post_init__(self) -> None:
        pictures = [p for p in self.files if is_picture(p)]
        self.pictures = pictures
        self.by_name = {p.name: p for p in reversed(pictures)} | {
            p.relative_to(self.root).as_posix(): p for p in pictures}
        self.by_stem = {p.stem: p for p in reversed(pictures)}

    def picture(self, name: str, source: str) -> Path:
        """Return the picture that a file of boxes names, by its path or its name. Raises UserError."""
        clean = name.replace("\\", "/")
        found = self.by_name.get(clean) or self.by_name.get(Path(clean).name)
        if found is None:
            raise UserError(f"{source}: names the picture '{name[:80]}', which is not in {self.root}; copy it there, "
                            "or remove its boxes")
        return found


def tree(path: Path) -> Tree:
    """Return the files below a folder, hidden ones left out. Raises UserError where there are far too many."""
    files = []
    for file in path.rglob("*"):
        if not any(part.startswith(".") for part in file.relative_to(path).parts) and file.is_file():
            files.append(file)
            if len(files) > MOST_FILES:
                raise UserError(f"{path}: holds more than {MOST_FILES:,} files; name the folder of one data set")
    return Tree(path, sorted(files))


def box_format(inside: Tree) -> str:
    """Return in which format a folder tells of boxes: a key of READERS, or "" where it does not."""
    if any(p.name == EDGE_IMPULSE for p in inside.files):
        return "Edge Impulse"
    if any(p.suffix == ".json" and _has(p, '"annotations"') for p in inside.files):
        return "COCO"
    if any(p.suffix == ".xml" and _has(p, "<annotation") for p in inside.files):
        return "VOC"
    if any(p.name in CLASSES for p in inside.files) and any(_yolo_files(inside)):
        return "YOLO"
    return ""


def _has(path: Path, text: str) -> bool:
    """Tell whether a file begins with a text, or, small ones and JSON, has it anywhere."""
    with path.open("rb") as file:
        return text.encode() in (file.read() if path.suffix == ".json" else file.read(1 << 16))


def _read_voc(inside: Tree, faults: list[str]) -> Iterator[Drawn]:
    for path in (p for p in inside.files if p.suffix == ".xml"):
        with noted(faults):
            root = _xml(path)
            if root.tag != "annotation":
                continue
            picture = inside.by_stem.get(path.stem) or inside.picture(root.findtext("filename") or path.stem, str(path))
            boxes = []
            for thing in root.iter("object"):
                ends = [thing.findtext(f"bndbox/{name}") for name in ("xmin", "ymin", "xmax", "ymax")]
                boxes.append(Box(_label(thing.findtext("name"), str(path)), *_four(ends, str(path)), str(path)))
            size = [int(_number(root.findtext(f"size/{name}") or "0", str(path))) for name in ("width", "height")]
            yield Drawn(picture, boxes, size=(size[0], size[1]))


def _xml(path: Path) -> ElementTree.Element:
    text = read_text(path)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UserError(f"{path}: declares entities, which files of boxes have none of; export it again")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise UserError(f"{path}: is no whole XML ({error}); export it again, or remove it") from error


def _read_coco(inside: Tree, faults: list[str]) -> Iterator[Drawn]:
    for path in (p for p in inside.files if p.suffix == ".json" and _has(p, '"annotations"')):
        drawn = dict[Any, Drawn]()
        with noted(faults), _form(path, "COCO file", "images, annotations with bbox, and categories"):
            data = _json(path)
            names = {c["id"]: str(c["name"]) for c in data["categories"]}
            known = {i["id"] for i in data["images"]}
            for i in data["images"]:
                with noted(faults):
                    drawn[i["id"]] = Drawn(inside.picture(str(i["file_name"]), str(path)), [],
                                           size=(int(i.get("width", 0)), int(i.get("height", 0))))
            for note in data["annotations"]:
                with noted(faults):
                    box = _coco_box(note, names, known, f"{path}: annotation {note.get('id', '?')}")
                    if note["image_id"] in drawn:  # otherwise its picture's fault was noted
                        drawn[note["image_id"]].boxes.append(box)
        yield from drawn.values()


def _coco_box(note: dict[str, Any], names: dict[Any, str], images: set[Any], where: str) -> Box:
    if note["category_id"] not in names:
        raise UserError(f"{where}: is of category {note['category_id']}, which is not among its {len(names)} "
                        "categories; mend or remove it")
    if note["image_id"] not in images:
        raise UserError(f"{where}: is of image {note['image_id']}, which is not among its images; mend or remove it")
    x, y, w, h = _four(note["bbox"], where)
    return Box(_label(names[note["category_id"]], where), x, y, x + w, y + h, where)


def _read_edge_impulse(inside: Tree, faults: list[str]) -> Iterator[Drawn]:
    for path in (p for p in inside.files if p.name == EDGE_IMPULSE):
        with noted(faults), _form(path, "file of boxes", "boundingBoxes"):
            for name, found in _json(path)["boundingBoxes"].items():
                with noted(faults):
                    where, beside, boxes = f"{path}: {name}", path.parent / name, []
                    for b in found:
                        x, y, w, h = _four([b[key] for key in ("x", "y", "width", "height")], where)
                        boxes.append(Box(_label(b["label"], where), x, y, x + w, y + h, where))
                    yield Drawn(beside if beside in inside.pictures else inside.picture(name, str(path)), boxes)


def _read_yolo(inside: Tree, faults: list[str]) -> Iterator[Drawn]:
    names = _yolo_names(next(p for p in inside.files if p.name in CLASSES))
    for path in _yolo_files(inside):
        with noted(faults):
            boxes = []
            for i, line in enumerate(read_text(path).splitlines(), 1):
                with noted(faults):
                    boxes += _yolo_box(line.split(), names, f"{path}:{i}")
            yield Drawn(inside.by_stem[path.stem], boxes, unit=True)


def _yolo_box(fields: list[str], names: list[str], where: str) -> list[Box]:
    """Return the box of a line, none of an empty one."""
    if not fields:
        return []
    if len(fields) != 5:
        raise UserError(f"{where}: {len(fields)} values; wanted a class's number and the middle, width and height of "
                        "its box: export it as boxes")
    number, (x, y, w, h) = _number(fields[0], where), _four(fields[1:], where)
    if number != int(number) or not 0 <= number < len(names):
        raise UserError(f"{where}: class {fields[0]}, but there are {len(names)} names ({', '.join(names[:6])}); mend "
                        "the number, or add its name")
    return [Box(_label(names[int(number)], where), x - w / 2, y - h / 2, x + w / 2, y + h / 2, where)]


def _yolo_files(inside: Tree) -> Iterator[Path]:
    return (p for p in inside.files if p.suffix == ".txt" and p.name not in CLASSES and p.stem in inside.by_stem)


def _yolo_names(path: Path) -> list[str]:
    """Return the classes that a file lists: one per line, or as YAML's names. Raises UserError."""
    text = read_text(path)
    if path.suffix == ".yaml":
        rest = re.search(r"^names:(.*(?:\n[ \t-]+.*)*)", text, re.MULTILINE)
        inline = re.search(r"[\[{](.*)[\]}]", rest[1], re.DOTALL) if rest else None
        parts = inline[1].split(",") if inline else rest[1].splitlines() if rest else []
        names = [re.sub(r"^[\s-]*(\d+\s*:)?\s*", "", part).strip().strip("'\"") for part in parts]
    else:
        names = [line.strip() for line in text.splitlines()]
    if not any(names):
        wanted = "write 'names: [cat, dog]'" if path.suffix == ".yaml" else "write one in each line"
        raise UserError(f"{path}: tells no names of classes; {wanted}")
    return [name for name in names if name]


@contextmanager
def _form(path: Path, what: str, wanted: str) -> Iterator[None]:
    """Have what a file's own form breaks in the block be a UserError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path}: is no {what} ({type(error).__name__}: {error}); wanted {wanted}: export it "
                        "again") from error


def _json(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: is no whole JSON ({error}); export it again") from error


def _number(value: object, where: str) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{where}: '{str(value)[:40]}' in a box is no number; mend or remove it")
    return number


def _four(values: Any, where: str) -> tuple[float, float, float, float]:
    if not isinstance(values, list) or len(values) != 4:
        raise UserError(f"{where}: '{str(values)[:40]}' is no box, which has four numbers; mend or remove it")
    a, b, c, d = (_number(value, where) for value in values)
    return a, b, c, d


def _label(value: object, where: str) -> str:
    text = str(value or "").strip()
    if not text:
        raise UserError(f"{where}: a box has no label; name what is in it")
    if text == NOTHING:
        raise UserError(f"{where}: a box is called '{text}', as what has no box is; rename or remove it")
    return text


# What reads each format; faults of single boxes and files go to the list.
READERS: dict[str, Callable[[Tree, list[str]], Iterator[Drawn]]] = {
    "VOC": _read_voc, "COCO": _read_coco, "YOLO": _read_yolo, "Edge Impulse": _read_edge_impulse,
}
