# SPDX-License-Identifier: MIT
"""midge train --word: a model that waits for a word, from its name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..errors import UserError
from ..files import write_whole
from ..train.sounds.word import LEAST_CLIPS, Options, TrainedWord, train_word
from .options import Option
from .output import number, print_facts, print_json, print_next, print_note, say
from .progress import stages

WORD = "Of a word that is spoken for you"
KNOWN = ("output", "seed", "name", "window", "width", "steps", "voices", "as_json")  # of others that it has
DEFAULT = Options()
MOST_NOTES = 8


@dataclass
class Wanted:
    """The options as they were given."""

    word: str | None
    takes: Path | None
    negatives: Path | None
    false_accepts: float
    clips: int

    def train(self, given: dict[str, Any]) -> None:
        """Train, write the file, and say what it is worth. given: the options that all kinds of training have."""
        output: Path = given["output"]
        options = Options(given["seed"], self.clips, given["window"], given["width"] or DEFAULT.width,
                          given["steps"] or DEFAULT.steps, self.false_accepts, voices=given["voices"])
        assert self.word is not None
        with stages(f"training on '{self.word}'", quiet=given["as_json"]) as stage:
            made = train_word(self.word, takes=self.takes, negatives=self.negatives, options=options,
                              name=given["name"] or output.stem, stage=stage)
        write_whole(output, lambda aside: aside.write_bytes(made.blob))
        if given["as_json"]:
            print_json({"output": str(output), **made.facts()})
        else:
            _print(made, output)


_option = functools.partial(click.option, cls=Option, group=WORD)
_OPTIONS = (
    _option("--word", help="An English word or several, as 'view glass': synthesizers say it, and what is nearly it, "
            "and other speech. DATA is left out."),
    _option("--takes", type=click.Path(path_type=Path), help="A folder of your own recordings of it, which are mixed "
            "in: 20 are good."),
    _option("--negatives", type=click.Path(path_type=Path), help="A folder of sounds in which it does not come: half "
            "of them teach, the others say from which score it answers. Default: made speech."),
    _option("--false-accepts", type=click.FloatRange(0), default=DEFAULT.false_per_hour, show_default=True,
            help="How many false answers an hour it may give to those others."),
    _option("--clips", type=click.IntRange(LEAST_CLIPS, 50_000), default=DEFAULT.clips, show_default=True,
            help="How often it is spoken."),
)


def word_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a word; where --word is given, the word is trained on instead."""

    @functools.wraps(command)
    def with_word(**arguments: Any) -> None:
        wanted = Wanted(**{f.name: arguments.pop(f.name) for f in fields(Wanted)})
        context = click.get_current_context()
        given = [p for p in context.command.params
                 if context.get_parameter_source(str(p.name)) is ParameterSource.COMMANDLINE]
        mine = {f.name for f in fields(Wanted)}
        if wanted.word is None:
            for option in given:
                if option.name in mine:
                    raise UserError(f"{option.opts[0]} goes with --word: add it, or leave it out")
            if arguments["data"] is None:
                raise UserError("nothing to train on; name a folder of takes, sounds or pictures, or a word: --word "
                                "'view glass'")
            command(**arguments)
            return
        for option in given:
            if option.name not in mine and option.name not in KNOWN:
                what = arguments["data"] if option.name == "data" else option.opts[0]
                raise UserError(f"--word knows no {what}: leave it out" + (
                    "; recordings of the word are --takes, others --negatives" if option.name == "data" else ""))
        wanted.train(arguments)

    for option in reversed(_OPTIONS):
        with_word = option(with_word)
    return with_word


def spoken_text(spoken: dict[str, int]) -> str:
    """Return how many clips each synthesizer spoke: "40 by flite, 41 by espeak-ng"."""
    return ", ".join(f"{number(count)} by {name}" for name, count in spoken.items())


def _print(made: TrainedWord, output: Path) -> None:
    say("[bold]{}[/]: clips {}{}; a window of {:.2f} s; trained in {:.0f} s", made.word, spoken_text(made.spoken),
        f", {made.takes} takes" if made.takes else "", made.window_s, made.seconds)
    for note in made.notes[:MOST_NOTES]:
        print_note(note)
    low, high = made.found.interval
    rate_low, rate_high = made.false.interval
    false = made.false
    print_facts([
        ("sounds", " ".join(s for s in made.sounds if s not in "- ")),
        ("found", f"{made.found.value:.1%} of {made.found.count} by made voices left out; 19 times in 20 it lies in "
                  f"{low:.0%} to {high:.0%}"),
        ("answers from", f"a score of {made.threshold:.3g}: {false.count} false in {false.hours:.2f} h of "
                         f"{'your sounds' if made.own_speech else 'made speech'} ({false.an_hour:.2g} an hour; 9 times "
                         f"in 10 it lies in {rate_low:.2g} to {rate_high:.2g})"),
        ("on a board", f"{number(len(made.blob))} B of flash, {number(made.conversion.plan.arena_size)} B of RAM, "
                       f"{number(made.conversion.macs)} multiplications each 30 ms")])
    say("wrote [bold]{}[/]", output)
    print_next(f"midge upload {output}", f"midge evaluate {output} long.wav --events truth.csv")
