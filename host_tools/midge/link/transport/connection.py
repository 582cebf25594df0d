# SPDX-License-Identifier: MIT
"""What every way to a board can do, and how a board's own exceptions arrive here."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from typing import Protocol, TypeVar

from ...errors import UserError

T = TypeVar("T")
_DIGITS = 15  # characters of a number
# As MicroPython prints it, "OSError(28,)" or "OSError: [Errno 28] ENOSPC", and CPython with its subclasses.
_OS_ERROR = re.compile(r"^(?:OS|FileNotFound|FileExists|NotADirectory|IsADirectory|Permission)Error"
                       r"(?:\(|: )(?:\[Errno )?(?:(\d{1,5})|(E[A-Z0-9]+)\b)?")
_SAID = re.compile(r"^\w+\((?:\d+, ?)?(['\"])(.*)\1,?\)$")  # what is said in it, and the number of an OSError before


class Connection(Protocol):
    """A board that runs code for us; what it ran before is interrupted."""

    port: str
    retries: int  # requests that had to be repeated

    def execute(self, code: str, timeout_s: float = 10) -> str:
        """Run `code` there once and return what it printed. timeout_s: how long it may be silent. Raises BoardError."""

    def ask(self, code: str, data: bytes = b"", *, silence_s: float = 3.0, patience_s: float | None = None) -> str:
        """Run `code` there, with `data` as d, and return the line of text that it left in r.

        It may be run twice when the line is bad. silence_s: how long it may take. Raises BoardError.
        """

    def restart(self) -> None:
        """Have the board start afresh, with its RAM free."""

    def close(self) -> None:
        """Leave the board and its port."""


class BoardError(UserError):
    """The board ran the code and raised; `text` is the exception as it prints there."""

    def __init__(self, text: str):
        super().__init__(f"the board answered: {text}")
        self.text = text

    @property
    def errno(self) -> int | None:
        """The number of an OSError, None for any other exception.

        >>> BoardError("OSError(28,)").errno, BoardError("MemoryError('allocating 1280 bytes',)").errno
        (28, None)
        """
        found = _OS_ERROR.match(self.text)
        if found is None:
            return None
        return int(found[1]) if found[1] else getattr(errno, found[2] or "", None)

    @property
    def reason(self) -> str:
        """What the exception says, without its name and quotes; all of `text` where it says nothing in words."""
        said = _SAID.match(self.text)
        return said[2] if said else self.text


def understood(answer: str, read: Callable[[str], T]) -> T:
    """Return what `read` makes of a board's answer. Raises UserError where that is no answer to what was asked."""
    try:
        return read(answer)
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise UserError(f"the board answered {answer[:20]!r}, which is nothing that was asked for; "
                        "reset it, and try again") from error


def as_number(answer: str) -> int:
    """Return the number, of at most 15 characters, that a board answered. Raises UserError where it is none."""
    return understood(answer, lambda text: int(text if len(text) <= _DIGITS else ""))
