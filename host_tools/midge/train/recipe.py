# SPDX-License-Identifier: MIT
"""The recipe: windows of takes, variants of them, features, a head, and what all that is worth on takes left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from ..errors import UserError
from ..progress import Stage, silent
from ..samples.labels import is_quiet, quiet_ones
from ..samples.takes import Take, Takes
from .augment import augment, triples_of, typical_size
from .background import split_background, taught
from .convolutions import Convolutions
from .dense import Dense
from .features import FrontEnd, Signal, full_scale_of, to_counts
from .heads import HEADS, Tried, choose_head, nested
from .negatives import negatives
from .network import UNKNOWN
from .patterns import MOST_SAMPLES, draw_patterns
from .reach import Reach, fit_reach
from .ridge import CLIP, Linear, Ridge, Rows, balanced_weights, fit_ridge, log_softmax, standardized, temperature
from .windows import Windows, cut_windows, split_lone

FEATURES = ("auto", "moments", "rocket")
VARIANTS = 20  # of each window
MADE = 15  # movements of each kind that are no gesture, a take of a class
MOST_ROWS = 24_000  # of windows and variants; long recordings have windows enough of their own
MOST_FOLDS = 60


@dataclass(frozen=True)
class Options:
    """How to train. window_s, rate_hz: None for what the takes have. unknown: None where takes are single gestures.

    features: "rocket" has MiniRocket's patterns beside the moments; "auto" tries them on recordings that go on.
    head: "ridge", "dense", "cnn", or "auto" for what is rightest on what is left out.
    """

    head: str = "ridge"
    features: str = "auto"
    seed: int = 0
    window_s: float | None = None
    rate_hz: float | None = None
    unknown: bool | None = None
    variants: int = VARIANTS
    false_per_hour: float = 6.0


@dataclass
class Fitted:
    """A trained head and what is known about it. left_out: softmax scores [windows, classes] without their own group.

    folds: of each window, what was left out together with it. kind: of the head. base: what features are standardised
    by; the head itself, unless that looks at samples.
    """

    takes: Takes
    windows: Windows
    signal: Signal
    front: FrontEnd
    labels: list[str]
    kind: str
    head: Linear | Dense | Convolutions
    base: Linear | Dense
    factor: float
    reach: Reach | None
    rows: Rows
    left_out: np.ndarray
    folds: np.ndarray
    ridge: Ridge | None
    options: Options
    tried: list[Tried]
    background: list[np.ndarray]  # recordings without gestures that it did not learn from
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def quiet(self) -> list[int]:
        """The classes that are never answered."""
        return quiet_ones(self.labels)

    def scores(self, windows: np.ndarray) -> np.ndarray:
        """Return softmax scores [n, classes] of windows of reals [n, samples, columns], as the network gives them.

        What is too far from all gestures is unknown.
        """
        seen = isinstance(self.head, Convolutions)
        features = self.front.run(windows) if not seen or self.reach is not None else windows
        raw = self.head.scores(to_counts(windows, self.signal) if seen else features)
        found: np.ndarray = np.exp(log_softmax(self.factor * raw))
        if self.reach is None:
            return found
        return _refused(found, self.reach.distances(_standard(features, self.base)) > 1, self.labels)

    @property
    def recordings(self) -> list[Take]:
        """The takes."""
        return self.takes.takes

    @property
    def targets(self) -> np.ndarray:
        """The class of each window."""
        return self.windows.targets

    @property
    def owners(self) -> np.ndarray:
        """The take of each window."""
        return self.windows.takes


def fit(
    found: Takes, options: Options | None = None, stage: Stage = silent, background: Takes | None = None
) -> Fitted:
    """Train on takes. The same takes, options and seed give the same bits. Raises UserError where takes do not do.

    background: recordings without gestures, half of which it learns from.
    """
    options = options or Options()
    for kind, asked, there in (("head", options.head, HEADS), ("features", options.features, FEATURES)):
        if asked not in there:
            raise UserError(f"no {kind} '{asked}'; there are {', '.join(there)}")
    start = perf_counter()
    windows = split_lone(cut_windows(found, options.window_s))
    signal = signal_of(found, windows)
    fronts = _front_ends(windows, signal, options)
    labels = list(found.labels)
    _check_background(found, windows, options, background)
    known, held = ([], []) if background is None else split_background(background, windows.samples)
    with_unknown = options.unknown if options.unknown is not None else windows.is_gesture and UNKNOWN not in labels
    rows = rows_of(windows, signal, fronts[-1], labels, options, with_unknown, stage, known)
    if with_unknown and UNKNOWN not in labels:
        labels.append(UNKNOWN)
    candidates = [(front, part) for front in fronts for part in _with_variants_or_without(
        replace(rows, features=rows.features[:, :front.count]), not windows.is_gesture)]
    advance = stage("fitting the ridge head", 1)
    everything = rows
    chosen, scores, ridge, tried = _choose(candidates)
    front, rows = candidates[chosen]
    advance(1)
    picked = choose_head(options.head, rows, everything, ridge, scores, len(front.patterns), options.seed, stage)
    head, scores = picked.head, picked.left_out
    base = ridge.head if isinstance(head, Convolutions) else head
    if isinstance(head, Convolutions):
        rows = everything.part(np.arange(len(everything.targets)))
        rows.features = rows.features[:, :front.count]
    factor = temperature(scores, rows.targets[rows.own], rows.weights[rows.own])
    count = len(windows.values)
    left_out = np.exp(log_softmax(factor * scores[:count]))
    reach = None
    gestures = sorted({t for t in windows.targets.tolist() if not is_quiet(labels[t])})
    if gestures and UNKNOWN in labels and (with_unknown or windows.is_gesture):
        z = _standard(rows.features, base)
        reach, away = fit_reach(rows, z, gestures, front.pulses)
        left_out = _refused(left_out, away[rows.own][:count] > 1, labels)
    return Fitted(found, windows, signal, front, labels, picked.name, head, base, factor, reach, rows, left_out,
                  rows.folds[rows.own][:count], ridge if picked.name == "ridge" else None, options,
                  tried + picked.tried, held, perf_counter() - start)


def _standard(features: np.ndarray, base: Linear | Dense) -> np.ndarray:
    """Return features [n, features] as a network sees them."""
    found: np.ndarray = np.clip(standardized(features, base.centre, base.deviation), -CLIP, CLIP)
    return found


def _check_background(found: Takes, windows: Windows, options: Options, background: Takes | None) -> None:
    if background is None:
        return
    if options.unknown is False:
        raise UserError("recordings without gestures teach what is unknown; leave out --no-unknown, or --background")
    if not windows.is_gesture:
        raise UserError(f"{found.title}: its takes are no gestures but go on; give what is of no class as a folder of "
                        "its own, unknown, in place of --background")


def _refused(scores: np.ndarray, far: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """Return scores [n, classes] in which rows that are too far from all gestures are unknown."""
    found: np.ndarray = np.where(far[:, None], np.arange(len(labels)) == labels.index(UNKNOWN), scores)
    return found


def _front_ends(windows: Windows, signal: Signal, options: Options) -> list[FrontEnd]:
    """Return the front ends to try, the cheaper one first; what it gives is the beginning of what the other gives."""
    plain = FrontEnd(signal)
    if options.features == "moments" or (
        options.features == "auto" and (windows.is_gesture or windows.samples > MOST_SAMPLES)
    ):
        return [plain]
    patterns = draw_patterns(to_counts(windows.values, signal), windows.targets, signal.groups, options.seed)
    rocket = FrontEnd(signal, patterns)
    return [rocket] if options.features == "rocket" else [plain, rocket]


def signal_of(found: Takes, windows: Windows) -> Signal:
    """Return what the sensor gives, as far as the takes tell."""
    first = found.takes[0]
    ranges = [max(t.range[i] for t in found.takes) for i in range(len(first.columns))] if all(
        t.range for t in found.takes) else []
    shape = Signal(windows.samples, first.columns, found.rate_hz, (1.0,) * len(first.columns), ())
    moving = _moving(windows, found.labels)
    groups = [(0, len(first.columns))] if is_of_one_unit(first) else shape.groups
    scale = full_scale_of(windows.values, ranges, groups)
    size = typical_size(windows.values[moving])
    return Signal(windows.samples, first.columns, found.rate_hz, scale, tuple(float(s) for s in size),
                  not windows.is_gesture)


def is_of_one_unit(take: Take) -> bool:
    """Tell whether all columns are of one sensor, as their units say, or, where they have none, that they are few."""
    return len(set(take.units)) == 1 and (take.units[0] not in ("", "raw", "N/A") or len(take.columns) <= 3)


def _moving(windows: Windows, labels: Sequence[str]) -> np.ndarray:
    """Return the windows of classes that are movements, or all where there is none."""
    moving = np.array([not is_quiet(labels[t]) for t in windows.targets])
    return np.flatnonzero(moving) if moving.any() else np.arange(len(windows.targets))


def rows_of(
    windows: Windows, signal: Signal, front: FrontEnd, labels: Sequence[str], options: Options, with_unknown: bool,
    stage: Stage, background: Sequence[np.ndarray] = (),
) -> Rows:
    """Return rows of features: windows first, their variants, then movements that are no gesture, made and recorded.

    Variants and parts of a window are in its fold.
    """
    rng = np.random.default_rng(options.seed)
    triples, size = triples_of(signal.columns), np.array(signal.size)
    count = len(windows.values)
    times = min(options.variants, max(MOST_ROWS // count - 1, 0))
    moving = _moving(windows, labels)
    each = -(-len(moving) // max(len({int(t) for t in windows.targets[moving]}), 1)) if with_unknown else 0
    per_kind = MADE * each
    advance = stage("features of windows and their variants", count * (1 + times) + 4 * per_kind)
    parts, sources = [windows.values], [np.arange(count)]
    if times:
        parts.append(augment(windows.values, times, rng, triples, size).astype(np.float32))
        sources.append(np.repeat(np.arange(count), times))
    targets = [windows.targets[s] for s in sources]
    classes = len(labels)
    if with_unknown:
        made, source = negatives(windows.values[moving], per_kind, rng, signal.rate_hz, triples, size)
        parts.append(made.astype(np.float32))
        sources.append(moving[source])
    if background:
        recorded, owners = taught(background, windows.samples)
        parts.append(recorded)
        sources.append(owners % count)
    if len(sources) > len(targets):
        unknown = labels.index(UNKNOWN) if UNKNOWN in labels else classes
        classes = max(classes, unknown + 1)
        targets += [np.full(len(source), unknown) for source in sources[len(targets):]]
    features = []
    for part in parts:
        features.append(front.run(part))
        advance(len(part))
    target, own = np.concatenate(targets), np.zeros(sum(map(len, parts)), bool)
    own[:count] = True
    own[count * (1 + times):] = True
    folds = _folds(windows, options.seed)[np.concatenate(sources)]
    rows = Rows(np.concatenate(features).astype(np.float64), target, balanced_weights(target, classes), folds, own,
                classes)
    if options.head in ("cnn", "auto"):
        rows.counts = np.concatenate([to_counts(part, signal) for part in parts])
    return rows


def _with_variants_or_without(rows: Rows, goes_on: bool) -> list[Rows]:
    """Return rows of the windows themselves, and all rows; of gestures, which are few, all rows alone.

    Where a recording gives windows by the hundred, variants are not always a help.
    """
    own = rows.own
    if not goes_on or own.all():
        return [rows]
    return [replace(rows.part(own), weights=balanced_weights(rows.targets[own], rows.classes)), rows]


def _choose(candidates: Sequence[tuple[FrontEnd, Rows]]) -> tuple[int, np.ndarray, Ridge, list[Tried]]:
    """Return which of the candidates a ridge fit to is righter on what is left out, the first of equals.

    Also returns the scores of their own rows, which are the same in all, as `nested` gives them.
    """
    fits = [fit_ridge(rows) for _, rows in candidates]
    known = candidates[0][1]
    scores, chosen, accuracies = nested(
        [ridge.left_out[rows.own] for ridge, (_, rows) in zip(fits, candidates, strict=True)], known.part(known.own))
    tried = [Tried(len(front.patterns), not rows.own.all(), accuracy)
             for accuracy, (front, rows) in zip(accuracies, candidates, strict=True)]
    return chosen, scores, fits[chosen], tried


def _folds(windows: Windows, seed: int) -> np.ndarray:
    """Return the fold of each window: its group, or where there are many, one of MOST_FOLDS sets of groups.

    Groups are dealt out class by class, so that every fold has of each.
    """
    count = int(windows.groups.max()) + 1
    if count <= MOST_FOLDS:
        return windows.groups
    first = np.array([int(windows.targets[windows.groups == g][0]) for g in range(count)])
    order = np.random.default_rng([seed, 1]).permutation(count)
    order = order[np.argsort(first[order], kind="stable")]
    fold = np.empty(count, np.int64)
    fold[order] = np.arange(count) % MOST_FOLDS
    dealt: np.ndarray = fold[windows.groups]
    return dealt
