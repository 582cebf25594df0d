# SPDX-License-Identifier: MIT
"""Train on a project's takes, as midge train does: the model, the page of its report, and its facts for this page."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .. import api
from ..core.binding import check_file
from ..errors import UserError
from ..fileformat.read import decode, load_file
from ..files import write_whole
from ..importers.tflite.export import tflite_bytes
from ..plots.training_page import training_page
from ..progress import Stage
from ..samples.labels import is_quiet
from ..samples.pictures import Size as PictureSize
from ..targets.boards import load_board
from ..targets.power import boards_with_figures
from ..train.outcome import Outcome
from ..train.pictures.model import WIDTH, TrainedPictures
from ..train.taught import MOST_VALUES
from .hub import Hub, Stopped, Worker, stage_of
from .kinds import PICTURE, SOUND
from .project import Project
from .shelf import Shelf

# What commands say of their options, as a person finds it on the pages.
_CLICKS = ((r": midge capture --label (\w+) --seconds (\d+)", r", on the page Record, under the name \1"),
           (r" \(--person\)", ", whose names the page Record has under Sensor and person"),
           (r",? or tell with --groups( or --person-from)?", ""),
           (r"make pictures smaller: --size (\d+)x\d+", r"take smaller pictures: Record, Pictures and camera, \1"),
           (r"; leave out --pixels", "; choose whole numbers under It takes pictures as"),
           (r"; say --pixels ", "; say under It takes pictures as, in More about the training: "),
           (r", or choose a shorter window: --window [\d.]+", ""),
           (r"say --rate [\d.]+, or write", "write"),
           (r"choose another --window", "record takes of another length"))
_USUAL = "RPI_PICO"  # the board that costs are told of, where nobody chose one


def boards() -> list[dict[str, str]]:
    """Return the boards that time and energy can be told of."""
    return [{"name": name, "title": load_board(name).title} for name in boards_with_figures()]


def as_clicks(text: str) -> str:
    """Return what training says with what to click in place of options to type."""
    for options, clicks in _CLICKS:
        text = re.sub(options, clicks, text)
    return text


def train(kind: str, project: Project, stage: Stage) -> Outcome:
    """Train on a project's takes, as its settings say. Raises UserError."""
    settings = project.settings
    if kind == SOUND:
        usual = api.SoundOptions()
        sounds = replace(usual, steps=settings.steps or usual.steps)
        return api.train_sounds(project.data, options=sounds, name=settings.model, stage=stage)
    if kind == PICTURE:
        options = api.PictureOptions(steps=settings.steps or None, max_arena=_room(settings.board), widest=WIDTH)
        front = project.models / settings.front if settings.front else None
        size = None if front else PictureSize(settings.side, settings.side)
        found = api.train_pictures(project.data, options=options, size=size, front=front, name=settings.model,
                                   pixels=settings.pixels or None, stage=stage)
        if not isinstance(found, TrainedPictures):
            raise UserError("data: has boxes; the studio trains on pictures of one thing: midge train does both")
        return found
    return api.train(project.data, name=settings.model, stage=stage)


def _room(board: str) -> int:
    """Return the bytes of RAM that a network may take on a board: half of its heap, as midge train --board has it."""
    return load_board(board or _USUAL).heap_bytes // 2


def _as_seen(project: Project) -> dict[str, Any]:
    """Return how a network that embeds pictures is trained: for a camera, unjudged, which takes half as long."""
    settings = project.settings
    usual = api.PictureEmbedding(camera=settings.camera, judge=False)
    return {"options": replace(usual, steps=settings.steps or usual.steps),
            "size": PictureSize(settings.side, settings.side)}


def with_camera(trained: TrainedPictures, project: Project) -> tuple[bytes, dict[str, int]]:
    """Return a trained network as one that takes a camera's pictures, and what it costs. Raises UserError."""
    made = api.convert(tflite_bytes(trained.graph, trained.graph.name), labels=trained.labels,
                       name=project.settings.model, camera=project.settings.camera)
    facts = made.facts()
    return made.blob, {name: facts[name] for name in ("flash_bytes", "arena_bytes", "macs")}


class Lessons:
    """The training of a project. changed: called when something has changed. failed: told what went wrong."""

    def __init__(self, shelf: Shelf, hub: Hub, changed: Callable[[], None], failed: Callable[[str], None]) -> None:
        self.shelf, self.project, self.hub = shelf, shelf.project, hub
        self.worker = Worker(changed, failed)
        self.progress: dict[str, Any] | None = None

    def state(self) -> dict[str, Any]:
        """Return what pages show."""
        return {"busy": bool(self.worker.kind), "progress": self.progress}

    def start(self) -> None:
        """Train. Raises UserError where a training goes on."""
        self.worker.start("training", self._train)

    def embed(self) -> None:
        """Make a network for a board's learner of the takes. Raises UserError where a training goes on."""
        self.worker.start("training", self._embed)

    def _embed(self, stopped: Stopped) -> None:
        project = self.project
        name = f"{project.settings.model[:25]}-learn"
        try:
            made = api.train_embedding(project.data, name=name, stage=stage_of(self._tell, stopped),
                                       **(_as_seen(project) if self.shelf.kind() == PICTURE else {}))
            write_whole(project.models / f"{name}.midge", lambda aside: aside.write_bytes(made.conversion.blob))
        except UserError as error:
            raise UserError(as_clicks(str(error).replace(f"{project.data}{os.sep}", ""))) from error
        finally:
            self.progress = None

    def embeddings(self) -> list[str]:
        """Return the names of the networks in models/ that a board's learner can use."""
        found = []
        for path in sorted(self.project.models.glob("*.midge")):
            with suppress(OSError):  # removed meanwhile
                if _embeds(path, path.stat().st_mtime_ns):
                    found.append(path.name)
        return found

    def close(self) -> None:
        """End it."""
        self.worker.stop()

    def _train(self, stopped: Stopped) -> None:
        project = self.project
        try:
            stage = stage_of(self._tell, stopped)
            self._tell("reading the takes", 0, 0)
            try:
                trained = train(self.shelf.kind(), project, stage)
            except UserError as error:
                raise UserError(as_clicks(str(error).replace(f"{project.data}{os.sep}", ""))) from error
            self._tell("writing the model", 0, 0)
            self._keep(trained)
        finally:
            self.progress = None
        self.hub.tell("report")

    def _keep(self, trained: Outcome) -> None:
        project = self.project
        blob = trained.blob
        sizes: dict[str, int] = {}
        if isinstance(trained, TrainedPictures):
            blob, sizes = with_camera(trained, project)
        page = training_page(trained, project.data.name, project.model_file().name, None, "")
        facts = {"model": project.model_file().name, **trained.facts(), "kind": self.shelf.kind(), **sizes,
                 "quiet": [label for label in trained.labels if is_quiet(label)], "cells": self._cells(trained)}
        facts["suspicious"] = [{**s, "take": self._name(str(s["take"]))} for s in facts["suspicious"]]
        del facts["mistakes"]  # which are cells
        facts["notes"] = [as_clicks(note.replace(f"{project.data}{os.sep}", "")) for note in facts["notes"]]
        facts["advice"] = [as_clicks(advice) for advice in facts["advice"]]
        write_whole(project.model_file(), lambda aside: aside.write_bytes(blob))
        try:
            facts["costs"] = _costs(project)
        except UserError as error:
            facts["notes"].append(str(error))
        write_whole(project.report_file("html"), lambda aside: aside.write_text(page, encoding="utf-8"))
        text = json.dumps(facts, indent=1)
        write_whole(project.report_file("json"), lambda aside: aside.write_text(text, encoding="utf-8"))

    def _cells(self, trained: Outcome) -> list[dict[str, Any]]:
        """Return the takes of each cell of the confusion matrix."""
        return [{"is": trained.labels[i], "said": trained.labels[j], "takes": [self._name(path) for path in paths]}
                for (i, j), paths in sorted(trained.judgement.cells.items())]

    def _name(self, path: str) -> str:
        return path.removeprefix(f"{self.project.data}{os.sep}").replace(os.sep, "/")

    def _tell(self, what: str, done: int, count: int) -> None:
        self.progress = {"what": what, "done": done, "count": count}
        self.hub.tell("training", progress=self.progress)


@lru_cache(maxsize=64)
def _embeds(path: Path, changed_ns: int) -> bool:
    """Tell whether a file is a network with one output of at most 64 values of int8, and no labels."""
    try:
        blob = load_file(path)
        check_file(blob, path.name)
    except UserError:
        return False
    file = decode(blob)
    outputs = [file.tensors[i] for i in file.outputs]
    return (not file.labels and len(outputs) == 1 and outputs[0].dtype == "int8"
            and int(np.prod(outputs[0].shape)) <= MOST_VALUES)


def _costs(project: Project) -> dict[str, Any]:
    """Return what an answer takes on the board of the settings, as midge power estimates it. Raises UserError."""
    board = project.settings.board or _USUAL
    found = api.power(project.model_file(), board, api.Plan(period_s=1.0)).facts()
    return {"board": load_board(board).title, "seconds": found["run_seconds"], "microjoules": found["run_microjoules"]}
