# SPDX-License-Identifier: MIT
"""Train in several ways, and tell what each is worth and costs: heads, features and windows, in as many processes.

Each trial is a training as `train` does it, in a process of its own kind that computes with one thread. So what it
gives does not depend on how many processes there are, or on which machine of a cluster it ran.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

import numpy as np

from ..errors import UserError
from ..optional import need
from ..progress import Stage, silent
from ..samples.takes import Takes
from .judgement import Share
from .model import train
from .patterns import MOST_SAMPLES
from .recipe import Options
from .windows import FEWEST_SAMPLES, SHORTEST, cut_windows
from .windows import MOST_SAMPLES as LONGEST

GESTURE_WINDOWS = (1.0, SHORTEST)  # shares of the usual window
LONG_WINDOWS_S = (1.0, 2.0, 4.0)  # of what goes on
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

Counting = Callable[[bytes], int]  # from a file to the instructions of an answer


@dataclass(frozen=True)
class Point:
    """What one way to train gave. right: of each unit that is left out together, the share of its windows.

    instructions: of an answer, None where they were not counted, which `missing` says why; macs: its multiplications.
    """

    options: Options
    window_s: float
    accuracy: Share
    right: dict[str, float]
    flash_bytes: int
    arena_bytes: int
    macs: int
    instructions: int | None = None
    missing: str = ""

    @property
    def mean(self) -> float:
        """The mean of what is right, units weighing alike: windows of any length are compared by it."""
        return float(np.mean(list(self.right.values())))

    @property
    def costs(self) -> tuple[int, int, int]:
        """Instructions, or else multiplications; flash; RAM."""
        return self.macs if self.instructions is None else self.instructions, self.flash_bytes, self.arena_bytes

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {"head": self.options.head, "features": self.options.features, "window_s": round(self.window_s, 4),
                "accuracy": self.accuracy.facts(), "mean": round(self.mean, 4), "flash_bytes": self.flash_bytes,
                "arena_bytes": self.arena_bytes, "macs": self.macs, "instructions": self.instructions}


@dataclass(frozen=True)
class Limits:
    """What a model may take; None for as much as it likes."""

    flash_bytes: int | None = None
    arena_bytes: int | None = None

    def hold(self, point: Point) -> bool:
        """Tell whether a model keeps to them."""
        return all(most is None or used <= most for used, most in (
            (point.flash_bytes, self.flash_bytes), (point.arena_bytes, self.arena_bytes)))


@dataclass(frozen=True)
class Search:
    """Points in the order of trials. chosen: the cheapest that is as good as the best, see `choose`.

    honest: what is right of units that had no say in the choice, which accuracy of the chosen one flatters.
    refused: why a trial could not be, by what it was.
    """

    points: list[Point]
    chosen: Point
    honest: float
    refused: dict[str, str]

    def is_front(self, point: Point) -> bool:
        """Tell whether no other is better in something and worse in nothing."""
        return not any(_beats(other, point) for other in self.points)

    def facts(self) -> dict[str, Any]:
        """Return everything, for JSON."""
        return {"trials": [{**p.facts(), "front": self.is_front(p), "chosen": p is self.chosen} for p in self.points],
                "honest_mean": round(self.honest, 4), "refused": self.refused}


def _beats(a: Point, b: Point) -> bool:
    mine, others = (-a.mean, *a.costs), (-b.mean, *b.costs)
    return mine != others and all(x <= y for x, y in zip(mine, others, strict=True))


def trials_of(found: Takes, options: Options) -> list[Options]:
    """Return what to try: windows, unless one is asked for, times features and heads."""
    usual = cut_windows(found, options.window_s)
    seconds = usual.samples / found.rate_hz
    windows: list[float] = [seconds]
    if options.window_s is None:
        windows = [share * seconds for share in GESTURE_WINDOWS] if usual.is_gesture else list(LONG_WINDOWS_S)
    shortest = min(take.seconds for take in found.takes)
    fits = [w for w in windows if FEWEST_SAMPLES <= round(w * found.rate_hz) <= LONGEST
            and (usual.is_gesture or w <= shortest / 2)] or [seconds]
    made = []
    for window in fits:
        each = ["moments", "rocket"] if round(window * found.rate_hz) <= MOST_SAMPLES else ["moments"]
        ways = [(head, features) for features in each for head in ("ridge", "dense")] + [("cnn", "moments")]
        made += [replace(options, head=head, features=features, window_s=window) for head, features in ways]
    return made


def run_trial(found: Takes, options: Options, target: str | None, count: Counting | None) -> Point | str:
    """Train once. Returns why not, where these takes do not do for it."""
    try:
        trained = train(replace(found, notes=list(found.notes)), options, target=target)
    except UserError as error:
        return str(error)
    instructions, missing = None, ""
    try:
        instructions = None if count is None else count(trained.blob)
    except UserError as error:
        missing = str(error).splitlines()[0]
    fitted = trained.fitted
    good = fitted.left_out.argmax(axis=1) == fitted.targets
    quiet = np.isin(fitted.left_out.argmax(axis=1), fitted.quiet) & np.isin(fitted.targets, fitted.quiet)
    good |= quiet
    kind = fitted.windows.group_kind
    units = [take.path if kind == "take" else str(getattr(take, kind)) for take in found.takes]
    owner = np.array([units[i] for i in fitted.owners])
    right = {unit: float(good[owner == unit].mean()) for unit in sorted(set(units))}
    return Point(options, fitted.windows.samples / fitted.signal.rate_hz, trained.judgement.accuracy, right,
                 len(trained.blob), trained.conversion.plan.arena_size, trained.conversion.macs, instructions, missing)


def choose(points: Sequence[Point], limits: Limits, without: str = "") -> Point:
    """Return the cheapest of those that are no worse than the best by more than one standard error.

    The rule is that of Breiman et al. 1984, Classification and Regression Trees. without: a unit that has no say.
    Raises UserError where none keeps to the limits.
    """
    fits = [p for p in points if limits.hold(p)]
    if not fits:
        least = min(points, key=lambda p: (p.flash_bytes, p.arena_bytes))
        raise UserError(f"none of {len(points)} ways to train keeps to the limits; the smallest file takes "
                        f"{least.flash_bytes} B of flash and {least.arena_bytes} B of RAM")
    shares = [np.array([r for unit, r in p.right.items() if unit != without]) for p in fits]
    means = [float(s.mean()) for s in shares]
    best = int(np.argmax(means))
    error = float(shares[best].std() / np.sqrt(len(shares[best])))
    return min((p for p, mean in zip(fits, means, strict=True) if mean >= means[best] - error), key=lambda p: p.costs)


def search(
    found: Takes, options: Options | None = None, *, target: str | None = None, count: Counting | None = None,
    limits: Limits | None = None, trials: Sequence[Options] = (), processes: int = 1, dask: str = "",
    stage: Stage = silent,
) -> Search:
    """Try ways to train on takes. The result is the same, however many processes work.

    options: what is not tried, such as the seed; a window that is given is the only one. count: counts the
    instructions of a file, and can be sent to other processes. trials: what to try, by default all of `trials_of`.
    processes: on this machine; dask: the address of a
    scheduler, as tcp://10.0.0.5:8786, whose workers are used instead and have this version of Midge.
    Raises UserError.
    """
    limits = limits or Limits()
    trials = trials or trials_of(found, options or Options())
    advance = stage("ways to train", len(trials))
    results: dict[int, Point | str] = {}
    with _executor(dask, min(processes, len(trials))) as pool:
        waiting = {pool.submit(run_trial, found, trial, target, count): i for i, trial in enumerate(trials)}
        for done in as_completed(waiting):
            results[waiting[done]] = done.result()
            advance(1)
    points, refused = [], {}
    for i, trial in enumerate(trials):
        result = results[i]
        if isinstance(result, Point):
            points.append(result)
        else:
            refused[f"{trial.head}, {trial.features}, {trial.window_s:.2f} s"] = result
    if not points:
        raise UserError(next(iter(refused.values())))
    units = list(points[0].right)
    honest = [choose(points, limits, without=unit).right[unit] for unit in units] if len(units) > 1 else [0.0]
    return Search(points, choose(points, limits), float(np.mean(honest)), refused)


@contextmanager
def _executor(dask: str, processes: int) -> Iterator[Executor]:
    """Give what runs trials: workers of a cluster, or new processes that compute with one thread each."""
    if dask:
        distributed = need("distributed", "cluster", "--dask")
        try:
            client = distributed.Client(dask, timeout=10)
        except (OSError, ValueError) as error:
            raise UserError(f"{dask}: no scheduler answers ({error}); start one with: dask scheduler") from error
        with client, client.get_executor(pure=False) as pool:
            yield pool
        return
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        with ProcessPoolExecutor(max(processes, 1), get_context("spawn")) as pool:
            yield pool
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
