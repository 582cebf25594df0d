# SPDX-License-Identifier: MIT
"""Pictures with boxes around the things in them, checked and brought to one size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..errors import UserError
from .box_files import NOTHING, READERS, Box, Drawn, box_format, tree
from .doubts import Doubts
from .faults import noted, raise_faults
from .groups import groups_of
from .picture_files import fit, read_picture
from .pictures import Picture, Size
from .takes import twins

LONGEST_SIDE = 192  # of pictures by default
CELL = 8  # sides are multiples of it
_LOOKED_AT = 50  # pictures, to choose a size


@dataclass(frozen=True)
class Scene(Picture):
    """A picture with things in it. boxes: [things, 4], top, left, bottom and right in pixels of `values`.

    classes: of each thing its name. Its label is "", as it has none.
    """

    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    classes: tuple[str, ...] = ()


@dataclass
class Scenes:
    """Scenes of one size. notes: what is doubtful, with file and remedy. grouped_by: how groups were found, or ""."""

    pictures: list[Scene]
    title: str = "pictures"
    notes: list[str] = field(default_factory=list)
    grouped_by: str = ""

    @property
    def labels(self) -> list[str]:
        """What may be in a cell: nothing, or a thing of one of the classes, in alphabetical order."""
        return [NOTHING, *sorted({name for scene in self.pictures for name in scene.classes})]

    @property
    def values(self) -> np.ndarray:
        """All pictures, uint8 [n, height, width, channels]."""
        return np.stack([scene.values for scene in self.pictures])


def holds_boxes(folder: Path) -> bool:
    """Tell whether a folder has pictures in it, and files of boxes."""
    if not folder.is_dir():
        return False
    inside = tree(folder)
    return bool(inside.pictures) and bool(box_format(inside))


def read_scenes(
    source: str | Path, size: Size | None = None, groups: Path | None = None, person: str | None = None,
    only: Sequence[str] | None = None,
) -> Scenes:
    """Return the pictures of a folder that boxes were drawn into, of one size, checked.

    size, groups, person: see read_pictures. only: names of pictures, without ending, None for all. Raises UserError
    where a file is damaged, names a picture that is not there, or a class that is not, or where nothing is drawn.
    """
    path, size = Path(source), size or Size()
    inside = tree(path)
    kind = box_format(inside)
    if not kind:
        raise UserError(f"{path}: no boxes in it; there are {', '.join(READERS)}")
    faults, doubts = list[str](), Doubts()
    drawn = [d for d in READERS[kind](inside, faults) if only is None or d.picture.stem in only]
    size = _choose(drawn, size)
    scenes = list[Scene]()
    for each in drawn:
        with noted(faults):
            scenes.append(_scene(each, size, doubts))
    raise_faults(faults, "pictures and boxes")
    known = {each.picture for each in drawn}
    for other in [] if only is not None else [p for p in inside.pictures if p not in known]:
        doubts.add(f"have no {kind} boxes, and were left out; give what shows nothing a file without boxes", other)
    if len({scene.values.shape[2] for scene in scenes}) > 1:
        scenes = [replace(s, values=np.repeat(s.values, 3, axis=2)) if s.values.shape[2] == 1 else s for s in scenes]
    found = Scenes(scenes, str(source), doubts.texts())
    _check(found)
    names, found.grouped_by = groups_of(scenes, groups, person)
    found.pictures = [replace(scene, group=name) for scene, name in zip(scenes, names, strict=True)]
    return found


def _choose(drawn: Sequence[Drawn], size: Size) -> Size:
    """Return the size of all pictures: as asked for, or that of most, at most LONGEST_SIDE long, in whole cells."""
    if size.width is not None and size.height is not None:
        return size
    shapes = Counter[tuple[int, int]]()
    for each in drawn[:_LOOKED_AT]:
        try:
            shapes[read_picture(each.picture).shape[:2]] += 1
        except UserError:
            continue  # which is said when it is read
    (h, w), _ = shapes.most_common(1)[0] if shapes else ((LONGEST_SIDE, LONGEST_SIDE), 0)
    factor = min(1.0, LONGEST_SIDE / max(h, w))
    height, width = (max(round(side * factor / CELL), 2) * CELL for side in (h, w))
    return Size(width, height, size.grey)


def _scene(each: Drawn, size: Size, doubts: Doubts) -> Scene:
    pixels = read_picture(each.picture, size.grey, doubts)
    height, width = pixels.shape[:2]
    if all(each.size) and each.size != (width, height):
        raise UserError(f"{each.picture}: {width} x {height} pixels, its boxes are drawn for {each.size[0]} x "
                        f"{each.size[1]}; draw them again, or bring back the picture")
    assert size.width is not None and size.height is not None
    values, (left, top, factor) = fit(pixels, size.height, size.width)
    across, down = (width, height) if each.unit else (1, 1)
    boxes, classes = list[tuple[float, ...]](), list[str]()
    for box in each.boxes:
        cut = _inside(box, across, down, width, height, each.picture, doubts)
        if cut is None:
            continue
        ends = ((cut[0] - top) / factor, (cut[1] - left) / factor, (cut[2] - top) / factor, (cut[3] - left) / factor)
        if not (0 <= ends[0] + ends[2] < 2 * size.height and 0 <= ends[1] + ends[3] < 2 * size.width):
            doubts.add("have boxes in what was cropped away; give --size the pictures' own shape", each.picture)
            continue
        boxes.append(ends)
        classes.append(box.label)
    return Scene(str(each.picture), "", values, boxes=np.array(boxes).reshape(-1, 4), classes=tuple(classes))


def _inside(
    box: Box, across: float, down: float, width: int, height: int, picture: Path, doubts: Doubts
) -> tuple[float, float, float, float] | None:
    """Return what of a box is in its picture, as top, left, bottom and right in pixels, None for nothing."""
    left, right, top, bottom = box.left * across, box.right * across, box.top * down, box.bottom * down
    cut = max(top, 0.0), max(left, 0.0), min(bottom, float(height)), min(right, float(width))
    if cut[0] >= cut[2] or cut[1] >= cut[3]:
        what = "of no area" if left >= right or top >= bottom else "outside of them"
        doubts.add(f"have boxes {what}, which were left out; draw them again", picture)
        return None
    if left < -1 or top < -1 or right > width + 1 or bottom > height + 1:
        doubts.add("have boxes that reach beyond them, which were cut off", picture)
    return cut


def _check(found: Scenes) -> None:
    """Check that scenes can be trained on together; adds notes on what is doubtful. Raises UserError."""
    if len(found.pictures) < 4:
        raise UserError(f"{found.title}: {len(found.pictures)} pictures with boxes; 50 to 500 are wanted, some of them "
                        "to check with")
    counts = Counter(name for scene in found.pictures for name in set(scene.classes))
    if not counts:
        left_out = f" ({found.notes[0]})" if found.notes else ""
        raise UserError(f"{found.title}: no box in any of its {len(found.pictures)} pictures{left_out}; draw some")
    for label, count in sorted(counts.items()):
        if count < 2:
            only = next(scene for scene in found.pictures if label in scene.classes)
            raise UserError(f"{only.path}: the only picture with '{label}'; draw boxes around some in other pictures "
                            "too, or remove them from this one")
    found.notes += twins(found.pictures, "picture")
