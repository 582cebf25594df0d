# SPDX-License-Identifier: MIT
"""midge demo: the gesture wand on a board, from nothing."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import asdict
from time import monotonic

import click

from ..errors import UserError
from ..link.demo import EMULATED, MODEL, Waved, emulated, wand, wave
from ..link.install import Installation, install
from ..link.simulator import Simulator
from ..link.transport import attached, find_port, open_board
from .options import complete_boards, json_option, port_option
from .output import mark, number, print_json, print_next, print_table, say
from .progress import transfers

AT_THE_REPL = f'import midge; wand = midge.load("{MODEL}"); wand'


@click.command()
@port_option
@click.option("--board", shell_complete=complete_boards,
              help=f"Emulate this board, whatever is plugged in; {EMULATED} where nothing is.")
@click.option("--stay", is_flag=True, help="Keep the emulated board for you to try, until Ctrl-C.")
@json_option
def demo(port: str | None, board: str | None, stay: bool, as_json: bool) -> None:
    """Run a gesture wand on the board that is plugged in, or on an emulated one when there is none.

    Midge is installed there if it is missing, a model is uploaded, and recordings of six gestures are played to it.
    Midge and wand.midge stay on the board.
    """
    if port and board:
        raise UserError("--board emulates one, --port is that of a real one; give one of them")
    started = monotonic()
    is_emulated = board is not None or (port is None and not attached())
    with ExitStack() as stack:
        simulator = stack.enter_context(emulated(board or EMULATED)) if is_emulated else None
        place = simulator.port if simulator else find_port(port)
        if simulator and not as_json:
            say("An emulated {} is on [bold green]{}[/]{}", simulator.board.title, place,
                "" if board else "; no board is plugged in")
        with open_board(place) as connection:
            with transfers(quiet=as_json) as stage:
                done = install(connection, stage)
            if not as_json:
                _tell_installed(done)
            answers = list(wave(connection, wand()))
        seconds = monotonic() - started
        if as_json:
            print_json({"board": done.identity.title, "emulated": is_emulated, "seconds": seconds,
                        "answers": [asdict(answer) for answer in answers]})
        else:
            _tell_answers(answers, seconds)
        if wrong := [answer for answer in answers if not answer.as_here]:
            raise UserError(f"{done.identity.title}: {len(wrong)} answers are others than this machine's; "
                            "run midge install, and report it if it stays")
        if simulator and stay:
            _stay(simulator)
    if not as_json and not stay:
        command = "midge demo --stay, then mpremote connect PORT" if is_emulated else f"mpremote connect {place}"
        print_next(mark("{}, and at its REPL: [green]{}[/]", command, AT_THE_REPL))


def _tell_installed(done: Installation) -> None:
    sent = sum(upload.size for upload in done.uploads if not upload.unchanged)
    say("[bold green]Midge is on {}[/]: {}", done.identity.title, f"{number(sent)} B sent" if sent else "was there")


def _tell_answers(answers: list[Waved], seconds: float) -> None:
    print_table(["gesture", "the board says", "score", "time"],
                [(a.gesture, a.label, f"{a.score:.3f}", f"{number(a.microseconds)} us") for a in answers], right=(2, 3))
    right = sum(answer.gesture == answer.label for answer in answers)
    say("{} of {} right, and each as this machine computes it; {:.1f} s in all", right, len(answers), seconds)


def _stay(simulator: Simulator) -> None:
    say("[bold]next:[/] mpremote connect {}, and at its REPL: [green]{}[/]", simulator.port, AT_THE_REPL)
    say("Ctrl-C stops the board")
    with suppress(KeyboardInterrupt):
        if report := simulator.wait_until_it_ends():
            raise UserError(report)
