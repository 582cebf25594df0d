# SPDX-License-Identifier: MIT
"""midge live --camera: a board's pictures on the PC's screen, with what its model answers to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from time import monotonic

from ..capture.camera import Looking, open_looking
from ..capture.live import model_on
from ..capture.pictures import Seen, Shot
from ..errors import UserError, visible
from ..graph.sight import MOSAICS
from .half_blocks import Mark, half_blocks
from .output import print_facts, say
from .progress import Picture, transfers
from .terminal import terminal

_AT_LEAST = 48  # pixels of a row that are sent


class Screen:
    """Answers as lines; on a terminal the latest picture with its boxes above them."""

    def __init__(self, looking: Looking, as_json: bool, stopped: Callable[[], bool]) -> None:
        self.source, self.as_json, self.stopped = looking.source, as_json, stopped
        self.picture = Picture(as_json)
        self.answers = self.lost = 0
        self.shot: Shot | None = None
        self.began = monotonic()

    def hear(self, shots: list[Shot], answers: list[Seen]) -> bool:
        """Show what came; return whether it is enough."""
        if shots:
            self.shot = shots[-1]
        for seen in answers:
            self.answers += 1
            self.lost = seen.lost
            self._print(seen)
            if self.shot is not None and self.picture.moves:
                self._draw(seen)
        return self.stopped()

    def _print(self, seen: Seen) -> None:
        if self.as_json:
            print(json.dumps({"picture": seen.number, "label": seen.label, "score": round(seen.score, 4), "ms": seen.ms,
                              "boxes": [[label, round(score, 4), *box] for label, score, *box in seen.boxes]}),
                  flush=True)
        elif not self.picture.moves:
            boxes = "".join(f"  {visible(label)} {score:.2f} at {x},{y}" for label, score, x, y, _, _ in seen.boxes)
            say("{:5}  [bold green]{:12}[/] {:.2f}  {:5} ms{}", seen.number, visible(seen.label or "nothing"),
                seen.score, seen.ms, boxes)

    def _draw(self, seen: Seen) -> None:
        assert self.shot is not None
        width, height = self.source.width, self.source.height
        marks = [Mark(x / width, y / height, (x + w) / width, (y + h) / height, label)
                 for label, _, x, y, w, h in seen.boxes]
        cells = half_blocks(self.shot.pixels, terminal.width, terminal.height - 4, marks)
        rate = self.answers / max(monotonic() - self.began, 1e-3)
        self.picture.show(cells, f"{seen.label or 'nothing'} {seen.score:.2f}   {seen.ms} ms on the board, "
                                 f"{rate:.1f} a second here, {self.lost} lost")


def live_pictures(
    camera: str, model: str | None, port: str | None, as_json: bool, stopped: Callable[[], bool]
) -> None:
    """Show a board's pictures with what a model on it answers. Raises UserError."""
    with transfers(quiet=as_json) as stage, open_looking(port, camera, stage) as looking:
        path, metadata = model_on(looking.board, model)
        source = looking.source
        wanted = f"{metadata.get('camera.format')},{metadata.get('camera.size')}"
        found = f"{source.format},{source.width}x{source.height}"
        if "camera.size" not in metadata or wanted != found:
            raise UserError(f"{path}: is for {wanted if 'camera.size' in metadata else 'no camera'}, this one gives "
                            f"{found}; convert it with --camera {found}")
        if not as_json:
            print_facts([("camera", str(source)), ("model", path)])
        screen = Screen(looking, as_json, stopped)
        with screen.picture:
            thin = max(source.width // max(_AT_LEAST, terminal.width), 1) if screen.picture.moves else \
                max(source.width // _AT_LEAST, 1)
            if source.format in MOSAICS and thin > 1:  # whose colours change with each pixel
                thin += thin % 2
            looking.board.ask(f"import midge\nm=midge.load({path!r})", silence_s=30)
            taken = looking.watch(screen.hear, thin=thin, model="m")
    if not as_json:
        seconds = monotonic() - screen.began
        say("{} answers in {:.1f} s, {:.1f} a second; {} pictures lost", screen.answers, seconds,
            screen.answers / max(seconds, 1e-3), screen.lost)
    if not screen.answers and not taken and not stopped():
        raise UserError(f"{camera}: gave no picture; is what it sees a whole one of its format and size?")
