# SPDX-License-Identifier: MIT
"""What is wrong with files: each fault is noted, so that all of them are told at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..errors import UserError, visible

MOST = 8  # that are told in full


@contextmanager
def noted(faults: list[str]) -> Iterator[None]:
    """Add a UserError of the block to the faults; what follows the block goes on."""
    try:
        yield
    except UserError as error:
        faults.append(visible(str(error)))  # names of files may hold ends of lines


class Faults(UserError):
    """What is wrong with several files: a line that counts the faults, and one for each.

    faults: those that are told in full.
    """

    def __init__(self, text: str, faults: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.faults = tuple(faults)


def raise_faults(faults: Sequence[str], what: str) -> None:
    """Raise what is wrong with files, of the kind `what` in the plural: a UserError for one fault, Faults for more.

    Of these MOST are told, and the others counted; where there are none, nothing is raised.
    """
    if len(faults) == 1:
        raise UserError(faults[0])
    if faults:
        told, more = faults[:MOST], [f"and {len(faults) - MOST} more"] if len(faults) > MOST else []
        raise Faults("\n  ".join([f"{len(faults)} faults in the {what}:", *told, *more]), told)
