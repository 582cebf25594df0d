# SPDX-License-Identifier: MIT
"""Train on a project's takes, as midge train does: the model, the page of its report, and its facts for this page."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from .. import api
from ..errors import UserError
from ..files import write_whole
from ..plots.training_page import training_page
from ..targets.boards import load_board
from ..targets.power import boards_with_figures
from ..train.model import Trained
from .hub import Hub, Stopped, Worker, stage_of
from .project import Project

_USUAL = "RPI_PICO"  # the board that costs are told of, where nobody chose one


def boards() -> list[dict[str, str]]:
    """Return the boards that time and energy can be told of."""
    return [{"name": name, "title": load_board(name).title} for name in boards_with_figures()]


class Lessons:
    """The training of a project. changed: called when something has changed. failed: told what went wrong."""

    def __init__(self, project: Project, hub: Hub, changed: Callable[[], None], failed: Callable[[str], None]) -> None:
        self.project, self.hub = project, hub
        self.worker = Worker(changed, failed)
        self.progress: dict[str, Any] | None = None

    def state(self) -> dict[str, Any]:
        """Return what pages show."""
        return {"busy": bool(self.worker.kind), "progress": self.progress}

    def start(self) -> None:
        """Train. Raises UserError where a training goes on."""
        self.worker.start("training", self._train)

    def close(self) -> None:
        """End it."""
        self.worker.stop()

    def _train(self, stopped: Stopped) -> None:
        project, settings = self.project, self.project.settings
        try:
            stage = stage_of(self._tell, stopped)
            self._tell("reading the takes", 0, 0)
            try:
                trained = api.train(project.data, name=settings.model, stage=stage)
            except UserError as error:
                raise UserError(str(error).replace(f"{project.data}{os.sep}", "")) from error
            self._tell("writing the model", 0, 0)
            self._keep(trained)
        finally:
            self.progress = None
        self.hub.tell("report")

    def _keep(self, trained: Trained) -> None:
        project = self.project
        page = training_page(trained, project.data.name, project.model_file().name, None, "")
        facts = {"model": project.model_file().name, **trained.facts(), "cells": self._cells(trained)}
        facts["suspicious"] = [{**s, "take": self._name(str(s["take"]))} for s in facts["suspicious"]]
        del facts["mistakes"]  # which are cells
        facts["notes"] = [note.replace(f"{project.data}{os.sep}", "") for note in facts["notes"]]
        write_whole(project.model_file(), lambda aside: aside.write_bytes(trained.blob))
        try:
            facts["costs"] = _costs(project)
        except UserError as error:
            facts["notes"].append(str(error))
        write_whole(project.report_file("html"), lambda aside: aside.write_text(page, encoding="utf-8"))
        text = json.dumps(facts, indent=1)
        write_whole(project.report_file("json"), lambda aside: aside.write_text(text, encoding="utf-8"))

    def _cells(self, trained: Trained) -> list[dict[str, Any]]:
        """Return the takes of each cell of the confusion matrix."""
        return [{"is": trained.labels[i], "said": trained.labels[j], "takes": [self._name(path) for path in paths]}
                for (i, j), paths in sorted(trained.judgement.cells.items())]

    def _name(self, path: str) -> str:
        return path.removeprefix(f"{self.project.data}{os.sep}").replace(os.sep, "/")

    def _tell(self, what: str, done: int, count: int) -> None:
        self.progress = {"what": what, "done": done, "count": count}
        self.hub.tell("training", progress=self.progress)


def _costs(project: Project) -> dict[str, Any]:
    """Return what an answer takes on the board of the settings, as midge power estimates it. Raises UserError."""
    board = project.settings.board or _USUAL
    found = api.power(project.model_file(), board, api.Plan(period_s=1.0)).facts()
    return {"board": load_board(board).title, "seconds": found["run_seconds"], "microjoules": found["run_microjoules"]}
