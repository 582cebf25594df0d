# SPDX-License-Identifier: MIT
"""From takes of any length to windows of one length, each knowing its take and what must not be parted from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import UserError
from ..samples.labels import is_quiet
from ..samples.takes import Take, Takes

LONGEST_GESTURE_S = 5.0  # what is longer is a recording of something that goes on
LONG_WINDOW_S = 2.0  # of such recordings
SHORTEST = 0.8  # of a window: what a take may have, its last sample being held for the rest
FEWEST_SAMPLES, MOST_SAMPLES = 24, 1024


@dataclass
class Windows:
    """Windows float32 [n, samples, columns], with the class, the take and the group of each.

    groups: windows of one group are never on both sides of a split: those of one take, session or person.
    """

    values: np.ndarray
    targets: np.ndarray
    takes: np.ndarray
    groups: np.ndarray
    group_kind: str  # "take", "session" or "person"
    is_gesture: bool  # each take is one movement, not a recording of something that goes on

    @property
    def samples(self) -> int:
        """The length of a window."""
        return int(self.values.shape[1])


def cut_windows(found: Takes, window_s: float | None = None) -> Windows:
    """Return windows of all takes: of a short take the one with most movement in it, of a long one many.

    window_s: seconds; by default the length of the shortest class's takes. Raises UserError where a take is too short.
    """
    takes, labels = found.takes, found.labels
    samples, is_gesture = _window_samples(found, window_s)
    short = [take for take in takes if len(take.values) < SHORTEST * samples]
    if short:
        take = min(short, key=lambda take: len(take.values))
        raise UserError(f"{take.path}:{take.line}: cut short, {take.seconds:.2f} s where the window is "
                        f"{samples / found.rate_hz:.2f} s ({len(short)} such takes); record it again, remove it, or "
                        f"choose a shorter window: --window {take.seconds:.2g}")
    values, owners = [], []
    for i, take in enumerate(takes):
        parts = cut(take, samples)
        values += parts
        owners += [i] * len(parts)
    owner = np.array(owners)
    kind, groups = _groups(takes, labels)
    return Windows(np.stack(values).astype(np.float32), np.array([labels.index(takes[i].label) for i in owners]), owner,
                   groups[owner], kind, is_gesture)


def _window_samples(found: Takes, window_s: float | None) -> tuple[int, bool]:
    """Return the length of a window, and whether takes are single movements."""
    rate = found.rate_hz
    loud = [label for label in found.labels if not is_quiet(label)] or found.labels
    middles = [float(np.median([len(t.values) for t in found.takes if t.label == label])) for label in loud]
    is_gesture = min(middles) / rate <= LONGEST_GESTURE_S
    wanted = window_s * rate if window_s is not None else min(middles) if is_gesture else LONG_WINDOW_S * rate
    samples = round(wanted)
    is_gesture = is_gesture and 2 * samples > min(middles)  # else a take is cut into many, each of which shows it
    if not FEWEST_SAMPLES <= samples <= MOST_SAMPLES:
        raise UserError(f"{found.title}: a window of {samples} samples ({samples / rate:.2f} s at {rate:.4g} Hz); "
                        f"{FEWEST_SAMPLES} to {MOST_SAMPLES} can be trained on: choose another --window")
    return samples, is_gesture


def cut(take: Take, samples: int) -> list[np.ndarray]:
    """Return a take's windows [samples, columns]: one if it is shorter than two, else many that overlap by half."""
    x = take.values
    if len(x) <= samples:
        return [np.concatenate([x, np.repeat(x[-1:], samples - len(x), axis=0)])]
    if len(x) < 2 * samples:
        return [x[liveliest(x, samples):][:samples]]
    hop = samples // 2
    return [x[at:at + samples] for at in range(0, len(x) - samples + 1, hop)]


def liveliest(x: np.ndarray, samples: int) -> int:
    """Return where the window begins that has most movement in it; of equals the middle one."""
    scale = x.std(axis=0)
    energy = (((x - np.median(x, axis=0)) / np.where(scale > 0, scale, 1)) ** 2).sum(axis=1)
    sums = np.concatenate([[0.0], np.cumsum(energy)])
    inside = sums[samples:] - sums[:-samples]
    best = np.flatnonzero(inside >= 0.98 * inside.max())
    return int(best[len(best) // 2])


def _groups(takes: Sequence[Take], labels: Sequence[str]) -> tuple[str, np.ndarray]:
    """Return what is kept together when validating, and the group of each take.

    People if three or more are named and each class has takes of two; else sessions likewise; else takes.
    """
    for kind in ("person", "session"):
        names = [str(getattr(take, kind)) for take in takes]
        each = {label: {n for n, t in zip(names, takes, strict=True) if t.label == label} for label in labels}
        if all(names) and len(set(names)) >= 3 and all(len(found) >= 2 for found in each.values()):
            return kind, np.unique(names, return_inverse=True)[1].reshape(-1)
    return "take", np.arange(len(takes))


def split_lone(windows: Windows) -> Windows:
    """Part the groups of classes that have only one: four stretches in time stand for takes there."""
    groups = windows.groups.copy()
    for target, _ in Counter(windows.targets.tolist()).items():
        mine = np.flatnonzero(windows.targets == target)
        if len(set(groups[mine].tolist())) == 1 and len(mine) >= 4:
            groups[mine] = groups.max() + 1 + np.arange(len(mine)) * 4 // len(mine)
    windows.groups = np.unique(groups, return_inverse=True)[1].reshape(-1)
    return windows
