# SPDX-License-Identifier: MIT
"""Labelled pictures to train on: a folder per class, checked and brought to one size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..errors import UserError
from .doubts import Doubts
from .faults import noted, raise_faults
from .groups import groups_of
from .picture_files import fit, picture_files, read_picture
from .takes import Labelled, twins

LONGEST_SIDE = 96  # of pictures by default
FEWEST_PIXELS = 16  # of a network's side


@dataclass(frozen=True)
class Picture(Labelled):
    """One labelled picture. values: uint8 [height, width, 1 or 3]. group: such as the person in it, "" if unknown."""

    group: str = ""


@dataclass
class Pictures:
    """Pictures of one size. notes: what is doubtful, with file and remedy. grouped_by: how groups were found, or ""."""

    pictures: list[Picture]
    title: str = "pictures"
    notes: list[str] = field(default_factory=list)
    grouped_by: str = ""

    @property
    def labels(self) -> list[str]:
        """The classes, in alphabetical order; numbers in theirs."""
        found = {picture.label for picture in self.pictures}
        try:
            return sorted(found, key=float)
        except ValueError:
            return sorted(found)

    @property
    def values(self) -> np.ndarray:
        """All pictures, uint8 [n, height, width, channels]."""
        return np.stack([picture.values for picture in self.pictures])


@dataclass(frozen=True)
class Size:
    """How large pictures are to be, None for what they are; grey: None for grey where no picture has colours."""

    width: int | None = None
    height: int | None = None
    grey: bool | None = None

    def of(self, pixels: Sequence[np.ndarray]) -> tuple[int, int]:
        """Return height and width: as asked for, or the shape that most pictures have, at most LONGEST_SIDE long."""
        if self.width is not None and self.height is not None:
            return self.height, self.width
        (h, w), _ = Counter(p.shape[:2] for p in pixels).most_common(1)[0]
        factor = min(1.0, LONGEST_SIDE / max(h, w))
        return max(round(h * factor), FEWEST_PIXELS), max(round(w * factor), FEWEST_PIXELS)


def class_folders(path: Path) -> list[Path]:
    """Return the folders of a folder."""
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def holds_pictures(folder: Path) -> bool:
    """Tell whether a folder has folders of pictures in it, or pictures that are to be put into such."""
    return folder.is_dir() and any(picture_files(inside) for inside in [folder, *class_folders(folder)])


def read_pictures(
    source: str | Path, size: Size | None = None, groups: Path | None = None, person: str | None = None
) -> Pictures:
    """Return the pictures of a folder, one folder per class, of one size, checked.

    size: of the pictures returned; each is cropped to that shape in its middle, and averaged. groups, person: see
    groups_of. Raises UserError, with file and remedy, where a picture is damaged or too large, or where there are too
    few classes or pictures.
    """
    path, size = Path(source), size or Size()
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; name a folder with one folder of pictures per class")
    files, faults, doubts = list[tuple[Path, str]](), list[str](), Doubts()
    for folder in class_folders(path):
        inside = picture_files(folder)
        if not inside:
            faults.append(f"{folder}: no pictures in this class's folder; fill it, or remove it")
        files += [(file, folder.name) for file in inside]
    values = read_all([file for file, _ in files], size, faults, doubts)
    pictures = [Picture(str(file), label, pixels) for (file, label), pixels in zip(files, values, strict=True)]
    found = Pictures(pictures, str(source), doubts.texts())
    _check(found)
    names, found.grouped_by = groups_of(pictures, groups, person)
    found.pictures = [replace(picture, group=name) for picture, name in zip(pictures, names, strict=True)]
    return found


def read_all(files: Sequence[Path], size: Size, faults: list[str], doubts: Doubts) -> list[np.ndarray]:
    """Return the pixels of files, all of one size. Raises UserError for the faults."""
    pixels = list[np.ndarray]()
    for file in files:
        with noted(faults):
            pixels.append(_smaller(read_picture(file, size.grey, doubts), size))
    raise_faults(faults, "pictures")
    if not pixels:
        return []
    if any(p.shape[2] == 3 for p in pixels):
        pixels = [np.repeat(p, 3, axis=2) if p.shape[2] == 1 else p for p in pixels]
    height, width = size.of(pixels)
    for file, p in zip(files, pixels, strict=True):
        if p.min() == p.max():
            doubts.add("are of one colour all over; was the lens covered?", file)
        h, w = p.shape[:2]
        if abs(w * height / (h * width) - 1) > 0.02:
            doubts.add(f"have another shape than {width} x {height}, and were cropped to it in their middle", file)
    return [fit(p, height, width)[0] for p in pixels]


def _smaller(pixels: np.ndarray, size: Size) -> np.ndarray:
    """Return a picture as it is, or where the size is known already in it, so that many large ones fit into memory."""
    if size.width is None or size.height is None:
        return pixels
    return fit(pixels, size.height, size.width)[0]


def _check(found: Pictures) -> None:
    """Check that pictures can be trained on together; adds notes on what is doubtful. Raises UserError."""
    counts = Counter(picture.label for picture in found.pictures)
    if not counts:
        raise UserError(f"{found.title}: no folder of pictures in it; put one folder per class into it, with .jpg or "
                        ".png files, or files of boxes")
    if len(counts) < 2:
        raise UserError(f"{found.title}: one class only, '{next(iter(counts))}'; add a folder of what it is to be told "
                        "from, such as 'nothing'")
    for label, count in sorted(counts.items()):
        if count < 2:
            only = next(picture for picture in found.pictures if picture.label == label)
            raise UserError(f"{only.path}: the only picture of '{label}'; 20 to 100 a class are wanted, some of them "
                            "to check with")
    found.notes += twins(found.pictures, "picture")
