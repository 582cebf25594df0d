# SPDX-License-Identifier: MIT
"""midge live: a board's answers to its sensor, on the PC's screen."""

from __future__ import annotations

import json
from collections.abc import Callable
from time import monotonic

import click

from ..capture.live import Heard, Listening, open_listening
from ..capture.session import Wish
from ..errors import visible
from .capture import facts_of
from .interrupt import stopped_by_ctrl_c
from .live_pictures import live_pictures
from .options import Command, Option, port_option
from .output import print_facts, say
from .progress import Picture, transfers
from .sparks import spark

_SHOWN = 60  # windows


class Screen:
    """Answers as lines, and with plot below them a curve of each label's scores."""

    def __init__(self, listening: Listening, plot: bool, as_json: bool, stopped: Callable[[], bool]) -> None:
        self.labels, self.as_json, self.stopped = listening.labels, as_json, stopped
        self.answers = self.lost = 0
        self.windows: list[Heard] = []
        self.picture = Picture(quiet=not plot or as_json)

    def hear(self, heard: Heard | None) -> bool:
        """Show what came; return whether it is enough."""
        if heard is None:
            return self.stopped()
        if heard.lost > self.lost:
            self.lost = heard.lost
            say("[yellow]samples were lost: the board is too slow for its sensor's rate[/]")
        if heard.answer is not None:
            self.answers += 1
            self._print(heard, heard.answer)
        if self.picture.moves:
            self.windows = [*self.windows, heard][-_SHOWN:]
            self.picture.draw(self._curves(heard))
        return self.stopped()

    def _print(self, heard: Heard, answer: str) -> None:
        score = float(heard.scores.max())
        if self.as_json:
            print(json.dumps({"seconds": round(heard.seconds, 3), "answer": answer, "score": round(score, 4),
                              "scores": [round(float(s), 4) for s in heard.scores]}), flush=True)
        else:
            say("{:8.1f} s  [bold green]{:12}[/] {:.2f}", heard.seconds, visible(answer), score)

    def _curves(self, heard: Heard) -> list[str]:
        names = [visible(label) for label in self.labels] or [str(i) for i in range(len(heard.scores))]
        width = max(4, *map(len, names))
        curves = [f"{name:>{width}} {spark([w.scores[i] for w in self.windows], 0, 1)} {heard.scores[i]:.2f}"
                  for i, name in enumerate(names)]
        return [*curves, f"{'':>{width}} {visible(heard.label or 'uncertain')}"]


@click.command(cls=Command)
@click.argument("model", required=False)
@click.option("--plot", is_flag=True, help="Show the scores of every window as curves, too.")
@click.option("--seconds", type=click.FloatRange(0.1), help="Stop after so long; otherwise with Ctrl-C.")
@click.option("--rate", type=click.FloatRange(1, 2000), help="Samples a second; by default what MODEL was trained on.",
              cls=Option, group="Sensor")
@click.option("--accel", type=click.FloatRange(1, 200), help="Range in g; by default the same.", cls=Option,
              group="Sensor")
@click.option("--gyro", type=click.FloatRange(1, 4000), help="Range in degrees per second; by default the same.",
              cls=Option, group="Sensor")
@click.option("--i2c", "bus", default="", help="Bus of the sensor, and its pins: 1,scl=15,sda=14.", cls=Option,
              group="Sensor")
@click.option("--sensor", "own", default="", help="An object of yours on the board with read(): MODULE:NAME.",
              cls=Option, group="Sensor")
@click.option("--camera", help="Look through the board's camera instead: file, esp32, openmv or MODULE:NAME, and what "
              "it gives: ,rgb565,320x240.", cls=Option, group="Camera")
@port_option
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each answer.")
def live(
    model: str | None, plot: bool, seconds: float | None, rate: float | None, accel: float | None, gyro: float | None,
    bus: str, own: str, camera: str | None, port: str | None, as_json: bool,
) -> None:
    """Show what MODEL answers to its board's sensor: each answer with its score, as it comes.

    MODEL is its path on the board; without it, the only model there. The sensor runs as in the takes that MODEL was
    trained on.
    """
    if camera:
        with stopped_by_ctrl_c() as typed:
            end = monotonic() + (seconds if seconds is not None else float("inf"))
            live_pictures(camera, model, port, as_json, lambda: typed() or monotonic() > end)
        return
    wish = Wish(rate, accel, gyro, bus, own)
    with transfers(quiet=as_json) as stage, open_listening(port, model, wish, stage) as listening:
        if not as_json:
            print_facts([("model", f"{listening.path}: {', '.join(listening.labels)}"), *facts_of(listening.session)])
        with stopped_by_ctrl_c() as typed:
            started = monotonic()
            screen = Screen(listening, plot, as_json,
                            lambda: typed() or (seconds is not None and monotonic() - started > seconds))
            with screen.picture:
                listening.run(screen.hear, every=screen.picture.moves)
    if not as_json:
        say("{} answers" if screen.answers != 1 else "{} answer", screen.answers)
