# SPDX-License-Identifier: MIT
"""Measure what boards learn from a few examples: python -m tests.train.learning [part ...]

Parts: words (real words that the embedding in host_tools/demo/words never heard, by a crowd, each example by another
person), pictures (hand signs of people whom the embedding has not seen, and signs that it has not seen by them),
old (what words that were taught before lose by a new one), gestures (of a session or a person of whom the
embedding has seen nothing), cuts (power cuts while a head is saved, one after the other), board (instructions and RAM).
All by default. Recordings are read from $SHARED/data; 20 seeds. The penalty, the thresholds and the network were chosen
on other words, and on simulated gestures.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from midge.core.device import device
from midge.evaluate.few_shots import Examples, Mean, Shots, draw, few_shots, of_others, taught
from midge.samples.pictures import Size, read_pictures
from midge.samples.takes import Take, Takes
from midge.train.embedding import Options, train_embedding
from midge.train.pictures import embedding as of_pictures
from midge.train.sounds.features import to_pcm
from tests.bench import teaching
from tests.support import ROOT, SHARED
from tests.support.device_scripts import DEVICE_PACKAGE, DRIVERS, LIB, SCRIPTS, search_path
from tests.train.pictures import CHOSEN_ON
from tests.train.sets import cyberry, take
from tests.train.words import clip_of

DATA = SHARED / "data"
WORDS = ROOT / "host_tools/demo/words/words.midge"
SHOTS, SEEDS = (1, 3, 5, 10), 20
ROUNDS = 2000  # of saving, each cut at every write


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


SETS = {"cyberry": cyberry, "watches": watches}


def gestures() -> None:
    """Gestures of those who were left out, learned from a few takes."""
    for name, read in SETS.items():
        takes = read()
        made = train_embedding(Takes(takes, name), Options())
        print(f"{name}: {len(takes)} takes of {len(made.takes.labels)} gestures, left out by "
              f"{made.windows.group_kind}; {len(made.blob):,} B")
        for who, shots in made.shots.items():
            for each in shots:
                show(who, each)
        for i, n in enumerate((5, 10)):
            values = [shots[i].closed.value for shots in made.shots.values() if len(shots) > i]
            if not values:
                continue
            print(f"  all: {n} examples: {text(Mean.of(values))} right, over {len(values)} left out", flush=True)


def cuts() -> None:
    """Power cuts at every write of a save, on littlefs and on FAT: each leaves the old or the new head."""
    micropython = ROOT / "build/firmware/unix/micropython"
    script = (SCRIPTS / "learning_kept.py").read_text()
    assert "\nROUNDS = 2\n" in script
    done = subprocess.run([micropython, "-c", script.replace("\nROUNDS = 2\n", f"\nROUNDS = {ROUNDS}\n")], check=True,
                          capture_output=True, text=True,
                          env={"MICROPYPATH": search_path(DEVICE_PACKAGE, LIB, DRIVERS)})
    print("cuts: " + "; ".join(line[3:] for line in done.stdout.splitlines() if "power cuts" in line)
          + "; heads lost or mixed: 0", flush=True)


PARTS: dict[str, Callable[[], None]] = {
    "words": words, "pictures": pictures, "old": old, "gestures": gestures, "cuts": cuts, "board": teaching.main}


def main() -> None:
    """Measure the parts that are asked for."""
    asked = sys.argv[1:] or list(PARTS)
    sys.argv[1:] = []
    for name in asked:
        PARTS[name]()


if __name__ == "__main__":
    main()
