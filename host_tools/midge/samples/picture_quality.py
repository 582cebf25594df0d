# SPDX-License-Identifier: MIT
"""What is wrong with a picture that a camera took: too dark, too bright, of one colour, or blurred."""

from __future__ import annotations

import numpy as np

DARK = 24  # mean brightness, of 255
BRIGHT_SHARE = 0.4  # of pixels that are as bright as can be, to a few steps
_AS_BRIGHT = 250
_FLAT = 2.0  # deviation of all pixels
_BLURRED = 0.45  # sharpness below that
_WINDOW = 9  # pixels


def faults_of(picture: np.ndarray) -> list[str]:
    """Return what is wrong, in a word or two each; nothing for a picture to train on.

    picture: uint8 [height, width, 1 or 3].
    """
    light = picture.mean(axis=2)
    if light.std() < _FLAT:
        return ["of one colour all over" if light.mean() >= DARK else "dark"]
    faults = []
    if light.mean() < DARK:
        faults.append("dark")
    if (light >= _AS_BRIGHT).mean() > BRIGHT_SHARE:
        faults.append("overexposed")
    if not faults and sharpness(light) < _BLURRED:
        faults.append("blurred")
    return faults


def sharpness(light: np.ndarray) -> float:
    """Return which share of a picture's steps goes when it is blurred once more, 0 to 1, where that is more.

    light: float [height, width]. After Crete et al., "The blur effect" (2007): what is blurred has little to lose.
    """
    best = 0.0
    for values in (light, light.T):
        if len(values) <= _WINDOW:
            continue
        sums = np.cumsum(np.vstack([np.zeros_like(values[:1]), values]), axis=0)
        mean = (sums[_WINDOW:] - sums[:-_WINDOW]) / _WINDOW
        edge = _WINDOW // 2
        before = np.abs(np.diff(values[edge : edge + len(mean)], axis=0))
        gone = np.maximum(before - np.abs(np.diff(mean, axis=0)), 0)
        best = max(best, float(gone.sum() / max(before.sum(), 1e-9)))
    return best
