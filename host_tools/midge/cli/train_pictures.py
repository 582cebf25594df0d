# SPDX-License-Identifier: MIT
"""What pictures add to `midge train`: their options, and what is printed about them alone."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from .. import api
from ..errors import UserError
from ..files import write_whole
from ..graph.sight import PIXEL_UNITS
from ..importers.tflite.export import tflite_bytes
from ..progress import Stage
from ..samples.pictures import Size as PictureSize
from ..targets.boards import load_board
from ..train.outcome import Outcome
from ..train.pictures.augment import FLIPS
from ..train.pictures.found import TrainedGrid
from ..train.pictures.model import WIDTH, WIDTHS, TrainedPictures
from ..train.pictures.recipe import SCALES
from .convert import Size
from .options import Option, OutputPath
from .output import say

PICTURES = "Of pictures"
MOST_LINES = 8  # of wrong pictures
RAM_SHARE = 2  # of a board's heap, which the arena may take one of


@dataclass
class Wanted:
    """The options as they were given."""

    size: str | None
    grey: bool | None
    flips: str | None
    scale: str
    max_flash: int | None
    max_arena: int | None
    front: Path | None
    layer: str
    pixels: str | None
    person: str | None
    tflite: Path | None
    camera: str | None

    def train(
        self, data: Path, name: str, seed: int, steps: int | None, width: int | None, folds: int,
        groups: Path | None, board: str | None, stage: Stage,
    ) -> Outcome:
        """Train on pictures. Raises UserError."""
        free = self.max_flash is None and self.max_arena is None
        heap = load_board(board).heap_bytes // RAM_SHARE if board is not None and self.max_arena is None else None
        with_boxes = api.holds_boxes(data)
        options = api.PictureOptions(
            seed, width, steps, folds, self.flips or ("sideways" if with_boxes else "none"), self.scale, self.max_flash,
            self.max_arena or heap, WIDTH if free else WIDTHS[0], self.camera)
        return api.train_pictures(
            data, options=options, size=self.picture_size, front=self.front, layer=self.layer, pixels=self.pixels,
            groups=groups, person=self.person, name=name, stage=stage)

    @property
    def picture_size(self) -> PictureSize:
        """How large pictures are to be. Raises UserError."""
        if self.size is None:
            return PictureSize(grey=self.grey)
        found = re.fullmatch(r"(\d{2,4})x(\d{2,4})", self.size)
        width, height = map(int, found.groups()) if found else (0, 0)
        if not 16 <= min(width, height) <= max(width, height) <= 1024:
            raise UserError(f"--size {self.size}: wanted width and height, of 16 to 1024 pixels, as in --size 96x96")
        return PictureSize(width, height, self.grey)

    def write(self, trained: Outcome) -> None:
        """Write the network for other tools as well, where that was asked for. Raises UserError."""
        if self.tflite is not None and isinstance(trained, (TrainedPictures, TrainedGrid)):
            blob = tflite_bytes(trained.graph, trained.graph.name)
            write_whole(self.tflite, lambda aside: aside.write_bytes(blob))


_option = functools.partial(click.option, cls=Option, group=PICTURES)
_OPTIONS = (
    _option("--size", metavar="WxH", help="What the network sees, as 96x96. Default: the pictures' own shape, 96 "
            "pixels long at most; with boxes 192."),
    _option("--grey/--colour", "grey", default=None, help="Default: grey where no picture has colours."),
    _option("--flips", type=click.Choice(FLIPS), help="How pictures may be mirrored. Default: none, with boxes "
            "sideways."),
    _option("--scale", type=click.Choice(SCALES), default="none", show_default=True, help="Classes are numbers that "
            "are read off a scale: neighbours are nearly right; on a circle the last is near the first."),
    _option("--max-flash", type=Size(), help="Bytes that the file may take, 60000 or 60k: the widest network that "
            "fits."),
    _option("--max-arena", type=Size(), help="RAM that it may take, 40000 or 40k. Default: with --board half of what "
            "is free on it."),
    _option("--from", "front", type=click.Path(path_type=Path), metavar="MODEL", help="Train a head on what another "
            "network's front sees (.tflite, .onnx, .keras): seconds, and few pictures."),
    _option("--at", "layer", default="", metavar="LAYER", help="Where that front ends. Default: the layer that is "
            "best on pictures left out."),
    _option("--pixels", type=click.Choice(tuple(PIXEL_UNITS)), help="As what it takes pictures, if it is of floats."),
    _option("--person-from", "person", metavar="REGEX", help="Finds who is in a picture in its path: those of one "
            "person are left out together. Default: what names tell."),
    _option("--camera", metavar="FORMAT,WxH[,CROP]", help="What the board's camera gives, as midge convert "
            "--camera has it: its rows go in, and with boxes boxes come out."),
    _option("--tflite", type=OutputPath(), help="A .tflite file to write as well, for midge convert and others."),
)


def picture_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of pictures; it gets them as one argument, `wanted`."""

    @functools.wraps(command)
    def with_wanted(**arguments: Any) -> None:
        mine = {f.name: arguments.pop(f.name) for f in fields(Wanted)}
        command(wanted=Wanted(**mine), **arguments)

    for option in reversed(_OPTIONS):
        with_wanted = option(with_wanted)
    return with_wanted


def picture_facts(trained: Outcome) -> list[tuple[str, str]]:
    """Return what is printed of models of pictures alone, beside what is printed of all."""
    if isinstance(trained, TrainedPictures):
        near = trained.near
        return [] if near is None else [("readings", f"{near.value:.1%} to half a unit ({near.right} of {near.count})")]
    if isinstance(trained, TrainedGrid):
        low, high = trained.counts.interval
        return [("counts", f"right in {trained.counts.value:.0%} of pictures, a tenth more or less "
                 f"({low:.0%} to {high:.0%})"),
                ("answers from", f"a score of {trained.fitted.threshold:.2f}")]
    return []


def print_wrong(trained: Outcome) -> None:
    """Print which pictures were taken for others."""
    if not isinstance(trained, TrainedPictures):
        return
    labels, doubted = trained.labels, {doubt.take.path for doubt in trained.judgement.suspicions}  # printed below
    wrong = [(path, labels[i], labels[j]) for (i, j), paths in sorted(trained.judgement.cells.items()) if i != j
             for path in paths if path not in doubted]
    for path, true, said in wrong[:MOST_LINES]:
        say("  [bold red]wrong[/]  {}: {} was taken for {}", path, true, said)
    if len(wrong) > MOST_LINES:
        say("[dim]and {} more; --html shows them[/]", len(wrong) - MOST_LINES)
