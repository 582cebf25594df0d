# SPDX-License-Identifier: MIT
"""Measure what boards learn from a few examples: python -m tests.train.learning [part ...]

Parts: words (real words that the embedding in host_tools/demo/words never heard, by a crowd, each example by another
person), pictures (hand signs of people whom the embedding has not seen, and signs that it has not seen by them),
old (what words that were taught before lose by a new one), wand, convolutions, arms and day (movements of a session or
a person of whom the embedding has seen nothing), cuts (power cuts while a head is saved, one after the other), board
(instructions and RAM).
All by default. Recordings are read from $SHARED/data; 20 seeds. The penalty, the thresholds and the network were chosen
on other words, and on simulated gestures.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from midge.core.batch import Engine
from midge.core.device import device
from midge.evaluate.few_shots import Examples, Mean, Shots, draw, few_shots, of_others, taught
from midge.samples.pictures import Size, read_pictures
from midge.samples.takes import Take, Takes
from midge.train.embedding import Options, train_embedding
from midge.train.pictures import embedding as of_pictures
from midge.train.sounds.features import to_pcm
from midge.train.windows import Windows, cut_windows
from tests.bench import teaching
from tests.support import ROOT, SHARED
from tests.support.device_scripts import DEVICE_PACKAGE, DRIVERS, LIB, SCRIPTS, search_path
from tests.train.pictures import CHOSEN_ON
from tests.train.sets import cyberry, seglearn, take
from tests.train.words import clip_of

DATA = SHARED / "data"
WORDS = ROOT / "host_tools/demo/words/words.midge"
SHOTS, SEEDS = (1, 3, 5, 10), 20
ROUNDS, LEAST_CUTS = 2000, 10_000  # of saving, each cut at every write; writes in all


def text(mean: Mean) -> str:
    """Return a mean with its interval."""
    return f"{mean.value:.1%} ({mean.low:.1%} to {mean.high:.1%})"


def show(name: str, found: Shots) -> None:
    """Print a line."""
    print(f"  {name}: {found.shots:2} examples, {found.classes} classes: {text(found.closed)} right; open set, recall "
          f"at 1 % false {text(found.open_recall)}; at its own threshold {text(found.own_recall)}, false "
          f"{text(found.own_false)}", flush=True)


def heard() -> Examples:
    """Return the rows of the words that are asked for, heard by the board's own code."""
    learner = device.Learner(device.load(WORDS))
    rows, labels, people = list[np.ndarray](), list[str](), list[str]()
    for folder in sorted(path for path in (DATA / "wakeword_picovoice").iterdir() if path.is_dir()):
        for path in sorted(folder.iterdir()):
            if (clip := clip_of(path, folder.name, path.stem)) is not None:
                rows.append(np.frombuffer(learner.row(to_pcm(clip.values)), np.int8))
                labels.append(clip.label)
                people.append(clip.group)
    return Examples(np.stack(rows), labels, people)


def words() -> None:
    """Words of a crowd, closed and open."""
    examples, model = heard(), device.load(WORDS)
    arena = model.info()["arena_bytes"]
    print(f"words: {WORDS.stat().st_size:,} B, {arena:,} B of arena; {len(examples.labels)} clips")
    for n in SHOTS:
        found = few_shots(model, examples, n, SEEDS)
        if found is not None:
            show("crowd", found)


def pictures() -> None:
    """Ten hand signs: half of 45 people, and of the signs half at a time, are kept from the embedding."""
    found = read_pictures(DATA / "hand_signs_0_9", Size(48, 48, True))
    people, signs = (np.array([getattr(p, key) for p in found.pictures]) for key in ("group", "label"))
    names = sorted(set(people) - CHOSEN_ON)
    known, new = np.isin(people, names[::2]), np.isin(people, names[1::2])
    options = of_pictures.Options(judge=False)
    for half in ("", "02468", "13579"):
        used = known & (np.isin(signs, list(half)) if half else True)
        made = of_pictures.train_embedding(replace(found, pictures=[found.pictures[i] for i in np.flatnonzero(used)]),
                                           options)
        print(f"pictures: {used.sum()} of {len(names[::2])} people; {len(made.blob):,} B, arena "
              f"{made.conversion.plan.arena_size:,} B, {made.conversion.macs:,} MACs; {made.seconds:.0f} s")
        for shots in of_pictures.judge(made.blob, found, np.flatnonzero(new & ~np.isin(signs, list(half)))):
            show(f"signs that were not {half}" if half else "known signs", shots)


def old() -> None:
    """What all words but one lose when that one is taught as well."""
    examples, model = heard(), device.load(WORDS)
    labels, people = np.array(examples.labels), np.array(examples.people)
    names = sorted(set(examples.labels))
    blobs = [row.tobytes() for row in examples.rows]
    for shots in (5, 10):
        before, after = list[float](), list[float]()
        for seed in range(SEEDS):
            order = np.random.default_rng([seed, shots]).permutation(len(labels))
            turn = {person: i for i, person in enumerate(people[order])}
            index = {name: draw(order[labels[order] == name], people, turn, shots) for name in names}
            asked = of_others(people, np.concatenate(list(index.values())))
            for new in names:
                rows = {name: [blobs[i] for i in index[name]] for name in names}
                known = {name: of for name, of in rows.items() if name != new}
                for classes, right in ((known, before), (known | {new: rows[new]}, after)):
                    learner = taught(model, classes, None)
                    right.append(float(np.mean([np.mean([learner.answer(blobs[i]).label == name for i in asked
                                                         if labels[i] == name]) for name in known])))
        lost = Mean.of([float(np.mean(part)) for part in np.array_split(np.subtract(before, after), SEEDS)])
        print(f"old: {shots} examples: {np.mean(before):.1%} before, {np.mean(after):.1%} after; lost {text(lost)}",
              flush=True)


def watches() -> list[Take]:
    """What 15 people did with a watch: stretches of a label that last a second, m/s2 and rad/s, at 52 Hz."""
    found = []
    for path in sorted((DATA / "har_watch_23people").glob("s*/*.csv")):
        with path.open(encoding="utf-8") as file:
            names = file.readline().strip().split(",")
        table = np.genfromtxt(path, delimiter=",", skip_header=1, dtype=str)
        values = table[::2, :6].astype(float) / ([9.80665] * 3 + [np.pi / 180] * 3)
        labels = table[::2, names.index("label")]
        edges = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1], True])
        found += [take(f"{path}:{a}", str(labels[a]), values[a:b], 52.0, person=path.parent.name)
                  for a, b in pairwise(edges) if b - a >= 52]
    return found


def rows_of(blob: bytes, found: Takes) -> tuple[Windows, np.ndarray]:
    """Return the windows of takes that an embedding has not seen, and its rows of them."""
    windows = cut_windows(found)
    (rows,) = Engine(blob, threads=1).run([windows.values])
    scale = device.load(blob, checksum=False).outputs[0].scale
    return windows, np.round(rows.reshape(len(rows), -1) / scale).astype(np.int8)


def wand(head: str) -> None:
    """A session that the embedding has seen nothing of: takes of all of it, and of ten in a row by themselves.

    Takes of a gesture are numbered; within ten in a row the grip stays as it is, and from ten to ten it changes.
    """
    takes, right = cyberry(), dict[str, list[float]]()
    for session in sorted({t.session for t in takes}):
        made = train_embedding(Takes([t for t in takes if t.session != session], "others"),
                               Options(judge=False, head=head))
        left = Takes([t for t in takes if t.session == session], session)
        windows, rows = rows_of(made.blob, left)
        own = [left.takes[i] for i in windows.takes]
        tens = np.array([(int(t.path.removesuffix(".txt").rsplit("_", 1)[1]) - 1) // 10 for t in own])
        parts = [(f"{n} of a session", np.arange(len(own)), n) for n in (5, 10)]
        parts += [("5 of ten in a row", np.flatnonzero(tens == ten), 5) for ten in np.unique(tens)]
        for what, part, n in parts:
            examples = Examples(rows[part], [own[i].label for i in part], [own[i].path for i in part])
            shots = few_shots(device.load(made.blob, checksum=False), examples, n, SEEDS)
            if shots is not None:
                show(f"wand, {head} of {len(made.blob):,} B, {session}, {what}", shots)
                right.setdefault(what, []).append(shots.closed.value)
    for what, values in right.items():
        print(f"  wand, {head}, {what}: {text(Mean.of(values))} right, over {len(values)}", flush=True)


def arms() -> None:
    """Exercises of people whom the embedding has seen nothing of, five windows of two seconds taught of each.

    Windows of the first half of a recording teach, those of the second half are asked: of the same arm, of both, and of
    the other one than was taught. The window between the halves, which is in both, is left out.
    """
    takes, right = seglearn(), dict[str, list[float]]()
    for person in sorted({t.person for t in takes}, key=int):
        made = train_embedding(Takes([t for t in takes if t.person != person], "others"), Options(judge=False))
        left = Takes([t for t in takes if t.person == person], person)
        windows, rows = rows_of(made.blob, left)
        model, labels = device.load(made.blob, checksum=False), np.array(left.labels)[windows.targets]
        arm, half = np.zeros(len(rows), int), np.zeros(len(rows), int)
        for i, each in enumerate(left.takes):
            own = np.flatnonzero(windows.takes == i)
            arm[own] = sum(other.label == each.label for other in left.takes[:i])
            half[own] = np.sign(np.arange(len(own)) - len(own) // 2)
        for what, taught_of, asked_of in (("the same arm", (0,), (0,)), ("both arms", (0, 1), (0, 1)),
                                          ("the other arm", (0,), (1,))):
            values = [answered(model, rows, labels, np.flatnonzero((half < 0) & np.isin(arm ^ turned, taught_of)),
                               np.flatnonzero((half > 0) & np.isin(arm ^ turned, asked_of)), seed)
                      for turned in (0, 1) for seed in range(SEEDS)]
            print(f"  exercises, person {person}, {what}: {text(Mean.of(values))} right", flush=True)
            right.setdefault(what, []).append(float(np.mean(values)))
    for what, values in right.items():
        print(f"  exercises, {what}: {text(Mean.of(values))} right, over {len(values)} people", flush=True)


def answered(model: Any, rows: np.ndarray, labels: np.ndarray, pool: np.ndarray, asked: np.ndarray, seed: int) -> float:
    """Return the share of rows that are asked which a learner gets right that was taught five of each from a pool."""
    order = np.random.default_rng(seed).permutation(pool)
    names = np.unique(labels)
    classes = {name: [rows[i].tobytes() for i in order[labels[order] == name][:5]] for name in names}
    learner = taught(model, classes, None)
    said = np.array([learner.label(learner.answer(rows[i].tobytes()).index) for i in asked])
    return float(np.mean([np.mean(said[labels[asked] == name] == name) for name in names]))


def day() -> None:
    """What people do with a watch in a day, of those whom the embedding has seen nothing of."""
    takes = watches()
    made = train_embedding(Takes(takes, "watches"), Options())
    for who, shots in made.shots.items():
        for each in shots:
            show(f"day, {who}", each)
    values = [shots[0].closed.value for shots in made.shots.values()]
    print(f"  day: 5 examples: {text(Mean.of(values))} right, over {len(values)} people", flush=True)


def cuts() -> None:
    """Power cuts at every write of a save, on littlefs and on FAT: each leaves the old or the new head."""
    micropython = ROOT / "build/firmware/unix/micropython"
    script = (SCRIPTS / "learning_kept.py").read_text()
    assert "\nROUNDS = 2\n" in script
    done = subprocess.run([micropython, "-c", script.replace("\nROUNDS = 2\n", f"\nROUNDS = {ROUNDS}\n")], check=True,
                          capture_output=True, text=True,
                          env={"MICROPYPATH": search_path(DEVICE_PACKAGE, LIB, DRIVERS)})
    found = {line.split()[-1]: int(line.split()[1]) for line in done.stdout.splitlines() if "power cuts" in line}
    assert sorted(found) == ["FAT", "littlefs"] and sum(found.values()) >= LEAST_CUTS, done.stdout
    print(f"cuts: {found['littlefs']:,} on littlefs, {found['FAT']:,} on FAT; heads lost or mixed: 0", flush=True)


PARTS: dict[str, Callable[[], None]] = {
    "words": words, "pictures": pictures, "old": old, "wand": lambda: wand("ridge"),
    "convolutions": lambda: wand("cnn"), "arms": arms, "day": day, "cuts": cuts, "board": teaching.main}


def main() -> None:
    """Measure the parts that are asked for."""
    asked = sys.argv[1:] or list(PARTS)
    sys.argv[1:] = []
    for name in asked:
        PARTS[name]()


if __name__ == "__main__":
    main()
