# SPDX-License-Identifier: MIT
"""Measure training on pictures: python -m tests.train.pictures [part ...]

Parts: hands (ten signs of 55 people, nine or ten left out at a time, from scratch), fronts (the same signs on a person
detector's front: 20 people to learn from, the others to tell), play (three of the signs, learned in the same way, as
rock, paper, scissors on an emulated board against others), grid (what a grid leaves of blood cells at best), cells
(blood cells in boxes: the list to train on, and the list to validate with, a third of it also on an emulated board by
cell_counter.py), meter (digits of a meter that roll, a quarter of the pictures left out at a time), read (each reading
of such a roll alike often, and counters put together of them, by meter_reader.py on an emulated board). All by default.
Pictures are read from $SHARED/data.

The size of pictures, the steps and the strength of variants were chosen on ten of the 55 people (CHOSEN_ON), whose
answers are counted apart; a grid's threshold is chosen on pictures of the list to train on. That digits are learned as
negatives, too, was chosen on the first quarter of them, which is counted apart. Nothing else was chosen by what is
printed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from time import perf_counter

import numpy as np

from midge import Model
from midge.convert.camera import put_camera, put_decoder, read_camera
from midge.convert.pipeline import convert_graph
from midge.core.batch import Engine
from midge.fileformat.read import decode
from midge.importers import read_model
from midge.link.simulator import Simulator
from midge.samples.camera_pictures import read_as_camera, view_of
from midge.samples.pictures import Picture, Pictures, Size, read_pictures
from midge.samples.scenes import Scenes, read_scenes
from midge.train.descent import load_keras
from midge.train.folds import deal_folds
from midge.train.judgement import Share
from midge.train.pictures.found import TrainedGrid, judge_things, train_grid
from midge.train.pictures.grid import _targets, _wanted, counted, truth_of
from midge.train.pictures.model import reals, train_network
from midge.train.pictures.network import CELL
from midge.train.pictures.recipe import Options, scale_distance
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
ON_BOARD = 3  # of so many pictures of cells one is shown to a board
ROLLS, SERIES, READINGS = 5, 10, 6  # of the counter that is shown to a board, so often anew and so many times each
ALIKE = 3  # of each reading of a roll, of which as many pictures at least are left out


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


def on_board(example: str, name: str, blob: bytes, camera: bytes, until: str, text: str | None = None) -> str:
    """Return what an example prints on an emulated board with a model and what its camera sees; waits take no time."""
    driver = (ROOT / "mpy_lib/drivers/file_camera.py").read_bytes()
    simulator = Simulator("qemu-cortex-m4", romfs={"lib/file_camera.py": driver, name: blob, "camera.bin": camera})
    simulator.start()
    try:
        board = Board(simulator)
        board.run("import qemu\nqemu.skip_waits(True)")
        return played(board, example, 900, until=until, text=text)
    finally:
        simulator.stop()


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
    out = on_board("rock_paper_scissors.py", "hands.midge", made.blob, camera, until="won:")
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
    """What the grid costs, and one twice as fine would: the F1 of scores that are made of the boxes themselves."""
    load_keras("a measure")
    for name, scenes in zip(("to train on", "to validate with"), blood(), strict=True):
        n, height, width, _ = scenes.values.shape
        truths = [truth_of(scene, scenes.labels) for scene in scenes.pictures]
        middles, kinds = _targets(scenes, scenes.labels)
        for side in (CELL, CELL // 2):
            cells = -(-height // side), -(-width // side)
            wanted, _ = _wanted(middles, kinds, np.tile(np.eye(2), (n, 1, 1)), np.zeros((n, 2)), cells,
                                len(scenes.labels))
            scores = np.asarray(wanted)
            judged = judge_things(scores, truths, scenes.labels, [s.path for s in scenes.pictures], 0.5)
            print(f"cells {name}, of scores made of their boxes, in cells of {side} pixels: F1 "
                  f"{judged.accuracy.value:.3f}; counts right to a tenth in {counted(scores, truths, 0.5)} of {n}",
                  flush=True)


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
    count(made, tests)


def count(made: TrainedGrid, shown: Scenes) -> None:
    """Count cells on an emulated board, in a picture of each place, which its camera gives in 320 x 240 pixels."""
    camera = read_camera("rgb565,320x240")
    graph, labels = put_decoder(put_camera(made.graph, camera, "cells"), "fomo", made.labels, "cells",
                                made.fitted.threshold)
    blob = convert_graph(graph, labels, "cells", 0).blob
    view = view_of(decode(blob).metadata)
    assert view is not None
    scenes = shown.pictures[::ON_BOARD]
    seen = b"".join(read_as_camera(Path(scene.path), view).tobytes() for scene in scenes)
    once = (ROOT / "mpy_lib/examples/cell_counter.py").read_text().replace("AT_ONCE = 3", "AT_ONCE = 1")
    out = on_board("cell_counter.py", "cells.midge", blob, seen, "a place", once)
    places = re.findall(r"place \d+: (.*)\r?\n", out)
    assert len(places) == len(scenes), out
    counted = [{kind: int(n) for n, kind in re.findall(r"(\d+) (\w+)", place)} for place in places]
    for kind in [*made.labels[1:], ""]:
        found = np.array([sum(n for name, n in each.items() if kind in ("", name)) for each in counted])
        there = np.array([sum(kind in ("", name) for name in scene.classes) for scene in scenes])
        exact = np.abs(found - there) <= 0.1 * there
        print(f"  on the board {kind or 'all':10} {found.sum()} of {there.sum()}; right to a tenth in {exact.sum()} of "
              f"{len(scenes)} pictures, off by {np.abs(found - there).mean():.1f} on average", flush=True)


def read() -> None:
    """Rolls of pictures that were left out, each reading alike often; and counters of them, on an emulated board."""
    found = read_pictures(DATA / "meter_digits_100", Size(20, 32, True))
    rng = np.random.default_rng(1)
    left_out = deal_folds(found.pictures, "", found.title, 4, 0) == 1
    known = replace(found, pictures=[p for p, out in zip(found.pictures, left_out, strict=True) if not out])
    rest = [p for p, out in zip(found.pictures, left_out, strict=True) if out]
    made = train_network(known, Options(scale="circle", folds=2, camera="grey,20x32"), "roll")
    evenly = rng.permutation(np.repeat(np.arange(100), ALIKE)).reshape(-1, ROLLS) / 10
    far = misread(Model(made.blob), counters(evenly, rest, rng), evenly)
    print(f"meter, each reading {ALIKE} times: {text((far <= 0.5 + 1e-9).ravel())} to half a digit, "
          f"{text((far <= 0.1 + 1e-9).ravel())} to a tenth; {made.about}")
    for part in range(0, 10, 5):
        here = far[(np.round(10 * evenly) % 10 // 5 * 5) == part]
        print(f"  from .{part} to .{part + 4}: {text(here <= 0.5 + 1e-9)}")
    print("  by roll: " + ", ".join(f"{(each <= 0.5 + 1e-9).sum()} of {len(each)}" for each in far.T))
    show(made.agreement, made.conversion, made.fitted.seconds)
    told = [count_on(made.blob, readings, rest, rng) for readings in series(rng)]
    right, rolls, wrong, doubted = np.sum(told, axis=0)
    shown = READINGS * SERIES
    print(f"  counters on the board: {rolls} of {shown * ROLLS} rolls to half a digit; of {shown} {right} were read to "
          f"one of the last digit, {wrong} wrongly, {doubted} not believed", flush=True)


def series(rng: np.random.Generator) -> list[np.ndarray]:
    """Return the readings [READINGS] of each time that a counter is looked at, in digits of its last roll.

    They begin with each digit on each roll once, and turn on by less than the example takes for too much.
    """
    digits = np.stack([rng.permutation(SERIES) for _ in range(ROLLS)])
    begun = (digits * 10 ** np.arange(ROLLS)[:, None]).sum(axis=0)
    return [start + np.cumsum(rng.integers(0, 900, READINGS)) / 10 for start in begun]


def count_on(blob: bytes, readings: np.ndarray, digits: list[Picture], rng: np.random.Generator) -> list[int]:
    """Have meter_reader.py read counters on an emulated board; return how many were read to one of the last digit, how
    many of their rolls to half a digit, how many counters wrongly, and how many were not believed.
    """
    rolls = np.array([rolls_at(reading) for reading in readings])
    pictures = counters(rolls, digits, rng)
    example = (ROOT / "mpy_lib/examples/meter_reader.py").read_text()
    out = on_board("meter_reader.py", "roll.midge", blob, pictures.tobytes(), "that is all",
                   example + '\nprint("that is all")\n')
    told = re.findall(r"(\d+\.\d|\[.*\] cannot follow [\d.]+)\r?\n", out)
    assert len(told) == len(readings), out
    wrong = [abs(round(10 * float(line)) - int(n)) > 1
             for line, n in zip(told, readings, strict=True) if "cannot" not in line]
    far = misread(Model(blob), pictures, rolls)
    return [len(wrong) - sum(wrong), int((far <= 0.5 + 1e-9).sum()), sum(wrong), len(told) - len(wrong)]


def rolls_at(reading: float) -> list[float]:
    """Return what a counter's rolls show: one turns on while the next one goes from 9 to 0, and only then."""
    values, part = list[float](), reading % 1
    for place in range(ROLLS):
        values.insert(0, round(int(reading) // 10**place % 10 + part, 1) % 10)
        part = max(values[0] - 9, 0)
    return values


def counters(rolls: np.ndarray, digits: list[Picture], rng: np.random.Generator) -> np.ndarray:
    """Return pictures of counters as meter_reader.py sees them, of what their rolls show [counters, rolls].

    Of the pictures of a digit none is taken again before all others were.
    """
    alike = {label: [p for p in digits if p.label == label] for label in {p.label for p in digits}}
    turns = {label: cycle(rng.permutation(len(some))) for label, some in sorted(alike.items())}
    pictures = np.full((len(rolls), 60, 160), 90, np.uint8)
    for picture, values in zip(pictures, rolls, strict=True):
        for i, value in enumerate(values):
            label = f"{value:.1f}"
            picture[8:40, 10 + 28 * i:30 + 28 * i] = alike[label][next(turns[label])].values[..., 0]
    return pictures


def misread(model: Model, pictures: np.ndarray, rolls: np.ndarray) -> np.ndarray:
    """Return by how much a model misreads each roll, which it answers here as on the board [counters, rolls]."""
    said = [[float(model(picture[8:40, 10 + 28 * i:30 + 28 * i].tobytes()).label) for i in range(ROLLS)]
            for picture in pictures]
    far = np.abs(np.array(said) - rolls)
    return np.minimum(far, 10 - far)


def meter() -> None:
    """Digits of a meter that roll on between two numbers."""
    found = read_pictures(DATA / "meter_digits_100", Size(20, 32, True))
    made = train_network(found, Options(scale="circle", width=12))
    apart = scale_distance(made.labels, "circle")[made.fitted.targets, made.fitted.left_out.argmax(axis=1)]
    new = made.fitted.folds > 0
    for what, far in (("meter", apart[new]), ("  of the quarter that was chosen on", apart[~new])):
        print(f"{what}: {text(far <= 0.5 + 1e-9)} to half a digit, {text(far <= 0.1 + 1e-9)} to a tenth")
    show(made.agreement, made.conversion, made.fitted.seconds)


def show(agreement: Share, conversion: object, seconds: float) -> None:
    """Print what all parts have."""
    from midge.convert.pipeline import Conversion

    assert isinstance(conversion, Conversion)
    print(f"  integers as floats {agreement.right} of {agreement.count}; file {len(conversion.blob):,} B, arena "
          f"{conversion.plan.arena_size:,} B, {conversion.macs:,} MACs; {seconds:.0f} s", flush=True)


PARTS: dict[str, Callable[[], None]] = {
    "hands": hands, "fronts": fronts, "play": play, "grid": grid, "cells": cells, "meter": meter,
    "read": read}


def main() -> None:
    """Measure the parts that are asked for."""
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
