# SPDX-License-Identifier: MIT
"""midge capture --camera: labelled pictures, from a board's camera or this PC's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from ..capture.picture_recorder import Camera, PicturePlan, Taken, open_camera, take_pictures
from .half_blocks import half_blocks
from .output import print_facts, print_json, print_next, print_note, say
from .progress import Picture, transfers
from .terminal import terminal

_ROWS = 20  # of a picture in a terminal


class Screen:
    """Countdown and files; on a terminal the latest picture, too."""

    def __init__(self, plan: PicturePlan, quiet: bool) -> None:
        self.plan, self.quiet = plan, quiet
        self.picture = Picture(quiet)

    def __enter__(self) -> Screen:
        self.picture.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.picture.__exit__()

    def waiting(self, seconds: float) -> None:
        """Show that the first picture is taken in so many seconds."""
        self.picture.draw([f"{self.plan.label}: {self.plan.count} pictures  in {seconds:.0f}"], "bold yellow")

    def taken(self, number: int, taken: Taken, pixels: np.ndarray) -> None:
        """Print the file that was written, and show what is in it."""
        if not self.quiet:
            size = f"{pixels.shape[1]} x {pixels.shape[0]}"
            doubt = f"  {', '.join(taken.faults)}" if taken.faults else ""
            say("[bold green]{:3}[/]  {}  {}[yellow]{}[/]", number, size, taken.path, doubt)
        if self.picture.moves:
            self.picture.show(half_blocks(pixels, terminal.width, min(terminal.height - 4, _ROWS)))


def capture_pictures(
    camera: str, plan: PicturePlan, port: str | None, as_json: bool, stopped: Callable[[], bool]
) -> None:
    """Take the pictures of a plan and print what came of it. Raises UserError."""
    with transfers(quiet=as_json) as stage, open_camera(port, camera, stage) as source:
        if not as_json:
            print_facts([("camera", source.title)])
        with Screen(plan, as_json) as screen:
            done = take_pictures(source, plan, screen, stopped)
        _tell(source, camera, plan, done, as_json)


def _tell(source: Camera, camera: str, plan: PicturePlan, done: list[Taken], as_json: bool) -> None:
    faults = Counter(fault for taken in done for fault in taken.faults)
    seconds = done[-1].seconds if done else 0.0
    if as_json:
        print_json({"camera": source.title, "files": [str(taken.path) for taken in done], "lost": source.lost,
                    "seconds": round(seconds, 3),
                    "doubtful": {str(taken.path): taken.faults for taken in done if taken.faults}})
        return
    rate = f", {(len(done) - 1) / (seconds - done[0].seconds):.2g} a second" if len(done) > 1 else ""
    lost = f"; {source.lost} did not come whole and were taken again" if source.lost else ""
    line = f"; {source.line}" if source.line else ""
    say("{} pictures{}{}{}" if len(done) != 1 else "{} picture{}{}{}", len(done), rate, line, lost)
    if len(done) < plan.count:
        print_note(f"{plan.count} were wanted; the camera gave no more, or it was stopped")
    for fault, count in faults.most_common():
        print_note(f"{count} {'is' if count == 1 else 'are'} {fault}: look at them, and take others")
    print_next(f"midge train {plan.out}", f"midge capture --camera {camera} --label nothing --count 20")
