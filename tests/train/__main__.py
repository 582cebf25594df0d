# SPDX-License-Identifier: MIT
"""Measure training: python -m tests.train [part ...]

Parts: wand (simulated people), har_st, cgestures, punch_flex, cyberry, seglearn, fan (what is not normal). All by
default. Recordings are read from $SHARED/data; nothing in the recipe was chosen by what is printed here.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from time import perf_counter

import numpy as np

from midge.train.judge import Share
from midge.train.recipe import Options
from tests.train import sets
from tests.train.bench import Split, Tally, leave_out, run, watch

WAND_TESTS = range(10, 22)


def wand(people: range, takes: int) -> list[Split]:
    """Return, for each simulated person, a few takes to train on and others of the same person."""
    return [(str(p), sets.wand_person(p, range(takes)), sets.wand_person(p, WAND_TESTS)) for p in people]


def show(name: str, tally: Tally, seconds: float) -> None:
    """Print what a part gave."""
    print(f"{name}  ({len(tally.draws)} windows, {len(set(tally.draws))} takes, {seconds:.0f} s)")
    for who in tally.right:
        low, high = tally.share(who).interval
        print(f"  {who:16} {tally.share(who).value:7.2%}  ({low:.1%} to {high:.1%})   mean of "
              f"{len(tally.of_split)} splits {tally.mean_of_splits(who):.2%}")
    sizes = [len(m.blob) for m in tally.models]
    arenas = [m.conversion.plan.arena_size for m in tally.models]
    fits = sorted(m.fitted.seconds for m in tally.models)
    print(f"  file <= {max(sizes)} B, arena <= {max(arenas)} B, fit {fits[len(fits) // 2]:.2f} s", flush=True)


def show_fans() -> None:
    """Print what a fan that learned from 200 windows on the board says of later ones, and of faults."""
    print("fan  (windows of 0.64 s, a new one each 0.1 s; learned from 200 of the same mounting)")
    false: list[bool] = []
    for mounting, (normal, *faults) in sets.fans().items():
        said = watch(normal, faults, 128, 20, 200)
        false += said.false
        found = "   ".join(f"{label} {np.mean(far):.1%}" for label, far in said.found.items())
        print(f"  {mounting:6} normal, later: {sum(said.false)} of {len(said.false)} beyond   {found}", flush=True)
    share = Share(sum(false), len(false), len(false))
    print(f"  false alarms {share.value:.2%} ({share.interval[0]:.1%} to {share.interval[1]:.1%})")


def main() -> None:
    """Run the parts that are named."""
    parser = argparse.ArgumentParser(description="Measure training on takes.")
    parser.add_argument("parts", nargs="*", default=[])
    parser.add_argument("--head", default="ridge")
    parser.add_argument("--people", type=int, default=40, help="simulated people")
    arguments = parser.parse_args()
    options = Options(head=arguments.head)
    chosen = arguments.parts or ["wand", *sets.SETS, "fan"]
    for part in chosen:
        if part == "fan":
            show_fans()
            continue
        if part == "wand":
            first = sets.simulator().TEST_PEOPLE[0]
            for takes in (3, 5, 10):
                start = perf_counter()
                tally = run(wand(range(first, first + arguments.people), takes), options, ["CreateAI"])
                show(f"simulated wand, {takes} takes a class, synthetic people", tally, perf_counter() - start)
            continue
        if part not in sets.SETS:
            sys.exit(f"no part '{part}'; there are wand, fan, {', '.join(sets.SETS)}")
        start = perf_counter()
        takes_of = sets.SETS[part]()
        keys = {"cyberry": (lambda t: t.session, None), "seglearn": (lambda t: t.person, None),
                "har_st": (lambda t: t.path, 10)}
        key, folds = keys.get(part, (lambda t: t.path, None if len(takes_of) < 40 else 10))
        chosen_options = replace(options, window_s=1.0) if part == "cgestures" else options  # as others measured it
        tally = run(leave_out(takes_of, key, folds), chosen_options, ["RandomForest"])
        show(part, tally, perf_counter() - start)
        if part in ("cyberry", "seglearn"):
            for split, shares in tally.of_split.items():
                print(f"    {split:14} " + "  ".join(f"{who} {share:.1%}" for who, share in shares.items()))


if __name__ == "__main__":
    main()
