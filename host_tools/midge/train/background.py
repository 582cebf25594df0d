# SPDX-License-Identifier: MIT
"""Recordings in which there is no gesture: half of them teach a model, the others tell how often it answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import UserError
from ..samples.takes import Takes
from .network import HOP_S, REST_S, VOTES

MOST_TAUGHT = 4000  # windows
STEPS = np.arange(40, 100) / 100  # scores that are tried


def split_background(found: Takes, samples: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return recordings [any, columns] to learn from and others to try: every other one, or the halves of a single one.

    Raises UserError where they are too short.
    """
    parts = [take.values for take in found.takes]
    if len(parts) == 1:
        parts = np.array_split(parts[0], 2)
    parts = [part for part in parts if len(part) >= samples]
    if len(parts) < 2:
        raise UserError(f"{found.title}: no two recordings, or halves of one, of {samples / found.rate_hz:.2f} s; "
                        "record some minutes of what else is done with it: midge capture --label other --seconds 300")
    return parts[::2], parts[1::2]


def taught(recordings: Sequence[np.ndarray], samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return windows [n, samples, columns] that overlap by half, at most MOST_TAUGHT, and whose each is."""
    windows = [part[at:at + samples] for part in recordings for at in range(0, len(part) - samples + 1, samples // 2)]
    owners = [i for i, part in enumerate(recordings) for _ in range(0, len(part) - samples + 1, samples // 2)]
    kept = np.linspace(0, len(windows) - 1, min(len(windows), MOST_TAUGHT)).astype(int)
    return np.stack([windows[i] for i in kept]).astype(np.float32), np.array(owners)[kept]


def looks(recording: np.ndarray, samples: int, rate_hz: float) -> np.ndarray:
    """Return the windows [n, samples, columns] that a stream on the board looks at."""
    seen = np.lib.stride_tricks.sliding_window_view(recording, samples, axis=0)[::max(1, round(HOP_S * rate_hz))]
    return np.ascontiguousarray(seen.transpose(0, 2, 1))


def false_answers(scores: np.ndarray, quiet: Sequence[int]) -> np.ndarray:
    """Return how often a stream answers to windows in turn [n, classes], for each of STEPS as the threshold.

    It is the rule of mpy_lib/midge/stream.py, but for where the answer comes: k of n windows, a rest after it, and the
    same label again only after one of those that are never answered has won.
    """
    (wanted, last), rest = VOTES, round(REST_S / HOP_S)
    best = scores.argmax(axis=1)
    loud = ~np.isin(best, quiet)
    found = np.zeros(len(STEPS), np.int64)
    for k, step in enumerate(STEPS):
        said = np.where(loud & (scores.max(axis=1) >= step), best, -1)
        ready, before, since, calm = 0, -1, 0, True
        for i in np.flatnonzero(said >= 0):
            calm = calm or bool((~loud[since:i]).any())
            votes = int((said[max(0, i - last + 1):i + 1] == said[i]).sum())
            if votes >= wanted and i >= ready and (said[i] != before or calm):
                found[k] += 1
                ready, before, since, calm = int(i) + rest, int(said[i]), int(i) + 1, False
    return found
