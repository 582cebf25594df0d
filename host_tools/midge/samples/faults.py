# SPDX-License-Identifier: MIT
"""What is wrong with files: each fault is noted, so that all of them are told at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..errors import UserError

MOST = 8  # that are told in full


@contextmanager
def noted(faults: list[str]) -> Iterator[None]:
    """Add a UserError of the block to the faults; what follows the block goes on."""
    try:
        yield
    except UserError as error:
        faults.append(str(error))


def raise_faults(faults: Sequence[str], what: str) -> None:
    """Raise a UserError with a line for each fault, MOST of them and a count of the others; none where there is none.

    what: the files that have them, in the plural.
    """
    if len(faults) == 1:
        raise UserError(faults[0])
    if faults:
        more = [f"and {len(faults) - MOST} more"] if len(faults) > MOST else []
        raise UserError("\n  ".join([f"{len(faults)} faults in the {what}:", *faults[:MOST], *more]))
