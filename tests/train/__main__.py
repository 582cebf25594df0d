# SPDX-License-Identifier: MIT
"""Measure training: python -m tests.train [part ...]

Parts: wand (simulated people), stream (false gestures while people stand, walk and run), har_st, cgestures, punch_flex,
cyberry, seglearn, fan (what is not normal), fan_states. All by default. Recordings are read from $SHARED/data; nothing
in the recipe was chosen by what is printed here, but for the features that fan uses and the rule on short windows that
cgestures brought to light.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import replace
from time import perf_counter

import numpy as np

from midge.errors import UserError
from midge.profiling.count import count
from midge.samples.takes import Takes
from midge.targets.cores import find_emulated
from midge.train.heads import HEADS
from midge.train.judgement import Share
from midge.train.model import train
from midge.train.recipe import Options
from tests.train import sets
from tests.train.bench import Split, Tally, leave_out, run, stream, watch

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
    largest = max(tally.models, key=lambda m: len(m.blob)).blob
    try:
        answer = f"{count(largest, find_emulated('cortex-m4')).total.instructions:,} instructions on a Cortex-M4"
    except UserError as error:
        answer = f"no instructions counted: {error}"
    heads = Counter(m.fitted.kind for m in tally.models)
    lengths = Counter(f"{m.fitted.windows.samples / m.fitted.signal.rate_hz:.2f} s" for m in tally.models)
    print("  " + ", ".join(f"{kind} {times}x" for kind, times in sorted([*heads.items(), *lengths.items()])))
    print(f"  file <= {max(sizes)} B, arena <= {max(arenas)} B, fit {fits[len(fits) // 2]:.2f} s; {answer}", flush=True)


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


def show_fan_classes(options: Options) -> None:
    """Print how often each state of a fan is told by a model of the first half of the same mounting's recordings."""
    splits = [(mounting, *halves) for mounting, halves in sets.fans_in_time().items()]
    start = perf_counter()
    tally = run(splits, options, ["RandomForest"])
    show("fan states, second halves", tally, perf_counter() - start)
    for split, shares in tally.of_split.items():
        print(f"    {split:14} " + "  ".join(f"{who} {share:.1%}" for who, share in shares.items()))
    labels = np.array([path.rsplit("-", 1)[1].removesuffix(".csv") for path in tally.draws])
    for label in sorted(set(labels)):
        right = np.array(tally.right["midge"])[labels == label]
        print(f"    {label:14} {right.mean():.1%} of {len(right)}")


def show_stream(people: int) -> None:
    """Print how many gestures wands of simulated people find in a stream, and what they answer to none."""
    rate = float(sets.simulator().RATE_HZ)
    others: dict[str, list[np.ndarray]] = {"stationary": [], "walking": [], "running": []}
    # The other half of the walkers, sixteen simulated people and seglearn's arms were what rejection was chosen by.
    seen: Counter[str] = Counter()
    for recorded in [*sets.har_st(), *sets.har_watch()]:
        seen[recorded.label] += 1
        if recorded.label != "errands" and seen[recorded.label] % 2:
            continue
        at = np.arange(0, len(recorded.values) - 1, recorded.rate_hz / rate)
        values = np.stack([np.interp(at, np.arange(len(recorded.values)), c) for c in recorded.values.T], axis=1)
        others.setdefault(recorded.label, []).append(values)
    first = sets.simulator().TEST_PEOPLE[0]
    total: dict[str, list[float]] = {}
    for person in range(first, first + people):
        trained = train(Takes(sets.wand_person(person, range(10)), "wand"))
        tests = [t for t in sets.wand_person(person, WAND_TESTS) if t.label != "idle"]
        rest = next(t for t in sets.wand_person(person, WAND_TESTS) if t.label == "idle").values
        said = stream(trained, tests, rest, [])
        print(f"  person {person}: {said.found} of {said.gestures} gestures found; false answers: ", end="")
        false = {label: stream(trained, [], rest, recordings) for label, recordings in others.items()}
        print(", ".join(f"{s.false} in {s.minutes:.0f} min {label}" for label, s in false.items()), flush=True)
        for label, heard in (*false.items(), ("gestures", said)):
            counts = heard.gestures, heard.found, heard.false, heard.minutes
            total[label] = [a + b for a, b in zip(total.get(label, [0, 0, 0, 0]), counts, strict=True)]
    gestures, found, *_ = total.pop("gestures")
    print(f"  in all {found} of {gestures} gestures; false answers: " + ", ".join(
        f"{n[2]} in {n[3]:.0f} min {label}" for label, n in total.items()), flush=True)


def main() -> None:
    """Run the parts that are named."""
    parser = argparse.ArgumentParser(description="Measure training on takes.")
    parser.add_argument("parts", nargs="*", default=[])
    parser.add_argument("--head", default="ridge", choices=HEADS)
    parser.add_argument("--people", type=int, default=40, help="simulated people")
    parser.add_argument("--windows", type=float, nargs="*", default=[], help="seconds: each split takes the best of "
                        "them on its own takes left out")
    arguments = parser.parse_args()
    options = Options(head=arguments.head)
    chosen = arguments.parts or ["wand", "stream", *sets.SETS, "fan", "fan_states"]
    for part in chosen:
        if part == "fan":
            show_fans()
            continue
        if part == "fan_states":
            show_fan_classes(options)
            continue
        if part == "stream":
            show_stream(min(arguments.people, 8))
            continue
        if part == "wand":
            first = sets.simulator().TEST_PEOPLE[0]
            for takes in (3, 5, 10):
                start = perf_counter()
                tally = run(wand(range(first, first + arguments.people), takes), options, ["CreateAI"])
                show(f"simulated wand, {takes} takes a class, synthetic people", tally, perf_counter() - start)
            continue
        if part not in sets.SETS:
            sys.exit(f"no part '{part}'; there are wand, stream, fan, fan_states, {', '.join(sets.SETS)}")
        start = perf_counter()
        takes_of = sets.SETS[part]()
        keys = {"cyberry": (lambda t: t.session, None), "seglearn": (lambda t: t.person, None),
                "har_st": (lambda t: t.path, 10)}
        key, folds = keys.get(part, (lambda t: t.path, None if len(takes_of) < 40 else 10))
        chosen_options = replace(options, window_s=1.0) if part == "cgestures" else options  # as others measured it
        tally = run(leave_out(takes_of, key, folds), chosen_options, ["RandomForest", "CreateAI"],
                    arguments.windows)
        show(part, tally, perf_counter() - start)
        if part in ("cyberry", "seglearn"):
            for split, shares in tally.of_split.items():
                print(f"    {split:14} " + "  ".join(f"{who} {share:.1%}" for who, share in shares.items()))


if __name__ == "__main__":
    main()
