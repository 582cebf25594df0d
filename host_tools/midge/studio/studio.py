# SPDX-License-Identifier: MIT
"""A studio: a project, its takes, the board, the training; and what pages may ask of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

from ..errors import UserError, visible
from ..files import write_whole
from ..samples.labels import is_quiet
from . import kinds
from .bench import Bench
from .hub import Hub
from .lessons import Lessons, boards
from .project import Project, changed
from .shelf import Shelf

FRONTS = (".tflite", ".onnx", ".keras")


class Studio:
    """All that pages show and do. `state` is what they show; each of `actions` is what one may ask, by name."""

    def __init__(self, project: Project) -> None:
        self.project, self.hub = project, Hub()
        self.shelf = Shelf(project)
        if not project.toml.exists() and not any(project.models.glob("*.midge")):
            project.settings = changed(project.settings, self._named(self.shelf.kind()))
        self.bench = Bench(self.shelf, self.hub, self.changed, self.failed)
        self.lessons = Lessons(self.shelf, self.hub, self.changed, self.failed)
        self.phone: Callable[[], str] | None = None  # what returns an address for a phone, where one is waited for
        self.error: dict[str, Any] | None = None
        self._numbers = count(1)
        self.actions: dict[str, Callable[..., Any]] = {
            "look": self.bench.look, "choose": self._choose, "practice": self.bench.start_practice,
            "end-practice": self.bench.stop_practice, "move": self._move, "install": self.bench.install,
            "watch": self.bench.watch, "source": self._source, "leave": self.bench.leave, "record": self._record,
            "halt": self.bench.halt, "relabel": self._relabel, "trim": self._trim, "delete": self._delete,
            "undo": self._undo, "settings": self._settings, "train": self._train, "end-training": self.lessons.close,
            "put": self._put, "listen": self._listen, "here": self._here, "keep-miss": self._keep_miss,
            "embed": self._embed, "open-learner": self._open_learner, "learner": self._learner,
            "dismiss": self._dismiss,
        }

    def state(self) -> dict[str, Any]:
        """Return everything that pages show but takes and reports."""
        project = self.project
        labels = self._labels()
        return {
            "project": {"name": project.root.name, "folder": str(project.root), "note": project.note},
            "kind": self.shelf.kind(), "fronts": self._fronts(),
            "phone": self.phone is not None, "embeddings": self.lessons.embeddings(),
            "labels": labels, "quiet": [label for label in labels if is_quiet(label)],
            "undo": self.shelf.can_undo(), "settings": asdict(project.settings), "boards": boards(),
            "model": {"name": project.model_file().name, "there": project.model_file().is_file(),
                      "report": project.report_file("json").is_file()},
            "bench": self.bench.state(), "lessons": self.lessons.state(), "error": self.error,
        }

    def changed(self) -> None:
        """Tell all pages how things are."""
        self.hub.tell("state", state=self.state())

    def failed(self, text: str) -> None:
        """Tell all pages what went wrong, until somebody has read it."""
        self.error = {"number": next(self._numbers), "text": visible(text, keep="\n")}
        self.changed()

    def act(self, name: str, given: dict[str, Any]) -> Any:
        """Do what a page asks. Raises UserError."""
        action = self.actions.get(name)
        if action is None:
            raise UserError(f"'{name[:40]}': the studio cannot do that; reload the page")
        try:
            return action(**given)
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is None:  # the call, not what it called
                raise UserError(f"{name}: asked in another way than it can be; reload the page") from error
            raise

    def close(self) -> None:
        """End all that goes on."""
        self.lessons.close()
        self.bench.close()

    def _fronts(self) -> list[str]:
        """Return the networks in models/ on whose front pictures can be trained."""
        return sorted(path.name for path in self.project.models.glob("*") if path.suffix in FRONTS)

    def bring_front(self, name: str, data: bytes) -> dict[str, str]:
        """Take in a network on whose front pictures are trained. Raises UserError."""
        stem, suffix = re.sub(r"[^\w-]+", "-", Path(name).stem).strip("-")[:60] or "network", Path(name).suffix.lower()
        if suffix not in FRONTS:
            raise UserError(f"{name[:80]}: wanted a network that ends in {', '.join(FRONTS)}")
        path = self.project.models / f"{stem}{suffix}"
        write_whole(path, lambda aside: aside.write_bytes(data))
        self.project.change({"front": path.name})
        self.changed()
        return {"front": path.name}

    def _labels(self) -> dict[str, int]:
        try:
            return self.shelf.labels()
        except UserError as error:
            self.error = self.error or {"number": next(self._numbers), "text": visible(str(error), keep="\n")}
            return {}

    def _choose(self, port: str) -> None:
        self.bench.choose(_text(port))

    def _move(self, movement: str) -> None:
        self.bench.move(_text(movement))

    def _source(self, source: str) -> None:
        self.bench.choose_source(_text(source))

    def _record(self, label: str, count: int, seconds: float, countdown: float, way: str) -> None:
        self.project.change({"count": count, "seconds": seconds})
        if not isinstance(countdown, (int, float)) or not 0 <= countdown <= 60:
            raise UserError(f"countdown {countdown!r:.20}: wanted 0 to 60 seconds")
        settings = self.project.settings
        self.bench.record(_text(label), settings.count, settings.seconds, float(countdown), _text(way))

    def _relabel(self, take: str, label: str) -> dict[str, str]:
        return self._after(self.shelf.relabel(_text(take), _text(label)))

    def _trim(self, take: str, start: int, end: int) -> dict[str, str]:
        if not isinstance(start, int) or not isinstance(end, int):
            raise UserError("trim: wanted the first sample and the one after the last, as whole numbers")
        return self._after(self.shelf.trim(_text(take), start, end))

    def _delete(self, takes: list[str]) -> None:
        if not isinstance(takes, list) or not takes:
            raise UserError("delete: wanted a list of takes")
        self.shelf.delete([_text(take) for take in takes])
        self._after("")

    def _undo(self) -> dict[str, str]:
        said = self.shelf.undo()
        self._after("")
        return {"said": said}

    def _after(self, take: str) -> dict[str, str]:
        self.hub.tell("takes")
        self.changed()
        return {"take": take}

    def bring(self, name: str, label: str, data: bytes) -> dict[str, str]:
        """Take in a file as a take. Raises UserError."""
        return self._after(self.shelf.bring(name, data, label))

    def _settings(self, **values: Any) -> None:
        kind = values.get("kind", self.shelf.kind())
        if kind != self.shelf.kind() and self.shelf.labels():
            raise UserError(f"this project holds takes of another kind than {str(kind)[:20]}; open another folder for "
                            "those: midge studio FOLDER")
        self.project.change({**self._named(str(kind)), **values})
        self.changed()

    def _named(self, kind: str) -> dict[str, str]:
        """Return the name of a model that has none of a person's and is not made yet: by what the takes are of."""
        named, usual = self.project.settings.model, kinds.MODELS.get(kind, "")
        free = named in kinds.MODELS.values() and not self.project.model_file().is_file()
        return {"model": usual} if usual and free else {}

    def _train(self) -> None:
        self.lessons.start()
        self.bench.facts.put = None  # what is on the board will not be this model
        self.changed()

    def _put(self) -> None:
        self.bench.put(self.project.model_file())

    def _listen(self) -> None:
        self.bench.listen(self.project.model_file().name)

    def _here(self) -> None:
        self.bench.listen_here(self.project.model_file())

    def _keep_miss(self, id: str, label: str) -> dict[str, str]:
        return self._after(self.bench.keep_miss(_text(id), _text(label)))

    def _embed(self) -> None:
        self.lessons.embed()
        self.changed()

    def _open_learner(self, model: str) -> None:
        if _text(model) not in self.lessons.embeddings():
            raise UserError(f"'{model[:40]}': is no network that a learner can use; make one of the takes here")
        self.bench.teach(self.project.models / model)

    def _learner(self, what: str, label: str = "", times: int = 1) -> None:
        if not isinstance(times, int):
            raise UserError("times: wanted a whole number")
        self.bench.teacher.wish(_text(what), _text(label), times)

    def _dismiss(self, number: int) -> None:
        if self.error is not None and self.error["number"] == number:
            self.error = None
            self.changed()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise UserError(f"{value!r:.40}: wanted a text")
    return value


def open_studio(folder: Path) -> Studio:
    """Return the studio of a project's folder, which is made where there is none. Raises UserError."""
    return Studio(Project(folder))
