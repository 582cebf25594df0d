# SPDX-License-Identifier: MIT
"""midge run: a model's answers on this machine, computed by the core that runs on the boards."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import click

from .. import api
from .options import json_option
from .output import print_json, print_next, print_note, print_table, say

_MOST_COLUMNS = 12  # more scores than that are not shown one by one


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("samples", type=click.Path())
@json_option
def run(model: Path, samples: str, as_json: bool) -> None:
    """Run MODEL on SAMPLES: real numbers, in the units that the network was trained on.

    SAMPLES are .npy, .npz, .csv, or a folder; a recording is cut into as many runs as it holds. A model with a camera
    takes pictures of any size, .jpg, .png or .bmp.
    """
    doubts: list[str] = []
    answers, labels = api.run(model, samples, doubts)
    if as_json:
        print_json([answer.facts() for answer in answers])
        return
    for doubt in doubts:
        print_note(doubt)
    if answers[0].boxes is not None:
        print_table(["run", "label", "score", "x", "y", "w", "h"], [
            [str(i), str(box["label"]), f"{box['score']:.3f}", *(str(box[key]) for key in ("x", "y", "w", "h"))]
            for i, a in enumerate(answers) for box in a.boxes or ()
        ], right=(0, 2, 3, 4, 5, 6))
        _print_end(model, answers)
        return
    names = labels or [str(i) for i in range(len(answers[0].scores))]
    every = len(names) <= _MOST_COLUMNS
    rows = [
        [str(i), str(a.label), *(f"{s:.3f}" for s in (a.scores if every else [a.score]))]
        for i, a in enumerate(answers)
    ]
    headers = ["run", "label", *(names if every else ["score"])]
    print_table(headers, rows, right=(0, *range(2, len(headers))))
    _print_end(model, answers)


def _print_end(model: Path, answers: list[api.Answer]) -> None:
    runs = "1 run" if len(answers) == 1 else f"{len(answers)} runs"
    time_us = median(answer.microseconds for answer in answers)
    say("{}, {:.0f} us each on this machine", runs, time_us)
    print_next(f"midge upload {model}")
