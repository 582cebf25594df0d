# SPDX-License-Identifier: MIT
"""Patterns for RANDOM_CONV: MiniRocket's features, whose limits come from windows that were seen.

After Dempster, Schmidt and Webb 2021, "MiniRocket" (KDD): all kernels of three 2s among six -1s, at dilations up to the
window's length, each on some of the axes that belong together, counted above a quantile of what it gives for a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from ..graph.motion import TAPS, Pattern

MOST = 336  # patterns: each kernel at four dilations
DILATIONS = 4
INSTRUCTIONS, OF_A_SAMPLE = 400_000, 19  # on a Cortex-M4: what patterns may take, and what one takes for a sample
MOST_SAMPLES = 384  # of a window, for patterns to take no more than 6 kB of RAM
GOLDEN = (5**0.5 - 1) / 2  # whose multiples spread evenly between 0 and 1


def draw_patterns(
    counts: np.ndarray, targets: np.ndarray, groups: Sequence[tuple[int, int]], seed: int
) -> tuple[Pattern, ...]:
    """Return as many patterns as a board has the time for, drawn by the seed; those that share sums are in a row.

    counts: int16 windows [n, samples, columns] with their classes [n]; limits are taken from windows of each class.
    groups: the columns that belong together, as first column and count.
    """
    rng = np.random.default_rng([seed, 4])
    samples = counts.shape[1]
    kernels = [(TAPS[k], d) for k, d in product(rng.permutation(len(TAPS)), _dilations(samples))]
    classes = [np.flatnonzero(targets == c) for c in np.unique(targets)]
    found = []
    for i in range(min(MOST, INSTRUCTIONS // (OF_A_SAMPLE * samples))):
        taps, dilation = kernels[i % len(kernels)]
        first, axes = groups[int(rng.integers(len(groups)))]
        chosen = rng.choice(axes, int(rng.integers(1, axes + 1)), replace=False)
        columns = tuple(sorted(first + int(c) for c in chosen))
        window = counts[rng.choice(classes[int(rng.integers(len(classes)))])]
        limit = int(np.quantile(_outputs(window, taps, dilation, columns), i * GOLDEN % 1, method="lower"))
        found.append(Pattern(taps, dilation, columns, (limit,)))
    return tuple(sorted(found, key=lambda p: (p.columns, p.dilation, p.taps, p.limits)))


def _dilations(samples: int) -> list[int]:
    """Return dilations from 1 to the largest whose nine values are inside the window, evenly spaced in octaves."""
    return sorted({int(d) for d in 2 ** np.linspace(0, np.log2((samples - 1) // 8), DILATIONS)})


def _outputs(window: np.ndarray, taps: Sequence[int], dilation: int, columns: Sequence[int]) -> np.ndarray:
    """Return what RANDOM_CONV compares with the limits of a pattern, where all of its nine values are inside."""
    s = window[:, list(columns)].astype(np.int64).sum(axis=1)
    inside = len(s) - 8 * dilation
    total: np.ndarray = sum(((2 if j in taps else -1) * s[j * dilation:][:inside] for j in range(9)), np.zeros(1, int))
    return total
