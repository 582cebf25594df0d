# SPDX-License-Identifier: MIT
"""Measure training on pictures: python -m tests.train.pictures [part ...]

Parts: hands (ten signs of 55 people, nine or ten left out at a time, from scratch), fronts (the same signs on a person
detector's front: 20 people to learn from, the others to tell), play (three of the signs, learned in the same way, as
rock, paper, scissors on an emulated board against others), grid (what a grid leaves of blood cells at best), cells
(blood cells in boxes: the list to train on, and the list to validate with), meter (digits of a meter that roll, a
quarter of the pictures left out at a time). All by default. Pictures are read from $SHARED/data.

The size of pictures, the steps and the strength of variants were chosen on ten of the 55 people (CHOSEN_ON), whose
answers are counted apart; a grid's threshold is chosen on pictures of the list to train on. Nothing else was chosen by
what is printed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

from midge import Model
from midge.core.batch import Engine
from midge.importers import read_model
from midge.link.simulator import Simulator
from midge.samples.pictures import Pictures, Size, read_pictures
from midge.samples.scenes import Scenes, read_scenes
from midge.train.descent import load_keras
from midge.train.judgement import Share
from midge.train.pictures.found import judge_things, train_grid
from midge.train.pictures.grid import _targets, _wanted, counted, truth_of
from midge.train.pictures.model import reals, train_network
from midge.train.pictures.network import Shape
from midge.train.pictures.recipe import Options
from midge.train.pictures.transfer import train_on_front
from tests.device.test_sensor_examples import played
from tests.support import ROOT, SHARED
from tests.support.boards import Board

DATA = SHARED / "data"
PERSON = SHARED / "models/tflite-micro/person_detect.tflite"
CHOSEN_ON = {"p004", "p005", "p008", "p013", "p016", "p021", "p031", "p046", "p049", "p051"}
LEARNED_FROM, OPPONENTS = 20, 10  # people
HANDS = {"0": "rock", "5": "paper", "2": "scissors"}  # which signs are which hands
SURE, PATIENCE = 0.8, 12  # of rock_paper_scissors.py


def text(right: np.ndarray) -> str:
    """Return a share and its interval."""
    share = Share(int(right.sum()), len(right), len(right))
    return f"{share.value:.1%} ({share.interval[0]:.1%} to {share.interval[1]:.1%}) of {len(right)}"


def hands() -> None:
    """Signs of people that were not seen, by a network of at most 60 kB and 40 kB of RAM."""
    found = read_pictures(DATA / "hand_signs_0_9", Size(48, 48, True))
    made = train_network(found, Options(folds=6, max_flash=60_000, max_arena=40_000))
    right = made.fitted.left_out.argmax(axis=1) == made.fitted.targets
    new = np.array([picture.group not in CHOSEN_ON for picture in found.pictures])
    print(f"hands from scratch: {text(right[new])} of {55 - len(CHOSEN_ON)} people; of the others {text(right[~new])}")
    show(made.agreement, made.conversion, made.fitted.seconds)


def fronts() -> None:
    """The same on a frozen front: 20 pictures a class to learn from, 35 other people to tell."""
    found = read_pictures(DATA / "hand_signs_0_9", Size(96, 96, True))
    people = sorted({picture.group for picture in found.pictures})
    known = set(people[::2][:LEARNED_FROM])
    few = Pictures([p for p in found.pictures if p.group in known], "few", [], found.grouped_by)
    rest = [p for p in found.pictures if p.group not in known]
    start = perf_counter()
    made = train_on_front(few, read_model(PERSON, "person"), "person_detect", options=Options(folds=5))
    seconds = perf_counter() - start
    engine = Engine(made.blob)
    (scores,) = engine.run([reals(np.stack([p.values for p in rest]), engine)])
    right = scores.reshape(len(rest), -1).argmax(axis=1) == np.array([found.labels.index(p.label) for p in rest])
    print(f"hands on a front, {LEARNED_FROM} pictures a class: {text(right)} of other people, judged itself "
          f"{made.judgement.strict.value:.1%}; {made.about}")
    show(made.agreement, made.conversion, seconds)


def play() -> None:
    """Rock, paper, scissors on an emulated board, which learned from 20 people, against hands of ten others."""
    found = read_pictures(DATA / "hand_signs_0_9", Size(96, 96, True))
    signs = [replace(p, label=HANDS[p.label]) for p in found.pictures if p.label in HANDS]
    people = sorted({picture.group for picture in signs})
    known = set(people[::2][:LEARNED_FROM])
    others = [person for person in people if person not in known][:OPPONENTS]
    few = Pictures([p for p in signs if p.group in known], "few", [], found.grouped_by)
    made = train_on_front(few, read_model(PERSON, "person"), "person_detect", options=Options(camera="grey,96x96"),
                          name="hands")
    model, shown = Model(made.blob), [p for p in signs if p.group in others]
    # The example looks twice at a hand that it is sure of, and thirteen times at others, which are "no hand" then.
    times = [2 if max(model(p.values.tobytes()).scores) >= SURE else PATIENCE + 1 for p in shown]
    camera = b"".join(n * p.values.tobytes() for n, p in zip(times, shown, strict=True))
    simulator = Simulator("qemu-cortex-m4", romfs={
        "lib/file_camera.py": (ROOT / "mpy_lib/drivers/file_camera.py").read_bytes(), "hands.midge": made.blob,
        "camera.bin": camera})
    simulator.start()
    try:
        board = Board(simulator)
        board.run("import qemu\nqemu.skip_waits(True)")
        out = played(board, "rock_paper_scissors.py", 900, until="won:")
    finally:
        simulator.stop()
    said = re.findall(r"(?:you (\w+), the board \w+: |no hand)", out)
    right = sum(hand == p.label for hand, p in zip(said, shown, strict=True))
    print(f"rock, paper, scissors on the board: {right} of {len(shown)} hands of {len(others)} people, "
          f"{said.count('')} unsure; {made.about}")
    show(made.agreement, made.conversion, made.fitted.seconds)


def blood() -> tuple[Scenes, Scenes]:
    """Return the pictures of blood cells to train on, and those to validate with."""
    lists = [(DATA / f"cells_bccd_boxes/ImageSets/Main/{name}.txt").read_text().split() for name in ("train", "val")]
    whole = read_scenes(DATA / "cells_bccd_boxes")
    known, tests = (replace(whole, pictures=[s for s in whole.pictures if Path(s.path).stem in names])
                    for names in lists)
    return known, tests


def grid() -> None:
    """What the grid costs: the F1 of scores that are made of the boxes themselves."""
    load_keras("a measure")
    _, tests = blood()
    n, height, width, _ = tests.values.shape
    shape = Shape(height, width, 3, len(tests.labels), 8, grid=True)
    middles, kinds = _targets(tests, tests.labels)
    wanted, _ = _wanted(middles, kinds, np.tile(np.eye(2), (n, 1, 1)), np.zeros((n, 2)), shape.cells, shape.classes)
    scores, truths = np.asarray(wanted), [truth_of(scene, tests.labels) for scene in tests.pictures]
    judged = judge_things(scores, truths, tests.labels, [s.path for s in tests.pictures], 0.5)
    print(f"cells, of scores made of their boxes: F1 {judged.accuracy.value:.3f}; counts right to a tenth in "
          f"{counted(scores, truths, 0.5)} of {n}", flush=True)


def cells() -> None:
    """Centres and counts of blood cells."""
    known, tests = blood()
    made = train_grid(known, Options(folds=2, width=8, steps=600, flips="all"), "cells")
    engine = Engine(made.blob)
    (scores,) = engine.run([reals(tests.values, engine)])
    grids = scores.reshape(len(tests.pictures), *made.fitted.left_out.shape[1:])
    truths = [truth_of(scene, made.labels) for scene in tests.pictures]
    judged = judge_things(grids, truths, made.labels, [s.path for s in tests.pictures], made.fitted.threshold)
    low, high = judged.accuracy.interval
    print(f"cells: F1 {judged.accuracy.value:.3f} ({low:.3f} to {high:.3f}) of {len(truths)} pictures at "
          f"{made.fitted.threshold}; counts right to a tenth in {counted(grids, truths, made.fitted.threshold)}")
    for c in judged.classes:
        print(f"  {c.name:10} found {c.recall.value:.1%} of {c.takes}, right when said {c.precision.value:.1%}")
    show(made.agreement, made.conversion, made.fitted.seconds)


def meter() -> None:
    """Digits of a meter that roll on between two numbers."""
    found = read_pictures(DATA / "meter_digits_100", Size(20, 32, True))
    made = train_network(found, Options(scale="circle", width=12))
    assert made.near is not None
    low, high = made.near.interval
    print(f"meter: {made.near.value:.1%} ({low:.1%} to {high:.1%}) of {made.near.count} to half a digit")
    show(made.agreement, made.conversion, made.fitted.seconds)


def show(agreement: Share, conversion: object, seconds: float) -> None:
    """Print what all parts have."""
    from midge.convert.pipeline import Conversion

    assert isinstance(conversion, Conversion)
    print(f"  integers as floats {agreement.right} of {agreement.count}; file {len(conversion.blob):,} B, arena "
          f"{conversion.plan.arena_size:,} B, {conversion.macs:,} MACs; {seconds:.0f} s", flush=True)


PARTS: dict[str, Callable[[], None]] = {
    "hands": hands, "fronts": fronts, "play": play, "grid": grid, "cells": cells, "meter": meter}


def main() -> None:
    """Measure the parts that are asked for."""
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
