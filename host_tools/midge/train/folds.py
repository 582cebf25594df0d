# SPDX-License-Identifier: MIT
"""Deal recordings to folds, each of which is left out in turn, so that what belongs together is never parted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..errors import UserError


class Grouped(Protocol):
    """A recording that belongs to a group, such as all of one person."""

    @property
    def label(self) -> str:
        """Its class."""
        ...

    @property
    def group(self) -> str:
        """Its group, "" where unknown."""
        ...

    @property
    def path(self) -> str:
        """Its file."""
        ...


def deal_folds(files: Sequence[Grouped], grouped_by: str, title: str, count: int, seed: int) -> np.ndarray:
    """Return the fold of each file, 0 to `count` - 1 or fewer: those of one group are in one fold.

    grouped_by: how groups were found; where they were not, "", each file is one, and every fold has of each class.
    Raises UserError where a class would be without files to train on.
    """
    names = [file.group for file in files] if grouped_by else [f"{f.label}/{i}" for i, f in enumerate(files)]
    rng = np.random.default_rng([seed, 1])
    groups = sorted(set(names))
    size = {name: names.count(name) for name in groups} if grouped_by else dict.fromkeys(groups, 1)
    if grouped_by:
        order = sorted(rng.permutation(len(groups)), key=lambda i: -size[groups[i]])
    else:  # class by class, so that every fold has of each
        order = sorted(rng.permutation(len(groups)), key=lambda i: groups[i].rpartition("/")[0])
    totals = np.zeros(min(count, len(groups)), np.int64)
    fold_of: dict[str, int] = {}
    for i in order:
        fold = int(totals.argmin())
        fold_of[groups[i]] = fold
        totals[fold] += size[groups[i]]
    folds = np.array([fold_of[name] for name in names])
    for label in sorted({file.label for file in files}):
        mine = {int(f) for f, file in zip(folds, files, strict=True) if file.label == label}
        if len(mine) < 2:
            only = next(file.group for file in files if file.label == label)
            raise UserError(f"{title}: all files of '{label}' are of one part, '{only}', so none of them could be left "
                            "out: record it with others too, or remove it")
    return folds
