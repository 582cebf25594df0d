# SPDX-License-Identifier: MIT
"""midge train --embedding: a network that a board is taught new gestures, words or things with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import api
from ..evaluate.few_shots import Mean, Shots
from ..files import write_whole
from .output import number, print_facts, print_json, print_next, print_note, print_table, say
from .progress import stages

MOST_NOTES = 8


def train_embedding(
    data: Path, output: Path, options: api.MotionEmbedding | api.SoundEmbedding | api.PictureEmbedding, as_json: bool,
    **how: Any,
) -> None:
    """Make it, write it, and say what it is worth. how: as of api.train_embedding."""
    with stages(f"training on {data.name}", quiet=as_json) as stage:
        made = api.train_embedding(data, options=options, stage=stage, **how)
    write_whole(output, lambda aside: aside.write_bytes(made.blob))
    facts = made.facts()
    if as_json:
        print_json({"data": str(data), "output": str(output), **facts})
        return
    if isinstance(made, api.EmbeddingOfSounds):
        voices = f", and {number(facts['made_up_clips'])} of made-up words" if facts["made_up_clips"] else ""
        say("[bold]{}[/]: {} clips of {} words{}; trained in {:.0f} s", data, number(facts["clips"]), facts["words"],
            voices, made.seconds)
        rows = _rows("words left out", made.shots)
    elif isinstance(made, api.EmbeddingOfPictures):
        say("[bold]{}[/]: {} pictures of {} classes, {} x {} in {}; trained in {:.0f} s", data,
            number(facts["pictures"]), facts["classes"], facts["width"], facts["height"],
            "colours" if facts["channels"] == 3 else "grey", made.seconds)
        rows = [row for what, shots in made.shots.items() for row in _rows(what, shots)]
    else:
        say("[bold]{}[/]: {} takes of {} gestures; made in {:.1f} s", data, number(facts["takes"]), facts["gestures"],
            made.seconds)
        rows = [row for who, shots in made.shots.items() for row in _rows(who, shots)]
    for note in facts["notes"][:MOST_NOTES]:
        print_note(note)
    print_facts([("a row", f"{facts['values']} values"),
                 ("on a board", f"{number(facts['flash_bytes'])} B of flash, {number(facts['arena_bytes'])} B of RAM")])
    if rows:
        print_table(["taught", "examples of each", "right", "told from others", "false"], rows, right=(1,))
    else:
        print_note("too few people or classes to leave some out: nothing tells what it is worth")
    say("wrote [bold]{}[/]", output)
    print_next(f"midge upload {output}", "on the board, midge.Learner teaches it")


def _rows(who: str, shots: Sequence[Shots]) -> list[list[str]]:
    return [[f"{who}: {s.classes}", str(s.shots), _share(s.closed), _share(s.own_recall), _share(s.own_false)]
            for s in shots]


def _share(mean: Mean) -> str:
    return f"{mean.value:.1%} ({max(mean.low, 0):.0%} to {min(mean.high, 1):.0%})"
