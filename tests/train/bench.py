# SPDX-License-Identifier: MIT
"""Train on takes and answer for others with the file's integers, on the core that boards run; opponents likewise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

import midge
from midge.anomaly import Anomaly
from midge.core.batch import Engine
from midge.samples.takes import Take, Takes, check_takes
from midge.train.judgement import Share
from midge.train.model import Trained, train
from midge.train.normal import learn_normal
from midge.train.recipe import Options
from midge.train.search import Limits, Point, choose, run_trial
from midge.train.windows import cut, is_quiet
from tests.train.opponents import CreateAI, random_forest

Split = tuple[str, list[Take], list[Take]]  # a name, takes to train on, takes to answer for


@dataclass
class Tally:
    """What was right over all splits; draws: what intervals count, a take, file or person each."""

    right: dict[str, list[bool]] = field(default_factory=dict)
    draws: list[str] = field(default_factory=list)
    of_split: dict[str, dict[str, float]] = field(default_factory=dict)
    models: list[Trained] = field(default_factory=list)

    def share(self, who: str) -> Share:
        """Return the share of right answers."""
        flags = self.right[who]
        return Share(int(sum(flags)), len(flags), len(set(self.draws)))

    def mean_of_splits(self, who: str) -> float:
        """Return the mean over splits of the share of right answers."""
        return float(np.mean([shares[who] for shares in self.of_split.values()]))


def run(
    splits: Iterable[Split], options: Options, opponents: Sequence[str] = (), lengths: Sequence[float] = ()
) -> Tally:
    """Train for each split and answer for its tests. What is never answered, idle and unknown, counts as one.

    lengths: of windows in seconds, of which each split takes what is best on its own takes left out, as
    `midge train --search` does.
    """
    tally = Tally()
    for name, known, tests in splits:
        found = Takes(known, name)
        check_takes(found)
        if lengths:
            tried = [run_trial(found, replace(options, window_s=w), None, None) for w in lengths]
            options = choose([p for p in tried if isinstance(p, Point)], Limits()).options
        trained = train(found, options)
        tally.models.append(trained)
        samples = trained.fitted.windows.samples
        windows = [(w, t) for t in tests for w in cut(t, samples)]
        x = np.stack([w for w, _ in windows]).astype(np.float32)
        (scores,) = Engine(trained.blob, threads=1).run([x])
        said = scores.reshape(len(x), -1).argmax(axis=1)
        labels = trained.labels
        truth = [t.label for _, t in windows]
        floats = trained.fitted.scores(x).argmax(axis=1)
        answers = {"midge": [labels[k] for k in said], "midge, floats": [labels[k] for k in floats]}
        answers |= {who: _opponent(who, trained, x) for who in opponents}
        for who, given in answers.items():
            flags = [_same(a, b) for a, b in zip(given, truth, strict=True)]
            tally.right.setdefault(who, []).extend(flags)
            tally.of_split.setdefault(name, {})[who] = float(np.mean(flags))
        tally.draws += [t.path for _, t in windows]
    return tally


def _same(said: str, label: str) -> bool:
    return said == label or (is_quiet(said) and is_quiet(label))


def _opponent(who: str, trained: Trained, x: np.ndarray) -> list[str]:
    """Return another's answers, from the same windows of the same takes."""
    windows, names = trained.fitted.windows, trained.fitted.takes.labels
    if who == "CreateAI":
        numbers = CreateAI(windows.values, windows.targets, len(names), seed=0).predict(x)
    else:
        numbers = random_forest(windows.values, windows.targets, x, seed=0)
    return [names[k] for k in numbers]


def leave_out(takes: Sequence[Take], key: Callable[[Take], str], folds: int | None = None) -> Iterable[Split]:
    """Yield splits that leave out each group of takes, or each of `folds` sets of groups, dealt class by class."""
    groups = sorted({key(t) for t in takes}, key=lambda g: (next(t.label for t in takes if key(t) == g), g))
    sets: list[set[str]] = [set() for _ in range(folds or len(groups))]
    for i, group in enumerate(groups):
        sets[i % len(sets)].add(group)
    for i, out in enumerate(sets):
        name = next(iter(out)) if len(out) == 1 else f"fold {i}"
        yield name, [t for t in takes if key(t) not in out], [t for t in takes if key(t) in out]


@dataclass
class Watched:
    """Which windows of one mounting were beyond the threshold of midge.anomaly: later normal ones, and each fault's."""

    false: list[bool]
    found: dict[str, list[bool]]


def watch(normal: Take, faults: Sequence[Take], samples: int, hop: int, learn: int) -> Watched:
    """Learn from the first windows of a recording, as a board does, and judge the later ones, then the faults.

    The file is made from the same beginning, so that nothing of what is judged was seen.
    """
    beginning = replace(normal, values=normal.values[: samples + (learn - 1) * hop])
    fan = Anomaly(midge.load(learn_normal(Takes([beginning]), samples / normal.rate_hz).blob), learn=learn)

    def judged(take: Take) -> list[bool]:
        windows = [take.values[at:at + samples] for at in range(0, len(take.values) - samples + 1, hop)]
        scores = [fan(w.reshape(-1).tolist()) for w in windows]
        return [score >= 1 for score in scores if score is not None]

    false = judged(normal)
    return Watched(false, {t.label: judged(t) for t in faults})


@dataclass
class Streamed:
    """What a wand answered to a stream: of so many gestures, those found, and false answers in so many minutes."""

    gestures: int = 0
    found: int = 0
    false: int = 0
    minutes: float = 0.0


def stream(trained: Trained, gestures: Sequence[Take], rest: np.ndarray, others: Iterable[np.ndarray]) -> Streamed:
    """Stream gestures with rest between them, then what is no gesture, through the very code that boards run.

    rest: [samples, columns] between gestures. others: recordings without gestures, at the wand's rate.
    """
    said = Streamed()
    for take in gestures:
        answers = _answers(trained, np.concatenate([rest, take.values, rest]))
        said.gestures += 1
        said.found += answers == [take.label]
    for samples in others:
        said.false += len(_answers(trained, samples))
        said.minutes += len(samples) / trained.fitted.signal.rate_hz / 60
    return said


def _answers(trained: Trained, samples: np.ndarray) -> list[str]:
    rows = iter(samples.tolist())
    return [str(r.label) for r in midge.load(trained.blob).stream(lambda: next(rows, None))]
