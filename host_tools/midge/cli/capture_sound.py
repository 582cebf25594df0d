# SPDX-License-Identifier: MIT
"""midge capture --mic: labelled sounds of a microphone, as files to train on."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.core import ParameterSource

from ..capture.microphones import RATE_HZ, open_microphone
from ..capture.sound_recorder import LONGEST_S, SoundPlan, record_on, record_sounds
from ..capture.wires import PDM_PINS, PINS
from ..errors import UserError
from .interrupt import stopped_by_ctrl_c
from .options import Option
from .output import print_facts, print_json, print_next, say
from .progress import Picture, transfers
from .sparks import spark
from .terminal import terminal

SOUND = "Microphone"
KNOWN = ("mic", "play", "label", "count", "seconds", "out", "person", "continuous", "port", "as_json")
BOARD = "board"
QUIETEST_DB, LOUDEST_DB = -70.0, 0.0  # that the meter shows
_SHOWN_S = 0.05  # of sound that a character shows
_DRAWN_S = 0.1

_OPTIONS = (
    click.option("--mic", is_flag=False, flag_value=BOARD, metavar="[WHICH]", cls=Option, group=SOUND,
                 help="Record sounds, as .wav files, with the microphone that is on the board, or else one on I2S at "
                 f"{PINS}; with one at pins that you name so, or as {PDM_PINS} where it gives PDM; with an object of "
                 "yours on the board (MODULE:NAME); or with this PC's, pc."),
    click.option("--play", is_flag=True, cls=Option, group=SOUND, help="Play each sound on the PC when it is kept."),
)


def sound_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of microphones; where --mic is given, sounds are recorded instead."""

    @functools.wraps(command)
    def with_mic(**arguments: Any) -> None:
        mic, play = arguments.pop("mic"), arguments.pop("play")
        if mic is None:
            if play:
                raise UserError("--play goes with --mic: add it, or leave it out")
            command(**arguments)
            return
        context = click.get_current_context()
        for option in context.command.params:
            given = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
            if given and option.name not in KNOWN:
                raise UserError(f"--mic knows no {option.opts[0]}: leave it out")
        seconds = arguments["seconds"]
        if arguments["continuous"] and seconds is None:
            raise UserError("--continuous with --mic: say how long, as --seconds 60")
        plan = SoundPlan(arguments["label"], arguments["count"], seconds or LONGEST_S, arguments["out"],
                         arguments["person"], play)
        _record("" if mic == BOARD else mic, plan, arguments["continuous"], arguments["port"], arguments["as_json"])

    for option in reversed(_OPTIONS):
        with_mic = option(with_mic)
    return with_mic


def _record(wanted: str, plan: SoundPlan, continuous: bool, port: str | None, as_json: bool) -> None:
    with transfers(quiet=as_json) as stage, open_microphone(wanted, port, stage) as mic:
        if not as_json:
            print_facts([("microphone", f"{mic.name}, {RATE_HZ} samples a second"), ("of", mic.place)])
        with Meter(plan, as_json) as meter, stopped_by_ctrl_c() as stopped:
            files = (record_on if continuous else record_sounds)(mic, plan, meter, stopped)
    if as_json:
        print_json({"microphone": mic.name, "of": mic.place, "rate_hz": RATE_HZ, "files": [str(p) for p in files]})
    else:
        print_next(f"midge train {plan.out}", "midge capture --mic --label background --continuous --seconds 60")


class Meter:
    """How loud it is, and files: on a terminal it moves, elsewhere there is a line for each file."""

    def __init__(self, plan: SoundPlan, quiet: bool) -> None:
        self.plan, self.quiet = plan, quiet
        self.picture = Picture(quiet)
        self._levels: deque[float] = deque(maxlen=max(min(terminal.width - 24, 64), 16))
        self._rest: list[np.ndarray] = []
        self._since = 0

    def __enter__(self) -> Meter:
        self.picture.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.picture.__exit__()

    def level(self, block: np.ndarray, number: int, sounding: bool) -> None:
        """Draw how loud the last seconds were, in dB of full scale."""
        self._rest.append(block)
        self._since += len(block)
        if sum(map(len, self._rest)) >= _SHOWN_S * RATE_HZ:
            peak = float(np.abs(np.concatenate(self._rest)).max())
            self._levels.append(20 * np.log10(max(peak, 1e-6)))
            self._rest = []
        if self._since >= _DRAWN_S * RATE_HZ and self._levels:
            self._since = 0
            title = f"sound {number} of {self.plan.count}  {self.plan.label}  {'recording' if sounding else 'waiting'}"
            curve = spark(list(self._levels), QUIETEST_DB, LOUDEST_DB)
            self.picture.draw([title, f"  dB {curve} {self._levels[-1]:+.0f}"], "bold red" if sounding else
                              "bold yellow")

    def again(self, reason: str) -> None:
        """Say why a sound is recorded again."""
        if not self.quiet:
            say("[yellow]once more:[/] {}", reason)

    def kept(self, number: int, path: Path, samples: int) -> None:
        """Print the file that was written."""
        if not self.quiet:
            say("[bold green]{:3}[/]  {:.2f} s  {}", number, samples / RATE_HZ, path)
